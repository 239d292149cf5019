"""Hostile machines and hostile neighbours of machines: joining, certificates, tunnels (19-22)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
import pytest_asyncio

from aigc.errors import AigcError
from aigc.tls import GATEWAY_NAME, fetch_authority, make_csr
from aigc.tunnel import ALPN
from coordinator.domain.instance import InstanceId, State
from coordinator.domain.node import NodeId
from coordinator.fleet.authority import Authority
from coordinator.naming import start_request
from protos.aigc.v1 import node_pb2, node_pb2_grpc
from tests.coordinator.fleet.house import GPU, House, key_of, open_house, until
from tests.coordinator.identity.house import TurnableClock
from tests.gateway.certificates import Authority as GatewayAuthority
from tests.gateway.place import Place, open_place
from tests.gateway.place import until as until_seen

Phase = node_pb2.ObservedInstance


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path) as opened:
        yield opened


@pytest.mark.attack(20)
async def test_an_expired_certificate_opens_nothing(house: House) -> None:
    """By TLS where the calendar says so, by us where the clock of the coordinator does."""
    machine = await house.join()
    past = TurnableClock()
    past.ahead = -timedelta(days=2).total_seconds()
    before = Authority(house.authority._folder, house.authority.roots, past)
    ended = await asyncio.to_thread(before.sign_node, make_csr(machine.key, "m"), machine.node_id)
    async with house.nodes(machine.key, ended.pem) as channel:
        call = node_pb2_grpc.NodeServiceStub(channel).Connect()
        assert await asyncio.wait_for(call.code(), 20) is grpc.StatusCode.UNAVAILABLE
    house.clock.ahead += timedelta(hours=25).total_seconds()
    async with machine.connected() as stream:
        assert key_of(await stream.end()) == "certificate-expired"
    async with house.nodes(machine.key, machine.certificate) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await node_pb2_grpc.NodeServiceStub(channel).RenewCertificate(
                node_pb2.RenewCertificateRequest(csr_pem=make_csr(machine.key, "m")), timeout=20
            )
        assert key_of(caught.value) == "certificate-expired"


@pytest.mark.attack(20)
async def test_a_machine_speaks_for_itself_alone(house: House) -> None:
    """Whatever it says of an instance, a log or an order of another machine changes nothing."""
    honest, liar = await house.join("honest"), await house.join("liar")
    async with honest.connected() as mine, liar.connected(session_nonce=2) as theirs:
        desired = await mine.desired_with(0)
        await mine.observe(ledger_id=desired.ledger_id, revision=desired.revision)
        person, _ = await house.person()
        await house.reactor.ask(start_request(person.id, engine_id="comfyui"))
        run = (await mine.desired_with(1)).run[0]

        def seen(phase: node_pb2.ObservedInstance.Phase.ValueType) -> node_pb2.ObservedInstance:
            return Phase(instance_id=run.instance_id, epoch=run.epoch, gpu_uuids=[GPU], phase=phase)

        def instance() -> object:
            return house.reactor.studio.instances[InstanceId(run.instance_id)]

        before = instance()
        feed = house.sessions.open_logs(NodeId(honest.node_id), run.instance_id, 10, False)
        number = (await mine.order("log_request")).request_id
        for phase in (Phase.PHASE_READY, Phase.PHASE_GONE, Phase.PHASE_FAILED):
            await theirs.send(instance=seen(phase))
        chunk = node_pb2.LogChunk(request_id=number, error="lies", end=True)
        await theirs.send(log_chunk=chunk)
        desired_of_liar = await theirs.order("desired")
        await theirs.send(
            observed=node_pb2.ObservedSet(
                ledger_id=desired_of_liar.ledger_id,
                revision=desired_of_liar.revision,
                instances=[seen(Phase.PHASE_READY)],
                can_start=True,
                disk_free_bytes=4711,
            )
        )
        liars = NodeId(liar.node_id)
        await until(lambda: house.reactor.studio.nodes[liars].disk_free_bytes == 4711)
        assert instance() == before
        await mine.send(instance=seen(Phase.PHASE_STARTING))
        key = InstanceId(run.instance_id)
        await until(lambda: house.reactor.studio.instances[key].state is State.STARTING)
        await mine.send(log_chunk=node_pb2.LogChunk(request_id=number, end=True))
        assert [line async for line in feed.lines()] == []


@pytest.mark.attack(22)
async def test_nothing_plain_and_no_other_name_is_spoken_to(house: House, tmp_path: Path) -> None:
    address = f"127.0.0.1:{house.nodes_port}"
    async with grpc.aio.insecure_channel(address) as channel:
        call = node_pb2_grpc.NodeServiceStub(channel).Connect()
        assert await asyncio.wait_for(call.code(), 20) is grpc.StatusCode.UNAVAILABLE
    # A client that does not name the coordinator finds another name in its certificate.
    machine = await house.join()
    credentials = grpc.ssl_channel_credentials(house.ca_pem, machine.key, machine.certificate)
    wrong = (("grpc.ssl_target_name_override", "gateway.aigc.internal"),)
    async with grpc.aio.secure_channel(address, credentials, wrong) as channel:
        call = node_pb2_grpc.NodeServiceStub(channel).Connect()
        assert await asyncio.wait_for(call.code(), 20) is grpc.StatusCode.UNAVAILABLE
    # Somebody in between has another authority: noticed before anything is said.
    other = await asyncio.to_thread(Authority.open, tmp_path / "mitm", "Studio", house.clock)
    with pytest.raises(AigcError) as caught:
        await fetch_authority("127.0.0.1", house.creators_port, other.pin)
    assert caught.value.key == "pin-mismatch"


# --- the tunnel: the same certificates, at the gateway -------------------------------------------


async def _dial(place: Place, certificate: Path | None, key: Path | None) -> str:
    """What becomes of a tunnel that somebody opens: "open" or "refused"."""
    context = await asyncio.to_thread(ssl.create_default_context, cafile=str(place.authority.file))
    context.set_alpn_protocols([ALPN])
    if certificate is not None:
        await asyncio.to_thread(context.load_cert_chain, certificate, key)
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", place.tunnel_port, ssl=context, server_hostname=GATEWAY_NAME
        )
    except (ssl.SSLError, ConnectionError):
        return "refused"
    try:
        async with asyncio.timeout(3):
            while await reader.read(4096):
                pass
        return "refused"
    except TimeoutError:
        return "open"
    except (ssl.SSLError, ConnectionError):
        return "refused"
    finally:
        writer.transport.abort()


@pytest.mark.attack(20)
@pytest.mark.blocking_allowed("makes certificates")
async def test_who_may_dial_a_tunnel(place: Place, tmp_path: Path) -> None:
    assert place.node is not None
    own, foreign = place.authority, await asyncio.to_thread(GatewayAuthority, tmp_path / "foreign")
    server = await asyncio.to_thread(
        lambda: own.issue("other", GATEWAY_NAME, names=(GATEWAY_NAME,))
    )
    assert await _dial(place, place.node.certificate, place.node.key) == "open"
    for what, refused in {
        "a machine that the coordinator does not know": own.issue_node("node-unknown"),
        "of our authority, but not the one that was given": own.issue_node("node-1", "twin"),
        "of another authority": foreign.issue_node("node-1"),
        "a server's certificate": server,
    }.items():
        assert await _dial(place, refused.certificate, refused.key) == "refused", what
    assert await _dial(place, None, None) == "refused"


@pytest.mark.attack(21)
async def test_revocation_closes_the_tunnels(place: Place) -> None:
    assert place.node is not None
    began = asyncio.get_running_loop().time()
    place.coordinator.put_node("node-1", place.node.serial, revoked=True)
    await until_seen(lambda: not place.coordinator.tunnels.get("node-1"), "no tunnel is left")
    assert asyncio.get_running_loop().time() - began < 5
    assert await _dial(place, place.node.certificate, place.node.key) == "refused"
