"""agent.toml: what this machine gives to the studio, and what it allows whoever asks.

Read once, before the event loop starts, into a frozen object.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from aigc.egress import parse as parse_destination
from aigc.errors import AigcError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?")

DEFAULT_PATH = Path("/etc/aigc/agent.toml")


def parse_size(value: object) -> object:
    """Bytes of ``"64GiB"``; anything else is left to the field's own check."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError("write bytes as a number or a size such as 64GiB")
    unit = match[2] or ""
    return int(float(match[1]) * (_BINARY | _UNITS)[unit])


def _private_place(value: str) -> str:
    place = parse_destination(value)
    if not place.is_private:
        raise ValueError(f"{value} is not a private IPv4 address or network")
    return str(place)


def _name_server(value: str) -> str:
    address = ipaddress.IPv4Address(value)
    if address.is_loopback:
        raise ValueError(f"{value} is this machine's own, which an engine cannot ask")
    return str(address)


PrivatePlace = Annotated[str, AfterValidator(_private_place)]
NameServer = Annotated[str, AfterValidator(_name_server)]
Size = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class AgentConfig(BaseModel):
    """See docs/configuration.md. Sizes in bytes, times in seconds.

    Attributes:
        registries: images may come from these; ``host[:port]``, with a path to narrow it, or "*".
        docker_scope: containers of another scope are not ours (two agents on one Docker Engine).
        gpus: UUIDs of the cards given to the studio; None gives all.
        memory, cpus: the most that one instance may have; None: all of the machine.
        unclaimed_hold_hours: how long a container that no ledger knows is kept before it is
            stopped.
        egress_allowed: False: no engine here reaches the internet, whatever its template says.
        egress_private: private addresses that engines whose templates name them may reach.
        name_servers: that engines with the internet ask; none: this machine's own.
        walls: "required" starts no engine while the walls around engines do not hold; "off" puts
            none up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    driver: Literal["auto", "docker", "process"] = "auto"
    state_dir: Path = Path("/var/lib/aigc/agent")
    volume_root: Path = Path("/var/lib/aigc/volumes")
    docker_socket: str = "/var/run/docker.sock"
    process_allowed: bool = False
    docker_scope: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")] = "studio"
    simulated_gpus: Annotated[int, Field(ge=0, le=16)] = 0
    registries: tuple[str, ...] = ("docker.io",)
    libraries: dict[str, Path] = Field(default_factory=dict)
    gpus: tuple[str, ...] | None = None
    memory: Size | None = None
    cpus: Annotated[float, Field(gt=0)] | None = None
    egress_allowed: bool = True
    egress_private: tuple[PrivatePlace, ...] = ()
    name_servers: tuple[NameServer, ...] = ()
    walls: Literal["auto", "required", "off"] = "auto"
    pulls: Annotated[int, Field(ge=1, le=16)] = 2
    starts: Annotated[int, Field(ge=1, le=64)] = 4
    relist_seconds: Seconds = 10
    readings_seconds: Seconds = 5
    walls_seconds: Seconds = 60
    unclaimed_hold_hours: Annotated[float, Field(ge=0)] = 24
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _paths_and_driver(self) -> AgentConfig:
        for name in ("state_dir", "volume_root"):
            if not getattr(self, name).is_absolute():
                raise ValueError(f"{name} must be an absolute path")
        for name, path in self.libraries.items():
            if not path.is_absolute():
                raise ValueError(f"libraries.{name} must be an absolute path")
        if self.driver == "process" and not self.process_allowed:
            raise ValueError(
                'driver = "process" runs engines as plain processes of this machine: it needs '
                "process_allowed = true"
            )
        return self


def load(path: Path) -> AgentConfig:
    """The configuration in a file.

    Raises:
        AigcError: ``config-missing`` or ``config-invalid``, with file, key and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise AigcError(
            "config-missing",
            f"There is no {path}: write one (docs/configuration.md), or name another file "
            "with --config.",
        ) from error
    except OSError as error:
        raise AigcError("config-missing", f"Cannot read {path}: {error.strerror}.") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AigcError("config-invalid", f"{path} is not valid TOML: {error}.") from error
    return parse(values, path)


def parse(values: dict[str, Any], source: Path) -> AgentConfig:
    """A configuration from values already read; errors name ``source``.

    Raises:
        AigcError: ``config-invalid``.
    """
    try:
        return AgentConfig.model_validate(values)
    except ValidationError as error:
        raise AigcError("config-invalid", _sentence(error, source)) from error


def _sentence(error: ValidationError, source: Path) -> str:
    """The first thing that is wrong, as one sentence."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, AgentConfig.model_fields, n=1, cutoff=0.5)
        hint = f'did you mean "{near[0]}"?' if near else "see docs/configuration.md for the keys."
        return f'{source}: "{key}" is not a key of agent.toml; {hint}'
    what = str(first["msg"]).removeprefix("Value error, ")
    return f"{source}: {key}: {what}." if key else f"{source}: {what}."
