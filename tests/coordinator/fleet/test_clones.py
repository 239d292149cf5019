"""A copied disk: two machines with one identity are noticed, and both are told."""

from __future__ import annotations

import asyncio

import pytest

from coordinator.domain.node import NodeId
from tests.coordinator.fleet.house import House, key_of, until

pytestmark = pytest.mark.attack(21)


async def test_while_both_are_on_the_one_that_stays_is_told_too(hasty: House) -> None:
    machine = await hasty.join()
    async with machine.connected(session_nonce=1, hardware="a" * 32) as first:
        desired = await first.desired_with(0)

        async def go_on() -> None:
            while True:
                await first.observe(ledger_id=desired.ledger_id, revision=desired.revision)
                await asyncio.sleep(0.3)

        living = asyncio.create_task(go_on())
        try:
            other = {"boot": "other", "hostname": "clone", "hardware": "b" * 32}
            async with machine.connected(session_nonce=2, **other) as second:
                assert key_of(await second.end()) == "node-duplicate"
            notice = await first.order("notice")
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
    assert notice.key == "node-duplicate"
    assert "clone" in notice.text.en
    assert "clone" in notice.text.zh


async def test_in_turns_is_noticed_by_the_hardware(house: House) -> None:
    """The original and its copy are never on at the same time."""
    machine = await house.join()
    for hardware in ("original", "copy"):
        async with machine.connected(session_nonce=1, hardware=hardware) as stream:
            await stream.order("desired")  # a board may be exchanged: no alarm yet
    assert house.enrolment.credentials[machine.node_id].duplicate_at is None
    async with machine.connected(session_nonce=2, hardware="original") as stream:
        assert key_of(await stream.end()) == "node-duplicate"
    assert house.sessions.get(NodeId(machine.node_id)) is None
    async with machine.connected(session_nonce=3, hardware="copy") as stream:
        assert (await stream.order("notice")).key == "node-duplicate"
        await stream.order("desired")
        await stream.observe()
        node = house.reactor.studio.nodes[NodeId(machine.node_id)]
        await until(lambda: _problems(house, machine.node_id))
        assert node is not None
    assert ("node-duplicate", machine.node_id, "refused") in await house.audits()


def _problems(house: House, node_id: str) -> bool:
    node = house.reactor.studio.nodes[NodeId(node_id)]
    return any("Two machines" in problem.en for problem in node.problems)


async def test_a_machine_that_does_not_know_its_hardware_is_left_alone(house: House) -> None:
    machine = await house.join()
    for nonce, hardware in enumerate(("a", "", "a", "", "b", "")):
        async with machine.connected(session_nonce=nonce, hardware=hardware) as stream:
            await stream.order("desired")
    assert house.enrolment.credentials[machine.node_id].duplicate_at is None
