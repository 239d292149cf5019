"""A studio whose catalogue has the demo engine, its image on both GPU machines."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aigc.cli.demo_image import image_name, make_image
from aigc.cli.demo_studio import engine_folder
from tests.studio.network import run
from tests.studio.studio import GPU_MACHINES, Studio

_EXAMPLES = Path(__file__).parents[2] / "examples" / "engines"


@contextmanager
def demo_studio(
    node_silent_seconds: int = 5,
    unreachable_grace_seconds: int = 20,
    cards: int = 2,
    state_mib: int = 0,
    agent_more: str = "",
    more_names: dict[str, str] | None = None,
) -> Iterator[Studio]:
    """Machines up, Docker and the demo engine's image on both GPU machines; nothing joined yet.

    ``state_mib`` gives the coordinator's state folder a small disk of its own.
    """
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
    made = Studio(
        root,
        catalogue,
        node_silent_seconds,
        unreachable_grace_seconds,
        cards,
        agent_more=agent_more,
        more_names=more_names or {},
    )
    if state_mib:
        made.state_dir.mkdir(mode=0o700)
        options = f"size={state_mib}m,mode=700"
        run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(made.state_dir))
    try:
        made.up()
        for name in GPU_MACHINES:
            socket = made.machines[name].docker_socket
            make_image(image, engine_folder(), ["docker", "-H", f"unix://{socket}"])
        yield made
    finally:
        made.down()
        if state_mib:
            run("umount", "-l", str(made.state_dir), check=False)
        shutil.rmtree(root, ignore_errors=True)
