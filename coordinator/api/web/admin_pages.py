"""IT's pages about people: accounts, passwords, second factors, roles. For admins alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aigc.errors import AigcError, ErrorKind
from coordinator.api.web.http import STATUS, Pages, language_of, said, see_other
from coordinator.api.web.sign_in import SignInPages
from coordinator.api.web.texts import text
from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import Identity, PersonFacts
from coordinator.reactor import Reactor

# What ends or gives access: asked once more, with a sign-in of the last ten minutes.
ACTS = ("reset-password", "reset-second-factor", "disable", "enable", "sign-out", "role")
_NOBODY = PersonFacts(False, None)


@dataclass(frozen=True, slots=True)
class _Admin:
    id: PersonId
    fresh: bool


class AdminPages:
    """Routes below ``/admin``."""

    def __init__(
        self, identity: Identity, reactor: Reactor, pages: Pages, sign_in: SignInPages
    ) -> None:
        self._identity = identity
        self._reactor = reactor
        self._pages = pages
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        return [
            Route("/admin", self.begin),
            Route("/admin/people", self.people),
            Route("/admin/people/new", self.new, methods=["GET", "POST"]),
            Route("/admin/people/{person_id}", self.person),
            Route("/admin/people/{person_id}/{act}", self.act, methods=["GET", "POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        return see_other("/admin/people")

    async def people(self, request: Request) -> Response:
        """Everybody who has an account or signed in."""
        admin = await self._admin(request)
        if isinstance(admin, Response):
            return admin
        facts = await self._identity.person_facts()
        known = self._reactor.studio.people.values()
        people = sorted((p for p in known if p.became is None), key=lambda p: (p.name, p.id))
        return self._pages.page(
            request,
            "people.html",
            people=[self._view(request, p, facts.get(p.id, _NOBODY)) for p in people],
            local=self._identity.issuer is not None,
        )

    async def new(self, request: Request) -> Response:
        """A local account; its one-time password is shown once."""
        admin = await self._admin(request, fresh=True)
        if isinstance(admin, Response):
            return admin
        if request.method == "GET":
            return self._new_page(request)
        form = await self._pages.form(request)
        try:
            person, one_time = await self._identity.create_account(
                form["username"], form["name"], _role(form["role"]), by=admin.id
            )
        except AigcError as error:
            return self._new_page(request, error, form["username"], form["name"], form["role"])
        assert one_time is not None  # no password was given
        return self._password_page(request, person, one_time.password, one_time.until)

    async def person(self, request: Request) -> Response:
        """One person, and what may be done."""
        admin = await self._admin(request)
        if isinstance(admin, Response):
            return admin
        return await self._person_page(request, self._known(request), admin)

    async def act(self, request: Request) -> Response:
        """What will happen, and a button for it; POST does it."""
        act = request.path_params["act"]
        if act not in ACTS:
            raise HTTPException(404)
        admin = await self._admin(request, fresh=True)
        if isinstance(admin, Response):
            return admin
        person = self._known(request)
        if request.method == "GET":
            return await self._confirm_page(request, person, act)
        form = await self._pages.form(request)
        try:
            return await self._do(request, person, act, form["role"], admin.id)
        except AigcError as error:
            return await self._person_page(request, person, admin, error)

    async def _do(
        self, request: Request, person: Person, act: str, role: str, by: PersonId
    ) -> Response:
        identity = self._identity
        match act:
            case "reset-password":
                one_time = await identity.reset_password(person.id, by)
                return self._password_page(request, person, one_time.password, one_time.until)
            case "reset-second-factor":
                await identity.reset_second_factor(person.id, by)
            case "disable" | "enable":
                await identity.set_disabled(person.id, act == "disable", by)
            case "sign-out":
                await identity.sign_out_everywhere(person.id, by)
            case _:
                await identity.set_role(person.id, _role(role), by)
        return see_other(_address(person))

    async def _admin(self, request: Request, fresh: bool = False) -> _Admin | Response:
        """Who asks; else where to sign in.

        Raises:
            AigcError: somebody, but no admin.
        """
        found = await self._sign_in.who(request)
        if found is None:
            return see_other(f"/signin?{urlencode({'next': request.url.path})}")
        caller, row = found
        if caller.person.role is not Role.ADMIN:
            raise AigcError("admins-only", "This page is for admins.", ErrorKind.FORBIDDEN)
        is_fresh = self._identity.web_is_fresh(row)
        if fresh and not is_fresh:
            return see_other(f"/signin?{urlencode({'fresh': '1', 'next': request.url.path})}")
        return _Admin(caller.person.id, is_fresh)

    def _known(self, request: Request) -> Person:
        person = self._reactor.studio.people.get(PersonId(request.path_params["person_id"]))
        if person is None or person.became is not None:
            raise HTTPException(404)
        return person

    async def _person_page(
        self, request: Request, person: Person, admin: _Admin, error: AigcError | None = None
    ) -> Response:
        person = self._reactor.studio.people.get(person.id, person)
        facts = (await self._identity.person_facts()).get(person.id, _NOBODY)
        return self._pages.page(
            request,
            "person.html",
            STATUS[error.kind] if error else 200,
            person=self._view(request, person, facts),
            roles=list(Role),
            own=person.id == admin.id,
            error=said(error, language_of(request)) if error else "",
        )

    async def _confirm_page(self, request: Request, person: Person, act: str) -> Response:
        facts = (await self._identity.person_facts()).get(person.id, _NOBODY)
        language = language_of(request)
        key = act.replace("-", "_")
        return self._pages.page(
            request,
            "person_act.html",
            title=text(f"act_{key}", language),
            name=person.name,
            sentence=text(
                f"ask_{key}",
                language,
                name=person.name,
                sessions=facts.sessions,
                tokens=facts.tokens,
            ),
            danger=act != "enable",
            action=f"{_address(person)}/{act}",
            back=_address(person),
            roles=list(Role) if act == "role" else [],
            role=person.role,
        )

    def _new_page(
        self,
        request: Request,
        error: AigcError | None = None,
        username: str = "",
        name: str = "",
        role: str = Role.CREATOR,
    ) -> Response:
        return self._pages.page(
            request,
            "person_new.html",
            STATUS[error.kind] if error else 200,
            username=username,
            name=name,
            role=role,
            roles=list(Role),
            error=said(error, language_of(request)) if error else "",
        )

    def _password_page(
        self, request: Request, person: Person, password: str, until: datetime
    ) -> Response:
        return self._pages.page(
            request,
            "person_password.html",
            name=person.name,
            password=password,
            until=_moment(until),
            back=_address(person),
        )

    def _view(self, request: Request, person: Person, facts: PersonFacts) -> dict[str, Any]:
        language = language_of(request)
        until = facts.one_time_until
        return {
            "id": person.id,
            "name": person.name,
            "email": person.email,
            "username": facts.username,
            "role": person.role,
            "role_name": text(f"role_{person.role}", language),
            "teams": ", ".join(person.teams),
            "local": facts.local,
            "disabled": person.disabled,
            "second_factor": facts.second_factor,
            "one_time": _moment(until) if until else "",
            "sessions": facts.sessions,
            "tokens": facts.tokens,
            "seen": _moment(facts.last_seen) if facts.last_seen else text("never", language),
            "address": _address(person),
        }


def _address(person: Person) -> str:
    return f"/admin/people/{quote(person.id, safe='')}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise AigcError("role-unknown", "There is no such role.") from error
