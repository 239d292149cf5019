"""API tokens at the gateway: what they open, what the engine never sees, and who they die with."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

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

pytestmark = pytest.mark.attack(25)


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path) as place:
        yield place


def script(place: Place, secret: str, **headers: str) -> httpx.AsyncClient:
    """As curl sends it: a bearer, and nothing that only browsers send."""
    return client_of(place, **{"Authorization": f"Bearer {secret}", "Origin": "", **headers})


async def known(place: Place, secret: str) -> str:
    """Returns once the gateway was told of it."""
    async with script(place, secret) as client:

        async def told() -> bool:
            return (await client.get("/seen")).status_code != 401

        await eventually(told, "the token reached the gateway")
    return secret


async def until_key(place: Place, secret: str, key: str) -> httpx.Response:
    async with script(place, secret) as client, asyncio.timeout(20):
        while True:
            answer = await client.get("/seen")
            if answer.status_code != 200 and answer.json()["error"] == key:
                return answer
            await asyncio.sleep(0.05)


async def test_a_script_reaches_the_engine_and_the_engine_sees_no_token(place: Place) -> None:
    secret = await known(place, place.coordinator.put_token())
    async with script(place, secret) as client:
        answer = await client.post("/echo", content=b"work")
        assert (answer.status_code, answer.content) == (200, b"work")
    seen = str(place.engine.requests)
    assert secret not in seen
    assert "authorization" not in {n.lower() for n in place.engine.headers_of_last()}
    told = {n.lower(): v for n, v in place.engine.headers_of_last().items()}
    assert told["x-aigc-user"] == "lin"
    headers: dict[str, str | None] = {"Authorization": f"Bearer {secret}", "Origin": None}
    async with connect_websocket(place, None, **headers) as socket:
        await socket.send("x")
        assert await asyncio.wait_for(socket.recv(), 20) == "echo: x"
    assert secret not in str(place.engine.requests)
    # A script's work is its person's.
    await until(lambda: place.coordinator.last_person_ms(f"inst-{HOST}") > 0, "counted as use")


async def test_a_script_that_polls_is_nobody(place: Place) -> None:
    secret = await known(place, place.coordinator.put_token())
    async with script(place, secret) as client:
        for _ in range(5):
            assert (await client.get("/seen", headers={"Accept": "text/html"})).status_code == 200
    batches = place.coordinator.batches
    await until(lambda: place.coordinator.batches > batches + 1, "two batches")
    assert place.coordinator.last_person_ms(f"inst-{HOST}") == 0


async def test_an_engines_own_password_passes_with_a_cookie(place: Place) -> None:
    cookie = await place.sign_in()
    basic = "Basic " + base64.b64encode(b"lin:of-the-engine").decode()
    for value in (basic, "Bearer of-the-engine"):
        async with client_of(place, cookie, Authorization=value) as client:
            assert (await client.get("/seen")).status_code == 200
        told = {n.lower(): v for n, v in place.engine.headers_of_last().items()}
        assert told["authorization"] == value


@pytest.mark.parametrize("form", ["Bearer {}x", "Token {}", "Basic {}", "{}", "Bearer {} {}"])
async def test_a_wrong_token_is_401_and_goes_nowhere(place: Place, form: str) -> None:
    secret = await known(place, place.coordinator.put_token())
    cookie = await place.sign_in()
    before = len(place.engine.requests)
    for signed_in in (None, cookie):
        async with client_of(place, signed_in, Authorization=form.format(secret, secret)) as client:
            answer = await client.get("/seen")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="engine"')
        assert secret not in answer.text
    hidden = base64.b64encode(f"lin:{secret}".encode()).decode()
    async with client_of(place, cookie, Authorization=f"Basic {hidden}") as client:
        assert (await client.get("/seen")).status_code == 401
    assert len(place.engine.requests) == before


async def test_it_dies_with_its_person_and_its_share(place: Place) -> None:
    until_ms = round((time.time() + 3600) * 1000)
    guest = {"person_id": "ann", "view": False, "until_ms": until_ms}
    place.coordinator.put_route(HOST, guests=[guest])
    secret = await known(place, place.coordinator.put_token("ann"))
    async with script(place, secret) as client:
        assert (await client.post("/seen")).status_code == 200
        guest["view"] = True
        place.coordinator.put_route(HOST, guests=[guest])

        async def refused() -> bool:
            return (await client.post("/seen")).status_code == 403

        await eventually(refused, "no more than to look on")
        assert (await client.get("/seen")).status_code == 200
    place.coordinator.put_route(HOST)
    await until_key(place, secret, "not-yours")
    place.coordinator.revoke_token(secret)  # what the coordinator says when Ann is disabled
    answer = await until_key(place, secret, "token-invalid")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_stopped_engine_is_told_with_the_way_to_start_it(place: Place) -> None:
    secret = await known(place, place.coordinator.put_token())
    place.coordinator.put_route(HOST, state=STOPPED)
    answer = await until_key(place, secret, "engine-stopped")
    assert answer.status_code == 503
    assert f"inst-{HOST}" in answer.json()["message"]
    assert "aigc start" in answer.json()["message"]
    assert place.coordinator.visits == []


async def test_no_secret_is_in_the_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A gateway's whole life at DEBUG, with a token and a cookie that come and go."""
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="gateway"):
        async with open_place(tmp_path) as place:
            secret = await known(place, place.coordinator.put_token())
            cookie = await place.sign_in()
            for headers in (
                {"Authorization": f"Bearer {secret}"},
                {"Authorization": f"Basic {secret}"},
            ):
                async with client_of(place, cookie, **headers) as client:
                    await client.get("/seen")
                    await client.post("/.aigc/start")
            place.coordinator.revoke_token(secret)
            await until_key(place, secret, "token-invalid")
    told = [r for r in caplog.records if not r.name.startswith("httpcore")]  # the test's own client
    assert any(r.name.startswith("gateway") for r in told), "nothing was logged"
    for text in ("\n".join(r.getMessage() for r in told), "".join(capfd.readouterr())):
        assert secret not in text
        assert cookie not in text
