"""From a checked ID token to a person: claims completed, role and teams found, oddities noted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import roles
from coordinator.identity.oidc import OidcSettings
from coordinator.identity.people import PeopleStore
from coordinator.identity.relying_party import RelyingParty

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who signed in, what the claims alone would give, and what is odd about them."""

    person: Person
    claims_role: Role
    problem: roles.Problem | None


class Admission:
    """Every exchange and every sign-in in a browser asks here, so that roles are never older.

    ``became(id)``: the former person that somebody was linked to, or the same id.
    """

    def __init__(
        self,
        relying_party: RelyingParty,
        client: OidcSettings,
        person_issuer: str,
        people: PeopleStore,
        became: Callable[[PersonId], PersonId],
    ) -> None:
        self._relying_party = relying_party
        self._client = client
        self._person_issuer = person_issuer
        self._people = people
        self._became = became

    async def complete(
        self, claims: Mapping[str, Any], access_token: str
    ) -> tuple[Mapping[str, Any], bool]:
        """The claims with those that the issuer keeps in userinfo; whether that was asked.

        Raises:
            AigcError: userinfo speaks of somebody else, or cannot be reached.
        """
        source, mapping = self._client.claims_from, self._client.roles
        if source == "id_token" or (source == "auto" and not roles.lacks(claims, mapping)):
            return claims, False
        subject = str(claims["sub"])
        more: Mapping[str, Any] = {}
        if access_token:
            more = await self._relying_party.userinfo(access_token, subject)
        if source == "userinfo":
            return {**more, "sub": subject}, bool(access_token)
        return {**more, **claims}, bool(access_token)

    async def person_of(self, claims: Mapping[str, Any], access_token: str) -> Admitted:
        """Whom the claims mean, and as what.

        Raises:
            AigcError: as :meth:`complete`.
        """
        complete, _ = await self.complete(claims, access_token)
        subject, mapping = str(claims["sub"]), self._client.roles
        person_id = self._became(roles.person_id(self._person_issuer, subject))
        remembered = await self._people.remembered(person_id)
        claims_role = roles.role_from(complete, mapping)
        problem = roles.problem_from(complete, mapping)
        if problem is not None and problem != remembered.problem:
            log.warning(
                "the claims of a sign-in are odd, so they give less",
                extra={"person": person_id, "oddity": problem.oddity, "claim": problem.claim},
            )
        person = Person(
            id=person_id,
            issuer=self._person_issuer,
            subject=subject,
            name=roles.name_from(complete, mapping.name_claim),
            email=roles.email_from(complete),
            role=remembered.override or claims_role,
            teams=roles.teams_from(complete, mapping),
        )
        return Admitted(person, claims_role, problem)
