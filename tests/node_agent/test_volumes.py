"""Volumes: kept, trashed, brought back; and what an engine may leave in one to harm others."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from aigc.errors import AigcError
from node_agent.volumes import Volumes, safe_subpath
from tests.standins.clock import FakeClock

pytestmark = pytest.mark.blocking_allowed("the tests themselves look at files")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def volumes(tmp_path: Path, clock: FakeClock) -> Volumes:
    made = Volumes(tmp_path / "root", clock)
    await made.load()
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What no volume operation may touch."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_text("precious")
    return folder


async def test_a_volume_is_made_once_and_kept(volumes: Volumes, tmp_path: Path) -> None:
    folder = await volumes.mount("v-1")
    assert folder == tmp_path / "root/volumes/v-1"
    (folder / "note").write_text("kept")
    assert await volumes.mount("v-1") == folder
    assert (folder / "note").read_text() == "kept"
    assert (tmp_path / "root/volumes").stat().st_mode & 0o777 == 0o700


async def test_subpaths_are_made_below_it(volumes: Volumes) -> None:
    folder = await volumes.mount("v-1", safe_subpath("packages/{image}/{abi}", "0123", "x86_64"))
    assert folder.is_dir()
    assert folder.parts[-3:] == ("packages", "0123", "x86_64")


@pytest.mark.parametrize("volume_id", ["", ".", "..", "a/b", "/etc", "v\0", "a" * 100, "-x", "é"])
async def test_ids_that_are_paths_are_refused(volumes: Volumes, volume_id: str) -> None:
    for act in (volumes.mount, volumes.trash, volumes.restore, volumes.purge):
        with pytest.raises(AigcError, match="not a volume id"):
            await act(volume_id)


@pytest.mark.parametrize("subpath", ["..", "../v-2", "/etc", "a/../../b", "a//b", ".", "a/", "\0"])
async def test_subpaths_that_leave_the_volume_are_refused(volumes: Volumes, subpath: str) -> None:
    with pytest.raises(AigcError, match="must be relative"):
        await volumes.mount("v-1", subpath)


async def test_links_in_the_way_are_never_followed(volumes: Volumes, outside: Path) -> None:
    """Pitfall 19."""
    folder = await volumes.mount("v-1")
    (folder / "packages").symlink_to(outside)
    with pytest.raises(AigcError, match="a link"):
        await volumes.mount("v-1", "packages")
    with pytest.raises(AigcError, match="a link"):
        await volumes.mount("v-1", "packages/deeper")
    (folder / "file").write_text("")
    with pytest.raises(AigcError, match="not a folder"):
        await volumes.mount("v-1", "file")
    (folder / "dangling").symlink_to(outside / "not-there")
    with pytest.raises(AigcError, match="a link"):
        await volumes.mount("v-1", "dangling")
    assert os.listdir(outside) == ["precious"]


async def test_a_link_in_place_of_a_volume_is_refused(
    volumes: Volumes, outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "root/volumes/v-1").symlink_to(outside)
    with pytest.raises(AigcError, match="a link"):
        await volumes.mount("v-1")


async def test_the_trash_keeps_and_gives_back(
    volumes: Volumes, clock: FakeClock, tmp_path: Path
) -> None:
    folder = await volumes.mount("v-1")
    (folder / "note").write_text("first")
    await volumes.trash("v-1")
    await volumes.trash("v-1")  # once more changes nothing
    assert not folder.exists()
    assert len(list((tmp_path / "root/trash").iterdir())) == 1
    with pytest.raises(AigcError, match="restore it first"):
        await volumes.mount("v-1")  # no empty folder in place of somebody's files
    assert not folder.exists()
    await clock.advance(timedelta(days=1).total_seconds())
    await volumes.restore("v-1")
    assert (folder / "note").read_text() == "first"
    await volumes.restore("v-1")  # it is there: nothing to do
    assert await volumes.mount("v-1") == folder
    (folder / "note").write_text("second")
    await volumes.trash("v-1")
    await volumes.restore("v-1")
    assert (folder / "note").read_text() == "second"


async def test_of_several_copies_the_newest_comes_back(volumes: Volumes, tmp_path: Path) -> None:
    for stamp in (900, 1000):  # 1000 is later, though a word of "9..." sorts behind it
        copy = tmp_path / f"root/trash/v-1.{stamp}"
        copy.mkdir()
        (copy / "note").write_text(str(stamp))
    await volumes.restore("v-1")
    assert (tmp_path / "root/volumes/v-1/note").read_text() == "1000"


async def test_what_was_never_mounted_comes_back_empty_and_what_is_lost_does_not(
    volumes: Volumes, tmp_path: Path
) -> None:
    await volumes.trash("v-1")
    await volumes.trash("v-1")
    await volumes.restore("v-1")
    folder = await volumes.mount("v-1")
    assert list(folder.iterdir()) == []
    (folder / "note").write_text("mine")
    await volumes.trash("v-1")
    (copy,) = (tmp_path / "root/trash").iterdir()
    copy.rename(tmp_path / "stolen")
    with pytest.raises(AigcError, match="not in this machine's trash"):
        await volumes.restore("v-1")
    assert not folder.exists()


async def test_purge_takes_only_what_is_in_the_trash(volumes: Volumes, tmp_path: Path) -> None:
    folder = await volumes.mount("v-1")
    (folder / "note").write_text("in use")
    with pytest.raises(AigcError, match="not in the trash"):
        await volumes.purge("v-1")
    assert (folder / "note").read_text() == "in use"
    await volumes.trash("v-1")
    await volumes.mount("v-12")
    await volumes.trash("v-12")
    await volumes.purge("v-1")
    await volumes.purge("v-1")  # done already
    assert [p.name.split(".")[0] for p in (tmp_path / "root/trash").iterdir()] == ["v-12"]
    with pytest.raises(AigcError, match="not in this machine's trash"):
        await volumes.restore("v-1")


async def test_purge_never_follows_links(volumes: Volumes, outside: Path) -> None:
    """Pitfall 19."""
    folder = await volumes.mount("v-1")
    (folder / "to-folder").symlink_to(outside)
    (folder / "to-file").symlink_to(outside / "precious")
    (folder / "to-root").symlink_to("/")
    deep = folder / "a/b/c"
    deep.mkdir(parents=True)
    (deep / "up").symlink_to("../../../..")
    os.link(outside / "precious", folder / "hard")
    os.mkfifo(folder / "pipe")
    await volumes.trash("v-1")
    await volumes.purge("v-1")
    assert (outside / "precious").read_text() == "precious"
    assert not folder.exists()


async def test_sizes_are_measured_lazily_and_links_weigh_nothing(
    volumes: Volumes, clock: FakeClock, outside: Path
) -> None:
    folder = await volumes.mount("v-1")
    (outside / "big").write_bytes(b"x" * 100_000)
    (folder / "data").write_bytes(b"x" * 1000)
    (folder / "link").symlink_to(outside)
    os.link(folder / "data", folder / "same")
    assert [f.bytes for f in await volumes.facts()] == [None]
    await volumes.measure()
    (fact,) = await volumes.facts()
    assert fact.bytes is not None
    assert 1000 <= fact.bytes < 2000
    (folder / "more").write_bytes(b"x" * 50_000)
    await volumes.measure()
    assert (await volumes.facts())[0] == fact  # not again so soon
    await clock.advance(600)
    await volumes.measure()
    assert ((await volumes.facts())[0].bytes or 0) > 50_000
    await volumes.trash("v-1")
    assert [(f.volume_id, f.in_trash) for f in await volumes.facts()] == [("v-1", True)]


async def test_a_root_that_cannot_be_used_is_told(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AigcError, match="Set volume_root"):
        await Volumes(tmp_path / "file", clock).load()
