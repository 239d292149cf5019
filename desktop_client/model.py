"""What the coordinator said, as plain values: no protobuf, no Qt, no asyncio."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """An instance's state, as the coordinator names it."""

    REQUESTED = "requested"
    QUEUED = "queued"
    PLACED = "placed"
    PREPARING = "preparing"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    LOST = "lost"


class Fail(StrEnum):
    """Why an instance failed."""

    UNKNOWN = ""
    PREPARE = "prepare"
    START = "start"
    PROBE_TIMEOUT = "probe-timeout"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out-of-memory"
    GPU_LOST = "gpu-lost"


class Access(StrEnum):
    """How far an instance is one's own."""

    OWNER = "owner"
    USE = "use"  # a guest: everything that its pages offer; a visit starts it
    VIEW = "view"  # a guest who looks on


class Scope(StrEnum):
    """What an API token is for, by its name on the wire."""

    API = "api"  # the coordinator's API
    ENGINES = "engines"  # the engines' own HTTP APIs, through the gateway


class Former(StrEnum):
    """Whether one may have had an account here before, at another provider."""

    NONE = "none"
    POSSIBLE = "possible"
    ASKED = "asked"  # IT has the request


BEGINNING = frozenset(
    {State.REQUESTED, State.QUEUED, State.PLACED, State.PREPARING, State.STARTING}
)
SILENT = frozenset({State.UNREACHABLE, State.LOST})
LIVE = BEGINNING | SILENT | {State.READY, State.STOPPING}
ENDED = frozenset({State.STOPPED, State.FAILED})


class Stop(StrEnum):
    """Who or what stopped an instance."""

    UNKNOWN = ""
    BY_CREATOR = "by-creator"
    BY_ADMIN = "by-admin"
    IDLE = "idle"
    LIFETIME = "lifetime"
    BUDGET = "budget"
    NODE_DRAINED = "node-drained"
    UPDATED = "updated"


class Link(StrEnum):
    """How things stand between this program and the coordinator."""

    UNCONFIGURED = "unconfigured"  # no coordinator is known
    UNTRUSTED = "untrusted"  # found; the person has not compared its fingerprint
    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    SIGNED_OUT = "signed-out"
    SIGNING_IN = "signing-in"


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    en: str = ""
    zh: str = ""

    def spoken(self, language: str) -> str:
        """In the language if it is there, else in the other."""
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)


@dataclass(frozen=True, slots=True)
class Version:
    version: str
    gpus: int = 0
    vram_mib: int = 0
    available: bool = True


@dataclass(frozen=True, slots=True)
class Engine:
    id: str
    name: Words
    summary: Words = Words()
    icon_svg: str = field(default="", repr=False)
    versions: tuple[Version, ...] = ()
    default_version: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """``kind`` is image, data or models; bytes_total is None while nobody knows it."""

    kind: str
    bytes_done: int = 0
    bytes_total: int | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card that an instance holds; unknown readings are None."""

    name: str
    percent: float | None = None
    used_bytes: int | None = None
    total_bytes: int | None = None
    simulated: bool = False
    uuid: str = ""


@dataclass(frozen=True, slots=True)
class RefusedTarget:
    """What an engine wanted to reach and may not. ``port`` 0: none; ``protocol`` tcp, udp, name."""

    address: str
    port: int = 0
    protocol: str = "tcp"
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Refusals:
    """What a run's engine was refused by its walls; the most frequent first. Aware UTC."""

    total: int
    top: tuple[RefusedTarget, ...] = ()
    since: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    id: str
    name: str
    engine_id: str
    engine_name: Words
    version: str
    state: State
    stop: Stop = Stop.UNKNOWN
    line: Words = Words()
    since: datetime | None = None
    url: str = ""
    parts: tuple[Part, ...] = ()
    queue_position: int | None = None
    node_name: str = ""
    cards: tuple[Card, ...] = ()
    last_activity: datetime | None = None
    release_at: datetime | None = None
    simulated: bool = False
    data_bytes: int | None = None
    support_code: str = ""
    fail: Fail = Fail.UNKNOWN
    owner_id: str = ""
    owner_name: str = ""
    node_id: str = ""
    created_at: datetime | None = None
    vram_reserved_bytes: int | None = None  # on each of its cards; None: whole cards
    vram_used_bytes: int | None = None  # by this instance alone, where its machine can tell
    gpu_percent: float | None = None  # by this instance alone, where its machine can tell
    access: Access = Access.OWNER  # of the one who asks
    shares: int = 0  # that hold now; told to its owner and IT
    shared_until: datetime | None = None  # for a guest: when that ends
    started_by: str = ""  # the guest whose visit started it; empty: its owner did
    refusals: Refusals | None = None  # None: nothing was refused


@dataclass(frozen=True, slots=True)
class Trashed:
    """A deleted instance whose data can still be had back. Times are aware UTC."""

    id: str
    name: str
    engine_id: str
    engine_name: Words
    version: str
    deleted_at: datetime
    kept_until: datetime
    data_bytes: int | None = None
    node_name: str = ""  # whose disk holds it; empty: it never ran anywhere


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token that a script signs in with; its secret is not in here. Times are aware UTC."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime
    last_used: datetime | None = None
    scopes: tuple[str, ...] = (Scope.API,)
    read_only: bool = False
    instance_ids: tuple[str, ...] = ()  # engines: these alone; empty: all that one may open
    instance_names: tuple[str, ...] = ()  # of the same, in the same order
    ends_soon: bool = False  # within a week


@dataclass(frozen=True, slots=True)
class TokenWish:
    """What a person wants a new API token to be."""

    name: str
    days: int
    scopes: tuple[str, ...] = (Scope.API,)
    read_only: bool = False
    instance_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A colleague or a team that may open an instance for a time. Times are aware UTC."""

    id: str
    instance_id: str
    instance_name: str
    owner_name: str
    access: Access
    expires_at: datetime
    person_id: str = ""  # either a person or a team
    person_name: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to share with. ``hint`` tells two of one name apart."""

    id: str
    name: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Whom one may share with, as far as the name was typed. ``more``: more match."""

    people: tuple[Colleague, ...] = ()
    teams: tuple[str, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in, as the coordinator says. ``role`` is its name on the wire."""

    name: str
    email: str = ""
    role: str = ""
    teams: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error to show: its key (for a translation), and its sentence."""

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything this program knows at one moment. Times are the coordinator's, aware UTC."""

    link: Link = Link.CONNECTING
    studio: str = ""
    address: str = ""
    pin: str = ""
    web_url: str = ""
    account_url: str = ""  # the person's own page of the issuer, where accounts are local
    person: str = ""
    role: str = ""  # of that person, by its name on the wire
    engines: tuple[Engine, ...] = ()
    instances: tuple[Instance, ...] = ()
    shared: tuple[Instance, ...] = ()  # others', that are shared with this person
    former: Former = Former.NONE
    heard_at: datetime | None = None  # when the lists were last confirmed
    problem: Problem | None = None
    sign_in_url: str = field(default="", repr=False)  # while signing in: to copy by hand
    memory_only: bool = False  # no secure store: signed in until the program ends
    busy: bool = False  # looking for a coordinator
