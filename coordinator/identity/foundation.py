"""What the parts of identity share: the ledger, the people, and the end of somebody's sessions."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.events import PersonSeen
from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import roles
from coordinator.identity.account_key import AccountKey
from coordinator.identity.accounts import Accounts, clean_line
from coordinator.identity.first_admin import FirstAdmin
from coordinator.identity.issuer import Issuer
from coordinator.identity.known_browsers import KnownBrowsers
from coordinator.identity.passwords import Passwords
from coordinator.identity.people import PeopleStore
from coordinator.identity.ports import Ledger, Reactor
from coordinator.identity.second_factors import SecondFactors
from coordinator.identity.sessions import Sessions
from coordinator.identity.settings import LOCAL_ISSUER, IdentitySettings
from coordinator.identity.throttle import Throttle
from coordinator.identity.tokens import ApiTokens
from coordinator.ledger import audit
from coordinator.refusals import Refusals

# These libraries write tokens, codes and cookies to their debug logs.
_TALKATIVE = ("authlib", "httpx", "httpcore", "joserfc", "httpx2", "httpcore2")


class Foundation:
    """State and rules that every part of the facade stands on.

    Attributes:
        issuer: the embedded one, or None where people sign in elsewhere.
    """

    issuer: Issuer | None

    def __init__(
        self,
        ledger: Ledger,
        reactor: Reactor,
        settings: IdentitySettings,
        clock: Clock,
        passwords: Passwords | None,
    ) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self.settings = settings
        self.sessions = Sessions(ledger, clock)
        self.throttle = Throttle(clock)
        # Only who knows the password comes so far; six digits are few.
        self.second_throttle = Throttle(clock, line_free=10, line_seconds=60)
        key = AccountKey(settings.account_key)
        self.known_browsers = KnownBrowsers(key, clock)
        self.second_factors = SecondFactors(key, clock)
        self._ledger = ledger
        self._reactor = reactor
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._tokens = ApiTokens(ledger, clock)
        self._people = PeopleStore(ledger)
        self._first_admin = FirstAdmin(clock)
        self._refusals = Refusals(ledger, clock)
        self._known_disabled: set[PersonId] = set()
        self._known_roles: dict[PersonId, Role] = {}
        self.accounts = Accounts(ledger, clock, self._passwords, self.throttle)

    def _audit(self, connection: Any, actor: str, action: str, target: str) -> None:
        """Within the caller's transaction: note what was done."""
        audit(connection, self._clock.now(), actor, action, target, "done")

    async def note_refusal(self, address: str, action: str, target: str, why: str) -> None:
        """Note in the audit log what was refused to a program that asked from there."""
        error = AigcError(why, "Refused by the issuer.", ErrorKind.FORBIDDEN)
        await self._refusals.record(f"address {address}", action, clean_line(target, 64), error)

    @asynccontextmanager
    async def _recorded(self, actor: str, action: str, target: str) -> AsyncIterator[None]:
        """Note a refusal in the audit log, and pass it on."""
        try:
            yield
        except AigcError as error:
            await self._refusals.record(actor, action, target, error)
            raise

    async def _see(self, person: Person) -> Person:
        await self._reactor.ask(PersonSeen(person))
        return person

    def _active(self, person_id: PersonId) -> Person:
        person = self._active_or_new(person_id)
        if person is None:
            raise unauthenticated()
        return person

    def _became(self, person_id: PersonId) -> PersonId:
        """The former person that somebody was linked to, or the same."""
        person = self._reactor.studio.people.get(person_id)
        return person_id if person is None or person.became is None else person.became

    def _active_or_new(self, person_id: PersonId) -> Person | None:
        person = self._reactor.studio.people.get(self._became(person_id))
        if person is not None and person.disabled:
            raise unauthenticated("This account is disabled; ask IT.")
        return person

    def _may_sign_in(self, subject: str) -> bool:
        person = self._reactor.studio.people.get(roles.person_id(LOCAL_ISSUER, subject))
        return person is None or not person.disabled

    async def _follow_roles(self) -> None:
        """Who has a lower role than before shows anew, at each engine's page, who they are."""
        before = self._known_roles
        self._known_roles = {p.id: p.role for p in self._reactor.studio.people.values()}
        for person_id, role in self._known_roles.items():
            was = before.get(person_id, role)
            if roles.ORDER.index(role) < roles.ORDER.index(was):
                await self.sessions.end_hosts(person_id)

    async def _follow_disabled(self) -> None:
        await self._follow_roles()
        people = self._reactor.studio.people
        disabled = {person.id for person in people.values() if person.disabled}
        for person_id in disabled - self._known_disabled:
            self._known_disabled.add(person_id)
            await self._end_person(person_id, people[person_id].subject)
        self._known_disabled &= disabled

    async def _end_person(
        self, person_id: PersonId, subject: str, keep: Collection[str] = ()
    ) -> int:
        """End what somebody is signed in with; how many programs and browsers that was.

        ``keep``: ids of sessions that go on, with what came of them.
        """
        issuer = self.issuer
        if issuer is not None:
            await self._ledger.transact(lambda c: issuer.end_subject(c, subject))
        ended = await self.sessions.end_person(person_id, keep)
        for token in await self._tokens.list(person_id):
            self.sessions.signal(token.id)
        return ended


def unauthenticated(
    message: str = "You are not signed in, or no longer; sign in again.",
) -> AigcError:
    """Nobody is signed in with that."""
    return AigcError("signed-out", message, ErrorKind.UNAUTHENTICATED)
