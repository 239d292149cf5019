"""Joining and staying joined, against real TLS servers; each failure says what failed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from cryptography import x509

from aigc.clock import SystemClock
from aigc.errors import AigcError
from aigc.join_link import JoinLink
from aigc.tls import make_csr
from node_agent import enrolment
from node_agent.config import AgentConfig
from node_agent.enrolment import IdentityFiles
from node_agent.notices import last_notice
from node_agent.program import agent
from protos.aigc.v1 import common_pb2, node_pb2
from tests.node_agent.coordinator_side import Authority, CoordinatorSide, coordinator_side
from tests.standins.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    # TLS checks certificates by the machine's own clock: what is signed after some turns of this
    # one must be valid by that one too.
    return FakeClock(SystemClock().now() - timedelta(minutes=100))


@pytest_asyncio.fixture
async def side(clock: FakeClock) -> AsyncIterator[CoordinatorSide]:
    async with coordinator_side(clock) as running:
        yield running


async def test_joining_stores_a_key_that_never_left_and_a_certificate(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    joined = await enrolment.join(side.link, tmp_path / "state", clock, "render-04")
    files = IdentityFiles(tmp_path / "state")
    assert await asyncio.to_thread(files.load) == joined
    assert (joined.node_id, joined.node_name) == ("node-1", "render-04")
    assert joined.node_address == side.nodes
    modes = await asyncio.to_thread(
        lambda: {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "state").iterdir()}
    )
    assert modes == dict.fromkeys(["node.key", "node.crt", "ca.crt", "node.json"], 0o600)
    assert "PRIVATE" not in repr(joined)


async def test_joining_again_must_be_meant(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    await enrolment.join(side.link, tmp_path, clock)
    side.tokens.add("a-token")
    with pytest.raises(AigcError, match="joined already"):
        await enrolment.join(side.link, tmp_path, clock)
    await enrolment.join(side.link, tmp_path, clock, again=True)


async def test_a_used_token_is_named(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    side.tokens.clear()
    with pytest.raises(AigcError) as caught:
        await enrolment.join(side.link, tmp_path, clock)
    assert caught.value.key == "join-token-invalid"
    assert "used already" in caught.value.message
    assert not await asyncio.to_thread(IdentityFiles(tmp_path).exist)


@pytest.mark.attack(22)
async def test_somebody_in_between_is_noticed_before_the_token_is_sent(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    other = Authority(clock)
    with pytest.raises(AigcError) as caught:
        await enrolment.join(replace(side.link, pin=other.pin), tmp_path, clock)
    assert caught.value.key == "pin-mismatch"
    assert side.tokens == {"a-token"}


async def test_a_clock_that_is_off_is_named(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    side.server_time_offset = timedelta(minutes=5)
    with pytest.raises(AigcError, match="5 min behind"):
        await enrolment.join(side.link, tmp_path, clock)
    side.server_time_offset = timedelta(minutes=-5)
    with pytest.raises(AigcError, match="5 min ahead"):
        await enrolment.join(side.link, tmp_path, clock)
    assert side.tokens == {"a-token"}
    before_the_ca = FakeClock(clock.now() - timedelta(days=2))
    with pytest.raises(AigcError, match="CA is not valid"):
        await enrolment.join(side.link, tmp_path, before_the_ca)


async def test_names_ports_and_links_are_told_apart(tmp_path: Path, clock: FakeClock) -> None:
    pin = Authority(clock).pin
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(AigcError, match="nothing listens"):
            await enrolment.join(JoinLink(closed, pin, "t"), tmp_path, clock)
    with pytest.raises(AigcError, match="does not resolve"):
        await enrolment.join(JoinLink("no.such.host.invalid:1", pin, "t"), tmp_path, clock)
    with pytest.raises(AigcError, match="holds no token"):
        await enrolment.join(JoinLink(closed, pin), tmp_path, clock)


async def test_what_is_not_there_or_broken_is_told(tmp_path: Path) -> None:
    files = IdentityFiles(tmp_path)
    with pytest.raises(AigcError, match="has not joined"):
        await asyncio.to_thread(files.load)
    await asyncio.to_thread((tmp_path / "node.json").write_text, "{")
    with pytest.raises(AigcError, match="Cannot read this machine's identity"):
        await asyncio.to_thread(files.load)


async def test_a_certificate_is_renewed_over_its_own_connection(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    joined = await enrolment.join(side.link, tmp_path, clock)
    await clock.advance(timedelta(hours=17).total_seconds())
    renewed = await enrolment.renew(joined, tmp_path, clock)
    assert side.renewals == ["connection"]
    assert renewed.key_pem == joined.key_pem
    assert renewed.validity()[1] > joined.validity()[1]
    assert await asyncio.to_thread(IdentityFiles(tmp_path).load) == renewed


async def test_an_expired_certificate_is_renewed_by_proof_of_its_key(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    joined = await enrolment.join(side.link, tmp_path, clock)
    await clock.advance(timedelta(days=3).total_seconds())
    renewed = await enrolment.renew(joined, tmp_path, clock)
    assert side.renewals == ["proof"]
    assert renewed.validity()[0] <= clock.now() < renewed.validity()[1]


async def test_a_failed_renewal_keeps_the_old_certificate(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    joined = await enrolment.join(side.link, tmp_path, clock)
    gone = replace(joined, node_address="127.0.0.1:1")
    with pytest.raises(AigcError, match=r"127\.0\.0\.1:1"):
        await enrolment.renew(gone, tmp_path, clock)
    kept = await asyncio.to_thread(IdentityFiles(tmp_path).load)
    assert kept.certificate_pem == joined.certificate_pem


async def test_the_running_agent_renews_at_two_thirds_of_the_life(
    side: CoordinatorSide, config: AgentConfig, clock: FakeClock
) -> None:
    side.life = timedelta(hours=2)
    config = config.model_copy(update={"relist_seconds": 900.0, "readings_seconds": 900.0})
    joined = await enrolment.join(side.link, config.state_dir, clock)
    begins, ends = joined.validity()
    assert begins < joined.renew_at() < ends
    async with agent(config, clock) as running:
        work = asyncio.create_task(running.run())
        await _turn_until(clock, lambda: side.seen.observed is not None, 1)
        while clock.now() < joined.renew_at() - timedelta(minutes=10):
            await clock.advance(300)
            assert side.renewals == []
        await _turn_until(clock, lambda: side.renewals == ["connection"], 60)
        streams = side.streams
        await _turn_until(clock, lambda: side.streams > streams, 1)  # on the new certificate
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    kept = await asyncio.to_thread(IdentityFiles(config.state_dir).load)
    assert kept.validity()[1] > ends


@pytest.mark.attack(22)
async def test_the_running_agent_renews_when_it_is_asked(
    side: CoordinatorSide, config: AgentConfig, clock: FakeClock
) -> None:
    """The authority is being rotated: two thirds of the certificate's life would be too late."""
    await enrolment.join(side.link, config.state_dir, clock)
    async with agent(config, clock) as running:
        work = asyncio.create_task(running.run())
        await _turn_until(clock, lambda: side.seen.observed is not None, 1)
        side.order(node_pb2.NodeOrder(renew=node_pb2.RenewOrder()))
        await _turn_until(clock, lambda: side.renewals == ["connection"], 1)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@pytest.mark.attack(21)
async def test_what_the_coordinator_says_of_this_machine_is_kept(
    side: CoordinatorSide, config: AgentConfig, clock: FakeClock
) -> None:
    """Both machines of a copied disk are told; the agent's check repeats it until a fresh join."""
    await enrolment.join(side.link, config.state_dir, clock)
    async with agent(config, clock) as running:
        work = asyncio.create_task(running.run())
        await _turn_until(clock, lambda: side.seen.observed is not None, 1)
        text = common_pb2.Sentence(en="Another machine (clone) uses this identity.")
        side.order(node_pb2.NodeOrder(notice=node_pb2.Notice(key="node-duplicate", text=text)))
        await _turn_until(clock, (config.state_dir / "notice.json").exists, 1)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    notice = await asyncio.to_thread(last_notice, config.state_dir)
    assert notice is not None
    assert (notice.key, notice.text) == ("node-duplicate", text.en)
    side.tokens.add("a-token")
    await enrolment.join(side.link, config.state_dir, clock, again=True)
    assert await asyncio.to_thread(last_notice, config.state_dir) is None


@pytest.mark.attack(20)
async def test_no_certificate_of_ours_opens_the_nodes_port(
    side: CoordinatorSide, tmp_path: Path, clock: FakeClock
) -> None:
    joined = await enrolment.join(side.link, tmp_path, clock)
    other = Authority(clock)
    foreign = other.sign_node(make_csr(joined.key_pem, "node-1"), "node-1", timedelta(hours=1))
    assert x509.load_pem_x509_certificate(foreign).subject
    with pytest.raises(AigcError):
        await enrolment.renew(replace(joined, certificate_pem=foreign), tmp_path / "other", clock)


def test_a_refusal_without_a_key_is_told_by_its_kind() -> None:
    metadata = grpc.aio.Metadata()

    def told(code: grpc.StatusCode, details: str) -> str:
        error = grpc.aio.AioRpcError(code, metadata, metadata, details)
        return enrolment.as_error(error, "host:7443").key

    assert told(grpc.StatusCode.UNIMPLEMENTED, "no such method") == "version-unsupported"
    assert told(grpc.StatusCode.UNAVAILABLE, "Ssl handshake failed") == "certificate-refused"
    assert told(grpc.StatusCode.UNAVAILABLE, "connection reset") == "coordinator-unreachable"
    assert told(grpc.StatusCode.PERMISSION_DENIED, "revoked") == "coordinator-refused"


async def _turn_until(clock: FakeClock, holds: object, seconds: float) -> None:
    assert callable(holds)
    async with asyncio.timeout(30):
        while not holds():
            await clock.advance(seconds)
            await asyncio.sleep(0.02)  # the sockets and threads are real
