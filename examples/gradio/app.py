"""A small Gradio app: a job with progress, an upload, and files that are found again.

The address and the port come from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT (the template sets
them); the working directory is the creator's volume.
"""

from __future__ import annotations

import time
from pathlib import Path

import gradio as gr

KEPT = Path("lines.txt")


def write(text: str, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008  Gradio's way
    """Keep a line, slowly enough to see the queue and the progress."""
    for step in progress.tqdm(range(10), desc="Working"):
        time.sleep(0.1)
        assert step >= 0
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(text.strip() + "\n")
    return read()


def read() -> str:
    return KEPT.read_text("utf-8") if KEPT.exists() else ""


def measure(path: str | None) -> str:
    return "nothing" if path is None else f"{Path(path).name}: {Path(path).stat().st_size} bytes"


with gr.Blocks(title="Gradio app") as app:
    gr.Markdown("# Lines\nWhat you write is kept on your volume, also when the engine stops.")
    line = gr.Textbox(label="A line", elem_id="line")
    keep = gr.Button("Keep it", variant="primary", elem_id="keep")
    kept = gr.Textbox(label="Kept", lines=6, value=read, elem_id="kept")
    keep.click(write, line, kept, api_name="write")
    upload = gr.File(label="A file", elem_id="upload")
    size = gr.Textbox(label="Its size", elem_id="size")
    upload.upload(measure, upload, size, api_name="measure")

if __name__ == "__main__":
    app.queue().launch()
