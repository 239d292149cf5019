"""coordinator.toml, read once into a frozen object; nothing reads the environment later.

Relative paths are relative to the file. A wrong key or value is refused with the file, the key and
what is allowed, in one sentence.
"""

from __future__ import annotations

import difflib
import ipaddress
import socket
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from aigc.door_limits import DoorLimits
from aigc.errors import AigcError
from aigc.tls import split_address


def _address(value: str) -> str:
    try:
        split_address(value)
    except AigcError as error:
        raise ValueError("write host:port, for example 0.0.0.0:7443") from error
    return value


def _zone(value: str) -> str:
    zone = value.lower().strip(".")
    labels = zone.split(".")
    if not all(
        label and len(label) <= 63 and label.replace("-", "").isalnum() and label.isascii()
        for label in labels
    ):
        raise ValueError("write a DNS zone such as gw.studio.lan, without * and without a port")
    return zone


def _web_url(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("write a URL that begins with https://")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    """As the provider's discovery document writes it: a slash at the end belongs to it."""
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname is not None and is_loopback(parts.hostname)
    if value and (not parts.hostname or (parts.scheme != "https" and not local)):
        raise ValueError("write the provider's address, for example https://id.studio.lan")
    if parts.query or parts.fragment or value.endswith("/.well-known/openid-configuration"):
        raise ValueError(
            "write the issuer itself, without /.well-known/openid-configuration and without ? or #"
        )
    return value


def _loopback(value: str) -> str:
    if value not in ("127.0.0.1", "localhost"):
        raise ValueError('write "127.0.0.1", or "localhost" where the provider insists on it')
    return value


# What the sign-in itself sets; another value would break it or make it unsafe.
_OURS = frozenset(
    {
        *("response_type", "response_mode", "client_id", "redirect_uri", "scope", "state"),
        *("nonce", "code_challenge", "code_challenge_method", "code", "code_verifier"),
        *("grant_type", "client_secret", "request", "request_uri"),
    }
)


def _extra(value: dict[str, str]) -> dict[str, str]:
    taken = sorted(_OURS & value.keys())
    if taken:
        raise ValueError(f"{', '.join(taken)} is set by the sign-in itself: take it out")
    return value


TokenAuth = Literal["auto", "client_secret_basic", "client_secret_post", "none"]
Address = Annotated[str, AfterValidator(_address)]
Zone = Annotated[str, AfterValidator(_zone)]
WebUrl = Annotated[str, AfterValidator(_web_url)]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Listen(_Section):
    """Where the coordinator itself listens; port 0 takes a free one and keeps it."""

    creators: Address = "0.0.0.0:7443"
    nodes: Address = "0.0.0.0:7444"
    web: Address = "0.0.0.0:7440"
    web_tls: bool = True

    @model_validator(mode="after")
    def _plain_only_on_loopback(self) -> Self:
        if not self.web_tls and not is_loopback(split_address(self.web)[0]):
            raise ValueError("web_tls = false is allowed only while web listens on 127.0.0.1")
        return self


class Public(_Section):
    """How others reach this machine."""

    host: str = Field(default_factory=socket.gethostname)
    web_url: WebUrl = ""  # derived from host and port if empty


_DOOR = DoorLimits()


class GatewayLimits(_Section):
    """What one person, one engine and one address may take of the door; 0: no limit."""

    connections: int = Field(_DOOR.connections, ge=0)
    unknown_connections: int = Field(_DOOR.unknown_connections, ge=0)
    unknown_connections_per_address: int = Field(_DOOR.unknown_connections_per_address, ge=0)
    unknown_requests_per_second: int = Field(_DOOR.unknown_requests_per_second, ge=0)
    connections_per_person: int = Field(_DOOR.connections_per_person, ge=0)
    requests_per_person: int = Field(_DOOR.requests_per_person, ge=0)
    websockets_per_person: int = Field(_DOOR.websockets_per_person, ge=0)
    requests_per_second: int = Field(_DOOR.requests_per_second, ge=0)
    requests_per_instance: int = Field(_DOOR.requests_per_instance, ge=0)
    websockets_per_instance: int = Field(_DOOR.websockets_per_instance, ge=0)
    head_seconds: int = Field(_DOOR.head_seconds, ge=0)
    body_seconds: int = Field(_DOOR.body_seconds, ge=0)
    idle_seconds: int = Field(_DOOR.idle_seconds, ge=0)

    def as_door_limits(self) -> DoorLimits:
        """As the gateway has them."""
        return DoorLimits(**self.model_dump())


class Gateway(_Section):
    """The door in front of the engines."""

    spawn: bool = True
    zone: Zone = "localhost"
    listen: Address = "0.0.0.0:8443"
    tls: bool = True
    tunnel_listen: Address = "0.0.0.0:7445"
    public_url: WebUrl = ""  # with {host}; derived if empty
    certificate: Path | None = None
    key: Path | None = None
    limits: GatewayLimits = Field(default_factory=GatewayLimits)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.tls and not is_loopback(split_address(self.listen)[0]):
            raise ValueError("tls = false is allowed only while listen is on 127.0.0.1")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: give both or neither")
        if self.public_url and "{host}" not in self.public_url:
            raise ValueError("public_url must hold {host}, for example https://{host}.gw.lan")
        return self


class Oidc(_Section):
    """A foreign OpenID provider; without an issuer the coordinator is its own."""

    issuer: Annotated[str, AfterValidator(_issuer)] = ""
    client_id: str = "aigc"  # of the web pages; of tray and command line too, unless:
    native_client_id: str = ""
    client_secret_file: Path | None = None  # the web pages' client
    native_client_secret_file: Path | None = None  # only for a provider that wants one (Google)
    token_auth: TokenAuth = "auto"  # noqa: S105 - a method
    scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    extra_parameters: Annotated[dict[str, str], AfterValidator(_extra)] = Field(
        default_factory=dict
    )
    loopback_host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    ca_file: Path | None = None
    claims_from: Literal["auto", "id_token", "userinfo"] = "auto"
    name_claim: str = "name"
    role_claim: str = "roles"
    teams_claim: str = "groups"
    admin_values: tuple[str, ...] = ()
    auditor_values: tuple[str, ...] = ()
    team_lead_values: tuple[str, ...] = ()
    sign_out: Literal["provider", "here"] = "provider"
    grace_hours: float = Field(8.0, ge=0, le=72)  # while the provider is away; admins have none

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.issuer and not self.client_id:
            raise ValueError("client_id is empty: write the client's id from the provider")
        if "openid" not in self.scopes:
            raise ValueError('scopes must hold "openid", or the provider gives no ID token')
        if self.token_auth.startswith("client_secret") and self.client_secret_file is None:
            raise ValueError(f"token_auth = {self.token_auth} needs client_secret_file")
        roles = [*self.admin_values, *self.auditor_values, *self.team_lead_values]
        twice = sorted({value for value in roles if roles.count(value) > 1})
        if twice:
            raise ValueError(f'"{twice[0]}" stands for two roles: give each value one role')
        return self


class IdentitySection(_Section):
    """Local accounts, where the coordinator is the issuer itself."""

    second_factor: Literal["off", "admins", "everybody"] = "off"


class Policy(_Section):
    """The studio's limits and patience."""

    instances_per_person: int = Field(5, ge=1, le=1000)
    instances_per_engine: int = Field(1, ge=1, le=1000)
    trash_days: int = Field(30, ge=1, le=3650)
    unreachable_grace_seconds: int = Field(90, ge=1, le=86400)
    node_silent_seconds: int = Field(15, ge=2, le=3600)


class Registry(_Section):
    """A registry's credential; the password is in a file of its own."""

    username: str
    password_file: Path


class CoordinatorConfig(_Section):
    """The whole file."""

    name: str = "AIGC Gateway"
    state_dir: Path = Path("/var/lib/aigc/coordinator")
    catalogue_dir: Path = Path("/etc/aigc/engines")
    log_level: str = "INFO"
    listen: Listen = Listen()
    public: Public = Field(default_factory=Public)
    gateway: Gateway = Gateway()
    oidc: Oidc = Oidc()
    identity: IdentitySection = IdentitySection()
    policy: Policy = Policy()
    registries: dict[str, Registry] = Field(default_factory=dict)
    secrets: dict[str, Path] = Field(default_factory=dict)
    _file: Path | None = PrivateAttr(None)

    @property
    def file(self) -> Path | None:
        """Where it was read; None: nowhere."""
        return self._file


def load_config(path: Path) -> CoordinatorConfig:
    """Read the file.

    Raises:
        AigcError: ``config-missing``, ``config-unreadable`` or ``config-invalid``.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise AigcError(
            "config-missing",
            f"There is no configuration at {path}: give another path with --config, or make one "
            "from docs/configuration.md.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise AigcError(
            "config-unreadable",
            f"Cannot read {path}: {error}. It must be a UTF-8 file that this user may read.",
        ) from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AigcError("config-invalid", f"{path} is not valid TOML: {error}.") from error
    return parse_config(values, path)


def parse_config(values: dict[str, Any], path: Path) -> CoordinatorConfig:
    """The configuration of a parsed file; relative paths are taken from the file's folder.

    Raises:
        AigcError: ``config-invalid`` with file, key and what is allowed.
    """
    try:
        config = CoordinatorConfig.model_validate(values)
    except ValidationError as error:
        raise AigcError("config-invalid", _sentence(path, error.errors()[0])) from error
    config = _with_absolute_paths(config, path.parent.absolute())
    config._file = path.absolute()
    return config


def read_secret(path: Path, what: str) -> str:
    """A secret's text from its file, without the line end.

    Raises:
        AigcError: ``secret-unreadable``.
    """
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise AigcError(
            "secret-unreadable",
            f"Cannot read {what} from {path}: {getattr(error, 'strerror', None) or error}. "
            "Check the path in coordinator.toml and the file's owner.",
        ) from error


def _sentence(path: Path, detail: ErrorDetails) -> str:
    location = [str(part) for part in detail["loc"]]
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        allowed = sorted(_fields_at(location[:-1]))
        section = f"[{'.'.join(location[:-1])}]" if location[:-1] else "the top level"
        nearest = difflib.get_close_matches(location[-1], allowed, 1, 0.5)
        hint = f'did you mean "{nearest[0]}"?' if nearest else f"allowed: {', '.join(allowed)}."
        return f'{path}: "{key}" is unknown in {section}; {hint}'
    message = detail["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:] if message[:2] != message[:2].upper() else message
    for python, toml in (("a valid tuple", 'a list such as ["a", "b"]'), ("dictionary", "table")):
        message = message.replace(python, toml)
    return f"{path}: {key or 'the file'}: {message}."


def _fields_at(location: list[str]) -> set[str]:
    model: type[BaseModel] = CoordinatorConfig
    for part in location:
        field = model.model_fields.get(part)
        if field is None:
            return set(Registry.model_fields) if model is CoordinatorConfig else set()
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
        else:
            model = Registry
            break
    return set(model.model_fields)


def _with_absolute_paths(config: CoordinatorConfig, base: Path) -> CoordinatorConfig:
    gateway, oidc = config.gateway, config.oidc
    return config.model_copy(
        update={
            "state_dir": base / config.state_dir,
            "catalogue_dir": base / config.catalogue_dir,
            "gateway": gateway.model_copy(
                update={
                    "certificate": gateway.certificate and base / gateway.certificate,
                    "key": gateway.key and base / gateway.key,
                }
            ),
            "oidc": oidc.model_copy(
                update={
                    "client_secret_file": oidc.client_secret_file
                    and base / oidc.client_secret_file,
                    "native_client_secret_file": oidc.native_client_secret_file
                    and base / oidc.native_client_secret_file,
                    "ca_file": oidc.ca_file and base / oidc.ca_file,
                }
            ),
            "registries": {
                name: registry.model_copy(update={"password_file": base / registry.password_file})
                for name, registry in config.registries.items()
            },
            "secrets": {name: base / file for name, file in config.secrets.items()},
        }
    )
