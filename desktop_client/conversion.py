"""From the wire to the model, at the edge. An unknown enum value of a newer coordinator is kept
harmless: the instance shows with its line and without an action."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from aigc.clock import from_milliseconds
from desktop_client.history import Reading, Series
from desktop_client.model import (
    Access,
    Account,
    ApiToken,
    Card,
    Colleague,
    Engine,
    Fail,
    Former,
    Found,
    Instance,
    Part,
    Refusals,
    RefusedTarget,
    Scope,
    Share,
    State,
    Stop,
    Trashed,
    Version,
    Words,
)
from protos.aigc.v1 import common_pb2, creator_pb2

_PARTS = {
    common_pb2.PartProgress.PART_IMAGE: "image",
    common_pb2.PartProgress.PART_DATA: "data",
    common_pb2.PartProgress.PART_MODELS: "models",
}
_STATES = {state.value: state for state in State}
_STOPS = {stop.value: stop for stop in Stop}
_FAILS = {fail.value: fail for fail in Fail}
_ACCESS = {
    common_pb2.ACCESS_UNSPECIFIED: Access.OWNER,  # a coordinator from before there was sharing
    common_pb2.ACCESS_OWNER: Access.OWNER,
    common_pb2.ACCESS_USE: Access.USE,
    common_pb2.ACCESS_VIEW: Access.VIEW,
}


def words(value: common_pb2.Sentence) -> Words:
    return Words(value.en, value.zh)


def engine(value: creator_pb2.Engine) -> Engine:
    return Engine(
        id=value.id,
        name=words(value.name),
        summary=words(value.summary),
        icon_svg=value.icon_svg,
        versions=tuple(Version(v.version, v.gpus, v.vram_mib, v.available) for v in value.versions),
        default_version=value.default_version,
    )


def instance(value: creator_pb2.Instance) -> Instance | None:
    """None for one that is deleted."""
    state = _named(common_pb2.InstanceState.Name, "INSTANCE_STATE_", value.state)
    if state == "deleted":
        return None
    stop = _named(common_pb2.StopReason.Name, "STOP_REASON_", value.stop_reason)
    fail = _named(common_pb2.FailReason.Name, "FAIL_REASON_", value.fail_reason)
    return Instance(
        id=value.id,
        name=value.name,
        engine_id=value.engine_id,
        engine_name=words(value.engine_name),
        version=value.version,
        state=_STATES.get(state, State.UNREACHABLE),
        stop=_STOPS.get(stop, Stop.UNKNOWN),
        line=words(value.line),
        since=from_milliseconds(value.state_since_ms),
        url=value.url,
        parts=tuple(
            Part(
                _PARTS[p.part],
                p.bytes_done,
                p.bytes_total if p.HasField("bytes_total") else None,
                p.done,
            )
            for p in value.parts
            if p.part in _PARTS
        ),
        queue_position=value.queue_position if value.HasField("queue_position") else None,
        node_name=value.node_name,
        cards=tuple(
            Card(
                g.name,
                g.utilisation_percent if g.HasField("utilisation_percent") else None,
                g.memory_used_bytes if g.HasField("memory_used_bytes") else None,
                g.memory_total_bytes if g.HasField("memory_total_bytes") else None,
                g.simulated,
                g.uuid,
            )
            for g in value.gpus
        ),
        last_activity=from_milliseconds(value.last_activity_ms),
        release_at=from_milliseconds(value.release_at_ms),
        simulated=value.simulated,
        data_bytes=value.data_bytes if value.HasField("data_bytes") else None,
        support_code=value.support_code,
        fail=_FAILS.get(fail, Fail.UNKNOWN),
        owner_id=value.owner_id,
        owner_name=value.owner_name,
        node_id=value.node_id,
        created_at=from_milliseconds(value.created_at_ms),
        vram_reserved_bytes=(
            value.vram_reserved_bytes if value.HasField("vram_reserved_bytes") else None
        ),
        vram_used_bytes=value.vram_used_bytes if value.HasField("vram_used_bytes") else None,
        gpu_percent=value.gpu_percent if value.HasField("gpu_percent") else None,
        access=_ACCESS.get(value.access, Access.VIEW),
        shares=value.shares,
        shared_until=from_milliseconds(value.shared_until_ms),
        started_by=value.started_by_name,
        refusals=refusals(value.refusals) if value.HasField("refusals") else None,
    )


def instances(values: Iterable[creator_pb2.Instance]) -> tuple[Instance, ...]:
    """Without those that are deleted."""
    return tuple(known for value in values if (known := instance(value)) is not None)


def refusals(value: common_pb2.Refusals) -> Refusals:
    return Refusals(
        total=value.total,
        top=tuple(RefusedTarget(t.address, t.port, t.protocol, t.attempts) for t in value.top),
        since=from_milliseconds(value.since_ms),
        last=from_milliseconds(value.last_ms),
    )


def trashed(value: creator_pb2.TrashedInstance) -> Trashed:
    return Trashed(
        id=value.id,
        name=value.name,
        engine_id=value.engine_id,
        engine_name=words(value.engine_name),
        version=value.version,
        deleted_at=_time(value.deleted_at_ms),
        kept_until=_time(value.kept_until_ms),
        data_bytes=value.data_bytes if value.HasField("data_bytes") else None,
        node_name=value.node_name,
    )


def api_token(value: creator_pb2.ApiToken) -> ApiToken:
    return ApiToken(
        id=value.id,
        name=value.name,
        created_at=_time(value.created_at_ms),
        expires_at=_time(value.expires_at_ms),
        last_used=from_milliseconds(value.last_used_ms),
        scopes=tuple(value.scopes) or (Scope.API,),
        read_only=value.read_only,
        instance_ids=tuple(value.instance_ids),
        instance_names=tuple(value.instance_names),
        ends_soon=value.ends_soon,
    )


def share(value: creator_pb2.Share) -> Share:
    return Share(
        id=value.id,
        instance_id=value.instance_id,
        instance_name=value.instance_name,
        owner_name=value.owner_name,
        access=_ACCESS.get(value.access, Access.VIEW),
        expires_at=_time(value.expires_at_ms),
        person_id=value.person_id,
        person_name=value.person_name,
        team=value.team,
    )


def found(value: creator_pb2.FindColleaguesResponse) -> Found:
    people = tuple(Colleague(p.id, p.name, p.hint) for p in value.people)
    return Found(people, tuple(value.teams), value.more)


def former(value: creator_pb2.GetLinkResponse) -> Former:
    """Whether to offer the link step."""
    if not value.possible:
        return Former.NONE
    asked = value.link.state == creator_pb2.LinkRequest.STATE_OPEN
    return Former.ASKED if asked else Former.POSSIBLE


def series(value: common_pb2.GpuSeries) -> Series:
    return Series(
        tuple(
            Reading(
                _time(p.at_ms),
                p.utilisation_percent if p.HasField("utilisation_percent") else None,
                p.memory_used_bytes if p.HasField("memory_used_bytes") else None,
            )
            for p in value.points
        ),
        timedelta(seconds=value.step_seconds),
    )


def account(value: creator_pb2.Person) -> Account:
    return Account(value.name, value.email, value.role, tuple(value.teams), value.id)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _named(name_of: object, prefix: str, value: int) -> str:
    """``by-creator`` for STOP_REASON_BY_CREATOR; empty for unspecified or unknown."""
    try:
        name = str(name_of(value))  # type: ignore[operator]
    except ValueError:
        return ""
    short = name.removeprefix(prefix).lower().replace("_", "-")
    return "" if short == "unspecified" else short
