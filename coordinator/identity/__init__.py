"""Who may: the embedded issuer, the relying party, sessions, roles and API tokens."""

from coordinator.identity.account_desk import IssuerLogin
from coordinator.identity.identity import Caller, Identity, Session, SignInOptions
from coordinator.identity.oidc import OidcSettings, RoleMapping
from coordinator.identity.passwords import Passwords
from coordinator.identity.people_desk import PersonFacts
from coordinator.identity.sessions import (
    BrowserSessionRow,
    SessionRow,
    SessionsChanged,
    SessionWatch,
)
from coordinator.identity.settings import (
    IdentitySettings,
    identity_settings,
)
from coordinator.identity.tokens import ApiToken

__all__ = [
    "ApiToken",
    "BrowserSessionRow",
    "Caller",
    "Identity",
    "IdentitySettings",
    "IssuerLogin",
    "OidcSettings",
    "Passwords",
    "PersonFacts",
    "RoleMapping",
    "Session",
    "SessionRow",
    "SessionWatch",
    "SessionsChanged",
    "SignInOptions",
    "identity_settings",
]
