"""What identity is told once, at the start, and its fixed lengths of time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from coordinator.config import CoordinatorConfig
from coordinator.identity.account_key import read_account_key
from coordinator.identity.oidc import NATIVE_CLIENT as NATIVE_CLIENT
from coordinator.identity.oidc import OidcSettings, RoleMapping, oidc_settings

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

    @property
    def person_issuer(self) -> str:
        """The issuer of people's identity; the embedded one's does not follow its address."""
        return self.oidc.issuer if self.oidc else LOCAL_ISSUER

    def client(self, web_secret: str) -> OidcSettings:
        """How we are known at the issuer; ``web_secret``: what the embedded one expects."""
        if self.oidc is not None:
            return self.oidc
        return OidcSettings(
            issuer=self.issuer,
            client_id=WEB_CLIENT,
            client_secret=web_secret,
            native_client_id=NATIVE_CLIENT,
            roles=RoleMapping(),
        )


def identity_settings(config: CoordinatorConfig, web_url: str) -> IdentitySettings:
    """What the configuration says of identity. Reads files: call it before the loop runs.

    Raises:
        AigcError: a file that it names cannot be read.
    """
    web_url = _normal(web_url)
    if config.oidc.issuer:
        return IdentitySettings(web_url, config.name, oidc_settings(config))
    return IdentitySettings(
        web_url,
        config.name,
        second_factor=SecondFactorRule(config.identity.second_factor),
        account_key=read_account_key(config.state_dir),
    )


def _normal(web_url: str) -> str:
    """As browsers name it in Origin and Host: lower case, without a default port or a slash."""
    parts = urlsplit(web_url.rstrip("/").lower())
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(default) if default else parts.netloc}"
