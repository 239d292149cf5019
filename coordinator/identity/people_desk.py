"""Roles, disabling, the first admin: what IT does with people, local or not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aigc.errors import AigcError, ErrorKind
from coordinator.domain.audit_detail import detail
from coordinator.domain.events import PersonDisabledSet, PersonRoleSet
from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import accounts as account_store
from coordinator.identity.account_desk import AccountDesk, person_of
from coordinator.identity.first_admin import FILE_NAME, write_code
from coordinator.identity.people import Remembered
from coordinator.identity.ports import Connection
from coordinator.identity.roles import Problem
from coordinator.identity.settings import LOCAL_ISSUER
from coordinator.identity.throttle import Asker
from coordinator.ledger import audit


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What identity knows of a person besides the studio."""

    local: bool
    last_seen: datetime | None
    sessions: int = 0  # programs and browsers that are signed in
    tokens: int = 0
    username: str = ""  # of a local account, as are the following
    second_factor: bool = False
    one_time_until: datetime | None = None
    claims_role: Role | None = None  # what the claims, or the local account, give
    role_overridden: bool = False
    problem: Problem | None = None  # what is odd about the claims of the last sign-in


class PeopleDesk(AccountDesk):
    """Everything about people but their sessions with the coordinator."""

    _code_file: Path | None = None

    async def bootstrap(self, state_dir: Path) -> Path | None:
        """While there is no admin: write a one-time code; its file. Else None."""
        path = state_dir / FILE_NAME
        self._code_file = path
        if self.has_admin():
            await self._ledger.transact(self._first_admin.withdraw)
            await asyncio.to_thread(path.unlink, missing_ok=True)
            return None
        code = await self._ledger.transact(self._first_admin.issue)
        await asyncio.to_thread(write_code, path, code)
        return path

    # --- people -----------------------------------------------------------------------------

    async def set_disabled(self, person_id: PersonId, disabled: bool, by: PersonId) -> None:
        """Disable or enable a person; a disabled one's sessions, tokens and streams die at once.

        Raises:
            AigcError: unknown, or it is the last admin.
        """
        self._keep_one_admin(person_id, disabled)
        await self._reactor.ask(PersonDisabledSet(person_id, disabled, by))
        await self._follow_disabled()

    async def set_role(self, person_id: PersonId, role: Role | None, by: PersonId) -> None:
        """Give a role that wins over the claims from now on; None: the claims decide again.

        Raises:
            AigcError: unknown, or it is the last admin.
        """
        self._known(person_id)
        now_role = role or await self._claimed_role(person_id)
        self._keep_one_admin(person_id, now_role is not Role.ADMIN)
        await self._people.set_override(person_id, role)
        await self._reactor.ask(PersonRoleSet(person_id, now_role, by, given=role is not None))

    async def _claimed_role(self, person_id: PersonId) -> Role:
        """What the last sign-in said, or the local account; the lowest if nothing did."""
        remembered = await self._people.remembered(person_id)
        if remembered.claims_role is not None:
            return remembered.claims_role
        subject = self._known(person_id).subject
        account = await self._ledger.read(lambda c: account_store.by_subject(c, subject))
        return account.role if account is not None else Role.CREATOR

    async def person_facts(self) -> Mapping[PersonId, PersonFacts]:
        """Per person: whether the account is local, when it was last seen, and with what."""
        remembered = await self._people.everybody()
        sessions, tokens = await self.sessions.count(), await self._tokens.count()
        accounts = await self._ledger.read(account_store.all_accounts)
        factors = await self._ledger.read(self.second_factors.subjects)

        def facts(person: Person) -> PersonFacts:
            local = person.issuer == LOCAL_ISSUER
            account = accounts.get(person.subject) if local else None
            known = remembered.get(person.id, Remembered())
            return PersonFacts(
                local,
                known.last_seen,
                sessions.get(person.id, 0),
                tokens.get(person.id, 0),
                account.username if account else "",
                local and person.subject in factors,
                account.one_time_until if account else None,
                known.claims_role or (account.role if account else None),
                known.override is not None,
                known.problem,
            )

        return {p.id: facts(p) for p in self._reactor.studio.people.values() if p.became is None}

    async def sign_out_everywhere(self, person_id: PersonId, by: PersonId) -> int:
        """End a person's sessions and refresh tokens; how many programs and browsers that was.

        API tokens stay.

        Raises:
            AigcError: unknown.
        """
        person = self._known(person_id)
        ended = await self._end_person(person_id, person.subject)
        now, said = self._clock.now(), detail("sessions-ended", count=ended)
        await self._ledger.transact(
            lambda c: audit(c, now, by, "person-sign-out", person_id, "done", said)
        )
        return ended

    def has_admin(self) -> bool:
        """Whether somebody may administrate."""
        return any(
            person.role is Role.ADMIN and not person.disabled
            for person in self._reactor.studio.people.values()
        )

    async def set_up(
        self, code: str, username: str, name: str, password: str, address: str
    ) -> Person:
        """The first admin, as a local account, for the one-time code.

        Raises:
            AigcError: the code is not right, or name or password not acceptable.
        """
        self._embedded()
        asker = Asker(address, unguessable=True)  # 79 bits: nobody is to keep the person out
        self.throttle.attempt("\nsetup", asker)
        async with self._recorded(f"address {address}", "first-admin", "setup"):
            await self._ledger.read(lambda c: self._first_admin.check(c, code))
        new = await self.accounts.prepare(username, name, Role.ADMIN, password)

        def work(connection: Connection) -> None:
            self._first_admin.use(connection, code)
            account_store.insert(connection, new)
            self._audit(connection, f"address {address}", "first-admin", new.account.username)

        async with self._recorded(f"address {address}", "first-admin", "setup"):
            await self._ledger.transact(work)
        self.throttle.succeeded("\nsetup", asker)
        person = await self._see(person_of(new.account))
        await self._forget_code_file()
        return person

    async def claim_admin(self, person: Person, code: str, address: str) -> None:
        """Somebody who signed in at a foreign provider becomes the first admin.

        Raises:
            AigcError: the code is not right.
        """
        asker = Asker(address, unguessable=True)  # 79 bits: nobody is to keep the person out
        self.throttle.attempt("\nsetup", asker)
        async with self._recorded(f"address {address}", "first-admin", person.id):
            await self._ledger.transact(lambda c: self._first_admin.use(c, code))
        self.throttle.succeeded("\nsetup", asker)
        await self._people.set_override(person.id, Role.ADMIN)
        await self._reactor.ask(PersonRoleSet(person.id, Role.ADMIN, person.id))
        await self._forget_code_file()

    # --- inside ----------------------------------------------------------------------------------

    def _known(self, person_id: PersonId) -> Person:
        person = self._reactor.studio.people.get(person_id)
        if person is None:
            raise AigcError(
                "person-unknown", f"Nobody here has the id {person_id}.", ErrorKind.NOT_FOUND
            )
        return person

    def _keep_one_admin(self, person_id: PersonId, loses: bool) -> None:
        people = self._reactor.studio.people
        self._known(person_id)
        others = any(
            person.role is Role.ADMIN and not person.disabled and person.id != person_id
            for person in people.values()
        )
        if loses and people[person_id].role is Role.ADMIN and not others:
            raise AigcError(
                "last-admin",
                "This is the last admin: make somebody else an admin first.",
                ErrorKind.CONFLICT,
            )

    async def _forget_code_file(self) -> None:
        if self._code_file is not None:
            await asyncio.to_thread(self._code_file.unlink, missing_ok=True)
