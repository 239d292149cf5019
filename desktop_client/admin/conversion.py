"""From the admin service's wire to plain values, at the edge. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

from aigc.clock import from_milliseconds
from desktop_client import conversion
from desktop_client.admin.model import Door, Gpu, Node, Role, Unclaimed
from desktop_client.admin.records import (
    AuditEntry,
    AuthorityStatus,
    Catalogue,
    CatalogueProblem,
    Link,
    NewAccount,
    OccupancyPoint,
    Person,
    Phase,
    Reading,
    RemovedMachine,
    Series,
    Setting,
    Share,
    StoryLine,
    StudioSettings,
    Token,
    TrustedAuthority,
)
from desktop_client.model import Words
from protos.aigc.v1 import admin_pb2, common_pb2, creator_pb2

_DOORS = {
    common_pb2.DOOR_CLOSED: Door.CLOSED,
    common_pb2.DOOR_OPEN_TO_LOCAL_USERS: Door.OPEN_TO_LOCAL_USERS,
}
_ROLES = {role.value: role for role in Role}


def role(value: str) -> Role:
    """UNKNOWN for a role of a newer coordinator: it opens nothing."""
    return _ROLES.get(value, Role.UNKNOWN)


def node(value: admin_pb2.Node) -> Node:
    quarantined = frozenset(value.quarantined_gpus)
    return Node(
        id=value.id,
        name=value.name,
        pool=value.pool,
        online=value.online,
        draining=value.draining,
        revoked=value.revoked,
        last_seen=from_milliseconds(value.last_seen_ms),
        agent_version=value.agent_version,
        driver_name=value.driver_name,
        docker_version=value.docker_version,
        nvidia_driver=value.nvidia_driver,
        gpus=tuple(_gpu(g, quarantined=g.uuid in quarantined) for g in value.gpus),
        problems=tuple(conversion.words(p) for p in value.problems),
        door=_DOORS.get(value.door, Door.UNKNOWN),
        unclaimed=tuple(
            Unclaimed(
                u.container_id,
                u.instance_id,
                u.epoch,
                from_milliseconds(u.first_seen_ms),
                from_milliseconds(u.stop_after_ms),
            )
            for u in value.unclaimed
        ),
        disk_free_bytes=value.disk_free_bytes or None,
        cpus=value.cpus or None,
        memory_bytes=value.memory_bytes or None,
        can_start=value.can_start,
        labels=MappingProxyType(dict(sorted(value.labels.items()))),
        ledger_refused=value.ledger_refused,
        certificate_expires=from_milliseconds(value.certificate_expires_ms),
        joined_at=from_milliseconds(value.joined_at_ms),
        instance_ids=tuple(value.instance_ids),
        door_reason=conversion.words(value.door_reason),
    )


def _gpu(value: common_pb2.GpuReading, *, quarantined: bool) -> Gpu:
    return Gpu(
        uuid=value.uuid,
        name=value.name,
        pci_bus_id=value.pci_bus_id,
        memory_total_bytes=(
            value.memory_total_bytes if value.HasField("memory_total_bytes") else None
        ),
        memory_used_bytes=value.memory_used_bytes if value.HasField("memory_used_bytes") else None,
        percent=value.utilisation_percent if value.HasField("utilisation_percent") else None,
        celsius=value.temperature_celsius if value.HasField("temperature_celsius") else None,
        watts=value.power_watts if value.HasField("power_watts") else None,
        simulated=value.simulated,
        quarantined=quarantined,
    )


def series(value: common_pb2.GpuSeries) -> Series:
    return Series(
        uuid=value.uuid,
        name=value.name,
        points=tuple(_reading(p) for p in value.points),
        step_seconds=value.step_seconds,
        simulated=value.simulated,
        memory_total_bytes=(
            value.memory_total_bytes if value.HasField("memory_total_bytes") else None
        ),
    )


def _reading(value: common_pb2.ReadingPoint) -> Reading:
    return Reading(
        at=_at(value.at_ms),
        percent=value.utilisation_percent if value.HasField("utilisation_percent") else None,
        memory_used_bytes=value.memory_used_bytes if value.HasField("memory_used_bytes") else None,
        celsius=value.temperature_celsius if value.HasField("temperature_celsius") else None,
        watts=value.power_watts if value.HasField("power_watts") else None,
    )


def occupancy(value: admin_pb2.OccupancyPoint) -> OccupancyPoint:
    busy = value.busy if value.HasField("busy") else None
    return OccupancyPoint(_at(value.at_ms), value.cards, value.held, busy, value.waiting)


def story_line(value: admin_pb2.StoryLine) -> StoryLine:
    return StoryLine(
        seq=value.seq,
        at=from_milliseconds(value.at_ms),
        event=value.event,
        cause=value.cause,
        from_state=value.from_state,
        to_state=value.to_state,
        detail=value.detail,
    )


def removed_machine(value: admin_pb2.RemovedMachine) -> RemovedMachine:
    return RemovedMachine(
        node_id=value.node_id,
        node_name=value.node_name,
        rule=value.rule,
        reason=conversion.words(value.reason),
        capacity=value.capacity,
    )


def catalogue(value: admin_pb2.GetCatalogueStatusResponse) -> Catalogue:
    return Catalogue(
        engines=tuple(conversion.engine(e) for e in value.engines),
        problems=tuple(
            CatalogueProblem(p.file, p.line, p.field, p.message) for p in value.problems
        ),
        loaded_at=from_milliseconds(value.loaded_at_ms),
    )


def person(value: admin_pb2.PersonRow) -> Person:
    return Person(
        id=value.person.id,
        name=value.person.name,
        email=value.person.email,
        role=role(value.person.role),
        teams=tuple(value.person.teams),
        disabled=value.disabled,
        local=value.local,
        last_seen=from_milliseconds(value.last_seen_ms),
        sessions=value.sessions,
        tokens=value.tokens,
        username=value.username,
        second_factor=value.second_factor,
        one_time_until=from_milliseconds(value.one_time_until_ms),
        claims_role=role(value.claims_role),
        role_overridden=value.role_overridden,
        problem=conversion.words(value.problem),
        issuer=value.issuer,
    )


def link(value: creator_pb2.LinkRequest) -> Link:
    return Link(
        id=value.id,
        asker_id=value.asker.id,
        asker_name=value.asker.name or value.asker.id,
        username=value.username,
        proven=value.proven,
        note=value.note,
        asked_at=from_milliseconds(value.asked_at_ms),
        former_name=value.former.name,
        obstacle=conversion.words(value.obstacle),
        former_engines=tuple(value.former_engines),
        asker_engines=tuple(value.asker_engines),
    )


def share(value: creator_pb2.Share) -> Share:
    return Share(
        id=value.id,
        instance_id=value.instance_id,
        instance_name=value.instance_name,
        owner_id=value.owner_id,
        owner_name=value.owner_name,
        person_name=value.person_name,
        team=value.team,
        view_only=value.access == common_pb2.ACCESS_VIEW,
        created_at=from_milliseconds(value.created_at_ms),
        expires_at=from_milliseconds(value.expires_at_ms),
    )


_PHASES = {
    admin_pb2.AuthorityStatus.PHASE_STEADY: Phase.STEADY,
    admin_pb2.AuthorityStatus.PHASE_ANNOUNCED: Phase.ANNOUNCED,
    admin_pb2.AuthorityStatus.PHASE_SWITCHED: Phase.SWITCHED,
}


def authority(value: admin_pb2.AuthorityStatus) -> AuthorityStatus:
    return AuthorityStatus(
        phase=_PHASES.get(value.phase, Phase.UNKNOWN),
        authorities=tuple(
            TrustedAuthority(a.pin, from_milliseconds(a.not_after_ms)) for a in value.authorities
        ),
        since=from_milliseconds(value.since_ms),
        next_step_at=from_milliseconds(value.next_step_ms),
        waiting=tuple(value.waiting_nodes),
    )


def new_account(value: admin_pb2.CreateAccountResponse) -> NewAccount:
    return NewAccount(
        value.person.id,
        value.person.name,
        value.one_time_password,
        from_milliseconds(value.one_time_until_ms),
    )


def token(value: creator_pb2.ApiToken) -> Token:
    return Token(
        id=value.id,
        name=value.name,
        created_at=from_milliseconds(value.created_at_ms),
        expires_at=from_milliseconds(value.expires_at_ms),
        last_used=from_milliseconds(value.last_used_ms),
        scopes=tuple(value.scopes),
        read_only=value.read_only,
        instances=tuple(value.instance_names),
        ends_soon=value.ends_soon,
    )


def audit_entry(value: admin_pb2.AuditEntry) -> AuditEntry:
    return AuditEntry(
        seq=value.seq,
        at=from_milliseconds(value.at_ms),
        actor=value.actor,
        action=value.action,
        target=value.target,
        outcome=value.outcome,
        # An older coordinator tells it in English alone.
        detail=conversion.words(value.detail_words)
        if value.HasField("detail_words")
        else Words(value.detail),
        actor_name=value.actor_name,
        target_name=value.target_name,
    )


def studio_settings(value: admin_pb2.GetStudioSettingsResponse) -> StudioSettings:
    return StudioSettings(
        settings=tuple(
            Setting(s.section, s.key, s.value, s.is_default, conversion.words(s.meaning))
            for s in value.settings
        ),
        config_file=value.config_file,
        version=value.version,
        ledger_id=value.ledger_id,
        revision=value.revision,
        started_at=from_milliseconds(value.started_at_ms),
        pin=value.pin,
        server_time=from_milliseconds(value.server_time_ms),
    )


def _at(milliseconds: int) -> datetime:
    """For what always has a time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
