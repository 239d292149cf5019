"""Idle release as tables: pitfalls 1, 2, 3, 22 and 23."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from coordinator.domain.engine import IdlePolicy
from coordinator.domain.events import (
    ActivitySeen,
    ClockJumped,
    DeleteRequested,
    DoorLost,
    DoorOpened,
    InstanceReading,
    KeepRequested,
    NodeDisconnected,
    Phase,
    ReadingsTaken,
)
from coordinator.domain.idle import IdleWhy, judge
from coordinator.domain.instance import InstanceId, Signal, Signals, State, StopReason
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.volume import VolumeId
from coordinator.domain.wording import instance_line, release_at
from tests.coordinator.bench import BEGIN, Bench
from tests.coordinator.studios import make_engine, make_gpu, observe, start

NODE = NodeId("render-01")


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("signals", "release", "why"),
    [
        # Nothing since it became ready.
        (Signals(gpu_work=Signal.IDLE), 15, IdleWhy.QUIET),
        # A person, a body in flight, GPU work, "keep running": the latest counts.
        (Signals(gpu_work=Signal.IDLE, person_at=at(3)), 18, IdleWhy.QUIET),
        (Signals(gpu_work=Signal.IDLE, bodies_in_flight_at=at(7)), 22, IdleWhy.QUIET),
        (Signals(gpu_work=Signal.IDLE, gpu_busy_at=at(9)), 24, IdleWhy.QUIET),
        (Signals(gpu_work=Signal.IDLE, kept_at=at(4), person_at=at(1)), 19, IdleWhy.QUIET),
        # What was before it became ready does not shorten anything (pitfall 22).
        (Signals(gpu_work=Signal.IDLE, person_at=at(-90)), 15, IdleWhy.QUIET),
        # Working now, or not to be read: never by idleness (pitfall 1).
        (Signals(gpu_work=Signal.ACTIVE), None, IdleWhy.GPU_WORKS),
        (Signals(gpu_work=Signal.FAILED), None, IdleWhy.SIGNAL_FAILED),
        # No work signal at all and the template did not say that traffic alone decides.
        (Signals(gpu_work=Signal.ABSENT, person_at=at(3)), None, IdleWhy.NO_WORK_SIGNAL),
    ],
)
def test_the_rule(signals: Signals, release: float | None, why: IdleWhy) -> None:
    verdict = judge(IdlePolicy(max_lifetime=None), signals, at(0))
    assert verdict.release_at == (None if release is None else at(release))
    assert verdict.why is why


def test_traffic_alone_decides_where_the_template_says_so() -> None:
    policy = IdlePolicy(max_lifetime=None, traffic_alone=True)
    signals = Signals(gpu_work=Signal.ABSENT, person_at=at(3), gpu_busy_at=at(10))
    assert judge(policy, signals, at(0)).release_at == at(18)


@pytest.mark.parametrize("work", list(Signal))
def test_the_lifetime_is_the_backstop_of_every_signal(work: Signal) -> None:
    verdict = judge(
        IdlePolicy(max_lifetime=timedelta(hours=2)),
        Signals(gpu_work=work, person_at=at(119)),
        at(0),
    )
    assert verdict.release_at == at(120)
    assert verdict.reason is StopReason.LIFETIME


def test_grace_follows_a_start_and_blindness() -> None:
    policy = IdlePolicy(release_after=timedelta(minutes=1), max_lifetime=None)
    idle = Signals(gpu_work=Signal.IDLE)
    assert judge(policy, idle, at(0)).release_at == at(5)
    assert judge(policy, idle, at(0), not_before=at(60)).release_at == at(65)


@pytest.fixture
def bench() -> Iterator[Bench]:
    policy = IdlePolicy(max_lifetime=timedelta(hours=6))
    made = Bench(make_engine(idle=policy))
    yield made
    made.close()


def ready(bench: Bench, work: Signal = Signal.IDLE) -> None:
    bench.person()
    bench.node("render-01", make_gpu("GPU-1"))
    bench.say(start())
    bench.say(observe(bench.instance(), Phase.READY, work))
    assert bench.state() is State.READY


def live(bench: Bench, minutes: int, work: Signal = Signal.IDLE) -> None:
    """The machine reports all the while; nobody does anything."""
    for _ in range(minutes * 6):
        if bench.state() is not State.READY:
            return
        reading = InstanceReading(InstanceId("i1"), bench.instance().epoch, work)
        bench.say(ReadingsTaken(NODE, instances=(reading,)))
        bench.wait(10)


def test_a_tab_open_and_untouched_for_two_hours_is_released(bench: Bench) -> None:
    """Pings and polling reach us as nothing at all: only persons' acts are told (pitfall 2)."""
    ready(bench)
    began = bench.now
    live(bench, 120)
    assert bench.state() is State.STOPPING
    assert bench.instance().stop_reason is StopReason.IDLE
    assert bench.instance().state_since - began == timedelta(minutes=15)
    assert any(line.event == "released" for line in bench.story())


def test_a_long_render_with_a_sleeping_tab_goes_on(bench: Bench) -> None:
    ready(bench)
    live(bench, 90, Signal.ACTIVE)
    assert bench.state() is State.READY
    live(bench, 14, Signal.IDLE)
    assert bench.state() is State.READY, "the window begins when the work ends"
    live(bench, 2, Signal.IDLE)
    assert bench.state() is State.STOPPING


def test_a_stream_without_requests_goes_on(bench: Bench) -> None:
    ready(bench)
    for _ in range(6):
        live(bench, 10)
        epoch = bench.instance().epoch
        bench.say(ActivitySeen(InstanceId("i1"), epoch, bodies_in_flight_at=bench.now))
    assert bench.state() is State.READY


def test_a_failed_signal_holds_until_the_lifetime_ends(bench: Bench) -> None:
    ready(bench)
    live(bench, 5 * 60, Signal.FAILED)
    assert bench.state() is State.READY
    assert "cannot be read" in instance_line(bench.studio, bench.instance(), bench.now).en
    alerts = [line for line in bench.story() if line.event == "signal-failed"]
    assert len(alerts) == 1, "alerted on once, after its bound"
    live(bench, 61, Signal.FAILED)
    assert bench.state() is State.STOPPING
    assert bench.instance().stop_reason is StopReason.LIFETIME


def test_without_a_work_signal_it_is_never_released_by_idleness_and_this_is_told(
    bench: Bench,
) -> None:
    ready(bench, Signal.ABSENT)
    live(bench, 60, Signal.ABSENT)
    assert bench.state() is State.READY
    line = instance_line(bench.studio, bench.instance(), bench.now)
    assert "cannot tell when it is idle" in line.en
    assert "无法判断" in line.zh


def test_keep_running_and_a_visit_begin_the_clock_anew(bench: Bench) -> None:
    ready(bench)
    live(bench, 11)
    near = release_at(bench.studio, bench.instance(), bench.now)
    assert near == bench.now + timedelta(minutes=4)
    assert "Released in 4 min" in instance_line(bench.studio, bench.instance(), bench.now).en
    bench.say(KeepRequested(InstanceId("i1"), PersonId("lin")))
    assert "Released in" not in instance_line(bench.studio, bench.instance(), bench.now).en
    live(bench, 14)
    assert bench.state() is State.READY
    bench.say(start())  # a Start of what runs is a person's act
    live(bench, 14)
    assert bench.state() is State.READY
    live(bench, 2)
    assert bench.state() is State.STOPPING


def test_a_resumed_engine_is_not_culled_at_once(bench: Bench) -> None:
    """Pitfall 22."""
    ready(bench)
    live(bench, 16)
    bench.say(observe(bench.instance(), Phase.GONE))
    assert bench.state() is State.STOPPED
    bench.wait(3600)
    bench.node("render-01", make_gpu("GPU-1"))
    bench.say(start())
    bench.say(observe(bench.instance(), Phase.READY))
    live(bench, 14)
    assert bench.state() is State.READY


def test_a_machine_that_was_silent_is_no_reason_to_release(bench: Bench) -> None:
    ready(bench)
    live(bench, 14)
    bench.say(NodeDisconnected(NODE, "cut off"))
    bench.wait(60)
    assert bench.state() is State.UNREACHABLE
    bench.say(observe(bench.instance(), Phase.READY))
    bench.say(observe(bench.instance(), Phase.READY))
    assert bench.state() is State.READY
    live(bench, 4)
    assert bench.state() is State.READY, "a grace follows, since nobody could be seen"
    live(bench, 2)
    assert bench.state() is State.STOPPING


def test_a_gateway_clock_ahead_of_ours_keeps_nothing_for_ever(bench: Bench) -> None:
    ready(bench)
    future = bench.now + timedelta(days=1)
    bench.say(ActivitySeen(InstanceId("i1"), 1, future, "POST /prompt", future))
    live(bench, 16)
    assert bench.state() is State.STOPPING


def test_activity_of_an_earlier_epoch_says_nothing(bench: Bench) -> None:
    ready(bench)
    live(bench, 10)
    bench.say(ActivitySeen(InstanceId("i1"), 7, bench.now, "POST /prompt"))
    live(bench, 6)
    assert bench.state() is State.STOPPING


def test_without_a_gateway_nobodys_use_is_seen_and_nothing_is_released(bench: Bench) -> None:
    """Pitfall 1: a failed traffic signal counts as active, and is told after a bound."""
    ready(bench)
    live(bench, 14)
    bench.say(DoorLost())
    live(bench, 9)
    assert bench.state() is State.READY
    assert not told(bench, "gateway-away")
    released = release_at(bench.studio, bench.instance(), bench.now)
    assert released == at(6 * 60), "its lifetime alone is in sight"
    assert "gateway" in instance_line(bench.studio, bench.instance(), bench.now).en
    live(bench, 120)
    assert bench.state() is State.READY
    assert told(bench, "gateway-away") == 1
    bench.say(DoorOpened())
    assert told(bench, "gateway-back") == 1
    live(bench, 4)
    assert bench.state() is State.READY, "a grace follows, since nobody could be seen"
    live(bench, 2)
    assert bench.state() is State.STOPPING


def test_the_lifetime_ends_it_without_a_gateway_too(bench: Bench) -> None:
    """Pitfall 1: a maximum lifetime is the backstop of every signal."""
    ready(bench)
    bench.say(DoorLost())
    live(bench, 6 * 60 + 1)
    assert bench.instance().stop_reason is StopReason.LIFETIME


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_a_machines_clock_neither_keeps_nor_releases(bench: Bench, ahead: int) -> None:
    """Pitfall 1: moments of GPU work come by the machine's clock, which may be wrong."""
    ready(bench)
    live(bench, 60, Signal.ACTIVE)
    told_at = bench.now + timedelta(seconds=ahead)
    reading = InstanceReading(InstanceId("i1"), bench.instance().epoch, Signal.IDLE, told_at)
    bench.say(ReadingsTaken(NODE, instances=(reading,)))
    live(bench, 14)
    assert bench.state() is State.READY
    live(bench, 2)
    assert bench.state() is State.STOPPING


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_a_jump_of_the_clock_releases_loses_and_keeps_nothing(
    bench: Bench, jump: timedelta
) -> None:
    """Pitfall 23: timers go on from where they were when the coordinator's clock is set."""
    ready(bench)
    bench.person("kai")
    bench.say(start("kai", serial=2), DeleteRequested(InstanceId("i2"), PersonId("kai")))
    live(bench, 10)
    purge_at = bench.studio.volumes[VolumeId("v2")].purge_at
    assert purge_at is not None
    bench.now += jump
    bench.say(ClockJumped(jump))
    assert told(bench, "clock-jumped") == 1
    assert bench.studio.volumes[VolumeId("v2")].purge_at == purge_at + jump
    assert bench.studio.nodes[NODE].online
    live(bench, 4)
    assert bench.state() is State.READY
    live(bench, 2)
    assert bench.state() is State.STOPPING
    assert bench.instance().stop_reason is StopReason.IDLE


def told(bench: Bench, event: str) -> int:
    """How often the studio's story tells that."""
    found = bench.connection.execute("SELECT count(*) FROM events WHERE event = ?", (event,))
    return int(found.fetchone()[0])
