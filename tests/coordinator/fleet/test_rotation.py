"""The authority is rotated while machines and desktops work: nobody who was there is locked out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import grpc
import pytest

from aigc.errors import AigcError
from aigc.tls import fetch_authority, make_csr, new_key_pem, spki_pin
from coordinator.fleet import roots
from coordinator.fleet.authority import Authority
from coordinator.fleet.roots import Phase, Roots
from coordinator.fleet.rotation import ANNOUNCED_FOR, BEFORE_THE_END, TRUSTED_FOR
from protos.aigc.v1 import creator_pb2, creator_pb2_grpc, node_pb2, node_pb2_grpc
from tests.coordinator.fleet.house import House, Machine, key_of
from tests.coordinator.identity.house import TurnableClock

pytestmark = pytest.mark.attack(22)


class CrashError(Exception):
    """The process ends here."""


async def _renew(house: House, machine: Machine) -> bytes:
    """As an agent does it; returns the authorities that it is told to trust."""
    async with house.nodes(machine.key, machine.certificate) as channel:
        answer = await node_pb2_grpc.NodeServiceStub(channel).RenewCertificate(
            node_pb2.RenewCertificateRequest(csr_pem=make_csr(machine.key, "m")), timeout=20
        )
    machine.certificate = answer.certificate_pem
    return bytes(answer.ca_pem)


async def _trusted_by_desktop(house: House, ca: bytes) -> bytes:
    async with house.creators(ca) as channel:
        stub = creator_pb2_grpc.SessionServiceStub(channel)
        said = await stub.GetSignInOptions(creator_pb2.GetSignInOptionsRequest(), timeout=20)
        return bytes(said.ca_pem)


async def test_machines_and_desktops_go_along(house: House) -> None:
    machine = await house.join()
    old, old_pin = house.ca_pem, house.authority.pin
    desktop = await _trusted_by_desktop(house, old)
    async with machine.connected(features=["renew"]) as stream:
        await stream.order("desired")

        await house.rotation.announce("it")
        await stream.order("renew")  # at once, not at two thirds of the certificate's life
        assert house.authority.pin == old_pin
        assert house.rotation.status().waiting == ("render-01",)
        assert (await _renew(house, machine)).count(b"BEGIN") == 2
        assert house.rotation.status().waiting == ()
        desktop = await _trusted_by_desktop(house, desktop)
        assert desktop == house.ca_pem

        await house.rotation.switch("it")
        await stream.order("renew")
        assert house.authority.pin != old_pin
        assert not stream.call.done()  # nobody was cut off
        assert (await fetch_authority("127.0.0.1", house.creators_port, house.authority.pin)) in (
            house.ca_pem
        )
        # The certificate of the old authority still opens the nodes' port.
        assert (await _renew(house, machine)).count(b"BEGIN") == 2
        desktop = await _trusted_by_desktop(house, desktop)

        await house.rotation.finish("it")
    assert await _trusted_by_desktop(house, desktop) == house.authority.roots.now.signing.pem
    async with machine.connected() as stream:
        await stream.order("desired")
    actions = [action for action, _, outcome in await house.audits() if outcome == "done"]
    steps = ["authority-finish", "authority-switch", "authority-announce"]
    assert [a for a in actions if a.startswith("authority")] == steps


async def test_who_missed_it_all_is_refused_in_words(house: House) -> None:
    machine, old = await house.join(), house.ca_pem
    stale = Machine(house, machine.node_id, machine.key, machine.certificate, machine.name)
    await house.rotation.announce("it")
    with pytest.raises(AigcError) as caught:
        await house.rotation.switch("it")
    assert caught.value.key == "rotation-machines-missing"
    assert "render-01" in caught.value.message
    assert house.rotation.status().phase is Phase.ANNOUNCED
    await house.rotation.switch("it", force=True)
    await house.rotation.finish("it", force=True)
    # A desktop that knows the old authority alone, and a link with its pin:
    with pytest.raises(grpc.aio.AioRpcError):
        await _trusted_by_desktop(house, old)
    with pytest.raises(AigcError) as refused:
        await fetch_authority("127.0.0.1", house.creators_port, spki_pin(old))
    assert refused.value.key == "pin-mismatch"
    # A machine with a certificate of the old authority, though it trusts the new one:
    with pytest.raises(AigcError) as foreign:
        await house.enrolment.admit(stale.certificate)
    assert foreign.value.key == "certificate-foreign"
    async with house.nodes(stale.key, stale.certificate) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as closed:
            await node_pb2_grpc.NodeServiceStub(channel).RenewCertificate(
                node_pb2.RenewCertificateRequest(csr_pem=make_csr(stale.key, "m")), timeout=20
            )
    assert closed.value.code() is grpc.StatusCode.UNAVAILABLE, key_of(closed.value)


async def test_it_goes_on_by_itself_when_its_time_has_come(house: House) -> None:
    machine = await house.join()
    rotation, clock = house.rotation, house.clock
    await rotation.advance()
    assert rotation.status().phase is Phase.STEADY
    due = rotation.status().next_step_at
    assert due is not None
    assert due == house.authority.roots.now.signing.ends - BEFORE_THE_END

    clock.ahead = (due - clock.now()).total_seconds() + 60
    machine = await house.join("render-02")
    clock.ahead += 1
    await rotation.advance()
    assert rotation.status().phase is Phase.ANNOUNCED
    await rotation.advance()
    assert rotation.status().phase is Phase.ANNOUNCED  # not yet

    clock.ahead += ANNOUNCED_FOR.total_seconds() + 1
    await rotation.advance()
    assert rotation.status().phase is Phase.ANNOUNCED  # a machine is missing
    assert rotation.status().waiting == ("render-02",)
    csr, at = make_csr(machine.key, "m"), round(clock.now().timestamp() * 1000)
    await house.enrolment.renew_by_proof(machine.certificate, csr, machine.proof(csr, at), at)
    await rotation.advance()
    assert rotation.status().phase is Phase.SWITCHED

    # Whoever has been away for so long must join again anyway, so nobody waits for it.
    clock.ahead += TRUSTED_FOR.total_seconds() + timedelta(days=1).total_seconds()
    await rotation.advance()
    assert rotation.status().phase is Phase.STEADY
    assert len(rotation.status().trusted) == 1


async def test_a_machine_that_was_away_is_asked_when_it_comes(house: House) -> None:
    machine = await house.join()
    async with machine.connected(features=["renew"]) as stream:
        await stream.order("welcome")
    await house.rotation.announce("it")
    async with machine.connected(features=["renew"]) as stream:
        await stream.order("renew")
    await _renew(house, machine)
    async with machine.connected(features=["renew"]) as stream:
        kinds = []
        async with asyncio.timeout(20):
            while "desired" not in kinds:
                kinds.append((await stream.call.read()).WhichOneof("order"))
        assert "renew" not in kinds


async def test_steps_come_in_their_order(house: House) -> None:
    rotation = house.rotation
    for step in (rotation.cancel, rotation.switch, rotation.finish):
        with pytest.raises(AigcError) as caught:
            await step("it")
        assert caught.value.key == "rotation-step"
    await rotation.announce("it")
    with pytest.raises(AigcError) as caught:
        await rotation.announce("it")
    assert caught.value.key == "rotation-underway"
    with pytest.raises(AigcError):
        await rotation.finish("it")
    await rotation.cancel("it")
    assert rotation.status().phase is Phase.STEADY
    first = await rotation.announce("it")
    assert first.trusted[1].name == "ca-3"  # no name comes twice


def test_a_crash_leaves_the_step_before(tmp_path: Path) -> None:
    """Whichever write is the last one, the authority opens, and signs with its own key."""
    clock = TurnableClock()
    Authority.open(tmp_path, "Studio", clock)
    real = roots.write_file

    for step in ("announce", "switch", "finish"):
        for survives in range(4):
            left = survives

            def write(path: Path, data: bytes, mode: int) -> None:
                nonlocal left
                if left == 0:
                    raise CrashError
                left -= 1
                real(path, data, mode)

            opened = Roots.open(tmp_path, "Studio", clock)
            phase, pins = opened.now.phase, [r.pin for r in opened.now.trusted]
            crashed = True
            with patch.object(roots, "write_file", write):
                try:
                    getattr(opened, step)()
                    crashed = False
                except CrashError:
                    pass
            authority = Authority.open(tmp_path, "Studio", clock)
            now = authority.roots.now
            assert authority.roots.bundle_file.read_bytes() == now.bundle_pem
            made = authority.sign_node(make_csr(new_key_pem(), "m"), "node-1")
            assert authority.identify(made.pem).node_id == "node-1"
            if now.phase is not phase:
                break  # the step is done; perhaps only the bundle was missing
            assert crashed
            assert [r.pin for r in now.trusted] == pins
        else:
            raise AssertionError(f"{step} never got through")
    assert Authority.open(tmp_path, "Studio", clock).roots.now.phase is Phase.STEADY
