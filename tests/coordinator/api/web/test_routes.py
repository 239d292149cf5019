"""Line 27: every route of the web application times everybody; a new route without a policy fails.

Who gets in is one of: everybody, issuer clients, signed-in people, the owner, an admin.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount, Route

from coordinator.api.web import create_web_app
from coordinator.domain.people import Role
from coordinator.domain.sharing import Access
from coordinator.naming import share_request, start_request
from coordinator.refusals import Refusals
from tests.coordinator.identity.house import ENGINE, House, csrf_of, open_house

OPEN = "everybody"
CLIENT = "a client of the issuer"
PERSON = "somebody signed in"
OWNER = "the owner"
GUEST = "the owner or a guest"
NAMED = "whose it is, and who was named in it; for others there is no such thing"
ADMIN = "an admin"
POLICIES = {
    "/": PERSON,
    "/engines": PERSON,
    "/engines/list": PERSON,
    "/engines/events": PERSON,
    "/engines/start": PERSON,
    "/engines/{engine}/icon.svg": OPEN,
    "/instances/{instance}/share": OWNER,
    "/shares/{share}/end": NAMED,
    "/tokens": PERSON,
    "/tokens/{token}/revoke": NAMED,
    "/instances/{instance}/delete": OWNER,
    "/instances/{instance}/{action}": OWNER,
    "/trash/{instance}/restore": OWNER,
    "/signin": OPEN,
    "/callback": OPEN,
    "/signout": OPEN,
    "/signed-out": OPEN,
    "/setup": OPEN,
    "/link": PERSON,
    "/handoff": GUEST,
    "/healthz": OPEN,
    "/trust": OPEN,
    "/ca.pem": OPEN,
    "/ca-{number:int}.pem": OPEN,
    "/language": OPEN,
    "/static/{name}": OPEN,
    "/oidc/.well-known/openid-configuration": OPEN,
    "/oidc/jwks": OPEN,
    "/oidc/authorize": CLIENT,
    "/oidc/login": CLIENT,
    "/oidc/second": CLIENT,
    "/oidc/account": PERSON,
    "/oidc/password": PERSON,
    "/oidc/second-factor": PERSON,
    "/oidc/device": PERSON,
    "/oidc/device_authorization": CLIENT,
    "/oidc/token": CLIENT,
    "/oidc/revoke": CLIENT,
    "/oidc/userinfo": CLIENT,
    "/oidc/end_session": OPEN,
    "/admin": OPEN,
    "/admin/people": ADMIN,
    "/admin/people/new": ADMIN,
    "/admin/people/{person_id}": ADMIN,
    "/admin/people/{person_id}/{act}": ADMIN,
}


def routes_of(house: House) -> dict[str, set[str]]:
    app = create_web_app(
        house.identity,
        house.reactor,
        url_of=lambda host: f"http://{host}.localhost",
        refusals=Refusals(house.ledger, house.clock),
        clock=house.clock,
    )
    found: dict[str, set[str]] = {}

    def walk(routes: Any, prefix: str) -> None:
        for route in routes:
            if isinstance(route, Mount):
                walk(route.routes, prefix + route.path)
            else:
                assert isinstance(route, Route), route
                found.setdefault(prefix + route.path, set()).update(route.methods or ())

    walk(app.routes, "")
    return found


@pytest.mark.attack(27)
async def test_attack_27_every_route_times_everybody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        routes = await asyncio.to_thread(routes_of, house)
        assert set(routes) == set(POLICIES)
        await house.add("it", Role.ADMIN, "IT")
        lin = await house.add()
        await house.add("wu", name="Wu Min")
        made = await house.reactor.ask(start_request(lin.id, engine_id=ENGINE.id))
        assert made.instance is not None
        await house.add("lead", Role.TEAM_LEAD, "Lead")
        await house.add("audit", Role.AUDITOR, "Audit")
        ann, kai = await house.add("ann", name="Ann"), await house.add("kai", name="Kai")
        for guest, access in ((ann, Access.USE), (kai, Access.VIEW)):
            hour = timedelta(hours=1)
            asked = share_request(made.instance.id, lin.id, access, hour, person=guest.id)
            await house.reactor.ask(asked)
        _, token_info = await house.identity.create_token(lin, "lins")
        shares = dict(house.reactor.studio.shares)
        kais = next(share.id for share in shares.values() if share.person == kai.id)
        # Nobody, another creator, guests who use and look on, ...
        for username in ("", "wu", "ann", "kai", "lead", "audit", "it"):
            async with house.browser() as browser:
                token = ""
                if username:
                    token = csrf_of(await browser.sign_in(username, to="/engines"))
                for path, methods in routes.items():
                    policy = POLICIES[path]
                    concrete = path.replace(":int", "").format_map(
                        {
                            "number": 1,
                            "person_id": lin.id,
                            "act": "enable",
                            "instance": made.instance.id,
                            "action": "stop",
                            "engine": ENGINE.id,
                            "name": "style.css",
                            "token": token_info.id,
                            "share": kais,
                        }
                    )
                    if path == "/handoff":
                        concrete += f"?host={made.instance.host}&nonce_hash={'x' * 43}&to=/"
                    for method in sorted(methods - {"HEAD"}):
                        if path == "/signout" or (path == "/engines/events" and username):
                            continue  # ends the session; never ends
                        data = {"csrf": token} if method == "POST" else None
                        answer = await browser.request(method, concrete, data=data)
                        where = (username, method, path, answer.status_code)
                        signs_in = answer.headers.get("location", "").startswith(
                            ("/signin", "/oidc/login")
                        )
                        assert answer.status_code < 500, where
                        if policy is GUEST and username == "ann":
                            location = answer.headers.get("location", "")
                            assert location.startswith(f"http://{made.instance.host}."), where
                        elif policy is NAMED and username == "kai" and "share" in path:
                            assert answer.status_code == 303, where
                        elif policy is NAMED and username:
                            assert answer.status_code == 404, where
                        elif policy is NAMED:
                            assert answer.status_code == 401, where
                        elif policy in (OWNER, GUEST):
                            allowed = not username and signs_in
                            assert allowed or answer.status_code in (401, 403), where
                        elif policy is CLIENT:
                            assert answer.status_code in (400, 401), where
                        elif policy is ADMIN and username == "it":
                            assert answer.status_code in (200, 303, 400), where
                        elif policy is ADMIN:
                            assert signs_in if not username else answer.status_code == 403, where
                        elif policy is PERSON and not username:
                            assert signs_in or answer.status_code in (401, 403), where
        assert house.reactor.studio.instances[made.instance.id].state == "queued"
        assert shares.keys() - house.reactor.studio.shares.keys() == {kais}  # Kai gave it back
        assert [t.id for t in await house.identity.list_tokens(lin.id)] == [token_info.id]
