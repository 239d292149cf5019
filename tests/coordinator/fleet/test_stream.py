"""One machine's stream over real mTLS: what goes in and out, and who is put out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from coordinator.domain.events import LedgerAccepted
from coordinator.domain.instance import State
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.fleet.authority import Authority
from coordinator.naming import start_request
from protos.aigc.v1 import common_pb2, creator_pb2, creator_pb2_grpc, node_pb2, node_pb2_grpc
from tests.coordinator.fleet.house import (
    GPU,
    House,
    Machine,
    Stream,
    bearer,
    key_of,
    until,
)
from tests.coordinator.studios import make_engine

Phase = node_pb2.ObservedInstance


def _node(house: House, machine: Machine) -> object:
    return house.reactor.studio.nodes[NodeId(machine.node_id)]


async def _start(house: House, stream: Stream, desired: node_pb2.DesiredSet) -> Phase:
    """Start an engine; what the machine would report of it at first."""
    await stream.observe(ledger_id=desired.ledger_id, revision=desired.revision)
    person, _ = await house.person()
    await house.reactor.ask(start_request(person.id, engine_id="comfyui"))
    wanted = await stream.desired_with(1)
    run = wanted.run[0]
    assert list(run.gpu_uuids) == [GPU]
    assert run.spec.image == "comfyui:2.0"
    return Phase(
        instance_id=run.instance_id,
        epoch=run.epoch,
        phase=Phase.PHASE_PREPARING,
        gpu_uuids=[GPU],
        simulated=True,
    )


async def test_from_hello_to_a_running_engine(house: House) -> None:
    machine = await house.join()
    async with machine.connected() as stream:
        welcome = await stream.order("welcome")
        assert (welcome.node_id, welcome.node_name) == (machine.node_id, "render-01")
        assert welcome.gateway_address == "127.0.0.1:7445"
        desired = await stream.desired_with(0)
        assert desired.ledger_id == house.reactor.studio.ledger_id
        seen = await _start(house, stream, desired)
        for phase, state in (
            (Phase.PHASE_PREPARING, State.PREPARING),
            (Phase.PHASE_STARTING, State.STARTING),
            (Phase.PHASE_READY, State.READY),
        ):
            seen.phase = phase
            await stream.send(instance=seen)
            instances = house.reactor.studio.instances
            await until(
                lambda state=state: (
                    next(iter(house.reactor.studio.instances.values())).state is state
                )
            )
        assert len(instances) == 1
        await stream.send(
            readings=node_pb2.Readings(
                gpus=[common_pb2.GpuReading(uuid=GPU, name="RTX 4090", utilisation_percent=61)]
            )
        )
        await until(
            lambda: any(g.utilisation_percent == 61 for g in _node(house, machine).gpus)  # type: ignore[attr-defined]
        )
    await until(lambda: not _node(house, machine).online)  # type: ignore[attr-defined]


async def test_an_agent_that_comes_back_gets_its_whole_desired_set_again(house: House) -> None:
    machine = await house.join()
    async with machine.connected(session_nonce=1) as stream:
        seen = await _start(house, stream, await stream.desired_with(0))
    async with machine.connected(session_nonce=2) as stream:
        again = await stream.desired_with(1)
        assert again.run[0].instance_id == seen.instance_id


@pytest.mark.attack(20)
@pytest.mark.parametrize("presented", ["nothing", "other authority", "server certificate"])
async def test_without_a_certificate_of_a_machine_nobody_gets_in(
    house: House, tmp_path: Path, presented: str
) -> None:
    machine = await house.join()
    _, token = await house.person()
    key: bytes | None = machine.key
    certificate: bytes | None = None
    if presented == "nothing":
        key = None
    elif presented == "other authority":
        other = await asyncio.to_thread(Authority.open, tmp_path / "other", "Other", house.clock)
        from aigc.tls import make_csr

        csr = make_csr(machine.key, "m")
        certificate = (await asyncio.to_thread(other.sign_node, csr, machine.node_id)).pem
    else:
        key = await asyncio.to_thread(house.tls.key.read_bytes)
        certificate = await asyncio.to_thread(house.tls.certificate.read_bytes)
    async with house.nodes(key, certificate) as channel:
        call = node_pb2_grpc.NodeServiceStub(channel).Connect(metadata=bearer(token))
        assert await asyncio.wait_for(call.code(), 20) in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.UNAUTHENTICATED,
        )
    assert not house.reactor.studio.nodes[NodeId(machine.node_id)].online


@pytest.mark.attack(20)
async def test_a_machine_has_no_business_with_creators_services(house: House) -> None:
    machine = await house.join()
    async with house.nodes(machine.key, machine.certificate) as channel:
        stub = creator_pb2_grpc.CreatorServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ListEngines(creator_pb2.ListEnginesRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    async with house.creators() as channel:
        call = node_pb2_grpc.NodeServiceStub(channel).Connect()
        assert await call.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.attack(21)
async def test_revocation_ends_a_live_stream_and_every_later_call(house: House) -> None:
    machine = await house.join()
    async with machine.connected() as stream:
        await stream.order("desired")
        await house.enrolment.revoke(machine.node_id, "it")
        error = await stream.end()
        assert key_of(error) == "node-revoked"
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    async with machine.connected() as stream:
        assert key_of(await stream.end()) == "node-revoked"
    async with house.nodes(machine.key, machine.certificate) as channel:
        stub = node_pb2_grpc.NodeServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.RenewCertificate(node_pb2.RenewCertificateRequest(), timeout=10)
        assert key_of(caught.value) == "node-revoked"


@pytest.mark.attack(21)
async def test_a_certificate_that_ends_on_an_open_stream_ends_the_stream(house: House) -> None:
    machine = await house.join()
    async with machine.connected() as stream:
        await stream.order("desired")
        house.clock.ahead += timedelta(hours=25).total_seconds()
        assert key_of(await stream.end()) == "certificate-expired"


async def test_a_silent_machine_is_noticed(hasty: House) -> None:
    machine = await hasty.join()
    async with machine.connected() as stream:
        await stream.order("desired")
        assert hasty.reactor.studio.nodes[NodeId(machine.node_id)].online
        assert key_of(await stream.end()) == "node-silent"
    await until(lambda: not hasty.reactor.studio.nodes[NodeId(machine.node_id)].online)


async def test_the_same_agent_replaces_its_own_dead_stream_at_once(house: House) -> None:
    machine = await house.join()
    async with machine.connected(session_nonce=7) as old:
        await old.order("desired")
        async with machine.connected(session_nonce=7) as new:
            await new.order("desired")
            assert key_of(await old.end()) == "stream-replaced"
            assert house.sessions.get(NodeId(machine.node_id)) is not None


async def test_a_second_living_machine_with_one_identity_is_refused_and_shown(
    hasty: House,
) -> None:
    machine = await hasty.join()
    async with machine.connected(session_nonce=1, hostname="render-01") as first:
        desired = await first.desired_with(0)

        async def go_on() -> None:
            while True:
                await first.observe(ledger_id=desired.ledger_id, revision=desired.revision)
                await asyncio.sleep(0.3)

        living = asyncio.create_task(go_on())
        try:
            async with machine.connected(session_nonce=2, hostname="clone") as second:
                # The boot ids are equal here, so it is one machine with two agents ...
                error = await second.end()
                assert key_of(error) == "agent-twice"
            async with hasty.nodes(machine.key, machine.certificate) as channel:
                third = Stream(node_pb2_grpc.NodeServiceStub(channel).Connect())
                # ... and here they differ: the identity was copied.
                hello = node_pb2.Hello(boot_id="other", hostname="clone", session_nonce=3)
                await third.send(hello=hello)
                error = await third.end()
                assert key_of(error) == "node-duplicate"
                assert "render-01" in (error.details() or "")
            await until(lambda: "Two machines" in _problems(hasty, machine))
            assert not first.call.done()
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
    actions = await hasty.audits()
    assert ("node-duplicate", machine.node_id, "refused") in actions


def _problems(house: House, machine: Machine) -> str:
    return " ".join(p.en for p in house.reactor.studio.nodes[NodeId(machine.node_id)].problems)


async def test_a_new_agent_takes_over_from_one_that_froze(hasty: House) -> None:
    machine = await hasty.join()
    async with machine.connected(session_nonce=1) as frozen:
        await frozen.order("desired")
        async with machine.connected(session_nonce=2) as fresh:
            await fresh.order("desired")
            assert hasty.enrolment.credentials[machine.node_id].duplicate_at is None


async def test_logs_are_relayed_from_the_machine_that_runs_it(house: House) -> None:
    machine = await house.join()
    async with machine.connected() as stream:
        seen = await _start(house, stream, await stream.desired_with(0))
        _, token = await house.person()
        async with house.creators() as channel:
            stub = creator_pb2_grpc.CreatorServiceStub(channel)
            request = creator_pb2.StreamLogsRequest(
                instance_id=seen.instance_id, tail=10, follow=True
            )
            call = stub.StreamLogs(request, metadata=bearer(token))
            reading = asyncio.create_task(call.read())
            asked = await stream.order("log_request")
            assert (asked.instance_id, asked.tail, asked.follow) == (seen.instance_id, 10, True)
            line = common_pb2.LogLine(stream="stdout", text="hello")
            await stream.send(
                log_chunk=node_pb2.LogChunk(request_id=asked.request_id, lines=[line])
            )
            answer = await asyncio.wait_for(reading, 20)
            assert [entry.text for entry in answer.lines] == ["hello"]
            call.cancel()
            cancelled = await stream.order("log_cancel")
            assert cancelled.request_id == asked.request_id


async def test_another_ledger_is_offered_again_only_after_an_admin_accepts(house: House) -> None:
    machine = await house.join()
    node_id = NodeId(machine.node_id)
    async with machine.connected(ledger_id="older", revision=99) as stream:
        offered = await stream.order("desired")
        await stream.send(
            ledger_refused=node_pb2.LedgerRefused(
                offered_ledger_id=offered.ledger_id, kept_ledger_id="older", kept_revision=99
            )
        )
        await until(lambda: house.reactor.studio.nodes[node_id].ledger_refused)
        await house.reactor.ask(LedgerAccepted(node_id, PersonId("it")))
        house.sessions.accept_ledger(node_id, house.reactor.studio.ledger_id)
        accepted = await stream.order("accept_ledger")
        assert accepted.ledger_id == house.reactor.studio.ledger_id
        assert (await stream.order("desired")).ledger_id == accepted.ledger_id


async def test_a_stream_must_begin_with_hello(house: House) -> None:
    machine = await house.join()
    async with house.nodes(machine.key, machine.certificate) as channel:
        stream = Stream(node_pb2_grpc.NodeServiceStub(channel).Connect())
        await stream.send(readings=node_pb2.Readings())
        assert key_of(await stream.end()) == "hello-missing"


async def test_a_report_that_makes_no_sense_ends_the_stream_in_words(house: House) -> None:
    machine = await house.join()
    async with machine.connected() as stream:
        await stream.order("desired")
        await stream.send(
            instance=Phase(instance_id="i", epoch=1, phase=Phase.PHASE_READY, ready_at_ms=2**62)
        )
        assert key_of(await stream.end()) == "report-invalid"


async def test_a_machine_unknown_to_an_empty_ledger_is_enrolled_by_its_certificate(
    house: House,
) -> None:
    from aigc.tls import make_csr, new_key_pem

    key = new_key_pem()
    made = await asyncio.to_thread(house.authority.sign_node, make_csr(key, "m"), "node-old")
    machine = Machine(house, "node-old", key, made.pem, "render-09")
    async with machine.connected() as stream:
        welcome = await stream.order("welcome")
        assert welcome.node_name == "render-09"
    assert NodeId("node-old") in house.reactor.studio.nodes


async def test_images_to_have_beforehand_follow_the_catalogue(house: House) -> None:
    """Pitfall 15: pre-pulled per machine, for what it could run, at the digest that is known."""
    machine = await house.join()
    async with machine.connected() as stream:
        desired = await stream.desired_with(0)
        assert list(desired.prepull) == []
        await stream.observe(ledger_id=desired.ledger_id, revision=desired.revision)
        engine, wide = make_engine(), make_engine("wide", gpus=8)
        digest = "sha256:" + "1" * 64
        engines = {
            e.id: replace(
                e,
                versions=(
                    replace(e.versions[0], prepull=True, digest=digest),
                    replace(e.versions[1], prepull=True, available=False),
                ),
            )
            for e in (engine, wide)
        }
        house.reactor.set_engines(engines)
        async with asyncio.timeout(20):
            while not desired.prepull:
                desired = await stream.order("desired")
        assert [(s.image, s.image_digest) for s in desired.prepull] == [("comfyui:2.0", digest)]
        assert list(desired.run) == []
