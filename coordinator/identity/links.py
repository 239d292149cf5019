"""Moving to another provider: who comes through it asks for what a former account of theirs owns.

An admin decides, never an e-mail address. After the approval the new identity *is* the former
person: instances, volumes, shares, tokens and history are one. A link never gives a role: that is
the claims' to say, or what an admin gave the new identity.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.audit_detail import detail as detail_of
from coordinator.domain.engine import Text
from coordinator.domain.events import PersonLinked
from coordinator.domain.people import Person, PersonId
from coordinator.identity import accounts as account_store
from coordinator.identity import roles
from coordinator.identity.accounts import Accounts, clean_line
from coordinator.identity.people import PeopleStore, set_override
from coordinator.identity.ports import Connection, Ledger, Reactor
from coordinator.identity.secret import new_id
from coordinator.identity.settings import LOCAL_ISSUER
from coordinator.identity.throttle import Asker
from coordinator.ledger import audit

_NOTE_LIMIT = 300
_NAME_LIMIT = 80
_COLUMNS = "id, asker_id, username, proven, note, state, asked_at, decided_at, decided_by, reason"


class LinkState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Link:
    """One request. ``proven``: the asker knew the former account's password."""

    id: str
    asker_id: PersonId
    username: str
    proven: bool
    note: str
    state: LinkState
    asked_at: datetime
    decided_at: datetime | None
    decided_by: PersonId
    reason: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """A request as an admin sees it. ``obstacle``: why it cannot be approved as it is."""

    link: Link
    former: Person | None
    obstacle: Text | None


class Links:
    """Asking, deciding and what follows.

    ``end_sessions(person)`` ends somebody's sessions; within ``recorded(actor, action, target)``
    a refusal goes into the audit log; ``tokens_moved()``: tokens have another owner.
    """

    def __init__(
        self,
        ledger: Ledger,
        reactor: Reactor,
        accounts: Accounts,
        people: PeopleStore,
        issuer: str,
        clock: Clock,
        end_sessions: Callable[[PersonId], Awaitable[int]],
        recorded: Callable[[str, str, str], AbstractAsyncContextManager[None]],
        tokens_moved: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._reactor = reactor
        self._accounts = accounts
        self._people = people
        self._issuer = issuer
        self._clock = clock
        self._end_sessions = end_sessions
        self._recorded = recorded
        self._tokens_moved = tokens_moved

    # --- who asks ----------------------------------------------------------------------------

    def possible(self, asker: Person) -> bool:
        """Whether this person may ask: new here through a provider, and others were here before."""
        everybody = self._reactor.studio.people.values()
        return (
            self._issuer != LOCAL_ISSUER
            and not self.is_linked(asker.id)
            and any(self._is_former(person) for person in everybody)
        )

    def is_linked(self, person_id: PersonId) -> bool:
        """Whether somebody who came later was linked to this person."""
        return any(p.became == person_id for p in self._reactor.studio.people.values())

    async def request(self, asker: Person, username: str, password: str, note: str) -> Link:
        """Ask. Whether that account exists is told to admins alone.

        Raises:
            AigcError: it cannot be asked here, or the password is not that account's.
        """
        if not self.possible(asker):
            raise AigcError(
                "link-impossible",
                "There is no former account to ask for: you are linked already, or everybody "
                "signs in here as they always did.",
                ErrorKind.CONFLICT,
            )
        name = clean_line(username, _NAME_LIMIT)
        if not name:
            raise AigcError("link-name", "Write the user name of your former account.")
        if password:
            async with self._recorded(asker.id, "link-request", name):
                await self._accounts.sign_in(name, password, Asker(f"person {asker.id}"))
        link = Link(
            id=new_id("l"),
            asker_id=asker.id,
            username=name,
            proven=bool(password),
            note=clean_line(note, _NOTE_LIMIT),
            state=LinkState.OPEN,
            asked_at=self._clock.now(),
            decided_at=None,
            decided_by=PersonId(""),
            reason="",
        )

        def work(connection: Connection) -> None:
            self._withdraw(connection, asker.id)
            connection.execute(
                f"INSERT INTO identity_link ({_COLUMNS})"  # noqa: S608 - constant names
                " VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', '')",
                (
                    link.id,
                    link.asker_id,
                    link.username,
                    int(link.proven),
                    link.note,
                    link.state.value,
                    milliseconds(link.asked_at),
                ),
            )
            proof = detail_of("link-proven" if link.proven else "link-by-name")
            self._audit(connection, asker.id, "link-request", link.username, proof)

        await self._ledger.transact(work)
        return link

    async def last_of(self, asker_id: PersonId) -> Link | None:
        """What somebody asked last, if anything."""
        found = await self._select("asker_id = ? ORDER BY asked_at DESC, id LIMIT 1", asker_id)
        return found[0] if found else None

    async def withdraw(self, asker_id: PersonId) -> None:
        """Take an open request back; nothing if there is none."""

        def work(connection: Connection) -> None:
            if self._withdraw(connection, asker_id):
                self._audit(connection, asker_id, "link-withdraw", asker_id)

        await self._ledger.transact(work)

    # --- who decides -------------------------------------------------------------------------

    async def views(self, decided: bool = False) -> tuple[LinkView, ...]:
        """Open requests, the oldest first; with ``decided`` the others after them."""
        links = await self._select("state = 'open' ORDER BY asked_at, id")
        if decided:
            links += await self._select("state != 'open' ORDER BY decided_at DESC, id LIMIT 500")
        return tuple([await self._view(link) for link in links])

    async def approve(self, link_id: str, by: PersonId) -> Person:
        """The asker is the former person from now on; the person.

        Raises:
            AigcError: there is no such open request, or what stands in its way.
        """
        view = await self._view(await self._open(link_id))
        link, former = view.link, view.former
        if view.obstacle is not None or former is None:
            assert view.obstacle is not None
            raise AigcError("link-obstacle", view.obstacle.en, ErrorKind.CONFLICT)
        if link.asker_id == by and not link.proven:
            raise AigcError(
                "link-own",
                "This is your own request, by name alone: another admin must approve it, or ask "
                "again with the former account's password.",
                ErrorKind.FORBIDDEN,
            )
        asker = self._reactor.studio.people[link.asker_id]
        remembered = await self._people.remembered(asker.id)
        role = remembered.override or remembered.claims_role or asker.role
        person = replace(asker, id=former.id, role=role, disabled=False, became=None)
        await self._reactor.ask(PersonLinked(asker.id, person, by))
        now = self._clock.now()

        def work(connection: Connection) -> None:
            connection.execute(
                "UPDATE identity_token SET person_id = ? WHERE person_id = ?",
                (person.id, asker.id),
            )
            set_override(connection, person.id, remembered.override)
            self._decide(connection, link.id, LinkState.APPROVED, by, "", now)
            same = detail_of("link-same", newcomer=asker.id, person=person.id)
            self._audit(connection, by, "link-approve", link.id, same)

        await self._ledger.transact(work)
        self._tokens_moved()
        await self._end_sessions(asker.id)
        return person

    async def refuse(self, link_id: str, reason: str, by: PersonId) -> None:
        """Say no, with a reason that the asker reads.

        Raises:
            AigcError: there is no such open request.
        """
        link, now = await self._open(link_id), self._clock.now()
        said = clean_line(reason, _NOTE_LIMIT)

        def work(connection: Connection) -> None:
            self._decide(connection, link.id, LinkState.REFUSED, by, said, now)
            self._audit(connection, by, "link-refuse", link.id, said)

        await self._ledger.transact(work)

    # --- inside ------------------------------------------------------------------------------

    def _is_former(self, person: Person) -> bool:
        return person.issuer != self._issuer and person.became is None

    async def _view(self, link: Link) -> LinkView:
        former = await self._former(link.username)
        return LinkView(link, former, self._obstacle(link, former))

    async def _former(self, username: str) -> Person | None:
        """By the local user name, or by the person's id, which IT can tell."""
        people = self._reactor.studio.people
        account = await self._ledger.read(lambda c: account_store.by_username(c, username))
        key = roles.person_id(LOCAL_ISSUER, account.subject) if account else PersonId(username)
        return people.get(key)

    def _obstacle(self, link: Link, former: Person | None) -> Text | None:
        if link.state is not LinkState.OPEN:
            return None
        asker = self._reactor.studio.people.get(link.asker_id)
        if asker is None or asker.disabled or asker.became is not None:
            return Text(
                "Who asks is locked out, or is linked already.", "申请人已被停用，或已经关联。"
            )
        if former is None:
            return Text(
                f'There is no former account "{link.username}": refuse it, and tell the asker '
                "which name is right.",
                f"没有名为“{link.username}”的原账户：请拒绝，并告知申请人正确的用户名。",
            )
        if not self._is_former(former):
            return Text(
                f"{former.name} signs in through the provider already: that account is taken.",
                f"{former.name} 已经通过提供方登录：该账户已被占用。",
            )
        if former.disabled:
            return Text(
                f"The former account of {former.name} is disabled: enable it first, if that is "
                "right.",
                f"{former.name} 的原账户已停用：如确实需要，请先启用。",
            )
        return None

    async def _open(self, link_id: str) -> Link:
        found = await self._select("id = ? AND state = 'open'", link_id)
        if not found:
            raise AigcError(
                "link-unknown",
                f"There is no open request {link_id[:40]!r}: 'aigc people links' lists them.",
                ErrorKind.NOT_FOUND,
            )
        return found[0]

    async def _select(self, where: str, *values: str) -> list[Link]:
        rows = await self._ledger.read(
            lambda c: c.execute(
                f"SELECT {_COLUMNS} FROM identity_link WHERE {where}",  # noqa: S608 - constant
                values,
            ).fetchall()
        )
        return [_link(row) for row in rows]

    def _withdraw(self, connection: Connection, asker_id: PersonId) -> int:
        return connection.execute(
            "UPDATE identity_link SET state = 'withdrawn', decided_at = ?"
            " WHERE asker_id = ? AND state = 'open'",
            (milliseconds(self._clock.now()), asker_id),
        ).rowcount

    def _decide(
        self,
        connection: Connection,
        link_id: str,
        state: LinkState,
        by: PersonId,
        reason: str,
        now: datetime,
    ) -> None:
        decided = connection.execute(
            "UPDATE identity_link SET state = ?, decided_at = ?, decided_by = ?, reason = ?"
            " WHERE id = ? AND state = 'open'",
            (state.value, milliseconds(now), by, reason, link_id),
        ).rowcount
        if not decided:
            raise AigcError(
                "link-unknown", "Somebody else decided it meanwhile.", ErrorKind.NOT_FOUND
            )

    def _audit(
        self, connection: Any, actor: str, action: str, target: str, detail: str = ""
    ) -> None:
        audit(connection, self._clock.now(), actor, action, target, "done", detail)


def _link(row: tuple[Any, ...]) -> Link:
    asked = from_milliseconds(row[6])
    if asked is None:
        raise ValueError("a request without a time")
    return Link(
        id=row[0],
        asker_id=PersonId(row[1]),
        username=row[2],
        proven=bool(row[3]),
        note=row[4],
        state=LinkState(row[5]),
        asked_at=asked,
        decided_at=from_milliseconds(row[7]),
        decided_by=PersonId(row[8]),
        reason=row[9],
    )
