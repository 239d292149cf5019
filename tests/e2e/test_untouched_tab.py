"""A tab that is open and untouched for two hours is released; one that is worked in is not.

What tabs of the examples' engines sent in a Chromium (``tests/data/tabs``) is played to the door's
own rules, and what the door tells to the coordinator's own core; only the clock is false.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aigc.clock import from_milliseconds
from coordinator.api.conversion import route
from coordinator.catalogue.reading import load
from coordinator.domain.engine import EngineId
from coordinator.domain.events import ActivitySeen, Phase
from coordinator.domain.instance import InstanceId, State, StopReason
from gateway.activity import BATCH_SECONDS, Activity
from gateway.heads import read_request
from gateway.routes import Session, route_from_wire
from gateway.websocket import TEXT
from tests.coordinator.bench import BEGIN, Bench
from tests.coordinator.studios import make_gpu, observe, start

ROOT = Path(__file__).resolve().parents[2]
HOURS = 3600.0
SESSION = Session(b"h", "host1", "lin", "i1", 1 << 60)


class Clock:
    """The bench's time, for the door."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def now(self) -> datetime:
        return self._bench.now

    def monotonic(self) -> float:
        return (self._bench.now - BEGIN).total_seconds()

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")


class Tab:
    """A tab of a running engine: recorded traffic, the door's rules, the coordinator's core."""

    def __init__(self, engine: str) -> None:
        found = load(ROOT / "examples" / "engines").engines[EngineId(engine)]
        self.bench = Bench(found)
        self.bench.node("render-01", make_gpu("GPU-1"))
        self.bench.person()
        self.bench.say(start(engine=engine))
        self.bench.say(observe(self.bench.instance(), Phase.READY))
        assert self.bench.state() is State.READY
        self.activity = Activity(Clock(self.bench))
        self.told_at = self.begun = self.bench.now
        self.released: datetime | None = None

    def play(self, rows: list[dict[str, Any]], seconds: float) -> None:
        """Send the rows at their times, and let ``seconds`` pass in all."""
        begin = self.bench.now
        for row in rows:
            self._wait_until(begin + timedelta(seconds=row["t"]))
            wire = route(self.bench.studio, self.bench.instance(), self.bench.now)
            to = route_from_wire(wire)
            if "frame" in row:
                self.activity.frame(to, SESSION, row["path"], TEXT, row["frame"])
                continue
            head = read_request(
                f"{row['method']} {row['path']}?x=1 HTTP/1.1\r\nHost: h\r\n\r\n".encode()
            )
            transfer = self.activity.begin(to)
            visit = row["method"] == "GET" and row["path"] in ("/", "/lab")
            self.activity.answered(to, SESSION, head, row["bytes"], visit, 200, b"", transfer)
            self.activity.end(to, transfer)
        self._wait_until(begin + timedelta(seconds=seconds))

    def _wait_until(self, moment: datetime) -> None:
        """As the gateway tells: a batch now and then."""
        while self.bench.now < moment:
            step = min(moment, self.told_at + timedelta(seconds=BATCH_SECONDS))
            self.bench.wait((step - self.bench.now).total_seconds())
            if step >= self.told_at + timedelta(seconds=BATCH_SECONDS):
                self._tell()

    def _tell(self) -> None:
        self.told_at = self.bench.now
        instance = self.bench.instance()
        if instance.state is State.READY:  # its machine is well and says so
            self.bench.say(observe(instance, Phase.READY))
        elif instance.state is State.STOPPING:
            self.released = instance.state_since
            self.bench.say(observe(instance, Phase.GONE))
        for seen in self.activity.take_batch().instances:
            self.bench.say(
                ActivitySeen(
                    InstanceId(seen.instance_id),
                    seen.epoch,
                    person_at=from_milliseconds(seen.last_person_ms),
                    what=seen.what,
                    bodies_in_flight_at=self.bench.now if seen.bodies_in_flight else None,
                )
            )

    @property
    def idle(self) -> timedelta:
        """How long after it was left it was released."""
        instance = self.bench.instance()
        assert instance.state is State.STOPPED, instance.state
        assert instance.stop_reason is StopReason.IDLE
        assert self.released is not None
        return self.released - self.begun

    def leave(self) -> None:
        """From now on nobody touches it."""
        self.begun = self.bench.now


def recorded(engine: str, phase: str) -> list[dict[str, Any]]:
    text = (ROOT / "tests" / "data" / "tabs" / f"{engine}.jsonl").read_text("utf-8")
    return [row for row in map(json.loads, text.splitlines()) if row["phase"] == phase]


@pytest.fixture
def lab() -> Iterator[Tab]:
    tab = Tab("jupyterlab")
    tab.play(recorded("jupyterlab", "load"), 15)
    yield tab
    tab.bench.close()


@pytest.fixture
def gradio() -> Iterator[Tab]:
    tab = Tab("gradio")
    tab.play(recorded("gradio", "load"), 15)
    yield tab
    tab.bench.close()


def test_an_untouched_tab_of_jupyterlab_is_released(lab: Tab) -> None:
    lab.play(recorded("jupyterlab", "run"), 15)
    lab.leave()
    untouched = recorded("jupyterlab", "untouched")
    polls = [row for row in untouched if not row["path"].startswith("/api/contents/")]
    assert sum(row["method"] == "PUT" for row in polls) >= 12
    assert len(untouched) > len(polls), "the unsaved notebook is written once"
    lab.play(untouched, 120)
    for _ in range(59):
        lab.play(polls, 120)
    # Half an hour by its template, from the notebook's own saving at the latest.
    assert timedelta(minutes=30) <= lab.idle <= timedelta(minutes=32, seconds=30)


@pytest.mark.parametrize("phase", ["run", "terminal", "type"])
def test_work_in_jupyterlab_keeps_it(lab: Tab, phase: str) -> None:
    for _ in range(6):
        lab.play(recorded("jupyterlab", phase), 20 * 60)
    assert lab.bench.state() is State.READY
    lab.leave()
    lab.play([], 31 * 60)
    assert lab.idle <= timedelta(minutes=31)


def test_a_socket_that_connects_again_and_again_is_nobody(lab: Tab) -> None:
    """A forgotten laptop with a bad network: its kernels and terminals introduce themselves."""
    lab.leave()
    channel, terminal = "/api/kernels/1/channels", "/terminals/websocket/1"
    again = [{"t": 0.1, "frame": n, "path": channel} for n in (281, 335, 323, 338)]
    again += [{"t": 0.2, "frame": n, "path": terminal} for n in (26, 27, 24, 25)]
    for _ in range(120):
        lab.play(again, 60)
    assert lab.idle <= timedelta(minutes=31)


def test_an_untouched_tab_of_gradio_is_released(gradio: Tab) -> None:
    gradio.leave()
    heartbeat = {"t": 0.0, "method": "GET", "path": "/gradio_api/heartbeat/abc", "bytes": 0}
    for _ in range(120):
        gradio.play([heartbeat], 60)
    assert gradio.idle <= timedelta(minutes=16)


def test_a_timer_of_gradio_is_nobody(gradio: Tab) -> None:
    gradio.leave()
    tick = {"t": 0.0, "method": "POST", "path": "/gradio_api/queue/join", "bytes": 230}
    data = {"t": 0.1, "method": "GET", "path": "/gradio_api/queue/data", "bytes": 0}
    for _ in range(int(2 * HOURS / 5)):
        gradio.play([tick, data], 5)
    assert gradio.idle <= timedelta(minutes=16)


@pytest.mark.parametrize("phase", ["job", "upload"])
def test_jobs_and_uploads_keep_gradio(gradio: Tab, phase: str) -> None:
    for minutes in (9, 11, 10, 12, 8, 13):
        gradio.play(recorded("gradio", phase), minutes * 60)
    assert gradio.bench.state() is State.READY
    gradio.leave()
    gradio.play([], 16 * 60)
    assert gradio.idle <= timedelta(minutes=16)
