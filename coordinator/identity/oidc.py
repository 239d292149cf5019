"""How we are known at one OpenID issuer, and what its claims mean here."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from aigc.errors import AigcError
from coordinator.config import CoordinatorConfig, read_secret
from coordinator.domain.people import Role

NATIVE_CLIENT = "aigc-native"  # tray and command line, at the embedded issuer
NATIVE_SCOPES = ("openid", "profile", "email", "offline_access")
TokenAuth = Literal["auto", "client_secret_basic", "client_secret_post", "none"]


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """Which claim tells roles and teams, and which of its values mean which role.

    ``claim`` and ``teams_claim`` may be paths with dots. ``values`` are compared exactly.
    ``teams_claim`` empty: no teams from the provider.
    """

    claim: str = "roles"
    values: tuple[tuple[str, Role], ...] = tuple((role.value, role) for role in Role)
    teams_claim: str = "teams"
    name_claim: str = "name"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One issuer, the embedded one or a foreign one, and our two clients there.

    ``client_id`` is the web pages', ``native_client_id`` that of tray and command line.
    ``extra`` goes with every authorization request. ``grace``: how long a session may outlive the
    last proof of its person while the issuer is away.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    native_client_id: str = NATIVE_CLIENT
    native_client_secret: str = field(default="", repr=False)
    token_auth: TokenAuth = "auto"  # noqa: S105 - a method
    scopes: tuple[str, ...] = NATIVE_SCOPES
    extra: Mapping[str, str] = field(default_factory=dict)
    loopback_host: str = "127.0.0.1"
    claims_from: Literal["auto", "id_token", "userinfo"] = "auto"
    roles: RoleMapping = field(default_factory=lambda: RoleMapping(values=()))
    ca_pem: bytes = field(default=b"", repr=False)  # trusted besides the system's authorities
    sign_out_there: bool = True
    grace: timedelta = timedelta(hours=8)


def oidc_settings(config: CoordinatorConfig) -> OidcSettings:
    """The ``[oidc]`` section, with the files that it names read.

    Raises:
        AigcError: a file cannot be read, or is not what it should be.
    """
    oidc = config.oidc
    values = [
        *((value, Role.ADMIN) for value in oidc.admin_values),
        *((value, Role.AUDITOR) for value in oidc.auditor_values),
        *((value, Role.TEAM_LEAD) for value in oidc.team_lead_values),
    ]
    secret, native = oidc.client_secret_file, oidc.native_client_secret_file
    return OidcSettings(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=read_secret(secret, "oidc.client_secret_file").strip() if secret else "",
        native_client_id=oidc.native_client_id or oidc.client_id,
        native_client_secret=(
            read_secret(native, "oidc.native_client_secret_file").strip() if native else ""
        ),
        token_auth=oidc.token_auth,
        scopes=oidc.scopes,
        extra=dict(oidc.extra_parameters),
        loopback_host=oidc.loopback_host,
        claims_from=oidc.claims_from,
        roles=RoleMapping(oidc.role_claim, tuple(values), oidc.teams_claim, oidc.name_claim),
        ca_pem=_authorities(oidc.ca_file) if oidc.ca_file else b"",
        sign_out_there=oidc.sign_out == "provider",
        grace=timedelta(hours=oidc.grace_hours),
    )


def _authorities(file: Path) -> bytes:
    text = read_secret(file, "oidc.ca_file").encode()
    try:
        ssl.create_default_context().load_verify_locations(cadata=text.decode("ascii"))
    except (ValueError, ssl.SSLError) as error:
        raise AigcError(
            "oidc-ca-unreadable",
            f"{file} (oidc.ca_file) holds no certificate: give the PEM file of the authority that "
            "signed the provider's certificate.",
        ) from error
    return text
