"""Local accounts: made, signed in to, their passwords and second factors (ADR 20)."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import accounts as account_store
from coordinator.identity import roles
from coordinator.identity.accounts import Account, OneTime, clean_line, normal_username
from coordinator.identity.foundation import Foundation, unauthenticated
from coordinator.identity.issuer import Issuer
from coordinator.identity.issuer_devices import DeviceRequest
from coordinator.identity.passwords import Passwords
from coordinator.identity.ports import Connection, Ledger, Reactor
from coordinator.identity.second_factors import Factor, WrongCodeError, app_link
from coordinator.identity.secret import digest, new_secret
from coordinator.identity.sessions import Kind, SessionRow
from coordinator.identity.settings import (
    BEARER_LIMIT,
    FRESH_SIGN_IN,
    LOCAL_ISSUER,
    SECOND_STEP_LIFETIME,
    IdentitySettings,
    SecondFactorRule,
)
from coordinator.identity.throttle import Asker, Throttle

_STEPS_AT_MOST = 1000  # sign-ins between password and second factor, in all
_DEVICE_CODES_FREE = 10  # of an hour, right or wrong
_CODES_AT_MOST = 5  # then the password is asked for again


@dataclass(frozen=True, slots=True)
class IssuerLogin:
    """Somebody who is signed in at the embedded issuer.

    Attributes:
        auth_time: when the person proved it, in seconds.
        amr: how (RFC 8176), with spaces between.
        must_change: the password was a one-time one.
        must_enrol: a second factor is demanded and not set up.
    """

    session: SessionRow
    account: Account
    auth_time: int
    amr: str
    must_change: bool
    must_enrol: bool
    factor: Factor | None


@dataclass(frozen=True, slots=True)
class SignInStep:
    """The password was right. ``token``: of the issuer's session, or of the step to the second
    factor where one is ``wanted``."""

    token: str = field(repr=False)
    wanted: bool


@dataclass(slots=True)
class _Step:
    account: Account
    until: float
    wrong: int = 0


class AccountDesk(Foundation):
    """What people and IT do with local accounts. Methods belong to the event loop."""

    def __init__(
        self,
        ledger: Ledger,
        reactor: Reactor,
        settings: IdentitySettings,
        clock: Clock,
        passwords: Passwords | None,
    ) -> None:
        super().__init__(ledger, reactor, settings, clock, passwords)
        self._steps: OrderedDict[bytes, _Step] = OrderedDict()
        self._device_throttle = Throttle(clock, free=_DEVICE_CODES_FREE)

    # --- what IT does ------------------------------------------------------------------------

    async def create_account(
        self,
        username: str,
        name: str,
        role: Role = Role.CREATOR,
        password: str | None = None,
        by: PersonId | None = None,
    ) -> tuple[Person, OneTime | None]:
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
        return await self._see(person_of(new.account)), new.one_time

    async def reset_password(self, person_id: PersonId, by: PersonId) -> OneTime:
        """A new one-time password for a local person; their sessions end, API tokens stay.

        Raises:
            AigcError: no local account.
        """
        account = await self._local(person_id)
        one_time, stored = await self.accounts.one_time()

        def work(connection: Connection) -> None:
            account_store.set_password(connection, account.subject, stored, one_time.until)
            self._audit(connection, by, "password-reset", person_id)

        await self._ledger.transact(work)
        await self._end_person(person_id, account.subject)
        return one_time

    async def reset_second_factor(self, person_id: PersonId, by: PersonId) -> None:
        """Take the second factor off a local account; the person's sessions end.

        Raises:
            AigcError: no local account, or it has none.
        """
        account = await self._local(person_id)

        def work(connection: Connection) -> None:
            if not self.second_factors.remove(connection, account.subject):
                raise AigcError(
                    "second-factor-none",
                    "This account has no second factor.",
                    ErrorKind.CONFLICT,
                )
            self._audit(connection, by, "second-factor-reset", person_id)

        await self._ledger.transact(work)
        await self._end_person(person_id, account.subject)

    async def rotate_issuer_key(self, by: PersonId, at_once: bool) -> tuple[str, datetime]:
        """See :meth:`IssuerKeys.rotate`: the new key's id, and when it begins to sign.

        Raises:
            AigcError: people sign in elsewhere.
        """
        return await self._embedded().keys.rotate(by, at_once)

    # --- signing in at the embedded issuer ---------------------------------------------------

    def asker(self, username: str, address: str, cookies: Mapping[str, str]) -> Asker:
        """Who tries to sign in to that account: known by a cookie, or a stranger."""
        account = normal_username(username[:200])
        value = cookies.get(self.known_browsers.cookie_name(account), "")
        return Asker(address, self.known_browsers.browser_of(account, value))

    def known_cookie(self, username: str, cookies: Mapping[str, str]) -> tuple[str, str] | None:
        """The cookie that a browser keeps after signing in; None: it has a good one."""
        name = self.known_browsers.cookie_name(username)
        value = self.known_browsers.value_for(username, cookies.get(name, ""))
        return (name, value) if value else None

    async def issuer_sign_in(self, username: str, password: str, asker: Asker) -> SignInStep:
        """The first step: a name and a password.

        Raises:
            AigcError: see :meth:`Accounts.sign_in`.
        """
        target = clean_line(username, 64)
        async with self._recorded(f"address {asker.address}", "sign-in", target):
            account = await self.accounts.sign_in(username, password, asker)
            self._active_or_new(roles.person_id(LOCAL_ISSUER, account.subject))
        factor = await self._factor(account.subject)
        if factor is None:
            return SignInStep(await self._issuer_session(account, "pwd"), False)
        token = new_secret("f")
        self._steps[digest(token)] = _Step(account, self._step_end())
        while len(self._steps) > _STEPS_AT_MOST:
            self._steps.popitem(last=False)
        return SignInStep(token, True)

    def signing_in(self, token: str) -> Account | None:
        """Whose second factor that step waits for, if it is not over."""
        step = self._steps.get(digest(token)) if 0 < len(token) <= BEARER_LIMIT else None
        return step.account if step and step.until > self._clock.monotonic() else None

    async def issuer_second_step(self, token: str, code: str, asker: Asker) -> str:
        """The second step: a code of the app, or a recovery code. The issuer's session.

        Raises:
            AigcError: the step is over, the code is wrong, or too many were.
        """
        account, key = self.signing_in(token), digest(token)
        if account is None:
            raise unauthenticated("The sign-in took too long; begin again with the password.")
        async with self._recorded(f"address {asker.address}", "second-factor", account.username):
            try:
                amr = await self._prove(account, code, asker)
            except WrongCodeError:
                step = self._steps.get(key)
                if step is not None:
                    step.wrong += 1
                    if step.wrong >= _CODES_AT_MOST:
                        del self._steps[key]
                raise
            if self._steps.pop(key, None) is None:
                raise unauthenticated()
            self._active_or_new(roles.person_id(LOCAL_ISSUER, account.subject))
        return await self._issuer_session(account, amr)

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
        factor = await self._factor(account.subject)
        return IssuerLogin(
            row,
            account,
            int(detail["auth_time"]),
            str(detail.get("amr", "pwd")),
            account.must_change,
            factor is None and self._demands_factor(account),
            factor,
        )

    async def web_session(self, token: str) -> SessionRow | None:
        """The session of the coordinator's pages with this cookie, if any."""
        if not token or len(token) > BEARER_LIMIT or not token.isascii():
            return None
        return await self.sessions.find(token, Kind.WEB)

    def is_fresh(self, auth_time: float) -> bool:
        """Whether somebody proved who they are at most ten minutes ago (seconds)."""
        return self._clock.now().timestamp() - auth_time <= FRESH_SIGN_IN.total_seconds()

    # --- what a person does with the own account ---------------------------------------------

    async def change_password(
        self,
        login: IssuerLogin,
        current: str,
        new: str,
        asker: Asker,
        keep: Collection[str] = (),
    ) -> None:
        """The person's own choice; sessions end, but for the issuer's own and those to ``keep``.

        Raises:
            AigcError: the current one is wrong, or the new one not acceptable.
        """
        account = login.account
        async with self._recorded(login.session.person_id, "password-change", account.username):
            stored = await self.accounts.checked(account.username, current, new, asker)

        def work(connection: Connection) -> None:
            account_store.set_password(connection, account.subject, stored, None)
            self._audit(connection, login.session.person_id, "password-change", account.username)

        await self._ledger.transact(work)
        await self.end_others(login, keep)

    async def end_others(self, login: IssuerLogin, keep: Collection[str]) -> int:
        """End a person's sessions, but for the issuer's own and those to ``keep``; how many."""
        person_id, subject = login.session.person_id, login.account.subject
        return await self._end_person(person_id, subject, {login.session.id, *keep})

    async def device_request(
        self, login: IssuerLogin, user_code: str, address: str
    ) -> DeviceRequest:
        """What waits for the code that a person typed (RFC 8628).

        Raises:
            AigcError: nothing does, or too many codes were tried.
        """
        tries = (f"session {login.session.id}", f"account {login.account.subject}", address)
        for one in tries:
            # Right codes count as well: one's own must not pay for guesses of others'.
            self._device_throttle.attempt("", Asker(one, unguessable=True))
        found = await self._embedded().device_request(user_code)
        if found is None:
            error = AigcError(
                "device-code-unknown",
                "No program waits for this code. Look at it once more; a code lasts ten minutes.",
                ErrorKind.NOT_FOUND,
            )
            await self._refusals.record(
                login.session.person_id, "device-code", login.account.username, error
            )
            raise error
        return found

    def minutes_since(self, at: datetime) -> int:
        """Whole minutes since then."""
        return max(0, int((self._clock.now() - at).total_seconds() // 60))

    async def begin_factor(self, login: IssuerLogin) -> tuple[str, str]:
        """The secret to type into an app, and the link that its QR code says.

        Raises:
            AigcError: there is one already, or the sign-in is too old for it.
        """
        self._fresh(login)
        subject, username = login.account.subject, login.account.username
        secret = await self._ledger.transact(lambda c: self.second_factors.begin(c, subject))
        return secret, app_link(secret, username, self.settings.studio_name)

    async def confirm_factor(
        self, login: IssuerLogin, code: str, asker: Asker, keep: Collection[str] = ()
    ) -> list[str]:
        """The app shows the right code: asked for from now on. The recovery codes, told once.

        Raises:
            AigcError: the code is wrong, or the sign-in is too old for it.
        """
        self._fresh(login)
        account = login.account

        def work(connection: Connection) -> list[str]:
            codes = self.second_factors.confirm(connection, account.subject, code)
            self._audit(connection, login.session.person_id, "second-factor-set", account.username)
            return codes

        async with self._recorded(login.session.person_id, "second-factor-set", account.username):
            self.second_throttle.attempt(account.username, asker)
            codes = await self._ledger.transact(work)
        self.second_throttle.succeeded(account.username, asker)
        await self.end_others(login, keep)
        return codes

    async def remove_factor(self, login: IssuerLogin, code: str, asker: Asker) -> None:
        """No second factor any more; a code of it must be shown.

        Raises:
            AigcError: the code is wrong, or the studio demands a second factor.
        """
        if self._demands_factor(login.account):
            raise AigcError(
                "second-factor-demanded",
                "Your studio demands a second factor of you; IT can reset it if you have a new "
                "phone.",
                ErrorKind.FORBIDDEN,
            )
        account = login.account
        async with self._recorded(login.session.person_id, "second-factor-off", account.username):
            await self._prove(account, code, asker)

        def work(connection: Connection) -> None:
            self.second_factors.remove(connection, account.subject)
            self._audit(connection, login.session.person_id, "second-factor-off", account.username)

        await self._ledger.transact(work)

    async def new_recovery_codes(self, login: IssuerLogin, code: str, asker: Asker) -> list[str]:
        """Ten fresh recovery codes; those from before are worth nothing.

        Raises:
            AigcError: the code is wrong.
        """
        account = login.account
        async with self._recorded(login.session.person_id, "recovery-codes", account.username):
            await self._prove(account, code, asker)

        def work(connection: Connection) -> list[str]:
            self._audit(connection, login.session.person_id, "recovery-codes", account.username)
            return self.second_factors.new_recovery_codes(connection, account.subject)

        return await self._ledger.transact(work)

    # --- inside ------------------------------------------------------------------------------

    async def _end_person(
        self, person_id: PersonId, subject: str, keep: Collection[str] = ()
    ) -> int:
        # A sign-in between password and second factor began with what is no longer good.
        for key in [k for k, step in self._steps.items() if step.account.subject == subject]:
            del self._steps[key]
        return await super()._end_person(person_id, subject, keep)

    async def _prove(self, account: Account, code: str, asker: Asker) -> str:
        self.second_throttle.attempt(account.username, asker)
        amr = await self._ledger.transact(
            lambda c: self.second_factors.check(c, account.subject, code)
        )
        self.second_throttle.succeeded(account.username, asker)
        return amr

    async def _factor(self, subject: str) -> Factor | None:
        return await self._ledger.read(lambda c: self.second_factors.find(c, subject))

    def _demands_factor(self, account: Account) -> bool:
        person = self._reactor.studio.people.get(roles.person_id(LOCAL_ISSUER, account.subject))
        role = person.role if person else account.role
        match self.settings.second_factor:
            case SecondFactorRule.EVERYBODY:
                return True
            case SecondFactorRule.ADMINS:
                return role is Role.ADMIN
            case SecondFactorRule.OFF:
                return False

    def _fresh(self, login: IssuerLogin) -> None:
        if not self.is_fresh(login.auth_time):
            raise AigcError(
                "sign-in-old",
                "This needs a sign-in of the last ten minutes: sign in again.",
                ErrorKind.UNAUTHENTICATED,
            )

    async def _issuer_session(self, account: Account, amr: str) -> str:
        auth_time = int(self._clock.now().timestamp())
        detail = {"subject": account.subject, "auth_time": auth_time, "amr": amr}
        token, _ = await self.sessions.create(
            Kind.ISSUER,
            roles.person_id(LOCAL_ISSUER, account.subject),
            detail=json.dumps(detail),
        )
        return token

    def _step_end(self) -> float:
        return self._clock.monotonic() + SECOND_STEP_LIFETIME.total_seconds()

    async def _local(self, person_id: PersonId) -> Account:
        person = self._reactor.studio.people.get(person_id)
        if person is None or person.issuer != LOCAL_ISSUER:
            account = None
        else:
            account = await self._embedded().known(person.subject)
        if account is None:
            raise AigcError(
                "account-unknown", "This person has no local account.", ErrorKind.NOT_FOUND
            )
        return account

    def _embedded(self) -> Issuer:
        if self.issuer is None:
            raise AigcError(
                "no-local-accounts",
                f"People sign in at {self.settings.issuer}: make accounts there.",
                ErrorKind.CONFLICT,
            )
        return self.issuer


def person_of(account: Account) -> Person:
    """The person whom a local account stands for."""
    return Person(
        id=roles.person_id(LOCAL_ISSUER, account.subject),
        issuer=LOCAL_ISSUER,
        subject=account.subject,
        name=account.name,
        email=account.email,
        role=account.role,
        teams=account.teams,
    )
