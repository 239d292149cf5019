"""Who may: the one place where every session, token and person is checked."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.events import PersonDisabledSet, PersonRoleSet, PersonSeen
from coordinator.domain.instance import Instance
from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import accounts as account_store
from coordinator.identity import roles
from coordinator.identity.accounts import Account, Accounts, clean_line
from coordinator.identity.first_admin import FILE_NAME, FirstAdmin, write_code
from coordinator.identity.handoff import Handoffs
from coordinator.identity.issuer import Issuer
from coordinator.identity.passwords import Passwords
from coordinator.identity.people import PeopleStore
from coordinator.identity.ports import Connection, Ledger, Reactor
from coordinator.identity.providers import EmbeddedProvider, ForeignProvider, Provider
from coordinator.identity.relying_party import Redeemed, RelyingParty
from coordinator.identity.secret import digest
from coordinator.identity.sessions import (
    BrowserSessionRow,
    Kind,
    SessionRow,
    Sessions,
    SessionWatch,
)
from coordinator.identity.settings import (
    BEARER_LIMIT,
    CLOCK_LEEWAY,
    LOCAL_ISSUER,
    NATIVE_CLIENT,
    WEB_CLIENT,
    IdentitySettings,
    RoleMapping,
)
from coordinator.identity.throttle import Throttle
from coordinator.identity.tokens import PREFIX, ApiToken, ApiTokens

log = logging.getLogger(__name__)

_PURGE_SECONDS = 60.0
# These libraries write tokens, codes and cookies to their debug logs.
_TALKATIVE = ("authlib", "httpx", "httpcore", "joserfc", "httpx2", "httpcore2")


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """What a client must know to sign in."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    loopback_host: str
    studio_name: str
    web_url: str


@dataclass(frozen=True, slots=True)
class Session:
    """A new session; the token is told once."""

    token: str = field(repr=False)
    expires_at: datetime
    person: Person


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: as of this moment, with the role of this moment."""

    person: Person
    kind: Literal["session", "token", "browser"]
    session_id: str
    expires_at: datetime


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


class Identity:
    """The facade. Its methods belong to the event loop; :meth:`run` must be running."""

    def __init__(
        self,
        ledger: Ledger,
        reactor: Reactor,
        settings: IdentitySettings,
        clock: Clock,
        passwords: Passwords | None = None,
    ) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self.settings = settings
        self.sessions = Sessions(ledger, clock)
        self.throttle = Throttle(clock)
        self._ledger = ledger
        self._reactor = reactor
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._tokens = ApiTokens(ledger, clock)
        self._people = PeopleStore(ledger)
        self._handoffs = Handoffs(clock)
        self._first_admin = FirstAdmin(clock)
        self._code_file: Path | None = None
        self._families: set[asyncio.Task[None]] = set()
        self._known_disabled: set[PersonId] = set()
        self.accounts = Accounts(ledger, clock, self._passwords, self.throttle)
        self.issuer: Issuer | None = None
        provider: Provider
        if settings.oidc is None:
            self.issuer = Issuer(
                ledger, clock, settings.web_url, self._may_sign_in, self._family_ended
            )
            provider = EmbeddedProvider(self.issuer)
        else:
            provider = ForeignProvider(settings.oidc)
        web_client = settings.oidc.client_id if settings.oidc else WEB_CLIENT
        self.relying_party = RelyingParty(
            provider, settings.issuer, web_client, settings.web_url, clock
        )

    # --- life --------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what must be in memory before the first request."""
        if self.issuer is not None:
            await self.issuer.load()
        await self._follow_disabled()

    async def run(self) -> None:
        """Follow the people and forget what ran out, until cancelled."""
        watch = self._reactor.watch()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._purge_regularly())
                async for changed in watch:
                    if changed.people:
                        await self._follow_disabled()
        finally:
            watch.close()

    async def close(self) -> None:
        """End watches, connections and threads."""
        self.sessions.close()
        if self._families:
            await asyncio.gather(*self._families)
        await self.relying_party.close()
        self._passwords.close()

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

    # --- signing in --------------------------------------------------------------------------

    def sign_in_options(self) -> SignInOptions:
        """What tray and command line need to know."""
        oidc = self.settings.oidc
        return SignInOptions(
            issuer=self.settings.issuer,
            client_id=oidc.native_client_id if oidc else NATIVE_CLIENT,
            scopes=oidc.scopes if oidc else ("openid", "profile", "email", "offline_access"),
            loopback_host=oidc.loopback_host if oidc else "127.0.0.1",
            studio_name=self.settings.studio_name,
            web_url=self.settings.web_url,
        )

    async def exchange(
        self, id_token: str, nonce: str, access_token: str = "", device: str = ""
    ) -> Session:
        """A fresh ID token of the native client becomes a session of one hour, once.

        Raises:
            AigcError: the token is not good, was exchanged already, or the person is disabled.
        """
        claims = await self.relying_party.check(
            id_token, self.sign_in_options().client_id, nonce, nonce_required=False
        )
        person = await self._admit(claims, access_token)
        fingerprint = digest(id_token.rpartition(".")[0])
        until = round((float(claims["exp"]) + CLOCK_LEEWAY.total_seconds()) * 1000)

        def once(connection: Connection) -> None:
            fresh = connection.execute(
                "INSERT OR IGNORE INTO identity_used (hash, until) VALUES (?, ?)",
                (fingerprint, until),
            ).rowcount
            if not fresh:
                raise _unauthenticated("This sign-in was used already; sign in again.")

        sid = claims.get("sid") if self.issuer is not None else None
        token, row = await self.sessions.create(
            Kind.SESSION,
            person.id,
            device=clean_line(device, 80),
            parent=sid if isinstance(sid, str) else "",
            within=once,
        )
        return Session(token, row.expires_at, person)

    async def begin_web_session(self, redeemed: Redeemed, device: str) -> tuple[str, SessionRow]:
        """A browser came back from the issuer: its session on the coordinator's pages.

        Raises:
            AigcError: the person is disabled, or userinfo contradicts.
        """
        person = await self._admit(redeemed.claims, redeemed.access_token)
        return await self.sessions.create(Kind.WEB, person.id, device=clean_line(device, 80))

    # --- checking ----------------------------------------------------------------------------

    async def check_session(self, token: str) -> Caller:
        """Who shows this bearer token: a session of tray or command line, or an API token.

        Raises:
            AigcError: unauthenticated.
        """
        if not token or len(token) > BEARER_LIMIT or not token.isascii():
            raise _unauthenticated()
        if token.startswith(PREFIX):
            found = await self._tokens.find(token)
            if found is None:
                raise _unauthenticated("This token is unknown, revoked or expired; make another.")
            person = self._active(found.person_id)
            limited = replace(person, role=roles.lower(person.role, found.role_limit))
            return Caller(limited, "token", found.id, found.expires_at)
        row = await self.sessions.find(token, Kind.SESSION)
        if row is None:
            raise _unauthenticated()
        return Caller(self._active(row.person_id), "session", row.id, row.expires_at)

    async def check_web(self, token: str) -> tuple[Caller, SessionRow]:
        """Who shows this cookie of the coordinator's pages; the session slides.

        Raises:
            AigcError: unauthenticated.
        """
        row = None
        if token and len(token) <= BEARER_LIMIT and token.isascii():
            row = await self.sessions.find(token, Kind.WEB)
        if row is None:
            raise _unauthenticated()
        person = self._active(row.person_id)
        row = await self.sessions.renewed(row)
        return Caller(person, "browser", row.id, row.expires_at), row

    async def wait_ended(self, caller: Caller) -> None:
        """Return when the caller's session is over: revoked, disabled or expired.

        Race a stream with it, so that the stream ends at once.
        """
        ended = self.sessions.ended(caller.session_id)
        try:
            left = (caller.expires_at - self._clock.now()).total_seconds()
            waiting = asyncio.ensure_future(ended.wait())
            expiry = asyncio.ensure_future(self._clock.sleep(max(0.0, left)))
            try:
                await asyncio.wait((waiting, expiry), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
                expiry.cancel()
                await asyncio.gather(waiting, expiry, return_exceptions=True)
        finally:
            if ended.is_set():
                self.sessions.forget(caller.session_id)

    async def sign_out(self, caller: Caller) -> None:
        """End the caller's session and what came of it. An API token is revoked elsewhere."""
        await self.sessions.end(caller.session_id)

    # --- API tokens --------------------------------------------------------------------------

    async def create_token(self, person: Person, name: str, days: int = 0) -> tuple[str, ApiToken]:
        """See :meth:`ApiTokens.create`."""
        return await self._tokens.create(person.id, person.role, name, days)

    async def list_tokens(self, person_id: PersonId) -> tuple[ApiToken, ...]:
        """A person's API tokens, newest first."""
        return await self._tokens.list(person_id)

    async def revoke_token(self, person_id: PersonId, token_id: str) -> None:
        """End an API token and the streams that were opened with it."""
        await self._tokens.revoke(person_id, token_id)
        self.sessions.signal(token_id)

    # --- hand-off to the gateway -------------------------------------------------------------

    async def mint_handoff(
        self, browser_session: SessionRow, instance: Instance, nonce_hash: str, return_path: str
    ) -> str:
        """A code for the owner's visit to an instance.

        Raises:
            AigcError: the instance is not the person's, or the request is malformed.
        """
        if instance.owner != browser_session.person_id:
            raise AigcError(
                "not-yours", "This engine belongs to somebody else.", ErrorKind.FORBIDDEN
            )
        return self._handoffs.mint(
            browser_session, instance.host, instance.id, nonce_hash, return_path
        )

    async def redeem_handoff(
        self, code: str, host: str, nonce: str
    ) -> tuple[str, BrowserSessionRow, str]:
        """The gateway's part: cookie value, session row and where to go.

        Raises:
            AigcError: the code is unknown, used, expired, or for another host or browser, or the
                session that it came of is over.
        """
        found = self._handoffs.redeem(code, host, nonce)
        web = await self.sessions.by_id(found.web_session.id)
        if web is None:
            raise _unauthenticated()
        self._active(web.person_id)
        token, row = await self.sessions.create(
            Kind.HOST,
            web.person_id,
            host=found.host,
            instance_id=found.instance_id,
            parent=web.id,
            end_at=web.end_at,
        )
        session = BrowserSessionRow(
            row.token_hash, row.host, row.person_id, row.instance_id, row.expires_at
        )
        return token, session, found.return_path

    async def browser_sessions(self) -> tuple[BrowserSessionRow, ...]:
        """Every host session, for the gateway's snapshot."""
        return await self.sessions.hosts()

    def watch_sessions(self) -> SessionWatch:
        """News of host sessions from now on; close it."""
        return self.sessions.watch()

    async def slide(self, token_hashes: tuple[bytes, ...]) -> None:
        """A person used these host sessions."""
        await self.sessions.slide(token_hashes)

    # --- local accounts and people -----------------------------------------------------------

    async def create_account(
        self,
        username: str,
        name: str,
        role: Role = Role.CREATOR,
        password: str | None = None,
    ) -> tuple[Person, str]:
        """A local account; its person, and the one-time password if none was given.

        Raises:
            AigcError: name or password not acceptable, name taken, or no local accounts here.
        """
        self._embedded()
        new = await self.accounts.prepare(username, name, role, password)
        await self._ledger.transact(lambda c: account_store.insert(c, new))
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
        """Per person: whether the account is local, and when it was last seen."""
        seen = await self._people.last_seen()
        return {
            person.id: PersonFacts(person.issuer == LOCAL_ISSUER, seen.get(person.id))
            for person in self._reactor.studio.people.values()
        }

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
        await self._ledger.read(lambda c: self._first_admin.check(c, code))
        new = await self.accounts.prepare(username, name, Role.ADMIN, password)

        def work(connection: Connection) -> None:
            self._first_admin.use(connection, code)
            account_store.insert(connection, new)

        await self._ledger.transact(work)
        self.throttle.succeeded("\nsetup", address)
        person = await self._see(_person_of(new.account))
        await self._forget_code_file()
        return person

    async def claim_admin(self, caller: Caller, code: str, address: str) -> None:
        """Somebody who signed in at a foreign provider becomes the first admin.

        Raises:
            AigcError: the code is not right.
        """
        self.throttle.attempt("\nsetup", address)
        await self._ledger.transact(lambda c: self._first_admin.use(c, code))
        self.throttle.succeeded("\nsetup", address)
        await self._people.set_override(caller.person.id, Role.ADMIN)
        await self._reactor.ask(PersonRoleSet(caller.person.id, Role.ADMIN, caller.person.id))
        await self._forget_code_file()

    # --- the embedded issuer's own session ---------------------------------------------------

    async def issuer_sign_in(self, username: str, password: str, address: str) -> str:
        """A right password: the token of a session at the embedded issuer.

        Raises:
            AigcError: see :meth:`Accounts.sign_in`.
        """
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

    # --- inside ------------------------------------------------------------------------------

    async def _admit(self, claims: Mapping[str, Any], access_token: str) -> Person:
        oidc = self.settings.oidc
        mapping = oidc.roles if oidc else RoleMapping()
        subject = str(claims["sub"])
        if oidc and access_token and not roles.has_groups(claims, mapping):
            claims = {**await self.relying_party.userinfo(access_token, subject), **claims}
        issuer = oidc.issuer if oidc else LOCAL_ISSUER
        key = roles.person_id(issuer, subject)
        existing = self._active_or_new(key)
        override = await self._people.override(key)
        person = Person(
            id=key,
            issuer=issuer,
            subject=subject,
            name=roles.name_from(claims),
            email=roles.email_from(claims),
            role=override or roles.role_from(claims, mapping),
            teams=roles.teams_from(claims, mapping),
            disabled=False,
        )
        if existing != person:
            await self._see(person)
        await self._people.note_seen(key, milliseconds(self._clock.now()))
        return person

    async def _see(self, person: Person) -> Person:
        await self._reactor.ask(PersonSeen(person))
        return person

    def _active(self, person_id: PersonId) -> Person:
        person = self._active_or_new(person_id)
        if person is None:
            raise _unauthenticated()
        return person

    def _active_or_new(self, person_id: PersonId) -> Person | None:
        person = self._reactor.studio.people.get(person_id)
        if person is not None and person.disabled:
            raise _unauthenticated("This account is disabled; ask IT.")
        return person

    def _may_sign_in(self, subject: str) -> bool:
        person = self._reactor.studio.people.get(roles.person_id(LOCAL_ISSUER, subject))
        return person is None or not person.disabled

    def _embedded(self) -> Issuer:
        if self.issuer is None:
            raise AigcError(
                "no-local-accounts",
                f"People sign in at {self.settings.issuer}: make accounts there.",
                ErrorKind.CONFLICT,
            )
        return self.issuer

    def _keep_one_admin(self, person_id: PersonId, loses: bool) -> None:
        people = self._reactor.studio.people
        if person_id not in people:
            raise AigcError(
                "person-unknown", f"Nobody here has the id {person_id}.", ErrorKind.NOT_FOUND
            )
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

    async def _follow_disabled(self) -> None:
        people = self._reactor.studio.people
        disabled = {person.id for person in people.values() if person.disabled}
        for person_id in disabled - self._known_disabled:
            self._known_disabled.add(person_id)
            await self._end_person(person_id, people[person_id].subject)
        self._known_disabled &= disabled

    async def _end_person(self, person_id: PersonId, subject: str) -> None:
        issuer = self.issuer
        if issuer is not None:
            await self._ledger.transact(lambda c: issuer.end_subject(c, subject))
        await self.sessions.end_person(person_id)
        for token in await self._tokens.list(person_id):
            self.sessions.signal(token.id)

    def _family_ended(self, family: str) -> None:
        task = asyncio.get_running_loop().create_task(self.sessions.end_children(family))
        self._families.add(task)
        task.add_done_callback(self._families.discard)

    async def _purge_regularly(self) -> None:
        while True:
            await self._clock.sleep(_PURGE_SECONDS)
            now = milliseconds(self._clock.now())
            issuer = self.issuer

            def work(connection: Connection) -> None:
                connection.execute("DELETE FROM identity_used WHERE until < ?", (now,))  # noqa: B023
                if issuer is not None:  # noqa: B023
                    issuer.purge(connection)  # noqa: B023

            await self._ledger.transact(work)
            await self.sessions.purge()

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


def _unauthenticated(
    message: str = "You are not signed in, or no longer; sign in again.",
) -> AigcError:
    return AigcError("signed-out", message, ErrorKind.UNAUTHENTICATED)
