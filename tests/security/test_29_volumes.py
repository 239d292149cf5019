"""Attack 29: what an engine leaves in its volume never leads the agent out of it, nor over.

Nothing of the product unpacks an archive today: the import of volumes and archives comes with the
moving of data between machines, and its tests with it. Until then the agent's own ways through a
volume are what is attacked here: mounting, measuring, trash, restoring and deleting. The first test
fails as soon as anything begins to unpack.
"""

from __future__ import annotations

import ast
import os
import resource
import socket
from pathlib import Path

import pytest

from aigc.errors import AigcError
from node_agent.volumes import Volumes
from tests.standins.clock import FakeClock

pytestmark = [pytest.mark.attack(29), pytest.mark.timeout(120)]

_PACKAGES = ("aigc", "coordinator", "gateway", "node_agent", "desktop_client")
_UNPACKING = {"extractall", "extract", "unpack_archive", "extractfile"}


@pytest.fixture
async def volumes(tmp_path: Path) -> Volumes:
    made = Volumes(tmp_path / "root", FakeClock())
    await made.load()
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What must be there afterwards as it was."""
    folder = tmp_path / "outside"
    (folder / "below").mkdir(parents=True)
    (folder / "precious").write_text("precious")
    (folder / "below" / "more").write_text("more")
    return folder


def untouched(outside: Path) -> bool:
    return (outside / "precious").read_text() == "precious" and (
        outside / "below" / "more"
    ).read_text() == "more"


def test_nothing_of_the_product_unpacks_archives() -> None:
    root = Path(__file__).parents[2]
    found = [
        f"{file.relative_to(root)}:{node.lineno}"
        for package in _PACKAGES
        for file in (root / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in _UNPACKING
    ]
    assert found == [], "its import needs the tests of attack 29"


@pytest.mark.parametrize(
    "volume_id", ["..", ".", "../outside", "/etc", "a/b", "", "a\0b", "-", "v" * 100, "v\n"]
)
async def test_ids_that_are_paths(volumes: Volumes, outside: Path, volume_id: str) -> None:
    for act in (volumes.mount, volumes.trash, volumes.restore, volumes.purge):
        with pytest.raises(AigcError, match="volume id"):
            await act(volume_id)
    assert untouched(outside)


@pytest.mark.parametrize("subpath", ["..", "a/../..", "/etc", "a//b", "./a", "a/\0"])
async def test_paths_below_a_volume_that_leave_it(volumes: Volumes, subpath: str) -> None:
    with pytest.raises(AigcError, match="subpath"):
        await volumes.mount("v-1", subpath)


async def test_links_in_the_way_of_a_mount(volumes: Volumes, outside: Path) -> None:
    here = await volumes.mount("v-1")
    (here / "add-ons").symlink_to(outside)
    (here / "file").write_text("x")
    os.mkfifo(here / "pipe")
    for name in ("add-ons", "file", "pipe"):
        with pytest.raises(AigcError, match="nothing is mounted there"):
            await volumes.mount("v-1", f"{name}/below")
    assert untouched(outside)


async def test_trash_and_purge_delete_links_devices_and_sockets_themselves(
    volumes: Volumes, outside: Path, tmp_path: Path
) -> None:
    here = await volumes.mount("v-1", "deep/er")
    (here / "folder").symlink_to(outside)
    (here / "absolute").symlink_to("/etc/passwd")
    (here / "upwards").symlink_to("../../../../../outside/precious")
    (here / "loop").symlink_to("loop")
    os.mkfifo(here / "pipe")
    os.link(outside / "precious", here / "hard")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(here / "s"))
    if os.geteuid() == 0:
        os.mknod(here / "device", 0o600 | 0o020000, os.makedev(1, 3))
    (here / "..." / "...").mkdir(parents=True)
    (here / "name\nwith newline").write_text("x")
    await volumes.measure()
    await volumes.trash("v-1")
    await volumes.measure()
    await volumes.purge("v-1")
    assert untouched(outside)
    assert os.listdir(tmp_path / "root" / "trash") == []
    assert os.listdir(tmp_path / "root" / "volumes") == []


async def test_a_volume_that_is_itself_a_link(
    volumes: Volumes, outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "root" / "volumes" / "v-1").symlink_to(outside)
    with pytest.raises(AigcError, match="a link"):
        await volumes.mount("v-1")
    await volumes.measure()
    await volumes.trash("v-1")
    await volumes.purge("v-1")
    assert untouched(outside)


async def test_a_bomb_of_folders_neither_stops_the_agent_nor_survives_a_purge(
    volumes: Volumes, outside: Path, tmp_path: Path
) -> None:
    """Deeper than Python's stack and than the files that a process may have open."""
    here = await volumes.mount("v-1")
    at = os.open(here, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=at)
        deeper = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.close(at)
        at = deeper
    os.symlink(outside, "out", dir_fd=at)
    os.close(at)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        await volumes.measure()
        await volumes.trash("v-1")
        await volumes.measure()
        await volumes.purge("v-1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert untouched(outside)
    assert os.listdir(tmp_path / "root" / "trash") == []


async def test_a_bomb_of_bytes_is_counted_as_it_lies_on_the_disk(
    volumes: Volumes, tmp_path: Path
) -> None:
    """However often it is linked, a file weighs once."""
    here = await volumes.mount("v-1")
    (here / "once").write_bytes(b"x" * 4096)
    for number in range(50):
        os.link(here / "once", here / f"again-{number}")
    await volumes.measure()
    (fact,) = await volumes.facts()
    assert fact.bytes == 4096
