"""Cookies and hand-off codes with guests: a share opens one door and nothing beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from tests.gateway.coordinator import STOPPED
from tests.gateway.place import (
    HOST,
    Place,
    client_of,
    connect_websocket,
    eventually,
    open_place,
    until,
)

ANN, LIN = "ann", "lin"


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path) as place:
        yield place


async def share(place: Place, view: bool = False, seconds: float = 3600, **fields: Any) -> None:
    """Ann may open it; returns once the gateway knows."""
    until_ms = round((time.time() + seconds) * 1000)
    guest = {"person_id": ANN, "view": view, "until_ms": until_ms}
    place.coordinator.put_route(HOST, guests=[guest], **fields)


async def refusal(place: Place, token: str, method: str = "GET", **headers: str) -> str:
    async with client_of(place, token, **headers) as client:
        answer = await client.request(method, "/seen")
        return "" if answer.status_code == 200 else str(answer.json()["error"])


async def until_refused(place: Place, token: str, key: str) -> None:
    async def refused() -> bool:
        return await refusal(place, token) == key

    await eventually(refused, key)


@pytest.mark.attack(12, 17)
async def test_a_guest_comes_in_with_a_session_of_their_own(place: Place) -> None:
    place.coordinator.put_route("sibling")
    await share(place)
    guest = await place.sign_in(person=ANN)
    async with client_of(place, guest) as client:
        answer = await client.post("/seen", json={})
        assert answer.status_code == 200
    seen = {name.lower(): value for name, value in place.engine.headers_of_last().items()}
    assert seen["x-aigc-user"] == ANN  # the engine is told who visits, not whose it is
    assert "x-aigc-access" not in seen
    assert guest not in str(seen)
    # The guest's cookie on another host of the same owner, and the owner's under the guest's.
    sibling = f"sibling.localhost:{place.port}"
    own = {"Origin": f"http://{sibling}"}
    assert await refusal(place, guest, Host=sibling, **own) == "signed-out"
    owner = await place.sign_in(person=LIN)
    async with client_of(place) as client:
        tossed = {"Cookie": f"__Host-aigc={owner}; __Host-aigc={guest}"}
        assert (await client.get("/seen", headers=tossed)).status_code == 400
    # A sibling that the guest was not let into, with a session there: somebody else's.
    stray = await place.sign_in("sibling", ANN)
    assert await refusal(place, stray, Host=sibling, **own) == "not-yours"


@pytest.mark.attack(12)
async def test_a_guests_link_signs_nobody_else_in(place: Place) -> None:
    await share(place)
    place.coordinator.put_code("code-of-ann", HOST, "n" * 43, ANN, "/")
    async with client_of(place, Origin="") as client:
        page = {"Accept": "text/html"}
        # Fixation: the code reaches a browser that did not begin this.
        assert (
            await client.get("/.aigc/handoff?code=code-of-ann", headers=page)
        ).status_code == 400
        begun = {**page, "Cookie": "__Host-aigc-nonce=" + "m" * 43}
        assert (
            await client.get("/.aigc/handoff?code=code-of-ann", headers=begun)
        ).status_code == 403
        mine = {**page, "Cookie": "__Host-aigc-nonce=" + "n" * 43}
        again = await client.get("/.aigc/handoff?code=code-of-ann", headers=mine)
        assert again.status_code == 403  # a wrong try used it up


@pytest.mark.attack(17)
async def test_a_guest_after_the_end_is_a_stranger(place: Place) -> None:
    await share(place)
    guest = await place.sign_in(person=ANN)
    assert await refusal(place, guest) == ""
    place.coordinator.put_route(HOST)
    await until_refused(place, guest, "not-yours")
    for method in ("POST", "DELETE"):
        assert await refusal(place, guest, method) == "not-yours"
    async with client_of(place, guest) as client:
        for page in ("waiting", "events", "start"):
            assert (await client.get(f"/.aigc/{page}")).status_code == 403


@pytest.mark.attack(17)
async def test_time_alone_ends_it_with_the_coordinator_away(place: Place) -> None:
    await share(place, seconds=4)
    guest = await place.sign_in(person=ANN)
    assert await refusal(place, guest) == ""
    await place.coordinator.stop()
    await until_refused(place, guest, "not-yours")


@pytest.mark.attack(17)
async def test_who_looks_on_changes_nothing(place: Place) -> None:
    await share(place, view=True)
    guest = await place.sign_in(person=ANN)
    assert await refusal(place, guest) == ""
    seen = {name.lower(): value for name, value in place.engine.headers_of_last().items()}
    assert (seen["x-aigc-user"], seen["x-aigc-access"]) == (ANN, "view")
    before = len(place.engine.requests)
    for method in ("POST", "PUT", "DELETE", "PATCH", "MKCOL", "PROPFIND"):
        assert await refusal(place, guest, method) == "view-only", method
    assert await refusal(place, guest, X_HTTP_Method_Override="DELETE") == ""
    assert "override" not in str(place.engine.headers_of_last()).lower()
    spoofed = {"X-Aigc-Access": "use", "X_Aigc_Access": "owner"}
    assert await refusal(place, guest, **spoofed) == ""
    told = [v for n, v in place.engine.requests[-1][2] if "access" in n.lower()]
    assert told == ["view"]
    assert len(place.engine.requests) == before + 2
    # Nothing of it is a person's use of the engine.
    batches = place.coordinator.batches
    await until(lambda: place.coordinator.batches > batches + 1, "two batches")
    assert place.coordinator.last_person_ms(f"inst-{HOST}") == 0


@pytest.mark.attack(17)
async def test_who_looks_on_starts_nothing(place: Place) -> None:
    await share(place, view=True, state=STOPPED)
    guest = await place.sign_in(person=ANN)
    page = {"Accept": "text/html", "Origin": ""}
    async with client_of(place, guest, **page) as client:
        shown = await client.get("/")
        assert shown.status_code == 503
        assert "whoever shared it" in shown.text
        assert "/.aigc/start" not in shown.text
    async with client_of(place, guest) as client:
        refused = await client.post("/.aigc/start")
        assert (refused.status_code, refused.json()["error"]) == (403, "view-only")
    assert place.coordinator.visits == []
    await share(place, view=False, state=STOPPED)
    async with client_of(place, guest, **page) as client, asyncio.timeout(20):
        while not place.coordinator.visits:
            await client.get("/")
            await asyncio.sleep(0.05)
    assert place.coordinator.visits[0].person_id == ANN


@pytest.mark.attack(15, 17)
async def test_frames_of_who_looks_on_do_not_arrive(place: Place) -> None:
    await share(place, view=True)
    guest = await place.sign_in(person=ANN)
    async with connect_websocket(place, guest) as socket:
        await socket.send("change everything")
        await socket.send(b"\0" * 70_000)
        await socket.ping()
        waiter = await socket.ping()  # answered by the engine: control frames pass
        await asyncio.wait_for(waiter, 20)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.5)
    await until(lambda: place.engine.open_websockets == 0, "closed at the engine")
    rule = {"path_regex": "^/ws$", "frame_max_bytes": 4, "allow": True}
    await share(place, view=True, viewing=[rule])
    async with asyncio.timeout(20):
        while True:
            async with connect_websocket(place, guest) as socket:
                await socket.send("12345")
                await socket.send("1234")
                try:
                    assert await asyncio.wait_for(socket.recv(), 1) == "echo: 1234"
                    return
                except TimeoutError:
                    continue  # the route was still on its way


@pytest.mark.attack(17)
async def test_a_stranger_gets_no_websocket(place: Place) -> None:
    await share(place)
    stranger = await place.sign_in(person="kai")
    with pytest.raises(InvalidStatus) as caught:
        async with connect_websocket(place, stranger):
            pass
    assert caught.value.response.status_code == 403
