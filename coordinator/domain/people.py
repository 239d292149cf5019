"""People, their roles and teams."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PersonId = NewType("PersonId", str)


class Role(StrEnum):
    """What somebody may do; the order is from least to most."""

    CREATOR = "creator"
    TEAM_LEAD = "team_lead"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in. Identity is (issuer, subject), never the e-mail address."""

    id: PersonId
    issuer: str
    subject: str
    name: str
    email: str = ""
    role: Role = Role.CREATOR
    teams: tuple[str, ...] = ()
    disabled: bool = False
    became: PersonId | None = None  # linked to a former account: is that person from then on
