"""The session over real gRPC and TLS: renewal by one, grace, and errors in words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from aigc.errors import AigcError, ErrorKind
from aigc.tls import spki_pin
from desktop_client.config import find_coordinator, load_client_config, save_client_config
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import FileStore, MemoryStore
from protos.aigc.v1 import creator_pb2 as pb
from tests.standins.issuer import Issuer
from tests.standins.session_server import SessionServer, make_authority


class Studio:
    """An issuer and a coordinator's port, with sessions of one person."""

    def __init__(self, issuer: Issuer, server: SessionServer, folder: Path) -> None:
        self.issuer = issuer
        self.server = server
        self.folder = folder

    def session(self, api_token: str | None = None) -> CoordinatorSession:
        return CoordinatorSession(
            Endpoint(self.server.address, self.server.ca_pem),
            FileStore(self.folder / "tokens.json"),
            api_token,
            config_dir=self.folder,
        )

    async def sign_in(self, session: CoordinatorSession) -> pb.Person:
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[str] = loop.create_future()

        def open_browser(url: str) -> None:
            loop.call_soon_threadsafe(asked.set_result, url)

        task = asyncio.create_task(session.sign_in(open_browser, 20))
        task.add_done_callback(lambda _: asked.cancel())
        await asyncio.wait({asked}, timeout=20)
        if not asked.cancelled():
            async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
                await http.get(self.issuer.authorize(asked.result()))
        return await task


@pytest_asyncio.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with (
        Issuer() as issuer,
        SessionServer(issuer.url) as server,  # type: ignore[abstract]  # what is not asked for
    ):
        yield Studio(issuer, server, tmp_path)


async def test_sign_in_use_restart_sign_out(studio: Studio) -> None:
    async with studio.session() as session:
        person = await studio.sign_in(session)
        assert person.name == "Lin Xia"
        assert (await session.sessions.WhoAmI(pb.WhoAmIRequest())).person.id == "lin"
    async with studio.session() as session:
        assert (await session.sessions.WhoAmI(pb.WhoAmIRequest())).person.id == "lin"
        assert studio.server.exchanges == 1
        await session.sign_out()
        assert not studio.server.sessions
        with pytest.raises(AigcError) as caught:
            await session.sessions.WhoAmI(pb.WhoAmIRequest())
        assert caught.value.key == "signed-out"


async def test_a_session_near_its_end_is_renewed(studio: Studio) -> None:
    studio.server.seconds_valid = 300
    async with studio.session() as session:
        await studio.sign_in(session)
        studio.server.seconds_valid = 3600
        await session.sessions.WhoAmI(pb.WhoAmIRequest())
        await session.sessions.WhoAmI(pb.WhoAmIRequest())
        assert studio.server.exchanges == 2
        assert studio.issuer.refreshes == 1


async def test_a_revoked_session_is_renewed_once_then_given_up(studio: Studio) -> None:
    async with studio.session() as session:
        await studio.sign_in(session)
        studio.server.sessions.clear()
        await session.sessions.WhoAmI(pb.WhoAmIRequest())
        assert studio.issuer.refreshes == 1
        studio.server.sessions.clear()
        studio.issuer.manners.refresh_error = "invalid_grant"
        with pytest.raises(AigcError) as caught:
            await session.sessions.WhoAmI(pb.WhoAmIRequest())
        assert caught.value.key == "sign-in-expired"
        assert caught.value.kind is ErrorKind.UNAUTHENTICATED


@pytest.mark.attack(10)
async def test_many_calls_at_once_refresh_once(studio: Studio) -> None:
    studio.server.seconds_valid = 300
    async with studio.session() as session:
        await studio.sign_in(session)
        studio.server.seconds_valid = 3600
        await asyncio.gather(*(session.sessions.WhoAmI(pb.WhoAmIRequest()) for _ in range(20)))
        assert studio.issuer.refreshes == 1


_WHO_AM_I = """
import asyncio, sys
from pathlib import Path
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import FileStore
from protos.aigc.v1 import creator_pb2 as pb

async def ask(address, folder):
    endpoint = Endpoint(address, (folder / "ca.pem").read_bytes())
    store = FileStore(folder / "tokens.json")
    async with CoordinatorSession(endpoint, store, config_dir=folder) as session:
        await session.sessions.WhoAmI(pb.WhoAmIRequest())

asyncio.run(ask(sys.argv[1], Path(sys.argv[2])))
"""


@pytest.mark.attack(10)
async def test_two_processes_refreshing_at_once_sign_nobody_out(studio: Studio) -> None:
    studio.server.seconds_valid = 300
    async with studio.session() as session:
        await studio.sign_in(session)
    studio.server.seconds_valid = 3600
    await asyncio.to_thread((studio.folder / "ca.pem").write_bytes, studio.server.ca_pem)
    arguments = (sys.executable, "-c", _WHO_AM_I, studio.server.address, str(studio.folder))
    processes = [await asyncio.create_subprocess_exec(*arguments) for _ in range(3)]
    async with asyncio.timeout(40):
        codes = [await process.wait() for process in processes]
    assert codes == [0, 0, 0]
    assert studio.issuer.refreshes == 1


@pytest.mark.attack(10)
async def test_killed_between_refresh_and_save_of_the_session(studio: Studio) -> None:
    """The rotated refresh token is saved before anything else can go wrong."""
    async with studio.session() as session:
        await studio.sign_in(session)
        studio.server.sessions.clear()
        await studio.server.stop()
        with pytest.raises(AigcError):
            await session.sessions.WhoAmI(pb.WhoAmIRequest())
    await studio.server.__aenter__()
    async with studio.session() as session:
        await session.sessions.WhoAmI(pb.WhoAmIRequest())


@pytest.mark.attack(26)
async def test_the_issuer_is_away_but_the_session_still_good(studio: Studio) -> None:
    studio.server.seconds_valid = 300
    async with studio.session() as session:
        await studio.sign_in(session)
        await studio.issuer.stop()
        await session.sessions.WhoAmI(pb.WhoAmIRequest())
        studio.server.sessions.clear()
        with pytest.raises(AigcError) as caught:
            await session.sessions.WhoAmI(pb.WhoAmIRequest())
        assert caught.value.key == "issuer-unreachable"
        assert await session.stored() is not None


async def test_clock_version_and_network_are_told_apart(studio: Studio) -> None:
    async with studio.session() as session:
        studio.server.clock_offset = -300
        with pytest.raises(AigcError, match="5 minutes ahead") as caught:
            await studio.sign_in(session)
        assert caught.value.key == "clock-off"
        studio.server.clock_offset = 0
        studio.server.version = "7.0"
        with pytest.raises(AigcError) as caught:
            await session.options()
        assert caught.value.key == "version-skew"
        await studio.server.stop()
        with pytest.raises(AigcError) as caught:
            await session.options()
        assert caught.value.key == "coordinator-refused"
    endpoint = Endpoint("no-such-host.invalid:7443", studio.server.ca_pem)
    async with CoordinatorSession(endpoint, MemoryStore(), config_dir=studio.folder) as session:
        with pytest.raises(AigcError, match="does not resolve"):
            await session.options()


async def test_another_coordinator_at_the_address_is_not_trusted(studio: Studio) -> None:
    foreign, _, _ = await asyncio.to_thread(make_authority)
    endpoint = Endpoint(studio.server.address, foreign)
    async with CoordinatorSession(endpoint, MemoryStore(), config_dir=studio.folder) as session:
        with pytest.raises(AigcError) as caught:
            await session.options()
        assert caught.value.key == "pin-mismatch"


@pytest.mark.attack(22)
@pytest.mark.blocking_allowed("saves and loads a small file at start")
async def test_a_rotated_authority_is_followed(studio: Studio) -> None:
    """The present authority tells of its successor; then the successor answers."""
    server = studio.server
    save_client_config(studio.folder, await find_coordinator(server.address))
    successor = make_authority("Test CA 2")
    async with studio.session() as session, studio.session() as other:
        server.told_ca_pem = server.ca_pem + successor[0]
        await session.options()
        assert session.ca_pem == server.told_ca_pem
        saved = load_client_config(studio.folder)
        assert saved is not None
        assert (saved.ca_pem, saved.pin) == (server.told_ca_pem, spki_pin(server.ca_pem))
        await server.come_back_as(successor)
        server.told_ca_pem = successor[0]
        await session.options()
        assert (await session.options()).studio == "Studio North"
        saved = load_client_config(studio.folder)
        assert saved is not None
        assert saved.pin == spki_pin(successor[0])
        with pytest.raises(AigcError) as caught:
            await other.options()  # it never heard of the successor
        assert caught.value.key == "pin-mismatch"


async def test_an_api_token_is_sent_as_it_is(studio: Studio) -> None:
    studio.server.sessions.add("aigc_pat_1")
    async with studio.session("aigc_pat_1") as session:
        await session.sessions.WhoAmI(pb.WhoAmIRequest())
    async with studio.session("aigc_pat_2") as session:
        with pytest.raises(AigcError) as caught:
            await session.sessions.WhoAmI(pb.WhoAmIRequest())
        assert caught.value.key == "token-refused"


@pytest.mark.blocking_allowed("saves and loads a small file at start")
async def test_the_coordinator_is_found_and_remembered(studio: Studio) -> None:
    config = await find_coordinator(studio.server.address)
    assert config.ca_pem == studio.server.ca_pem
    save_client_config(studio.folder, config)
    assert load_client_config(studio.folder) == config
    link = f"aigc://join/{config.address}?pin={config.pin}"
    assert (await find_coordinator(link)).pin == config.pin
    wrong = f"aigc://join/{config.address}?pin=sha256:{'A' * 43}"
    with pytest.raises(AigcError) as caught:
        await find_coordinator(wrong)
    assert caught.value.key == "pin-mismatch"


def test_a_broken_client_config_is_said(tmp_path: Path) -> None:
    assert load_client_config(tmp_path) is None
    (tmp_path / "client.json").write_text("{")
    with pytest.raises(AigcError, match="delete it and connect again"):
        load_client_config(tmp_path)
