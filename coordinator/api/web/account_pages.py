"""The pages of one's own local account: password, second factor, other places."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aigc.errors import AigcError
from coordinator.api.web.http import address_of, language_of, said, see_other
from coordinator.api.web.issuer_door import IssuerDoor, here_of
from coordinator.api.web.sign_in import form_status, with_retry
from coordinator.api.web.texts import text
from coordinator.identity import IssuerLogin
from coordinator.identity.throttle import Asker


class AccountPages:
    """Routes ``account``, ``password``, ``second-factor`` and ``device`` below ``/oidc``."""

    def __init__(self, door: IssuerDoor) -> None:
        self._door = door
        self._identity = door.identity
        self._pages = door.pages

    def routes(self) -> list[Route]:
        return [
            Route("/account", self.account, methods=["GET", "POST"]),
            Route("/password", self.password, methods=["GET", "POST"]),
            Route("/second-factor", self.second_factor, methods=["GET", "POST"]),
            Route("/device", self.device, methods=["GET", "POST"]),
        ]

    async def account(self, request: Request) -> Response:
        """What belongs to the account; POST signs it out everywhere else."""
        login = await self._door.admitted(request, "account")
        if isinstance(login, Response):
            return login
        notice = ""
        if request.method == "POST":
            await self._pages.form(request)
            ended = await self._identity.end_others(login, await self._door.kept(request))
            notice = text("others_ended", language_of(request), count=ended)
        return self._pages.page(
            request,
            "account.html",
            name=login.account.name,
            username=login.account.username,
            factor=_factor(login),
            notice=notice,
        )

    async def password(self, request: Request) -> Response:
        """A password of one's own: asked for after a one-time one, and whenever one likes."""
        fields, action = here_of(request)
        login = await self._door.login(request)
        if login is None:
            return see_other("/oidc/login?to=password")
        if request.method == "GET":
            return self._password_page(request, login, action)
        form = await self._pages.form(request)
        try:
            if form["password"] != form["again"]:
                raise AigcError("password-differs", "The two new passwords differ.")
            await self._identity.change_password(
                login,
                form["current"],
                form["password"],
                self._door.asker(request, login.account.username),
                await self._door.kept(request),
            )
        except AigcError as error:
            return self._password_page(request, login, action, error)
        return self._onward(request, fields, "password_saved")

    async def second_factor(self, request: Request) -> Response:
        """Set up, removed, or its recovery codes made anew."""
        fields, action = here_of(request)
        login = await self._door.login(request)
        if login is None or (login.factor is None and not self._identity.is_fresh(login.auth_time)):
            to = action.partition("?")[2] if self._leads_somewhere(request, fields) else ""
            return see_other(f"/oidc/login?{to or 'to=second-factor'}")
        if login.must_change:
            return see_other(action.replace("/second-factor", "/password", 1))
        if request.method == "GET":
            return await self._factor_page(request, login, action)
        form = await self._pages.form(request)
        asker = self._door.asker(request, login.account.username)
        try:
            if form["act"] == "remove":
                await self._identity.remove_factor(login, form["code"], asker)
                return see_other("/oidc/account")
            codes = await self._codes(request, login, form["act"], form["code"], asker)
        except AigcError as error:
            return await self._factor_page(request, login, action, error)
        onward = "/oidc/account"
        if self._leads_somewhere(request, fields):
            onward = self._door.onward(fields)
        return self._pages.page(request, "recovery.html", codes=codes, onward=onward)

    async def device(self, request: Request) -> Response:
        """Where the code of a program without a browser is entered, and agreed to."""
        login = await self._door.admitted(request, "device")
        if isinstance(login, Response):
            return login
        if request.method == "GET":
            return self._device_page(request, request.query_params.get("user_code", "")[:20])
        form = await self._pages.form(request)
        if form["ticket"]:
            return await self._answer_device(request, login, form["ticket"], form["answer"])
        code = form["user_code"][:40]
        try:
            waiting = await self._identity.device_request(login, code, address_of(request))
        except AigcError as error:
            return self._device_page(request, code, error)
        minutes = self._identity.minutes_since(waiting.asked_at)
        return self._pages.page(
            request,
            "device_confirm.html",
            device=waiting.device,
            address=waiting.address,
            same=waiting.address == address_of(request),
            minutes=minutes,
            code=code.upper(),
            name=login.account.name,
            ticket=self._pages.sign({"user_code": code, "session": login.session.id}),
        )

    async def _answer_device(
        self, request: Request, login: IssuerLogin, ticket: str, answer: str
    ) -> Response:
        value = self._pages.signed(ticket)
        answered = False
        agreed = answer == "yes"
        if value is not None and value["session"] == login.session.id:
            answered = await self._door.issuer.answer_device(
                value["user_code"], login.account, login.auth_time, login.amr, agreed
            )
        if not answered:
            language = language_of(request)
            return self._pages.message(
                request,
                404,
                "error_title",
                text("device_gone", language),
                link="/oidc/device",
                link_text=text("device_again", language),
            )
        return self._pages.page(request, "device_done.html", agreed=agreed)

    async def _codes(
        self, request: Request, login: IssuerLogin, act: str, code: str, asker: Asker
    ) -> list[str]:
        if act == "recovery":
            return await self._identity.new_recovery_codes(login, code, asker)
        kept = await self._door.kept(request)
        return await self._identity.confirm_factor(login, code, asker, kept)

    def _leads_somewhere(self, request: Request, fields: list[tuple[str, str]]) -> bool:
        return bool(fields) and self._door.refusal(request, fields) is None

    def _onward(self, request: Request, fields: list[tuple[str, str]], done: str) -> Response:
        if self._leads_somewhere(request, fields) and self._door.own_page(fields) != "password":
            return see_other(self._door.onward(fields))
        language = language_of(request)
        return self._pages.message(
            request,
            200,
            "account_title",
            text(done, language),
            link="/oidc/account",
            link_text=text("account_title", language),
        )

    def _password_page(
        self, request: Request, login: IssuerLogin, action: str, error: AigcError | None = None
    ) -> Response:
        fields, _ = here_of(request)
        response = self._pages.page(
            request,
            "password.html",
            form_status(error),
            form_to=self._door.form_to(fields),
            must=login.must_change,
            username=login.account.username,
            action=action,
            error=said(error, language_of(request)) if error else "",
        )
        return with_retry(response, error)

    async def _factor_page(
        self, request: Request, login: IssuerLogin, action: str, error: AigcError | None = None
    ) -> Response:
        shown: dict[str, Any] = {"secret": "", "qr": ""}
        if login.factor is None:
            secret, link = await self._identity.begin_factor(login)
            code = segno.make(link, error="m", micro=False)
            shown["secret"] = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
            # Without a size of its own: the style sheet gives it one, and all of it is seen.
            shown["qr"] = code.svg_inline(omitsize=True, light="#fff", border=4, svgclass="qr")
        fields, _ = here_of(request)
        response = self._pages.page(
            request,
            "second_factor.html",
            form_status(error),
            form_to=self._door.form_to(fields),
            factor=_factor(login),
            must=login.must_enrol,
            action=action,
            error=said(error, language_of(request)) if error else "",
            **shown,
        )
        return with_retry(response, error)

    def _device_page(self, request: Request, code: str, error: AigcError | None = None) -> Response:
        response = self._pages.page(
            request,
            "device.html",
            form_status(error),
            code=code,
            error=said(error, language_of(request)) if error else "",
        )
        return with_retry(response, error)


def _factor(login: IssuerLogin) -> dict[str, Any] | None:
    if login.factor is None:
        return None
    since = login.factor.since.astimezone(UTC).strftime("%Y-%m-%d")
    return {"since": since, "left": login.factor.recovery_left}
