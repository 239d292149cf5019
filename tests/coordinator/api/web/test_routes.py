"""Line 27: every route of the web application times everybody; a new route without a policy fails.

Who gets in is one of: everybody, issuer clients, signed-in people, the owner.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from starlette.routing import Mount, Route

from coordinator.api.web import create_web_app
from coordinator.domain.people import Role
from coordinator.naming import start_request
from coordinator.refusals import Refusals
from tests.coordinator.identity.house import ENGINE, House, csrf_of, open_house

OPEN = "everybody"
CLIENT = "a client of the issuer"
PERSON = "somebody signed in"
OWNER = "the owner"
POLICIES = {
    "/": PERSON,
    "/engines": PERSON,
    "/engines/list": PERSON,
    "/engines/events": PERSON,
    "/engines/start": PERSON,
    "/engines/{engine}/icon.svg": OPEN,
    "/instances/{instance}/delete": OWNER,
    "/instances/{instance}/{action}": OWNER,
    "/trash/{instance}/restore": OWNER,
    "/signin": OPEN,
    "/callback": OPEN,
    "/signout": OPEN,
    "/signed-out": OPEN,
    "/setup": OPEN,
    "/handoff": OWNER,
    "/healthz": OPEN,
    "/trust": OPEN,
    "/ca.pem": OPEN,
    "/language": OPEN,
    "/static/{name}": OPEN,
    "/oidc/.well-known/openid-configuration": OPEN,
    "/oidc/jwks": OPEN,
    "/oidc/authorize": CLIENT,
    "/oidc/login": CLIENT,
    "/oidc/password": PERSON,
    "/oidc/token": CLIENT,
    "/oidc/revoke": CLIENT,
    "/oidc/userinfo": CLIENT,
    "/oidc/end_session": OPEN,
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


async def test_attack_27_every_route_times_everybody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        routes = await asyncio.to_thread(routes_of, house)
        assert set(routes) == set(POLICIES)
        await house.add("it", Role.ADMIN, "IT")
        lin = await house.add()
        await house.add("wu", name="Wu Min")
        made = await house.reactor.ask(start_request(lin.id, engine_id=ENGINE.id))
        assert made.instance is not None
        for username in ("", "wu", "it"):  # nobody, another creator, an admin
            async with house.browser() as browser:
                token = ""
                if username:
                    token = csrf_of(await browser.sign_in(username, to="/engines"))
                for path, methods in routes.items():
                    policy = POLICIES[path]
                    concrete = path.format_map(
                        {
                            "instance": made.instance.id,
                            "action": "stop",
                            "engine": ENGINE.id,
                            "name": "style.css",
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
                        if policy is OWNER:
                            allowed = not username and signs_in
                            assert allowed or answer.status_code in (401, 403), where
                        elif policy is CLIENT:
                            assert answer.status_code in (400, 401), where
                        elif policy is PERSON and not username:
                            assert signs_in or answer.status_code in (401, 403), where
        assert house.reactor.studio.instances[made.instance.id].state == "queued"
