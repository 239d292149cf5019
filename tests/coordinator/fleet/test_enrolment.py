"""Joining, renewing and revoking over the real port, and what is refused."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from aigc.clock import milliseconds
from aigc.errors import AigcError
from aigc.tls import COORDINATOR_NAME, fetch_authority, make_csr, new_key_pem, spki_pin
from coordinator.fleet.authority import Authority
from protos.aigc.v1 import node_pb2, node_pb2_grpc
from tests.coordinator.fleet.house import House, key_of, minutes


async def _token(house: House, valid: timedelta | None = None) -> str:
    token, _ = await house.enrolment.create_token(
        "on-prem", "127.0.0.1", valid or minutes(60), "it"
    )
    return token


async def _join(house: House, token: str, name: str = "render-01") -> node_pb2.JoinResponse:
    async with house.creators() as channel:
        stub = node_pb2_grpc.EnrolmentServiceStub(channel)
        request = node_pb2.JoinRequest(
            token=token, csr_pem=make_csr(new_key_pem(), name), node_name=name
        )
        joined: node_pb2.JoinResponse = await stub.Join(request, timeout=20)
        return joined


@pytest.mark.attack(22)
async def test_the_authority_is_accepted_by_its_pin_alone(house: House, tmp_path: Path) -> None:
    pin = house.authority.pin
    assert await fetch_authority("127.0.0.1", house.creators_port, pin) == house.ca_pem
    assert spki_pin(house.ca_pem) == pin
    other = await asyncio.to_thread(Authority.open, tmp_path / "other", "Other", house.clock)
    with pytest.raises(AigcError) as caught:
        await fetch_authority("127.0.0.1", house.creators_port, other.pin)
    assert caught.value.key == "pin-mismatch"
    async with house.creators(other.roots.now.bundle_pem) as channel:
        stub = node_pb2_grpc.EnrolmentServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.GetAuthority(node_pb2.GetAuthorityRequest(), timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_an_unreachable_authority_says_what_failed(house: House) -> None:
    listener = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    with pytest.raises(AigcError) as plain:
        await fetch_authority("127.0.0.1", port, None, timeout=10)
    listener.close()
    await listener.wait_closed()
    assert plain.value.key in ("coordinator-not-tls", "coordinator-unreachable")
    with pytest.raises(AigcError) as refused:
        await fetch_authority("127.0.0.1", port, None, timeout=10)
    assert refused.value.key == "coordinator-refused"


@pytest.mark.attack(19)
async def test_a_machine_joins_once_per_token(house: House) -> None:
    token = await _token(house)
    joined = await _join(house, token)
    assert joined.node_address == f"127.0.0.1:{house.nodes_port}"
    assert joined.gateway_address == "127.0.0.1:7445"
    assert house.reactor.studio.nodes[joined.node_id].name == "render-01"  # type: ignore[index]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _join(house, token)
    assert key_of(caught.value) == "join-token-used"
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert joined.node_id not in (caught.value.details() or "")
    assert "render-01" in (caught.value.details() or "")
    assert ("node-join", "render-01", "refused") in await house.audits()
    assert len(house.enrolment.credentials) == 1


@pytest.mark.attack(19)
async def test_of_sixteen_racing_for_one_token_one_joins(house: House) -> None:
    token = await _token(house)
    results = await asyncio.gather(
        *(_join(house, token, f"m{i}") for i in range(16)), return_exceptions=True
    )
    joined = [r for r in results if isinstance(r, node_pb2.JoinResponse)]
    refused = [key_of(r) for r in results if isinstance(r, grpc.aio.AioRpcError)]
    assert len(joined) == 1
    assert refused == ["join-token-used"] * 15


@pytest.mark.attack(19)
async def test_expired_and_guessed_tokens_are_refused(house: House) -> None:
    token = await _token(house, minutes(10))
    house.clock.ahead += 601
    for wrong, key in ((token, "join-token-expired"), ("guess", "join-token-unknown")):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _join(house, wrong)
        assert key_of(caught.value) == key
    assert house.enrolment.credentials == {}


@pytest.mark.attack(19)
async def test_a_bad_request_leaves_the_token_unused(house: House) -> None:
    token = await _token(house)
    with pytest.raises(AigcError) as caught:
        await house.enrolment.join(token, b"nonsense", "m")
    assert caught.value.key == "csr-invalid"
    assert (await _join(house, token)).node_id


@pytest.mark.attack(19)
async def test_only_the_hash_of_a_token_is_kept(house: House, tmp_path: Path) -> None:
    token = await _token(house)

    def content() -> bytes:
        return b"".join(f.read_bytes() for f in tmp_path.glob("ledger.sqlite*"))

    assert token.encode() not in await asyncio.to_thread(content)


async def test_a_machine_that_joins_again_with_its_key_keeps_its_identity(house: House) -> None:
    key = new_key_pem()
    first = await house.enrolment.join(await _token(house), make_csr(key, "m"), "render-01")
    again = await house.enrolment.join(await _token(house), make_csr(key, "m"), "render-01")
    other = await house.enrolment.join(
        await _token(house), make_csr(new_key_pem(), "m"), "render-01"
    )
    assert again.node_id == first.node_id
    assert other.node_id != first.node_id
    assert house.enrolment.credentials[other.node_id].name == "render-01-2"


async def test_renewal_keeps_the_last_two_certificates(house: House) -> None:
    machine = await house.join()
    pems = [machine.certificate]
    for _ in range(3):
        async with house.nodes(machine.key, pems[-1]) as channel:
            stub = node_pb2_grpc.NodeServiceStub(channel)
            csr = make_csr(machine.key, "m")
            answer = await stub.RenewCertificate(
                node_pb2.RenewCertificateRequest(csr_pem=csr), timeout=20
            )
            pems.append(answer.certificate_pem)
    for pem in pems[-2:]:
        assert (await house.enrolment.admit(pem)).node_id == machine.node_id
    for pem in pems[:-2]:
        with pytest.raises(AigcError) as caught:
            await house.enrolment.admit(pem)
        assert caught.value.key == "certificate-displaced"


async def _renew(house: House, **fields: object) -> node_pb2.RenewResponse:
    async with house.creators() as channel:
        stub = node_pb2_grpc.EnrolmentServiceStub(channel)
        answer: node_pb2.RenewResponse = await stub.Renew(
            node_pb2.RenewRequest(**fields),  # type: ignore[arg-type]
            timeout=20,
        )
        return answer


@pytest.mark.attack(21)
async def test_an_expired_certificate_is_renewed_by_proof_of_its_key(house: House) -> None:
    machine = await house.join()
    house.clock.ahead += timedelta(days=40).total_seconds()
    with pytest.raises(AigcError) as expired:
        await house.enrolment.admit(machine.certificate)
    assert expired.value.key == "certificate-expired"
    key = new_key_pem()
    csr, at = make_csr(key, "m"), milliseconds(house.clock.now())
    good = {
        "old_certificate_pem": machine.certificate,
        "csr_pem": csr,
        "proof": machine.proof(csr, at),
        "timestamp_ms": at,
    }
    stale = at - 11 * 60_000
    for wrong, expected in (
        ({"proof": b"x"}, "proof-wrong"),
        ({"csr_pem": make_csr(new_key_pem(), "m")}, "proof-wrong"),
        ({"timestamp_ms": stale, "proof": machine.proof(csr, stale)}, "clock-differs"),
        ({"timestamp_ms": 2**62}, "clock-differs"),
        ({"timestamp_ms": -1}, "clock-differs"),
        ({"old_certificate_pem": house.ca_pem}, "certificate-foreign"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _renew(house, **(good | wrong))
        assert key_of(caught.value) == expected
    renewed = await _renew(house, **good)
    assert (await house.enrolment.admit(renewed.certificate_pem)).node_id == machine.node_id
    assert ("node-renew", machine.node_id, "refused") in await house.audits()


@pytest.mark.attack(21)
async def test_after_ninety_days_or_revoked_or_copied_it_must_join_again(house: House) -> None:
    old, revoked, copied = [await house.join(n) for n in ("old", "revoked", "copied")]
    await house.enrolment.revoke(revoked.node_id, "it")
    await house.enrolment.note_duplicate(copied.node_id, "seen twice")
    for days, machine, key in (
        (30, revoked, "node-revoked"),
        (30, copied, "node-duplicate"),
        (92, old, "certificate-too-old"),
    ):
        house.clock.ahead = timedelta(days=days).total_seconds()
        csr, at = make_csr(machine.key, "m"), milliseconds(house.clock.now())
        with pytest.raises(AigcError) as caught:
            await house.enrolment.renew_by_proof(
                machine.certificate, csr, machine.proof(csr, at), at
            )
        assert caught.value.key == key


async def test_a_restored_ledger_takes_over_certificates_that_are_newer(house: House) -> None:
    machine = await house.join()
    before = house.enrolment.credentials
    house.clock.ahead += 3600
    identity = await house.enrolment.admit(machine.certificate)
    renewed = await house.enrolment.renew(identity, make_csr(machine.key, "m"))
    house.enrolment.credentials = before  # as a ledger of an hour ago has it
    assert (await house.enrolment.admit(renewed.certificate_pem)).node_id == machine.node_id
    with pytest.raises(AigcError):
        await house.enrolment.admit(await _older(house, machine.node_id))


async def _older(house: House, node_id: str) -> bytes:
    """A certificate of ours that nobody recorded, made before the current one."""
    house.clock.ahead -= 7200
    csr = make_csr(new_key_pem(), "m")
    made = await asyncio.to_thread(house.authority.sign_node, csr, node_id)
    house.clock.ahead += 7200
    return made.pem


@pytest.mark.attack(22)
async def test_a_wrong_name_is_refused_by_the_client(house: House) -> None:
    credentials = grpc.ssl_channel_credentials(house.ca_pem)
    for name in ("gateway.aigc.internal", "evil.example"):
        options = [("grpc.ssl_target_name_override", name)]
        address = f"127.0.0.1:{house.creators_port}"
        async with grpc.aio.secure_channel(address, credentials, options) as channel:
            stub = node_pb2_grpc.EnrolmentServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.GetAuthority(node_pb2.GetAuthorityRequest(), timeout=10)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.attack(22)
async def test_a_new_certificate_is_served_without_a_restart(house: House) -> None:
    machine = await house.join()

    async def served() -> bytes:
        context = ssl.create_default_context(cadata=house.ca_pem.decode())
        context.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_connection(
            "127.0.0.1", house.creators_port, ssl=context, server_hostname=COORDINATOR_NAME
        )
        certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        return certificate

    async with machine.connected() as stream:
        await stream.order("desired")
        before = await served()
        assert await served() == before
        names = (COORDINATOR_NAME, "127.0.0.1", "new.name")
        await asyncio.to_thread(house.authority.server_files, "coordinator", names)
        assert await served() != before
        assert not stream.call.done()
        assert (await _join(house, await _token(house))).node_id
