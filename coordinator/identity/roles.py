"""From claims to a person: role, teams and name. Whatever is malformed gives the lowest role."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from coordinator.domain.people import PersonId, Role
from coordinator.identity.accounts import clean_line
from coordinator.identity.settings import RoleMapping

log = logging.getLogger(__name__)

ORDER = tuple(Role)  # from least to most
_TEAMS_AT_MOST = 500


def person_id(issuer: str, subject: str) -> PersonId:
    """The same person for the same (issuer, subject), always; never by e-mail."""
    key = f"{len(issuer)}:{issuer}\n{subject}".encode("utf-8", "surrogatepass")
    name = base64.b32encode(hashlib.sha256(key).digest()).decode().lower()[:24]
    return PersonId(f"p{name}")


def lower(one: Role, other: Role) -> Role:
    """The one with fewer rights."""
    return min(one, other, key=ORDER.index)


def role_from(claims: Mapping[str, Any], mapping: RoleMapping) -> Role:
    """The highest role that a value of the claim means; comparison is exact."""
    values = _strings(claims, mapping.claim)
    roles = [role for value, role in mapping.values if value in values]
    return max(roles, key=ORDER.index, default=Role.CREATOR)


def teams_from(claims: Mapping[str, Any], mapping: RoleMapping) -> tuple[str, ...]:
    """The teams that the claims name, without duplicates, in order."""
    if not mapping.teams_claim:
        return ()
    names = (clean_line(value, 100) for value in _strings(claims, mapping.teams_claim))
    return tuple(dict.fromkeys(name for name in names if name))[:_TEAMS_AT_MOST]


def has_groups(claims: Mapping[str, Any], mapping: RoleMapping) -> bool:
    """Whether the claims carry the role claim at all; else userinfo is asked."""
    return _find(claims, mapping.claim) is not None


def name_from(claims: Mapping[str, Any]) -> str:
    """What people call this person."""
    for key in ("name", "preferred_username", "email", "sub"):
        value = claims.get(key)
        if isinstance(value, str) and clean_line(value, 80):
            return clean_line(value, 80)
    return "?"


def email_from(claims: Mapping[str, Any]) -> str:
    """The e-mail address for display, or nothing where it is not a plain one. Grants nothing."""
    value = claims.get("email")
    if not isinstance(value, str) or len(value) > 254 or not value.isprintable():
        return ""
    local, at, domain = value.partition("@")
    plain = local and at and domain and "@" not in domain and " " not in value
    return value if plain else ""


def _strings(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The list of strings at the path; anything else counts as absent."""
    value = _find(claims, path)
    if value is None:
        if isinstance(claims.get("_claim_names"), dict):  # Entra: too many groups for the token
            log.warning("the provider left the groups out (overage)", extra={"claim": path})
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        log.warning("a claim is not a list of strings: ignored", extra={"claim": path})
        return ()
    return tuple(value)


def _find(claims: Mapping[str, Any], path: str) -> Any:
    if path in claims:  # names with dots, such as URLs
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value
