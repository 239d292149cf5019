"""The catalogue is taken up without a restart, and a broken file leaves the old one in force."""

from __future__ import annotations

from pathlib import Path

from aigc.clock import SystemClock
from coordinator.catalogue import Loaded, Watcher

GOOD = 'name: A\nversions:\n  - {version: "1", image: "a:1", port: 80}\n'


async def test_each_change_is_told_once(tmp_path: Path) -> None:
    told: list[Loaded] = []
    file = tmp_path / "a.yaml"
    file.write_text(GOOD, encoding="utf-8")
    watcher = Watcher(tmp_path, SystemClock(), told.append)

    assert await watcher.look()
    assert list(told[-1].engines) == ["a"]
    assert not await watcher.look()

    file.write_text(GOOD + "oops: 1\n", encoding="utf-8")
    assert await watcher.look()
    assert list(told[-1].engines) == ["a"]
    assert told[-1].problems[0].line == 4

    file.write_text(GOOD.replace("name: A", "name: B"), encoding="utf-8")
    assert await watcher.look()
    assert next(iter(told[-1].engines.values())).name.en == "B"
    assert told[-1].problems == ()

    file.unlink()
    assert await watcher.look()
    assert told[-1].engines == {}
    assert len(told) == 4


async def test_a_listener_that_is_a_coroutine_is_awaited(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    told: list[Loaded] = []

    async def take(loaded: Loaded) -> None:
        told.append(loaded)

    assert await Watcher(tmp_path, SystemClock(), take).look()
    assert len(told) == 1
