"""Every state and every reason has its words, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from coordinator.domain.engine import Text
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.instance import (
    FailReason,
    Instance,
    InstanceId,
    Part,
    PartKind,
    Placement,
    State,
    StopReason,
)
from coordinator.domain.node import Node, NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.studio import QueueEntry, Studio
from coordinator.domain.volume import VolumeId
from coordinator.domain.wording import instance_line
from tests.coordinator.studios import make_engine, make_gpu

NOW = datetime(2026, 11, 2, 14, 32, tzinfo=UTC)
ENGINE = make_engine()
NODE = Node(
    NodeId("n4"),
    "render-04",
    gpus=(make_gpu("GPU-1"), replace(make_gpu("GPU-2"), simulated=True)),
    last_seen=NOW - timedelta(minutes=30),
)
INSTANCE = Instance(
    InstanceId("i1"),
    PersonId("lin"),
    ENGINE.id,
    "2.0",
    "ComfyUI",
    "host1",
    VolumeId("v1"),
    NOW - timedelta(days=1),
    State.STOPPED,
    NOW - timedelta(hours=3),
)
PLACED = Placement(NODE.id, (GpuUuid("GPU-1"),), 0, 1)
HOLDING = {
    State.PLACED,
    State.PREPARING,
    State.STARTING,
    State.READY,
    State.STOPPING,
    State.UNREACHABLE,
    State.LOST,
}


def line(**change: object) -> Text:
    instance = replace(INSTANCE, **change)  # type: ignore[arg-type]
    return instance_line(studio_of(instance), instance, NOW)


def studio_of(instance: Instance) -> Studio:
    queue: tuple[QueueEntry, ...] = ()
    if instance.state is State.QUEUED:
        queue = (QueueEntry(instance.id, 2, Text("needs two cards", "需要两张显卡")),)
    return Studio(
        "ledger",
        Policy(),
        engines={ENGINE.id: ENGINE},
        nodes={NODE.id: NODE},
        instances={instance.id: instance},
        queue=queue,
    )


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("delete", [False, True])
def test_every_state(state: State, restart: bool, delete: bool) -> None:
    said = line(
        state=state,
        placement=PLACED if state in HOLDING else None,
        before_silence=State.READY if state in (State.UNREACHABLE, State.LOST) else None,
        ready_at=NOW,
        restart_wanted=restart,
        delete_wanted=delete,
    )
    assert said.en
    assert said.en[0].isupper() or said.en.startswith("render-04")
    assert not is_chinese(said.en)
    assert is_chinese(said.zh)
    assert "None" not in said.en


@pytest.mark.parametrize("reason", [*StopReason, *FailReason])
def test_every_reason(reason: StopReason | FailReason) -> None:
    if isinstance(reason, StopReason):
        said = line(stop_reason=reason)
        assert said.en.endswith("; your files are kept")
    else:
        said = line(state=State.FAILED, fail_reason=reason, fail_detail="x", support_code="c0de")
        assert said.en.endswith(": x. Tell IT the code c0de")
        assert "c0de" in said.zh
    assert is_chinese(said.zh.partition("：")[0])


def test_the_lines_of_the_design() -> None:
    assert line(state=State.QUEUED).en == "Waiting, second in line: needs two cards"
    assert line(state=State.QUEUED).zh == "排队中，第 2 位：需要两张显卡"
    parts = (
        Part(PartKind.IMAGE, 4_100_000_000, 9_800_000_000),
        Part(PartKind.DATA, done=True),
        Part(PartKind.MODELS),
    )
    preparing = line(state=State.PREPARING, placement=PLACED, parts=parts)
    assert preparing.en == "Preparing · image 4.1 of 9.8 GB · models"
    assert preparing.zh == "准备中 · 镜像 4.1 / 9.8 GB · 模型"
    assert line(state=State.STARTING, placement=PLACED).en == "Starting on render-04"
    ready = line(state=State.READY, placement=PLACED)
    assert ready.en == "Ready · render-04, RTX 4090"
    stopped = line(state_since=NOW - timedelta(hours=20), stop_reason=StopReason.IDLE)
    assert stopped.en == (
        "Stopped yesterday 18:32 UTC: released because nobody used it; your files are kept"
    )
    assert "昨天 18:32" in stopped.zh
    silent = line(state=State.UNREACHABLE, placement=PLACED, before_silence=State.READY)
    assert silent.en == (
        "render-04 has not answered since 14:02 UTC; your engine may still be running"
    )


def test_a_simulated_card_is_labelled() -> None:
    placed = replace(PLACED, gpu_uuids=(GpuUuid("GPU-2"),))
    said = line(state=State.READY, placement=placed)
    assert "RTX 4090 (simulated)" in said.en
    assert said.zh.endswith("RTX 4090（模拟）")


def test_times_are_told_in_the_readers_zone() -> None:
    shanghai = timezone(timedelta(hours=8))
    now = NOW.astimezone(shanghai)
    said = instance_line(studio_of(INSTANCE), INSTANCE, now)
    assert "19:32" in said.en
    assert "UTC" not in said.en
