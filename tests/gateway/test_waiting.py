"""Page visits, the waiting page, hand-off, and what remains while the coordinator is away."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from gateway.handoff import local_path
from gateway.waiting import choose_language, format_bytes
from protos.aigc.v1 import common_pb2
from tests.gateway.place import HOST, Place, client_of, connect_websocket, open_place, until

VISIT = {
    "Accept": "text/html",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
    "Origin": "",
}


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path) as place:
        yield place


def visitor(place: Place, token: str | None, **headers: str) -> httpx.AsyncClient:
    merged = {**{k.replace("-", "_"): v for k, v in VISIT.items()}, **headers}
    return client_of(place, token, **{k.replace("_", "-"): v for k, v in merged.items()})


async def until_state(place: Place, token: str, text: str) -> httpx.Response:
    """Ask the waiting page (which starts nothing) until it shows a text."""
    async with visitor(place, token) as client:
        for _ in range(500):
            answer = await client.get("/.aigc/waiting")
            if text in answer.text or (answer.status_code == 303 and text == "303"):
                return answer
            await asyncio.sleep(0.02)
    raise AssertionError(f"{text!r} never came, but {answer.status_code} {answer.text[-600:]}")


def set_state(place: Place, state: str, **fields: object) -> None:
    number = common_pb2.InstanceState.Value(f"INSTANCE_STATE_{state}")
    place.coordinator.put_route(HOST, state=number, **fields)


async def test_only_the_owners_visit_starts_an_engine(place: Place) -> None:
    """Pitfall 4."""
    token = await place.sign_in()
    set_state(place, "STOPPED")
    await until_state(place, token, "Stopped")
    async with visitor(place, token) as client:
        page = await client.get("/some/page?x=1")
        assert page.status_code == 503
        assert "Asked to start" in page.text
        assert 'data-to="/some/page?x=1"' in page.text
    await until(lambda: len(place.coordinator.visits) == 1, "the visit is told")
    visit = place.coordinator.visits[0]
    assert (visit.instance_id, visit.person_id) == (f"inst-{HOST}", "lin")
    # Neither the page's own requests nor a visit while it is on its way are another one.
    set_state(place, "PREPARING", line=common_pb2.Sentence(en="Preparing", zh="准备中"))
    await until_state(place, token, "Preparing")
    async with visitor(place, token) as client:
        await client.get("/")
        await client.get("/.aigc/waiting")
    assert len(place.coordinator.visits) == 1
    assert place.coordinator.last_person_ms(f"inst-{HOST}") == 0


async def test_the_page_shows_parts_queue_and_reason_in_both_languages(place: Place) -> None:
    token = await place.sign_in()
    parts = [
        common_pb2.PartProgress(
            part=common_pb2.PartProgress.PART_IMAGE,
            bytes_done=4_100_000_000,
            bytes_total=9_800_000_000,
        ),
        common_pb2.PartProgress(part=common_pb2.PartProgress.PART_DATA, done=True),
    ]
    line = common_pb2.Sentence(en="Preparing <b>now</b>", zh="准备中")
    set_state(place, "PREPARING", parts=parts, line=line, simulated=True, title="My <Comfy>")
    page = await until_state(place, token, "4.1 GB of 9.8 GB")
    assert "Preparing &lt;b&gt;now&lt;/b&gt;" in page.text
    assert "My &lt;Comfy&gt;" in page.text
    assert "simulated GPU" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind, tag in (("style", "style"), ("script", "script")):
        (inline,) = re.findall(f"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page.text)
    async with visitor(place, token, Accept_Language="fr, zh-CN;q=0.9, en;q=0.5") as client:
        chinese = (await client.get("/.aigc/waiting")).text
    assert "准备中" in chinese
    assert "镜像" in chinese
    assert "模拟" in chinese
    line = common_pb2.Sentence(en="needs 20 GB on one card", zh="需要 20 GB")
    set_state(place, "QUEUED", queue_position=2, line=line)
    page = await until_state(place, token, "Position 2 in line")
    assert "needs 20 GB on one card" in page.text


async def test_the_page_turns_into_the_engine_and_counts_as_nobody(place: Place) -> None:
    token = await place.sign_in()
    set_state(place, "STARTING")
    await until_state(place, token, "On its way")
    async with client_of(place, token, Accept="text/event-stream") as client:
        async with client.stream("GET", "/.aigc/events") as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            said = []
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    said.append(json.loads(line[6:]))
                    if said[-1]["ready"]:
                        break
                    set_state(place, "READY")
        assert [s["ready"] for s in said] == [False, True]
    async with visitor(place, token) as client:
        page = await client.get("/")
        assert "the engine" in page.text
        reload = await client.get("/.aigc/waiting?to=/a%3Fb")
        assert (reload.status_code, reload.headers["location"]) == (303, "/a?b")
    await asyncio.sleep(0.3)
    assert place.coordinator.last_person_ms(f"inst-{HOST}") == 0


async def test_the_pages_event_stream_ends_with_its_session(place: Place) -> None:
    token = await place.sign_in()
    set_state(place, "STARTING")
    await until_state(place, token, "On its way")
    async with client_of(place, token) as client:
        async with client.stream("GET", "/.aigc/events") as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            place.coordinator.revoke(token)
            async with asyncio.timeout(20):
                rest = [line async for line in lines]
        assert not any('"ready": true' in line for line in rest)
        assert (await client.get("/.aigc/events")).status_code == 401


async def test_failure_is_shown_with_try_again(place: Place) -> None:
    token = await place.sign_in()
    sentence = "Could not start: the image does not exist."
    set_state(place, "FAILED", line=common_pb2.Sentence(en=sentence))
    page = await until_state(place, token, sentence)
    assert "Try again" in page.text
    assert 'http-equiv="refresh"' not in page.text
    async with client_of(place, token, Origin="http://evil.example") as client:
        assert (await client.post("/.aigc/start?to=/x")).status_code == 403
    async with client_of(place, token) as client:
        again = await client.post("/.aigc/start?to=/x")
        assert (again.status_code, again.headers["location"]) == (303, "/.aigc/waiting?to=%2Fx")
        assert (await client.get("/.aigc/start")).status_code == 405
    await until(lambda: len(place.coordinator.visits) == 1, "the start is told")
    set_state(place, "STOPPED", can_start=False)
    page = await until_state(place, token, "ask IT")
    async with client_of(place, token) as client:
        assert (await client.post("/.aigc/start")).status_code == 409


async def test_a_refused_start_says_why_at_once(place: Place) -> None:
    token = await place.sign_in()
    set_state(place, "STOPPED")
    await until_state(place, token, "Stopped")
    async with visitor(place, token) as client:
        assert "Asked to start" in (await client.get("/")).text
    why = common_pb2.Sentence(
        en="Not started: version 1.0 was <withdrawn>", zh="未启动：版本 1.0 已停用"
    )
    async with (
        client_of(place, token, Accept="text/event-stream") as client,
        client.stream("GET", "/.aigc/events") as answer,
    ):
        said = []
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                said.append(json.loads(line[6:]))
                if len(said) == 2:
                    break
                set_state(place, "STOPPED", line=why, start_refused=True)
    assert [s["phase"] for s in said] == ["coming", "failed"]
    assert "Not started: version 1.0 was &lt;withdrawn&gt;" in said[1]["html"]
    assert "Try again" in said[1]["html"]
    page = await until_state(place, token, "Not started: version 1.0")
    assert 'http-equiv="refresh"' not in page.text
    async with visitor(place, token, Accept_Language="zh-CN") as client:
        assert "未启动：版本 1.0 已停用" in (await client.get("/.aigc/waiting")).text
    # Tried again, and this time it begins: nothing of the refusal is left.
    async with client_of(place, token) as client:
        assert (await client.post("/.aigc/start")).status_code == 303
    await until(lambda: len(place.coordinator.visits) == 2, "the start is told")
    set_state(place, "STARTING", line=common_pb2.Sentence(en="Starting"), start_refused=False)
    page = await until_state(place, token, "Starting")
    assert "Not started" not in page.text


async def test_hand_off(place: Place) -> None:
    async with visitor(place, None) as client:
        sent = await client.get("/work?a=1")
        assert sent.status_code == 303
        to = urlsplit(sent.headers["location"])
        assert f"{to.scheme}://{to.netloc}{to.path}" == "https://coordinator.test:7440/handoff"
        query = {k: v[0] for k, v in parse_qs(to.query).items()}
        cookie = sent.headers["set-cookie"]
        nonce = re.fullmatch(
            r"__Host-aigc-nonce=([A-Za-z0-9_-]{43}); Path=/; Secure; HttpOnly; SameSite=Lax; "
            r"Max-Age=600",
            cookie,
        )
        assert nonce is not None
        digest = hashlib.sha256(nonce[1].encode()).digest()
        assert query == {
            "host": HOST,
            "to": "/work?a=1",
            "nonce_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        # A second tab keeps the first one's nonce.
        client.cookies.clear()
        kept = {"Cookie": f"__Host-aigc-nonce={nonce[1]}"}
        again = await client.get("/", headers=kept)
        assert query["nonce_hash"] in again.headers["location"]
        place.coordinator.put_code("good", HOST, nonce[1], "lin", "/work?a=1")
        # Without the nonce, or with another's, the code is worth nothing (fixation).
        client.cookies.clear()
        assert (await client.get("/.aigc/handoff?code=good")).status_code == 400
        other = {"Cookie": f"__Host-aigc-nonce={'x' * 43}"}
        assert (await client.get("/.aigc/handoff?code=good", headers=other)).status_code == 403
        place.coordinator.put_code("good", HOST, nonce[1], "lin", "/work?a=1")
        done = await client.get("/.aigc/handoff?code=good", headers=kept)
        assert (done.status_code, done.headers["location"]) == (303, "/work?a=1")
        cookies = done.headers.get_list("set-cookie")
        token = cookies[0].split(";")[0].partition("=")[2]
        assert cookies[0].endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")
        assert cookies[1].startswith("__Host-aigc-nonce=; ")
        assert cookies[1].endswith("Max-Age=0")
        client.cookies.clear()
        reused = await client.get("/.aigc/handoff?code=good", headers=kept)
        assert reused.status_code == 403
        assert "used or is too old" in reused.text
    async with visitor(place, token) as client:
        assert "the engine" in (await client.get("/")).text


async def test_signed_out_programs_get_401(place: Place) -> None:
    async with client_of(place, None) as client:
        for path in ("/api", "/.aigc/events", "/.aigc/waiting"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["error"]) == (401, "signed-out")
            assert "set-cookie" not in answer.headers


async def test_while_the_coordinator_is_away(place: Place) -> None:
    token = await place.sign_in()
    place.coordinator.put_route("other")
    other = await place.sign_in("other")
    set_state(place, "READY")
    async with connect_websocket(place, token) as socket:
        await place.coordinator.stop()
        async with visitor(place, token) as client:
            # A running engine's page, changes and WebSocket go on.
            assert "the engine" in (await client.get("/")).text
            own = {"Origin": place.origin, "Sec-Fetch-Site": "same-origin"}
            assert (await client.post("/echo", content=b"x", headers=own)).content == b"x"
            await socket.send("still here")
            assert await socket.recv() == "echo: still here"
        async with visitor(place, None) as client:
            for _ in range(500):
                page = await client.get("/")
                if page.status_code == 503:
                    break
                await asyncio.sleep(0.02)
            assert "coordinator does not answer" in page.text
            assert 'http-equiv="refresh"' in page.text
            assert HOST.capitalize() not in page.text  # a stranger learns no name
        # Back, with the other engine stopped meanwhile: acts of the absence are told.
        number = common_pb2.INSTANCE_STATE_STOPPED
        place.coordinator.routes["other"].state = number
        place.coordinator.activity.clear()
        await place.coordinator.start()
        await until(lambda: place.coordinator.streams == 1, "the gateway is back", 10)
        await until(
            lambda: place.coordinator.last_person_ms(f"inst-{HOST}") > 0, "the acts are told"
        )
        await until(lambda: place.coordinator.tunnels.get("node-1") == 2, "tunnels are told")
        await socket.send("and after")
        assert await socket.recv() == "echo: and after"
    await place.coordinator.stop()
    async with visitor(place, other, Host=f"other.localhost:{place.port}") as client:
        for _ in range(500):
            page = await client.get("/")
            if "coordinator does not answer" in page.text:
                break
            await asyncio.sleep(0.02)
        assert page.status_code == 503
        assert "coordinator does not answer" in page.text
    await place.coordinator.start()
    assert place.coordinator.visits == []


async def test_a_gateway_where_nothing_happens_says_so(place: Place) -> None:
    """Pitfall 1: silence would mean that nobody looked; it tells an empty batch instead."""
    await until(lambda: place.coordinator.batches >= 2, "two batches without any act", 30)
    assert place.coordinator.activity == []


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/", "/"),
        ("/a/b?c=d&e=%2F", "/a/b?c=d&e=%2F"),
        ("//evil", "/"),
        ("/\\evil", "/"),
        ("/a\\b", "/"),
        ("/\tevil", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/%2f%2fevil", "/"),
        ("/%5cevil", "/"),
        ("https://evil", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/é", "/"),
        ("/.aigc/handoff?code=x", "/"),
        ("/" + "x" * 3000, "/"),
    ],
)
def test_only_local_paths_are_returned_to(path: str, to: str) -> None:
    assert local_path(path) == to


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        (b"", "en"),
        (b"zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (b"en-GB,en;q=0.9,zh;q=0.8", "en"),
        (b"de, zh;q=0.3", "zh"),
        (b"zh;q=0", "en"),
        (b"zh;q=nonsense", "en"),
    ],
)
def test_language(accept: bytes | None, language: str) -> None:
    assert choose_language(accept) == language


def test_bytes() -> None:
    assert [format_bytes(n) for n in (0, 999, 1500, 4_100_000_000, 9_999_000_000_000)] == [
        "0 B",
        "999 B",
        "2 kB",
        "4.1 GB",
        "9999.0 GB",
    ]
