"""What one person, one engine and one address may take of the door, seen from outside."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aigc.door_limits import DoorLimits
from tests.gateway.conformance.door import SECONDS, Door, Reply, open_door, read_all, read_reply
from tests.gateway.conformance.raw_engine import OK, EngineStream, Seen
from tests.gateway.conformance.test_answers import SWITCHED, WEBSOCKET
from tests.gateway.place import HOST, until
from tests.standins.clock import FakeClock, settle

pytestmark = pytest.mark.attack(16)

GET = b"GET /x HTTP/1.1\r\n<good>\r\n"
PAGE = b"GET /x HTTP/1.1\r\n<host><cookie>Accept: text/html\r\nAccept-Language: LANGUAGE\r\n\r\n"


class Visitor:
    """One raw connection."""

    def __init__(
        self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.door, self.reader, self.writer = door, reader, writer

    def say(self, raw: bytes) -> None:
        self.writer.write(self.door.fill(raw))

    async def hear(self) -> Reply | None:
        return await read_reply(self.reader)

    async def ask(self, raw: bytes) -> Reply:
        self.say(raw)
        reply = await self.hear()
        assert reply is not None
        return reply


@contextlib.asynccontextmanager
async def visitors(door: Door, count: int) -> AsyncIterator[list[Visitor]]:
    found: list[Visitor] = []
    try:
        async with asyncio.timeout(SECONDS):
            for _ in range(count):
                found.append(Visitor(door, *await door.place.connect()))
            yield found
    finally:
        for visitor in found:
            visitor.writer.transport.abort()


def hold(door: Door) -> asyncio.Event:
    """Answers to /held wait for the event."""
    due = asyncio.Event()

    async def answer(stream: EngineStream, _: Seen) -> None:
        await due.wait()
        await stream.send(OK)

    door.engine.answers["/held"] = answer
    return due


def said(reply: Reply | None) -> tuple[int, str]:
    """Status and reason of a refusal, which says when to come again."""
    assert reply is not None
    (after,) = reply.all("retry-after")
    assert int(after) > 0
    return reply.status, json.loads(reply.body)["error"]


async def test_connections_of_strangers(tmp_path: Path) -> None:
    limits = DoorLimits(unknown_connections_per_address=3)
    async with open_door(tmp_path, limits=limits) as door, visitors(door, 3) as (first, *_):
        async with visitors(door, 1) as (one_more,):
            assert said(await one_more.hear()) == (503, "too-many-connections")
            assert await read_all(one_more.reader) == b""
        # Who signs in is no stranger any more, and makes room for another one.
        assert (await first.ask(GET)).status == 200
        async with visitors(door, 1) as (another,):
            assert (await another.ask(b"GET /x HTTP/1.1\r\n<host>\r\n")).status == 401
            async with visitors(door, 1) as (one_more,):
                assert said(await one_more.hear()) == (503, "too-many-connections")


async def test_connections_in_all(tmp_path: Path) -> None:
    async with (
        open_door(tmp_path, limits=DoorLimits(connections=3)) as door,
        visitors(door, 3) as three,
    ):
        for visitor in three:
            assert (await visitor.ask(GET)).status == 200
        async with visitors(door, 1) as (one_more,):
            assert said(await one_more.hear()) == (503, "too-many-connections")
        three[0].writer.close()
        await three[0].writer.wait_closed()
        await settle(200)
        async with visitors(door, 1) as (another,):
            assert (await another.ask(GET)).status == 200


async def test_requests_at_once_of_one_person_and_of_one_engine(tmp_path: Path) -> None:
    limits = DoorLimits(requests_per_person=2, requests_per_instance=3)
    async with open_door(tmp_path, limits=limits) as door:
        due = hold(door)
        held = b"GET /held HTTP/1.1\r\n<good>\r\n"
        async with visitors(door, 4) as (first, second, third, fourth):
            for visitor in (first, second):
                visitor.say(held)
            await until(lambda: len(door.engine.seen) == 2, "two are held")
            assert said(await third.ask(GET)) == (429, "too-many-at-once")
            assert said(await third.ask(held)) == (429, "too-many-at-once")
            # A page for people, in their language, which tries again by itself.
            page = await third.ask(PAGE.replace(b"LANGUAGE", b"en"))
            assert page.status == 429
            assert page.all("retry-after")
            assert b"Too much at once" in page.body
            assert b'http-equiv="refresh"' in page.body
            page = await third.ask(PAGE.replace(b"LANGUAGE", b"zh-CN"))
            assert "请求过多".encode() in page.body
            # The engine's own limit holds whoever they are; others are not concerned.
            door.place.coordinator.put_route("other", owner_id="mei")
            mei = await door.place.sign_in("other", person="mei")
            other = b"GET /x HTTP/1.1\r\nHost: other.localhost\r\nCookie: __Host-aigc=%b\r\n\r\n"
            door.place.addresses[("inst-other", 1)] = ("127.0.0.1", door.engine.port)
            assert (await fourth.ask(other % mei.encode())).status == 200
            due.set()
            for visitor in (first, second):
                reply = await visitor.hear()
                assert reply is not None
                assert reply.status == 200
            assert (await third.ask(GET)).status == 200


async def test_an_engine_has_a_limit_of_its_own(tmp_path: Path) -> None:
    async with open_door(tmp_path, limits=DoorLimits(requests_per_instance=1)) as door:
        due = hold(door)
        async with visitors(door, 2) as (first, second):
            first.say(b"GET /held HTTP/1.1\r\n<good>\r\n")
            await until(lambda: len(door.engine.seen) == 1, "one is held")
            assert said(await second.ask(GET)) == (503, "engine-busy")
            due.set()
            assert await first.hear() is not None
            assert (await second.ask(GET)).status == 200


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        (DoorLimits(websockets_per_person=2), (429, "too-many-websockets")),
        (DoorLimits(websockets_per_instance=2), (503, "engine-busy")),
    ],
)
async def test_websockets(tmp_path: Path, limits: DoorLimits, refusal: tuple[int, str]) -> None:
    async with open_door(tmp_path, limits=limits) as door:
        door.engine.answers["/ws"] = SWITCHED
        async with visitors(door, 4) as (first, second, third, fourth):
            for visitor in (first, second):
                assert (await visitor.ask(WEBSOCKET)).status == 101
            assert said(await third.ask(WEBSOCKET)) == refusal
            assert (await third.ask(GET)).status == 200, "plain requests are not concerned"
            first.writer.close()
            await first.writer.wait_closed()
            await settle(200)
            assert (await fourth.ask(WEBSOCKET)).status == 101


async def test_the_rate_of_one_person(tmp_path: Path) -> None:
    clock = FakeClock(datetime.now(UTC))
    async with open_door(tmp_path, clock, DoorLimits(requests_per_second=3)) as door:
        await clock.advance(15)
        async with visitors(door, 2) as (first, second):
            for number in range(30):
                visitor = (first, second)[number % 2]
                assert (await visitor.ask(GET)).status == 200
            assert said(await first.ask(GET)) == (429, "too-many-requests")
            assert said(await second.ask(GET)) == (429, "too-many-requests")
            await clock.advance(1.5)
            assert (await first.ask(GET)).status == 200
        # It is told where refusals are told, once a minute.
        await clock.advance(60)
        await until(lambda: bool(door.place.coordinator.refusals), "the coordinator was told")
        (refusal,) = door.place.coordinator.refusals
        assert (refusal.limit, refusal.person_id) == ("too-many-requests", "lin")
        assert (refusal.instance_id, refusal.times) == (f"inst-{HOST}", 2)


async def test_the_rate_of_a_stranger(tmp_path: Path) -> None:
    """Guessing of cookies and of hand-off codes."""
    clock = FakeClock(datetime.now(UTC))
    async with open_door(tmp_path, clock, DoorLimits(unknown_requests_per_second=2)) as door:
        await clock.advance(15)
        guess = b"GET /.aigc/handoff?code=x HTTP/1.1\r\n<host>Cookie: __Host-aigc-nonce=y\r\n\r\n"
        async with visitors(door, 2) as (first, second):
            for number in range(20):
                visitor = (first, second)[number % 2]
                assert (await visitor.ask(guess)).status in (400, 403)
            assert said(await first.ask(guess)) == (429, "too-many-requests")
            assert said(await second.ask(b"GET /x HTTP/1.1\r\n<host>\r\n")) == (
                429,
                "too-many-requests",
            )
            page = await first.ask(b"GET / HTTP/1.1\r\n<host>Accept: text/html\r\n\r\n")
            assert page.status == 429
            assert HOST.capitalize().encode() not in page.body, "a stranger learns no name"
            # Who has a session is not held up by them, from the same address.
            async with visitors(door, 1) as (person,):
                assert (await person.ask(GET)).status == 200
