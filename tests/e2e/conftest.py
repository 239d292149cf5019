"""The product in a studio of namespaces, once for a module."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc.cli.demo_image import image_name, make_image
from aigc.cli.demo_studio import engine_folder
from tests.studio.studio import GPU_MACHINES, Studio

_EXAMPLES = Path(__file__).parents[2] / "examples" / "engines"


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """Machines up, Docker and the demo engine's image on both GPU machines; nothing joined yet."""
    # Not pytest's own folder: paths of Unix sockets are short.
    root = Path(tempfile.mkdtemp(prefix="aigc-studio-"))
    catalogue = root / "engines"
    catalogue.mkdir()
    image = image_name(engine_folder())
    template = (_EXAMPLES / "demo.yaml").read_text("utf-8")
    assert "localhost:5000/aigc-demo-engine:1.0" in template
    (catalogue / "demo.yaml").write_text(
        template.replace("localhost:5000/aigc-demo-engine:1.0", image), "utf-8"
    )
    made = Studio(root, catalogue)
    try:
        made.up()
        for name in GPU_MACHINES:
            socket = made.machines[name].docker_socket
            make_image(image, engine_folder(), ["docker", "-H", f"unix://{socket}"])
        yield made
    finally:
        made.down()
        shutil.rmtree(root, ignore_errors=True)
