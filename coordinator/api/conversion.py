"""The domain's values as the wire has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aigc.clock import milliseconds
from coordinator.domain.engine import ActivityRule, Engine, Text, ViewRule
from coordinator.domain.gpu import Gpu
from coordinator.domain.instance import (
    FailReason,
    Instance,
    Part,
    PartKind,
    Refusals,
    Signals,
    State,
    StopReason,
    Usage,
)
from coordinator.domain.node import Door, Node
from coordinator.domain.people import Person, PersonId
from coordinator.domain.sharing import Access, Share, guests_of, shares_of
from coordinator.domain.studio import Studio
from coordinator.domain.trash import Trashed
from coordinator.domain.wording import instance_line, release_at, trash_line
from coordinator.identity.tokens import ApiToken
from coordinator.readings import Occupancy, Series
from protos.aigc.v1 import admin_pb2, common_pb2, creator_pb2, gateway_pb2

UrlOf = Callable[[str], str]  # host label -> where a browser opens it

STATES = {
    State.REQUESTED: common_pb2.INSTANCE_STATE_REQUESTED,
    State.QUEUED: common_pb2.INSTANCE_STATE_QUEUED,
    State.PLACED: common_pb2.INSTANCE_STATE_PLACED,
    State.PREPARING: common_pb2.INSTANCE_STATE_PREPARING,
    State.STARTING: common_pb2.INSTANCE_STATE_STARTING,
    State.READY: common_pb2.INSTANCE_STATE_READY,
    State.STOPPING: common_pb2.INSTANCE_STATE_STOPPING,
    State.STOPPED: common_pb2.INSTANCE_STATE_STOPPED,
    State.FAILED: common_pb2.INSTANCE_STATE_FAILED,
    State.UNREACHABLE: common_pb2.INSTANCE_STATE_UNREACHABLE,
    State.LOST: common_pb2.INSTANCE_STATE_LOST,
    State.DELETED: common_pb2.INSTANCE_STATE_DELETED,
}
STOP_REASONS = {
    StopReason.BY_CREATOR: common_pb2.STOP_REASON_BY_CREATOR,
    StopReason.BY_ADMIN: common_pb2.STOP_REASON_BY_ADMIN,
    StopReason.IDLE: common_pb2.STOP_REASON_IDLE,
    StopReason.LIFETIME: common_pb2.STOP_REASON_LIFETIME,
    StopReason.BUDGET: common_pb2.STOP_REASON_BUDGET,
    StopReason.NODE_DRAINED: common_pb2.STOP_REASON_NODE_DRAINED,
    StopReason.UPDATED: common_pb2.STOP_REASON_UPDATED,
}
FAIL_REASONS = {
    FailReason.PREPARE: common_pb2.FAIL_REASON_PREPARE,
    FailReason.START: common_pb2.FAIL_REASON_START,
    FailReason.PROBE_TIMEOUT: common_pb2.FAIL_REASON_PROBE_TIMEOUT,
    FailReason.CRASHED: common_pb2.FAIL_REASON_CRASHED,
    FailReason.OUT_OF_MEMORY: common_pb2.FAIL_REASON_OUT_OF_MEMORY,
    FailReason.GPU_LOST: common_pb2.FAIL_REASON_GPU_LOST,
}
_PARTS = {
    PartKind.IMAGE: common_pb2.PartProgress.PART_IMAGE,
    PartKind.DATA: common_pb2.PartProgress.PART_DATA,
    PartKind.MODELS: common_pb2.PartProgress.PART_MODELS,
}
ACCESS = {
    Access.OWNER: common_pb2.ACCESS_OWNER,
    Access.USE: common_pb2.ACCESS_USE,
    Access.VIEW: common_pb2.ACCESS_VIEW,
}
_DOORS = {
    Door.UNKNOWN: common_pb2.DOOR_UNSPECIFIED,
    Door.CLOSED: common_pb2.DOOR_CLOSED,
    Door.OPEN_TO_LOCAL_USERS: common_pb2.DOOR_OPEN_TO_LOCAL_USERS,
}


def sentence(text: Text) -> common_pb2.Sentence:
    return common_pb2.Sentence(en=text.en, zh=text.zh)


def person(value: Person) -> creator_pb2.Person:
    return creator_pb2.Person(
        id=value.id,
        name=value.name,
        email=value.email,
        role=value.role.value,
        teams=list(value.teams),
    )


def api_token(value: ApiToken, studio: Studio, now: datetime) -> creator_pb2.ApiToken:
    """What is known of a token; its secret never."""
    named = [studio.instances.get(i) for i in value.terms.instances]
    return creator_pb2.ApiToken(
        id=value.id,
        name=value.name,
        created_at_ms=milliseconds(value.created_at),
        expires_at_ms=milliseconds(value.expires_at),
        last_used_ms=milliseconds(value.last_used),
        scopes=[str(scope) for scope in value.terms.scopes],
        read_only=value.terms.read_only,
        instance_ids=list(value.terms.instances),
        instance_names=[i.name if i else "" for i in named],
        ends_soon=value.ends_soon(now),
    )


def share(value: Share, studio: Studio) -> creator_pb2.Share:
    instance = studio.instances.get(value.instance_id)
    owner = studio.people.get(value.owner)
    guest = studio.people.get(value.person) if value.person else None
    return creator_pb2.Share(
        id=value.id,
        instance_id=value.instance_id,
        instance_name=instance.name if instance else "",
        owner_id=value.owner,
        owner_name=owner.name if owner else "",
        person_id=value.person or "",
        person_name=guest.name if guest else "",
        team=value.team,
        access=ACCESS[value.access],
        created_at_ms=milliseconds(value.created_at),
        expires_at_ms=milliseconds(value.expires_at),
    )


def engine(value: Engine) -> creator_pb2.Engine:
    return creator_pb2.Engine(
        id=value.id,
        name=sentence(value.name),
        summary=sentence(value.summary),
        icon_svg=value.icon_svg,
        default_version=value.default_version,
        versions=[
            creator_pb2.EngineVersion(
                version=v.version,
                gpus=v.gpu.count,
                vram_mib=v.gpu.vram_mib,
                available=v.available,
            )
            for v in value.versions
        ],
    )


def instance(studio: Studio, value: Instance, now: datetime, url_of: UrlOf) -> creator_pb2.Instance:
    """An instance as its owner (or an admin) sees it."""
    known_engine = studio.engines.get(value.engine_id)
    owner = studio.people.get(value.owner)
    volume = studio.volumes.get(value.volume_id)
    signals = studio.signals.get(value.id, Signals())
    node = studio.nodes.get(value.placement.node_id) if value.placement else None
    cards = _cards(value, node)
    entry = studio.queue_entry(value.id)
    usage = _usage(studio, value)
    return creator_pb2.Instance(
        id=value.id,
        name=value.name,
        engine_id=value.engine_id,
        engine_name=sentence(known_engine.name if known_engine else Text(value.engine_id)),
        version=value.version,
        state=STATES[value.state],
        stop_reason=STOP_REASONS[value.stop_reason]
        if value.stop_reason
        else common_pb2.STOP_REASON_UNSPECIFIED,
        fail_reason=FAIL_REASONS[value.fail_reason]
        if value.fail_reason
        else common_pb2.FAIL_REASON_UNSPECIFIED,
        line=sentence(instance_line(studio, value, now)),
        state_since_ms=milliseconds(value.state_since),
        url=url_of(value.host),
        parts=[part(p) for p in value.parts],
        queue_position=entry.position if entry else None,
        node_name=node.name if node else "",
        gpus=[
            creator_pb2.InstanceGpu(
                uuid=card.uuid,
                name=card.name,
                utilisation_percent=card.utilisation_percent,
                memory_used_bytes=card.memory_used_bytes,
                memory_total_bytes=card.memory_total_bytes,
                simulated=card.simulated,
            )
            for card in cards
        ],
        last_activity_ms=milliseconds(signals.person_at),
        release_at_ms=milliseconds(release_at(studio, value, now)),
        owner_id=value.owner,
        owner_name=owner.name if owner else "",
        simulated=any(card.simulated for card in cards),
        data_bytes=volume.bytes if volume else None,
        support_code=value.support_code,
        door=_DOORS[node.door] if node else common_pb2.DOOR_UNSPECIFIED,
        created_at_ms=milliseconds(value.created_at),
        node_id=value.placement.node_id if value.placement else "",
        # vram_reserved_bytes stays absent: each holder has its cards to itself.
        vram_used_bytes=usage.vram_used_bytes if usage else None,
        gpu_percent=usage.gpu_percent if usage else None,
        refusals=_refusals(usage.refusals) if usage and usage.refusals else None,
        access=common_pb2.ACCESS_OWNER,
        shares=sum(1 for _ in shares_of(studio, value.id, now)),
        started_by_name=_name(studio, value.started_by),
    )


def shared_instance(
    studio: Studio, value: Instance, given: Share, now: datetime, url_of: UrlOf
) -> creator_pb2.Instance:
    """An instance as a guest sees it: how it is and where to open it, nothing of its innards."""
    whole = instance(studio, value, now, url_of)
    return creator_pb2.Instance(
        id=whole.id,
        name=whole.name,
        engine_id=whole.engine_id,
        engine_name=whole.engine_name,
        version=whole.version,
        state=whole.state,
        line=whole.line,
        state_since_ms=whole.state_since_ms,
        url=whole.url,
        parts=whole.parts,
        queue_position=whole.queue_position if whole.HasField("queue_position") else None,
        owner_id=whole.owner_id,
        owner_name=whole.owner_name,
        simulated=whole.simulated,
        release_at_ms=whole.release_at_ms,
        created_at_ms=whole.created_at_ms,
        access=ACCESS[given.access],
        shared_until_ms=milliseconds(given.expires_at),
    )


def _name(studio: Studio, person_id: PersonId | None) -> str:
    known = studio.people.get(person_id) if person_id else None
    return known.name if known else ""


def _refusals(value: Refusals) -> common_pb2.Refusals:
    return common_pb2.Refusals(
        total=value.total,
        since_ms=milliseconds(value.since),
        last_ms=milliseconds(value.last),
        top=[
            common_pb2.RefusedDestination(
                address=p.address, port=p.port, protocol=p.protocol, attempts=p.attempts
            )
            for p in value.top
        ],
    )


def trashed(studio: Studio, value: Trashed, now: datetime) -> creator_pb2.TrashedInstance:
    """Something in the trash as its owner sees it."""
    gone, volume = value.instance, value.volume
    known_engine = studio.engines.get(gone.engine_id)
    node = studio.nodes.get(volume.home) if volume.home else None
    return creator_pb2.TrashedInstance(
        id=gone.id,
        name=gone.name,
        engine_id=gone.engine_id,
        engine_name=sentence(known_engine.name if known_engine else Text(gone.engine_id)),
        version=gone.version,
        deleted_at_ms=milliseconds(value.deleted_at),
        kept_until_ms=milliseconds(value.kept_until),
        data_bytes=volume.bytes,
        node_name=node.name if node else "",
        line=sentence(trash_line(studio, value, now)),
    )


def part(value: Part) -> common_pb2.PartProgress:
    return common_pb2.PartProgress(
        part=_PARTS[value.kind],
        bytes_done=value.bytes_done,
        bytes_total=value.bytes_total,
        done=value.done,
    )


def gpu(value: Gpu) -> common_pb2.GpuReading:
    """A card's reading; what it cannot tell stays absent."""
    return common_pb2.GpuReading(
        uuid=value.uuid,
        name=value.name,
        pci_bus_id=value.pci_bus_id,
        memory_total_bytes=value.memory_total_bytes,
        memory_used_bytes=value.memory_used_bytes,
        utilisation_percent=value.utilisation_percent,
        temperature_celsius=value.temperature_celsius,
        power_watts=value.power_watts,
        energy_millijoules=value.energy_millijoules,
        compute_capability=value.compute_capability,
        simulated=value.simulated,
        per_process=value.per_process,
    )


def node(studio: Studio, value: Node, certificate_expires: datetime | None) -> admin_pb2.Node:
    """A machine as IT sees it."""
    return admin_pb2.Node(
        id=value.id,
        name=value.name,
        pool=value.pool,
        online=value.online,
        draining=value.draining,
        revoked=value.revoked,
        last_seen_ms=milliseconds(studio.heard.get(value.id) or value.last_seen),
        agent_version=value.agent_version,
        driver_name=value.driver_name,
        docker_version=value.docker_version,
        nvidia_driver=value.nvidia_driver,
        gpus=[gpu(g) for g in value.gpus],
        problems=[common_pb2.Sentence(en=p.en, zh=p.zh) for p in value.problems],
        door=_DOORS[value.door],
        door_reason=None
        if value.door_reason is None
        else common_pb2.Sentence(en=value.door_reason.en, zh=value.door_reason.zh),
        unclaimed=[
            admin_pb2.Unclaimed(
                container_id=u.container_id,
                instance_id=u.instance_id,
                epoch=u.epoch,
                first_seen_ms=milliseconds(u.first_seen),
                stop_after_ms=milliseconds(u.stop_after),
            )
            for u in value.unclaimed
        ],
        disk_free_bytes=value.disk_free_bytes,
        instance_ids=[i.id for i in studio.placed_on(value.id)],
        ledger_refused=value.ledger_refused,
        labels=dict(value.labels),
        cpus=value.cpus,
        memory_bytes=value.memory_bytes,
        can_start=value.can_start,
        quarantined_gpus=sorted(value.quarantined_gpus),
        certificate_expires_ms=milliseconds(certificate_expires),
        joined_at_ms=milliseconds(value.joined_at),
    )


def series(value: Series) -> common_pb2.GpuSeries:
    """A card over a time; what it could not tell stays absent."""
    return common_pb2.GpuSeries(
        uuid=value.card.uuid,
        name=value.card.name,
        points=[
            common_pb2.ReadingPoint(
                at_ms=p.at_ms,
                utilisation_percent=p.percent,
                memory_used_bytes=p.memory_bytes,
                temperature_celsius=p.celsius,
                power_watts=p.watts,
            )
            for p in value.points
        ],
        step_seconds=value.step_seconds,
        simulated=value.card.simulated,
        memory_total_bytes=value.card.memory_total_bytes,
    )


def occupancy(value: Occupancy) -> admin_pb2.OccupancyPoint:
    return admin_pb2.OccupancyPoint(
        at_ms=value.at_ms,
        cards=value.cards,
        held=value.held,
        busy=value.busy,
        waiting=value.waiting,
    )


def route(studio: Studio, value: Instance, now: datetime) -> gateway_pb2.Route:
    """What the gateway must know of an instance that is not deleted."""
    known_engine = studio.engines.get(value.engine_id)
    owner = studio.people.get(value.owner)
    placement = value.placement
    placed_node = studio.nodes.get(placement.node_id) if placement else None
    entry = studio.queue_entry(value.id)
    return gateway_pb2.Route(
        host=value.host,
        instance_id=value.id,
        epoch=placement.epoch if placement else value.epoch,
        owner_id=value.owner,
        node_id=placement.node_id if placement else "",
        state=STATES[value.state],
        title=value.name,
        icon_svg=known_engine.icon_svg if known_engine else "",
        line=sentence(instance_line(studio, value, now)),
        parts=[part(p) for p in value.parts],
        queue_position=entry.position if entry else None,
        machinery=[_activity_rule(r) for r in known_engine.activity] if known_engine else [],
        count_client_frames=known_engine.count_client_frames if known_engine else False,
        simulated=any(card.simulated for card in _cards(value, placed_node)),
        can_start=owner is not None and not owner.disabled and not value.delete_wanted,
        guests=[
            gateway_pb2.Guest(
                person_id=person_id,
                view=given.access is Access.VIEW,
                until_ms=milliseconds(given.expires_at),
            )
            for person_id, given in sorted(guests_of(studio, value, now).items())
        ],
        viewing=[_view_rule(r) for r in known_engine.viewing] if known_engine else [],
    )


def _cards(value: Instance, node: Node | None) -> list[Gpu]:
    if value.placement is None or node is None:
        return []
    return [g for g in node.gpus if g.uuid in value.placement.gpu_uuids]


def _usage(studio: Studio, value: Instance) -> Usage | None:
    """What its present run uses; an earlier run's figures are nobody's."""
    known = studio.usage.get(value.id)
    if known is None or value.placement is None or known.epoch != value.placement.epoch:
        return None
    return known


def _view_rule(rule: ViewRule) -> gateway_pb2.ViewRule:
    return gateway_pb2.ViewRule(
        method=rule.method,
        path_regex=rule.path_regex,
        frame_max_bytes=rule.frame_max_bytes,
        allow=rule.allow,
    )


def _activity_rule(rule: ActivityRule) -> gateway_pb2.ActivityRule:
    return gateway_pb2.ActivityRule(
        method=rule.method,
        path_regex=rule.path_regex,
        frame_max_bytes=rule.frame_max_bytes,
        person=rule.person,
    )
