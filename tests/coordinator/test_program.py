"""The coordinator as a real process: it starts, ends cleanly, and survives being killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest

from aigc.clock import SystemClock
from aigc.tls import COORDINATOR_NAME, fetch_authority, split_address
from coordinator.domain.events import PersonSeen
from coordinator.domain.people import Person, PersonId, Role
from coordinator.domain.policy import Policy
from coordinator.identity.sessions import Kind, Sessions
from coordinator.ledger import Ledger
from coordinator.reactor import Reactor
from protos.aigc.v1 import creator_pb2, creator_pb2_grpc
from tests.coordinator.fleet.house import bearer

_TOML = """
name = "Test studio"
state_dir = "s"
catalogue_dir = "engines"
log_level = "DEBUG"
[listen]
creators = "127.0.0.1:0"
nodes = "127.0.0.1:0"
web = "127.0.0.1:{web}"
web_tls = false
[public]
host = "127.0.0.1"
[gateway]
zone = "localhost"
listen = "127.0.0.1:0"
tls = false
tunnel_listen = "127.0.0.1:0"
[secrets]
hub = "hub.secret"
"""
_ENGINE = """
id: sketch
name: Sketch
default_version: "1.0"
versions:
  - version: "1.0"
    image: example/sketch:1.0
    port: 8000
    gpu: {count: 1}
    memory: 1GiB
    cpus: 1
"""
SECRET = "KNOWN-SECRET-OF-THE-HUB"
START_SECONDS = 40


@dataclass
class Place:
    """A folder with a configuration, and what runs from it."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "s"

    def ready(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads((self.state / "ready.json").read_text())
        return values

    def gateway_pid(self) -> int:
        pid: int = json.loads((self.state / "gateway.pid").read_text())["pid"]
        return pid

    @asynccontextmanager
    async def running(self, *, gateway_outlives: bool = False) -> AsyncIterator[Any]:
        """A coordinator that listens; it is ended at the end, with its gateway."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "aigc.cli", "coordinator", "serve"),
            *("--config", str(self.folder / "coordinator.toml")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = asyncio.create_task(_all(process))
        try:
            async with asyncio.timeout(START_SECONDS):
                while True:
                    told = await asyncio.to_thread(_json, self.state / "ready.json")
                    if told.get("pid") == process.pid:
                        break
                    assert process.returncode is None, (await output).decode()
                    await asyncio.sleep(0.02)
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 30)
            self.output = (await output).decode()
            if not gateway_outlives:
                await asyncio.to_thread(self.end_gateway)

    def end_gateway(self) -> None:
        """Only for what a killed coordinator left behind."""
        try:
            left = psutil.Process(self.gateway_pid())
            left.kill()
            left.wait(10)
        except (OSError, ValueError, psutil.NoSuchProcess):
            return

    output: str = ""


async def _all(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.read()


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # nobody may collect it here
    except psutil.NoSuchProcess:
        return False


def _json(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return values


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "sketch.yaml").write_text(_ENGINE)
    (tmp_path / "hub.secret").write_text(SECRET + "\n")
    (tmp_path / "coordinator.toml").write_text(_TOML.format(web=0))
    here = Place(tmp_path)
    yield here
    here.end_gateway()  # also after a test that failed in between


async def _sign_in(place: Place) -> str:
    """A signed-in admin, put into the ledger while no coordinator runs."""
    clock = SystemClock()
    await asyncio.to_thread(lambda: place.state.mkdir(mode=0o700, exist_ok=True))
    ledger = await asyncio.to_thread(Ledger.open, place.state / "ledger.sqlite")
    reactor = Reactor(ledger, {}, Policy(), clock)
    await reactor.load()
    deciding = asyncio.create_task(reactor.run())
    person = Person(PersonId("lin"), "https://issuer.test", "lin", "Lin", role=Role.ADMIN)
    await reactor.ask(PersonSeen(person))
    token, _ = await Sessions(ledger, clock).create(Kind.SESSION, person.id)
    deciding.cancel()
    await asyncio.gather(deciding, return_exceptions=True)
    await asyncio.to_thread(ledger.close)
    return token


@asynccontextmanager
async def _creator(place: Place) -> AsyncIterator[Any]:
    ready = await asyncio.to_thread(place.ready)
    ca = await fetch_authority(*split_address(ready["creators"]), ready["pin"])
    options = [("grpc.ssl_target_name_override", COORDINATOR_NAME)]
    credentials = grpc.ssl_channel_credentials(ca)
    async with grpc.aio.secure_channel(ready["creators"], credentials, options) as channel:
        yield creator_pb2_grpc.CreatorServiceStub(channel)


async def _status(url: str, host: str = "") -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        headers = {"host": host} if host else None
        return (await client.get(url, headers=headers, timeout=10)).status_code


@pytest.mark.slow
async def test_it_starts_says_where_and_ends_cleanly(place: Place) -> None:
    async with place.running() as process:
        ready = await asyncio.to_thread(place.ready)
        assert ready["web_url"] == f"http://{ready['web']}"
        assert "{host}.localhost" in ready["gateway_url"]
        assert await _status(f"{ready['web_url']}/healthz") == 200
        assert await _status(f"http://{ready['gateway']}/", "nobody.localhost") == 404
        gateway = psutil.Process(await asyncio.to_thread(place.gateway_pid))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert not gateway.is_running()
    assert not (place.state / "ready.json").exists()
    assert "Test studio is running" in place.output
    assert "aigc login 'aigc://join/" in place.output
    assert SECRET not in place.output
    assert "Traceback" not in place.output


@pytest.mark.slow
@pytest.mark.faults
async def test_killed_and_started_again_it_knows_everything_and_keeps_its_door(
    place: Place,
) -> None:
    token = await _sign_in(place)
    async with place.running(gateway_outlives=True) as first:
        before = await asyncio.to_thread(place.ready)
        gateway = await asyncio.to_thread(place.gateway_pid)
        async with _creator(place) as stub:
            started = await stub.StartInstance(
                creator_pb2.StartInstanceRequest(engine_id="sketch"), metadata=bearer(token)
            )
        host = started.instance.url.removeprefix("http://").split(":")[0]
        door = f"http://{before['gateway']}/x"
        async with asyncio.timeout(10):
            while await _status(door, host) == 404:  # noqa: ASYNC110 - it arrives by itself
                await asyncio.sleep(0.05)
        first.kill()
        await first.wait()
        # The door stays open meanwhile, and still knows whose engine it is.
        assert await _status(door, host) == 401
    assert token not in place.output
    began = asyncio.get_running_loop().time()
    async with place.running():
        assert asyncio.get_running_loop().time() - began < START_SECONDS
        after = await asyncio.to_thread(place.ready)
        assert {k: v for k, v in after.items() if k != "pid"} == {
            k: v for k, v in before.items() if k != "pid"
        }
        assert await asyncio.to_thread(place.gateway_pid) == gateway
        async with _creator(place) as stub:
            mine = await stub.ListInstances(
                creator_pb2.ListInstancesRequest(), metadata=bearer(token)
            )
        assert [i.id for i in mine.instances] == [started.instance.id]
        assert await _status(door, host) == 401
    assert "adopted the running gateway" in place.output


@pytest.mark.slow
@pytest.mark.faults
async def test_a_gateway_of_another_configuration_is_replaced(place: Place) -> None:
    async with place.running(gateway_outlives=True) as first:
        before = await asyncio.to_thread(place.gateway_pid)
        first.kill()
        await first.wait()
    config = place.folder / "coordinator.toml"

    def change() -> None:
        text = config.read_text()
        config.write_text(text.replace("tls = false\ntunnel", "tls = true\ntunnel"))

    await asyncio.to_thread(change)
    async with place.running():
        assert await asyncio.to_thread(place.gateway_pid) != before
        assert not await asyncio.to_thread(_alive, before)
        ready = await asyncio.to_thread(place.ready)
        assert ready["gateway_url"].startswith("https://{host}.localhost:")
        ca = await fetch_authority(*split_address(ready["gateway"]), ready["pin"])
        assert ca.startswith(b"-----BEGIN CERTIFICATE-----")


@pytest.mark.slow
@pytest.mark.faults
async def test_a_killed_gateway_is_back_at_the_same_address_soon(place: Place) -> None:
    async with place.running():
        ready = await asyncio.to_thread(place.ready)
        killed = await asyncio.to_thread(place.gateway_pid)
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(20):
            while True:
                if await asyncio.to_thread(place.gateway_pid) != killed:
                    try:
                        if await _status(f"http://{ready['gateway']}/", "nobody.localhost") == 404:
                            break
                    except httpx.HTTPError:
                        pass
                await asyncio.sleep(0.05)


async def _fails(place: Place) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aigc.cli", "coordinator", "serve"),
        *("--config", str(place.folder / "coordinator.toml")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), START_SECONDS)
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.slow
async def test_two_coordinators_do_not_share_a_folder(place: Place) -> None:
    async with place.running() as first:
        code, said = await _fails(place)
        assert code == 6
        assert f"process {first.pid}" in said
        assert "Traceback" not in said
        assert (await asyncio.to_thread(place.ready))["pid"] == first.pid


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('creators = "{}"', "listen.creators"),
        ('nodes = "{}"', "listen.nodes"),
        ('web = "{}"', "listen.web"),
        ('\nlisten = "{}"', "--listen"),
    ],
)
async def test_a_taken_port_is_one_sentence(place: Place, line: str, named: str) -> None:
    taken = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    config = _TOML.format(web=0)
    changed = config.replace(line.format("127.0.0.1:0"), line.format(f"127.0.0.1:{port}"))
    assert changed != config
    (place.folder / "coordinator.toml").write_text(changed)
    code, said = await _fails(place)
    taken.close()
    await taken.wait_closed()
    assert code == 8
    assert f"127.0.0.1:{port}" in said
    last = said.strip().splitlines()[-1]
    assert last.startswith("Error: "), "what to mend is the last thing that is said"
    assert named in last
    assert "in use" in last
    assert "Traceback" not in said
    assert "add_port" not in said, "no library's own words"
