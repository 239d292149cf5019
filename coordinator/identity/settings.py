"""What identity is told once, at the start, and its fixed lengths of time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from coordinator.config import CoordinatorConfig
from coordinator.domain.people import Role
from coordinator.identity.account_key import read_account_key

NATIVE_CLIENT = "aigc-native"  # tray and command line
WEB_CLIENT = "aigc-web"  # the coordinator's own pages
LOCAL_ISSUER = "local"  # in Person.issuer: stays the same when the web address changes

SESSION_LIFETIME = timedelta(hours=1)  # tray and command line; renewed with a fresh ID token
BROWSER_WINDOW = timedelta(hours=4)  # a browser session slides with a person's acts ...
BROWSER_LIFETIME = timedelta(hours=12)  # ... and ends for good so long after the sign-in
HANDOFF_LIFETIME = timedelta(seconds=30)
CODE_LIFETIME = timedelta(seconds=60)
ID_TOKEN_LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=30)
REFRESH_GRACE = timedelta(seconds=30)  # a response was lost: the same token once more
REFRESH_RETRIES = 3
ONE_TIME_PASSWORD_LIFETIME = timedelta(hours=72)
SETUP_CODE_LIFETIME = timedelta(hours=24)
KEY_ROTATION = timedelta(days=90)
KEY_SHOWN_BEFORE = timedelta(minutes=5)  # a new key is published before it signs
KEY_RETIRED_SHOWN = timedelta(days=1)
SECOND_STEP_LIFETIME = timedelta(minutes=5)  # between the password and the second factor
KNOWN_BROWSER_LIFETIME = timedelta(days=180)
DEVICE_CODE_LIFETIME = timedelta(minutes=10)
DEVICE_POLL_SECONDS = 5
FRESH_SIGN_IN = timedelta(minutes=10)  # for acts of an admin that cannot be taken back
JWKS_PAUSE = timedelta(seconds=30)  # unknown key ids ask the issuer at most so often
CLOCK_LEEWAY = timedelta(seconds=60)
BEARER_LIMIT = 512  # characters; ours have fewer than 60


class SecondFactorRule(StrEnum):
    """Which local accounts must have a second factor; everybody may."""

    OFF = "off"
    ADMINS = "admins"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """Which claim tells roles and teams, and which of its values mean which role.

    ``claim`` may be a path with dots. ``values`` are compared exactly. ``teams_claim`` empty: no
    teams from the provider.
    """

    claim: str = "roles"
    values: tuple[tuple[str, Role], ...] = tuple((role.value, role) for role in Role)
    teams_claim: str = "teams"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """An external issuer. ``client_id`` is the web pages', ``native_client_id`` the public one."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    native_client_id: str = NATIVE_CLIENT
    scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    loopback_host: str = "127.0.0.1"
    roles: RoleMapping = field(default_factory=lambda: RoleMapping(values=()))
    ca_pem: bytes = field(default=b"", repr=False)  # trusted besides the system's authorities


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """How people sign in here.

    Attributes:
        web_url: without a trailing slash.
        oidc: None for the embedded issuer.
        second_factor: which local accounts must have one.
        account_key: 32 bytes that encrypt second factors and sign the cookies of known browsers;
            kept in the state folder, else those of before a restart are worth nothing.
    """

    web_url: str
    studio_name: str = "AIGC Gateway"
    oidc: OidcSettings | None = None
    second_factor: SecondFactorRule = SecondFactorRule.OFF
    account_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def issuer(self) -> str:
        """The issuer that ID tokens must name."""
        return self.oidc.issuer if self.oidc else f"{self.web_url}/oidc"


def identity_settings(config: CoordinatorConfig, web_url: str) -> IdentitySettings:
    """What the configuration says of identity. Reads files: call it before the loop runs."""
    oidc = config.oidc
    web_url = _normal(web_url)
    if not oidc.issuer:
        return IdentitySettings(
            web_url,
            config.name,
            second_factor=SecondFactorRule(config.identity.second_factor),
            account_key=read_account_key(config.state_dir),
        )
    secret_file = oidc.web_client_secret_file
    values = [
        *((value, Role.ADMIN) for value in oidc.admin_values),
        *((value, Role.AUDITOR) for value in oidc.auditor_values),
        *((value, Role.TEAM_LEAD) for value in oidc.team_lead_values),
    ]
    return IdentitySettings(
        web_url,
        config.name,
        OidcSettings(
            issuer=oidc.issuer,
            client_id=oidc.web_client_id or oidc.client_id,
            client_secret=secret_file.read_text("utf-8").strip() if secret_file else "",
            native_client_id=oidc.client_id,
            scopes=oidc.scopes,
            loopback_host=oidc.loopback_host,
            roles=RoleMapping(oidc.role_claim, tuple(values), oidc.teams_claim),
            ca_pem=oidc.ca_file.read_bytes() if oidc.ca_file else b"",
        ),
    )


def _normal(web_url: str) -> str:
    """As browsers name it in Origin and Host: lower case, without a default port or a slash."""
    parts = urlsplit(web_url.rstrip("/").lower())
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(default) if default else parts.netloc}"
