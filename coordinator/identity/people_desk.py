"""Local accounts, roles, disabling, the first admin: what IT does with people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aigc.errors import AigcError, ErrorKind
from coordinator.domain.audit_detail import detail
from coordinator.domain.events import PersonDisabledSet, PersonRoleSet
from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import accounts as account_store
from coordinator.identity import roles
from coordinator.identity.accounts import Account, clean_line
from coordinator.identity.first_admin import FILE_NAME, write_code
from coordinator.identity.foundation import Foundation
from coordinator.identity.issuer import Issuer
from coordinator.identity.ports import Connection
from coordinator.identity.sessions import Kind, SessionRow
from coordinator.identity.settings import BEARER_LIMIT, LOCAL_ISSUER
from coordinator.ledger import audit


@dataclass(frozen=True, slots=True)
class IssuerLogin:
    """Somebody who is signed in at the embedded issuer."""

    session: SessionRow
    account: Account
    auth_time: int  # seconds
    must_change: bool


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What identity knows of a person besides the studio."""

    local: bool
    last_seen: datetime | None
    sessions: int = 0  # programs and browsers that are signed in
    tokens: int = 0


class PeopleDesk(Foundation):
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

    # --- local accounts and people -----------------------------------------------------------

    async def create_account(
        self,
        username: str,
        name: str,
        role: Role = Role.CREATOR,
        password: str | None = None,
        by: PersonId | None = None,
    ) -> tuple[Person, str]:
        """A local account; its person, and the one-time password if none was given.

        ``by``: the admin who makes it, for the audit log.

        Raises:
            AigcError: name or password not acceptable, name taken, or no local accounts here.
        """
        self._embedded()
        new = await self.accounts.prepare(username, name, role, password)

        def work(connection: Connection) -> None:
            account_store.insert(connection, new)
            self._audit(connection, by or "?", "account-create", new.account.username)

        await self._ledger.transact(work)
        return await self._see(_person_of(new.account)), new.one_time_password

    async def reset_password(self, person_id: PersonId) -> str:
        """A new one-time password for a local person; their sessions end.

        Raises:
            AigcError: no local account.
        """
        person = self._reactor.studio.people.get(person_id)
        account = await self._embedded().known(person.subject) if person else None
        if account is None:
            raise AigcError(
                "account-unknown", "This person has no local account.", ErrorKind.NOT_FOUND
            )
        password = await self.accounts.reset_password(account.username)
        await self._end_person(person_id, account.subject)
        return password

    async def set_disabled(self, person_id: PersonId, disabled: bool, by: PersonId) -> None:
        """Disable or enable a person; a disabled one's sessions, tokens and streams die at once.

        Raises:
            AigcError: unknown, or it is the last admin.
        """
        self._keep_one_admin(person_id, disabled)
        await self._reactor.ask(PersonDisabledSet(person_id, disabled, by))
        await self._follow_disabled()

    async def set_role(self, person_id: PersonId, role: Role, by: PersonId) -> None:
        """Give a role that wins over the provider's claims from now on.

        Raises:
            AigcError: unknown, or it is the last admin.
        """
        self._keep_one_admin(person_id, role is not Role.ADMIN)
        await self._people.set_override(person_id, role)
        await self._reactor.ask(PersonRoleSet(person_id, role, by))

    async def person_facts(self) -> Mapping[PersonId, PersonFacts]:
        """Per person: whether the account is local, when it was last seen, and with what."""
        seen = await self._people.last_seen()
        sessions, tokens = await self.sessions.count(), await self._tokens.count()
        return {
            person.id: PersonFacts(
                person.issuer == LOCAL_ISSUER,
                seen.get(person.id),
                sessions.get(person.id, 0),
                tokens.get(person.id, 0),
            )
            for person in self._reactor.studio.people.values()
        }

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
        self.throttle.attempt("\nsetup", address)
        async with self._recorded(f"address {address}", "first-admin", "setup"):
            await self._ledger.read(lambda c: self._first_admin.check(c, code))
        new = await self.accounts.prepare(username, name, Role.ADMIN, password)

        def work(connection: Connection) -> None:
            self._first_admin.use(connection, code)
            account_store.insert(connection, new)
            self._audit(connection, f"address {address}", "first-admin", new.account.username)

        async with self._recorded(f"address {address}", "first-admin", "setup"):
            await self._ledger.transact(work)
        self.throttle.succeeded("\nsetup", address)
        person = await self._see(_person_of(new.account))
        await self._forget_code_file()
        return person

    async def claim_admin(self, person: Person, code: str, address: str) -> None:
        """Somebody who signed in at a foreign provider becomes the first admin.

        Raises:
            AigcError: the code is not right.
        """
        self.throttle.attempt("\nsetup", address)
        async with self._recorded(f"address {address}", "first-admin", person.id):
            await self._ledger.transact(lambda c: self._first_admin.use(c, code))
        self.throttle.succeeded("\nsetup", address)
        await self._people.set_override(person.id, Role.ADMIN)
        await self._reactor.ask(PersonRoleSet(person.id, Role.ADMIN, person.id))
        await self._forget_code_file()

    # --- the embedded issuer's own session ---------------------------------------------------

    async def issuer_sign_in(self, username: str, password: str, address: str) -> str:
        """A right password: the token of a session at the embedded issuer.

        Raises:
            AigcError: see :meth:`Accounts.sign_in`.
        """
        async with self._recorded(f"address {address}", "sign-in", clean_line(username, 64)):
            account = await self.accounts.sign_in(username, password, address)
            self._active_or_new(roles.person_id(LOCAL_ISSUER, account.subject))
        return await self._issuer_session(account)

    async def issuer_login(self, token: str) -> IssuerLogin | None:
        """Who is signed in at the embedded issuer with this cookie, if anybody."""
        if self.issuer is None or not token or len(token) > BEARER_LIMIT:
            return None
        row = await self.sessions.find(token, Kind.ISSUER)
        if row is None:
            return None
        row = await self.sessions.renewed(row)
        detail = json.loads(row.detail)
        account = await self.issuer.account(detail["subject"])
        if account is None:
            return None
        return IssuerLogin(row, account, int(detail["auth_time"]), account.must_change)

    async def change_password(
        self, login: IssuerLogin, current: str, new: str, address: str
    ) -> str:
        """The person's own choice; every other session of theirs ends. The new session's token.

        Raises:
            AigcError: the current one is wrong, or the new one not acceptable.
        """
        account = login.account
        await self.accounts.change_password(account.username, current, new, address)
        await self._end_person(login.session.person_id, account.subject)
        return await self._issuer_session(account)

    async def _issuer_session(self, account: Account) -> str:
        auth_time = int(self._clock.now().timestamp())
        token, _ = await self.sessions.create(
            Kind.ISSUER,
            roles.person_id(LOCAL_ISSUER, account.subject),
            detail=json.dumps({"subject": account.subject, "auth_time": auth_time}),
        )
        return token

    # --- inside ----------------------------------------------------------------------------------

    def _embedded(self) -> Issuer:
        if self.issuer is None:
            raise AigcError(
                "no-local-accounts",
                f"People sign in at {self.settings.issuer}: make accounts there.",
                ErrorKind.CONFLICT,
            )
        return self.issuer

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


def _person_of(account: Account) -> Person:
    return Person(
        id=roles.person_id(LOCAL_ISSUER, account.subject),
        issuer=LOCAL_ISSUER,
        subject=account.subject,
        name=account.name,
        email=account.email,
        role=account.role,
        teams=account.teams,
    )
