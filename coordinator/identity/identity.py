"""Who may: the one place where every session, token and person is checked."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.instance import Instance
from coordinator.domain.people import Person, PersonId
from coordinator.domain.sharing import access_of
from coordinator.identity import roles
from coordinator.identity.accounts import clean_line
from coordinator.identity.admission import Admission
from coordinator.identity.foundation import unauthenticated
from coordinator.identity.grace import Grace
from coordinator.identity.handoff import Handoffs
from coordinator.identity.issuer import Issuer
from coordinator.identity.links import Links
from coordinator.identity.own_transport import OwnTransport
from coordinator.identity.passwords import Passwords
from coordinator.identity.people_desk import PeopleDesk
from coordinator.identity.ports import Connection, Ledger, Reactor
from coordinator.identity.providers import Provider
from coordinator.identity.relying_party import Redeemed, RelyingParty
from coordinator.identity.secret import digest
from coordinator.identity.sessions import BrowserSessionRow, Kind, SessionRow, SessionWatch
from coordinator.identity.settings import (
    BEARER_LIMIT,
    CLOCK_LEEWAY,
    IdentitySettings,
)
from coordinator.identity.tokens import PREFIX, ApiToken, Scope, Terms

log = logging.getLogger(__name__)

_PURGE_SECONDS = 60.0
_HINTS_AT_MOST = 5000  # ID tokens of a few KiB each


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """What a client must know to sign in."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    loopback_host: str
    studio_name: str
    web_url: str
    extra: Mapping[str, str] = field(default_factory=dict)
    issuer_ca_pem: bytes = field(default=b"", repr=False)
    client_secret: str = field(default="", repr=False)


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
    read_only: bool = False  # an API token that changes nothing


class Identity(PeopleDesk):
    """The facade. Its methods belong to the event loop; :meth:`run` must be running."""

    def __init__(
        self,
        ledger: Ledger,
        reactor: Reactor,
        settings: IdentitySettings,
        clock: Clock,
        passwords: Passwords | None = None,
    ) -> None:
        super().__init__(ledger, reactor, settings, clock, passwords)
        self._handoffs = Handoffs(clock)
        self._families: set[asyncio.Task[None]] = set()
        self.issuer = None
        web_secret = ""
        self._own = None if settings.oidc else OwnTransport()
        if settings.oidc is None:
            self.issuer = Issuer(
                ledger, clock, settings.web_url, self._may_sign_in, self._family_ended
            )
            web_secret = self.issuer.web_secret
        self.client = settings.client(web_secret)
        self.relying_party = RelyingParty(
            Provider(self.client, clock, self._own), self.client, settings.web_url, clock
        )
        self._admission = Admission(
            self.relying_party, self.client, settings.person_issuer, self._people, self._became
        )
        away = self.relying_party.issuer_is_away if settings.oidc else None
        self._grace = Grace(self.client.grace, away, clock)
        self._hints: OrderedDict[str, str] = OrderedDict()  # ID tokens by web session, newest last
        self.links = Links(
            ledger,
            reactor,
            self.accounts,
            self._people,
            settings.person_issuer,
            clock,
            self.sessions.end_person,
            self._recorded,
            self._tokens.tell,
        )

    # --- life --------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what must be in memory before the first request."""
        if self.issuer is not None:
            await self.issuer.load()
        await self._follow_disabled()

    def serve_issuer(self, app: Any) -> None:
        """Tell which application answers at the coordinator's web address, the issuer's included.

        The embedded issuer is reached through it and in no other way.
        """
        if self._own is not None:
            self._own.lead_to(app)

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

    # --- signing in --------------------------------------------------------------------------

    def sign_in_options(self) -> SignInOptions:
        """What tray and command line need to know."""
        client = self.client
        return SignInOptions(
            issuer=client.issuer,
            client_id=client.native_client_id,
            scopes=client.scopes,
            loopback_host=client.loopback_host,
            studio_name=self.settings.studio_name,
            web_url=self.settings.web_url,
            extra=client.extra,
            issuer_ca_pem=client.ca_pem,
            client_secret=client.native_client_secret,
        )

    async def exchange(
        self, id_token: str, nonce: str, access_token: str = "", device: str = ""
    ) -> Session:
        """A fresh ID token of the native client becomes a session of one hour, once.

        Raises:
            AigcError: the token is not good, was exchanged already, or the person is disabled.
        """
        claims = await self.relying_party.check(
            id_token, self.client.native_client_id, nonce, nonce_required=False
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
                raise AigcError(
                    "sign-in-used",
                    "This sign-in was used already; sign in again.",
                    ErrorKind.UNAUTHENTICATED,
                )

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
        token, row = await self.sessions.create(
            Kind.WEB, person.id, device=clean_line(device, 80), detail=_proven(redeemed)
        )
        self._hints[row.id] = redeemed.id_token
        while len(self._hints) > _HINTS_AT_MOST:
            self._hints.popitem(last=False)
        return token, row

    async def prove_again(self, row: SessionRow, redeemed: Redeemed) -> bool:
        """Somebody with a browser session signed in anew; False: it was somebody else.

        Raises:
            AigcError: the person is disabled, or userinfo contradicts.
        """
        person = await self._admit(redeemed.claims, redeemed.access_token)
        if person.id != row.person_id:
            return False
        await self.sessions.set_detail(row.id, _proven(redeemed))
        return True

    def proves_freshly(self, redeemed: Redeemed) -> bool:
        """Whether the issuer says that the person proved it at most ten minutes ago."""
        return self.is_fresh(float(_proven(redeemed) or 0))

    def web_is_fresh(self, row: SessionRow) -> bool:
        """Whether a browser session's person proved who they are at most ten minutes ago."""
        return self.is_fresh(float(row.detail or 0))

    async def sign_out_web(self, caller: Caller, return_to: str) -> str | None:
        """End a browser's session; where to go on to sign out at the issuer, too.

        None: it has no such place, the studio wants it so, or it cannot be asked now.
        """
        id_token = self._hints.pop(caller.session_id, "")
        await self.sessions.end(caller.session_id)
        if not self.client.sign_out_there:
            return None
        try:
            return await self.relying_party.end_session_url(return_to, id_token)
        except AigcError as error:
            log.info("signed out here, but the issuer cannot be asked: %s", error.key)
            return None

    async def extend(self, caller: Caller) -> datetime:
        """The new end of a session that cannot be renewed because the issuer is away.

        Raises:
            AigcError: see :meth:`Grace.until`; or it is no session of tray or command line.
        """
        row = await self.sessions.by_id(caller.session_id)
        if caller.kind != "session" or row is None:
            raise unauthenticated()
        until = await self._grace.until(row, caller.person.role)
        if until > row.expires_at:
            await self.sessions.extend(row.id, until)
            log.warning(
                "a session goes on while the issuer is away", extra={"person": caller.person.id}
            )
        return until

    # --- checking ----------------------------------------------------------------------------

    async def check_session(self, token: str) -> Caller:
        """Who shows this bearer token: a session of tray or command line, or an API token.

        Raises:
            AigcError: unauthenticated.
        """
        if not token or len(token) > BEARER_LIMIT or not token.isascii():
            raise unauthenticated()
        if token.startswith(PREFIX):
            found = await self._tokens.find(token)
            if found is None:
                raise unauthenticated("This token is unknown, revoked or expired; make another.")
            person = self._active(found.person_id)
            if found.sleeps(person.role):
                raise unauthenticated(
                    "This token was made when its owner had a higher role; make another."
                )
            if Scope.API not in found.terms.scopes:
                raise AigcError(
                    "token-scope",
                    "This token opens engines at the gateway, not the coordinator's API: make one "
                    "with the scope api.",
                    ErrorKind.FORBIDDEN,
                )
            limited = replace(person, role=roles.lower(person.role, found.role_limit))
            read_only = found.terms.read_only
            return Caller(limited, "token", found.id, found.expires_at, read_only)
        row = await self.sessions.find(token, Kind.SESSION)
        if row is None:
            raise unauthenticated()
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
            raise unauthenticated()
        person = self._active(row.person_id)
        row = await self.sessions.renewed(row)
        return Caller(person, "browser", row.id, row.expires_at), row

    async def wait_ended(self, caller: Caller) -> None:
        """Return when the caller's session is over: revoked, disabled or expired.

        Race a stream with it, so that the stream ends at once.
        """
        with self.sessions.ending(caller.session_id) as ended:
            if not await self._goes_on(caller):
                return
            left = (caller.expires_at - self._clock.now()).total_seconds()
            waiting = asyncio.ensure_future(ended.wait())
            expiry = asyncio.ensure_future(self._clock.sleep(max(0.0, left)))
            try:
                await asyncio.wait((waiting, expiry), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
                expiry.cancel()
                await asyncio.gather(waiting, expiry, return_exceptions=True)

    async def _goes_on(self, caller: Caller) -> bool:
        """Whether it did not end between the check and the wait."""
        person = self._reactor.studio.people.get(caller.person.id)
        if person is None or person.disabled:
            return False
        if caller.kind == "token":
            return await self._tokens.exists(caller.session_id)
        return await self.sessions.by_id(caller.session_id) is not None

    async def sign_out(self, caller: Caller) -> None:
        """End the caller's session and what came of it. An API token is revoked elsewhere."""
        await self.sessions.end(caller.session_id)

    # --- API tokens --------------------------------------------------------------------------

    async def create_token(
        self, person: Person, name: str, days: int = 0, terms: Terms | None = None
    ) -> tuple[str, ApiToken]:
        """See :meth:`ApiTokens.create`."""
        return await self._tokens.create(person.id, person.role, name, days, terms)

    async def engine_tokens(self) -> tuple[ApiToken, ...]:
        """The tokens that open engines at this moment, for the gateway."""
        people = self._reactor.studio.people
        found = ((token, people.get(token.person_id)) for token in await self._tokens.for_engines())
        return tuple(
            token
            for token, person in found
            if person is not None and not person.disabled and not token.sleeps(person.role)
        )

    def token_changes(self) -> AbstractContextManager[asyncio.Event]:
        """See :meth:`ApiTokens.changes`; what becomes of their owners is told by the reactor."""
        return self._tokens.changes()

    async def list_tokens(self, person_id: PersonId) -> tuple[ApiToken, ...]:
        """A person's API tokens, newest first.

        Raises:
            AigcError: unknown.
        """
        self._known(person_id)
        return await self._tokens.list(person_id)

    async def revoke_token(
        self, person_id: PersonId, token_id: str, by: PersonId | None = None
    ) -> None:
        """End an API token and the streams that were opened with it; ``by``: if not its owner.

        Raises:
            AigcError: the person is unknown, or has no such token.
        """
        self._known(person_id)
        await self._tokens.revoke(person_id, token_id, by)
        self.sessions.signal(token_id)

    # --- hand-off to the gateway -------------------------------------------------------------

    async def mint_handoff(
        self, browser_session: SessionRow, instance: Instance, nonce_hash: str, return_path: str
    ) -> str:
        """A code for a visit of the owner or of a guest to an instance.

        Raises:
            AigcError: the instance is not the person's and not shared with them, or the request is
                malformed.
        """
        who, now = browser_session.person_id, self._clock.now()
        if access_of(self._reactor.studio, who, instance, now) is None:
            raise AigcError(
                "not-yours",
                "This engine belongs to somebody else and is not, or no longer, shared with you.",
                ErrorKind.FORBIDDEN,
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
            raise unauthenticated()
        self._active(web.person_id)

        def still(connection: Connection) -> None:
            # A sign-out since that look would find no session of this host to end.
            if not self.sessions.goes_on(connection, web.id):
                raise unauthenticated()

        token, row = await self.sessions.create(
            Kind.HOST,
            web.person_id,
            host=found.host,
            instance_id=found.instance_id,
            parent=web.id,
            end_at=web.end_at,
            within=still,
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
        """A person used these host sessions, or a script these tokens."""
        await self.sessions.slide(token_hashes)
        await self._tokens.note_used(token_hashes)

    # --- inside ------------------------------------------------------------------------------

    async def _admit(self, claims: Mapping[str, Any], access_token: str) -> Person:
        admitted = await self._admission.person_of(claims, access_token)
        person = admitted.person
        if self._active_or_new(person.id) != person:
            await self._see(person)
        await self._people.note_seen(
            person.id, milliseconds(self._clock.now()), admitted.claims_role, admitted.problem
        )
        return person

    def _family_ended(self, family: str, reused: bool) -> None:
        task = asyncio.get_running_loop().create_task(self._end_family(family, reused))
        self._families.add(task)
        task.add_done_callback(self._families.discard)

    async def _end_family(self, family: str, reused: bool) -> None:
        await self.sessions.end_children(family)
        if reused:
            error = AigcError("token-reused", "A used code or token came again.")
            await self._refusals.record("?", "token", family, error)

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
            if issuer is not None:
                await issuer.keep()
            await self.sessions.purge()


def _proven(redeemed: Redeemed) -> str:
    """When the person proved who they are, in seconds, as the issuer says; else long ago."""
    auth_time = redeemed.claims.get("auth_time")
    return str(int(auth_time)) if isinstance(auth_time, int | float) else ""
