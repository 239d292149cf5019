"""Writes build/screenshots/LANGUAGE-THEME-SCENE.png under a virtual screen."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from datetime import UTC
from pathlib import Path

from tests.desktop.screen import HARMLESS, screen


async def _under_a_screen(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="aigc-screens-") as folder:
        async with screen(Path(folder)) as made:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.screenshots", "--here", *arguments,
                env=made.environment(), stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            _, errors = await process.communicate()
    lines = [
        line
        for line in errors.decode("utf-8", "replace").splitlines()
        if not any(harmless in line for harmless in HARMLESS)
    ]
    print("\n".join(lines), file=sys.stderr, end="\n" if lines else "")
    return 1 if lines else process.returncode or 0


def _paint(folder: Path, only: str, scale: str) -> int:
    from PySide6.QtWidgets import QApplication, QWidget

    from desktop_client import theme
    from desktop_client.i18n import say
    from desktop_client.menu_model import menu
    from desktop_client.shapes import tray_icon
    from desktop_client.view_model import Icon, build
    from desktop_client.windows.dialogs import (
        AskName,
        ConfirmDelete,
        Leaving,
        LogsWindow,
        Telling,
    )
    from desktop_client.windows.main_window import MainWindow
    from desktop_client.wording import size
    from tests.screenshots.scenes import NOW, QUEUED, SCENES, STOPPED

    app = QApplication(["screenshots"])
    folder.mkdir(parents=True, exist_ok=True)
    count = 0

    def save(widget: QWidget, name: str) -> None:
        nonlocal count
        widget.show()
        for _ in range(5):
            app.processEvents()
        assert widget.grab().save(str(folder / f"{name}.png"))
        widget.hide()
        count += 1

    for look, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(app, colours)
        for language in ("en", "zh"):
            stem = f"{language}-{look}{scale}"
            for name, desk in SCENES.items():
                if only not in name:
                    continue
                window = MainWindow()
                view = build(desk, NOW, language, UTC)
                window.first_run.allow_back(name == "first-run-failed")
                window.show_view(view, colours, language)
                if name in ("at-work", "offline", "asked", "release-near", "engines"):
                    window.resize(400, 900)
                save(window, f"{stem}-{name}")
                entries = menu(view, language)
                assert entries
                window.deleteLater()
            if only and only not in "dialogs":
                continue
            why = build(SCENES["at-work"], NOW, language, UTC)
            text = next(c.why for c in why.cards if c.key == QUEUED.id)
            logs = LogsWindow("x", "ComfyUI", language)
            logs.add([f"2026-11-23 14:2{i} INFO step {i}: loading the model" for i in range(9)])
            for name, dialog in (
                ("rename", AskName("JupyterLab", language)),
                ("delete", ConfirmDelete("JupyterLab", size(STOPPED.data_bytes or 0), language)),
                ("why", Telling(say("why.title", language, name="InvokeAI"), text, language)),
                ("quit", Leaving(["ComfyUI", "InvokeAI"], language)),
                ("logs", logs),
            ):
                save(dialog, f"{stem}-{name}")
    for icon in Icon:
        for pixels in (22, 64):
            pixmap = tray_icon(icon).pixmap(pixels, pixels)
            assert pixmap.save(str(folder / f"icon-{icon}-{pixels}.png"))
            count += 1
    print(f"{count} pictures in {folder}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots")
    parser.add_argument("--here", action="store_true", help="use the screen that is here")
    parser.add_argument("--folder", type=Path, default=Path("build/screenshots"))
    parser.add_argument("--only", default="", help="scenes whose name holds this")
    options = parser.parse_args()
    if not options.here:
        return asyncio.run(_under_a_screen(sys.argv[1:]))
    scale = os.environ.get("QT_SCALE_FACTOR", "")
    return _paint(options.folder, options.only, f"-{scale}x" if scale else "")


if __name__ == "__main__":
    sys.exit(main())
