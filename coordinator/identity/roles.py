"""From claims to a person: role, teams and name. Whatever is malformed gives the lowest role."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from coordinator.domain.people import PersonId, Role
from coordinator.identity.accounts import clean_line
from coordinator.identity.oidc import RoleMapping

ORDER = tuple(Role)  # from least to most
_TEAMS_AT_MOST = 500


class Oddity(StrEnum):
    """What IT should look at; none of it ever gives a right."""

    MISSING = "missing"  # the sign-in brought no such claim
    NOT_A_LIST = "not-a-list"  # a string, an object, a list of something else
    OVERAGE = "overage"  # Entra: too many groups for the token
    NEAR = "near"  # a value that only looks like one that gives a role
    EMAIL = "email"  # an address that is none


@dataclass(frozen=True, slots=True)
class Problem:
    """One oddity, with the claim's path and the value that showed it."""

    oddity: Oddity
    claim: str
    value: str = ""

    def __str__(self) -> str:
        """As the ledger keeps it; :meth:`read` reads it."""
        return "\n".join((self.oddity, self.claim, self.value))

    @classmethod
    def read(cls, text: str) -> Problem | None:
        """The problem that was kept as this text, or None for an empty one."""
        if not text:
            return None
        oddity, claim, value = text.split("\n", 2)
        return cls(Oddity(oddity), claim, value)


def person_id(issuer: str, subject: str) -> PersonId:
    """The same person for the same (issuer, subject), always; never by e-mail."""
    key = f"{len(issuer)}:{issuer}\n{subject}".encode("utf-8", "surrogatepass")
    name = base64.b32encode(hashlib.sha256(key).digest()).decode().lower()[:24]
    return PersonId(f"p{name}")


def lower(one: Role, other: Role) -> Role:
    """The one with fewer rights."""
    return min(one, other, key=ORDER.index)


def highest(roles: Iterable[Role]) -> Role:
    """The one with most rights; creator if there is none."""
    return max(roles, key=ORDER.index, default=Role.CREATOR)


def role_from(claims: Mapping[str, Any], mapping: RoleMapping) -> Role:
    """The highest role that a value of the claim means; comparison is exact."""
    values = _strings(claims, mapping.claim)
    return highest(role for value, role in mapping.values if value in values)


def teams_from(claims: Mapping[str, Any], mapping: RoleMapping) -> tuple[str, ...]:
    """The teams that the claims name, without duplicates, in order."""
    if not mapping.teams_claim:
        return ()
    names = (clean_line(value, 100) for value in _strings(claims, mapping.teams_claim))
    return tuple(dict.fromkeys(name for name in names if name))[:_TEAMS_AT_MOST]


def wanted(mapping: RoleMapping) -> tuple[str, ...]:
    """The claims that matter; those that a sign-in must bring come before the name's."""
    paths = (mapping.claim if mapping.values else "", mapping.teams_claim, mapping.name_claim)
    return tuple(dict.fromkeys(path for path in paths if path))


def lacks(claims: Mapping[str, Any], mapping: RoleMapping) -> tuple[str, ...]:
    """Which of the claims that matter are not there at all."""
    return tuple(path for path in wanted(mapping) if find(claims, path) is None)


def problem_from(claims: Mapping[str, Any], mapping: RoleMapping) -> Problem | None:
    """What IT should know of this sign-in: the first of what is odd, the gravest first."""
    if mapping.values:
        found = _odd_list(claims, mapping.claim)
        if found is None:
            values = _strings(claims, mapping.claim)
            near = next((v for v in values for known, _ in mapping.values if _near(v, known)), "")
            found = Problem(Oddity.NEAR, mapping.claim, clean_line(near, 80)) if near else None
        if found is not None:
            return found
    teams = mapping.teams_claim
    if teams and find(claims, teams) is not None:
        found = _odd_list(claims, teams)
        if found is not None:
            return found
    if claims.get("email") and not email_from(claims):
        return Problem(Oddity.EMAIL, "email", clean_line(str(claims["email"]), 80))
    return None


def name_from(claims: Mapping[str, Any], name_claim: str = "name") -> str:
    """What people call this person."""
    for path in (name_claim, "name", "preferred_username", "email", "sub"):
        value = find(claims, path)
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


def find(claims: Mapping[str, Any], path: str) -> Any:
    """The value at a path with dots, or None."""
    if path in claims:  # names with dots, such as URLs
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _odd_list(claims: Mapping[str, Any], path: str) -> Problem | None:
    value = find(claims, path)
    if value is None:
        elsewhere = claims.get("_claim_names")
        named = isinstance(elsewhere, Mapping) and path in elsewhere
        over = named or (path == "groups" and claims.get("hasgroups") in (True, "true"))
        return Problem(Oddity.OVERAGE if over else Oddity.MISSING, path)
    if not _is_list(value):
        return Problem(Oddity.NOT_A_LIST, path, clean_line(str(value), 80))
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _strings(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The list of strings at the path; anything else counts as absent."""
    value = find(claims, path)
    return tuple(value) if _is_list(value) else ()


def _near(value: str, known: str) -> bool:
    """Whether a value is not the known one but would pass for it before a person's eyes."""
    if value == known:
        return False
    if _skeleton(value) == _skeleton(known):
        return True
    differing = [(a, b) for a, b in zip(value, known, strict=False) if a != b]
    return len(value) == len(known) and all(not a.isascii() for a, _ in differing)


def _skeleton(value: str) -> str:
    plain = unicodedata.normalize("NFKC", value).casefold()
    return "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Zs", "Cc")).strip()
