"""What the coordinator answers when the admin window asks: plain values. Times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from desktop_client.admin.model import Role
from desktop_client.model import Engine, Words


@dataclass(frozen=True, slots=True)
class JoinCommand:
    """The one line that a new machine is joined with, good until then."""

    command: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reading:
    """The mean of a step that ends at ``at``; what the card cannot tell is None."""

    at: datetime
    percent: float | None = None
    memory_used_bytes: int | None = None
    celsius: float | None = None
    watts: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """What one card read, oldest first. Points further apart than ``step_seconds``: a gap."""

    uuid: str
    name: str
    points: tuple[Reading, ...] = ()
    step_seconds: int = 0
    simulated: bool = False
    memory_total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class OccupancyPoint:
    """Means over the step that ends at ``at``. ``busy`` is None where no card says."""

    at: datetime
    cards: float = 0.0
    held: float = 0.0
    busy: float | None = None
    waiting: float = 0.0


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One event of an instance with its cause."""

    seq: int
    at: datetime | None
    event: str
    cause: str = ""
    from_state: str = ""
    to_state: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RemovedMachine:
    """A machine that cannot take a waiting instance now. ``capacity``: it would, once cards are
    free; ``rule`` names what removed it."""

    node_id: str
    node_name: str
    rule: str
    reason: Words
    capacity: bool = False


@dataclass(frozen=True, slots=True)
class CatalogueProblem:
    """What is wrong in a file of the catalogue, and where; ``line`` 0: the file as a whole."""

    file: str
    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    engines: tuple[Engine, ...] = ()
    problems: tuple[CatalogueProblem, ...] = ()
    loaded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has an account or signed in."""

    id: str
    name: str
    email: str = ""
    role: Role = Role.UNKNOWN
    teams: tuple[str, ...] = ()
    disabled: bool = False
    local: bool = False  # an account of ours, not of the studio's directory
    last_seen: datetime | None = None
    sessions: int = 0  # programs and browsers that are signed in
    tokens: int = 0
    username: str = ""  # of a local account
    second_factor: bool = False
    one_time_until: datetime | None = None  # a one-time password waits to be used
    claims_role: Role = Role.UNKNOWN  # what the provider's groups, or the local account, give
    role_overridden: bool = False  # an admin gave the role here
    problem: Words = field(default_factory=Words)  # what is odd about the provider's claims
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Somebody of the new provider asks to be who they were before the studio moved."""

    id: str
    asker_id: str
    asker_name: str
    username: str
    proven: bool = False  # knew the former account's password
    note: str = ""
    asked_at: datetime | None = None
    former_name: str = ""
    obstacle: Words = field(default_factory=Words)  # why it cannot be approved as it is
    former_engines: tuple[str, ...] = ()
    asker_engines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody's engine that others may open until then; ``team`` where it is not a person."""

    id: str
    instance_id: str
    instance_name: str
    owner_id: str
    owner_name: str
    person_name: str = ""
    team: str = ""
    view_only: bool = False
    created_at: datetime | None = None
    expires_at: datetime | None = None


class Phase(StrEnum):
    """How far the rotation of the studio's authority is."""

    STEADY = "steady"
    ANNOUNCED = "announced"
    SWITCHED = "switched"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    pin: str
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuthorityStatus:
    """The studio's own authority: the one that signs first."""

    phase: Phase
    authorities: tuple[TrustedAuthority, ...] = ()
    since: datetime | None = None
    next_step_at: datetime | None = None
    waiting: tuple[str, ...] = ()  # machines that have not renewed since the last step


@dataclass(frozen=True, slots=True)
class NewAccount:
    """``one_time_password`` is shown once, good until then; changed at the first sign-in."""

    person_id: str
    name: str
    one_time_password: str = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """An API token of somebody, without its secret."""

    id: str
    name: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used: datetime | None = None
    scopes: tuple[str, ...] = ()
    read_only: bool = False
    instances: tuple[str, ...] = ()  # their names, where it is for some only
    ends_soon: bool = False


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what. The names are as known now, empty where nobody knows one."""

    seq: int
    at: datetime | None
    actor: str
    action: str
    target: str = ""
    outcome: str = ""
    detail: Words = field(default_factory=Words)
    actor_name: str = ""
    target_name: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of coordinator.toml: ``value`` as it would be written there."""

    section: str
    key: str
    value: str
    is_default: bool = False
    meaning: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True)
class StudioSettings:
    settings: tuple[Setting, ...] = ()
    config_file: str = ""
    version: str = ""
    ledger_id: str = ""
    revision: int = 0
    started_at: datetime | None = None
    pin: str = ""
    server_time: datetime | None = None
