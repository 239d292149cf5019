"""`aigc agent check`: each part is told, in words, with how to mend it."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aigc.clock import SystemClock
from node_agent.checks import Finding, check
from node_agent.config import AgentConfig
from node_agent.enrolment import IdentityFiles, join
from tests.node_agent.coordinator_side import Authority, CoordinatorSide
from tests.standins.clock import FakeClock


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {f.name: f for f in findings}


async def test_all_is_well(side: CoordinatorSide, config: AgentConfig) -> None:
    side.gateway = side.nodes
    await join(side.link, config.state_dir, SystemClock())
    found = by_name(await check(config))
    for name in ("engines", "GPUs", "joined", "certificate", "coordinator", "nodes' port"):
        assert found[name].ok, found[name]
    assert "simulated" in found["GPUs"].message
    assert "demo only" in found["engines"].message


async def test_before_joining_only_the_machine_is_looked_at(config: AgentConfig) -> None:
    found = by_name(await check(config))
    assert not found["joined"].ok
    assert "join-command" in found["joined"].message
    assert "coordinator" not in found


async def test_what_is_wrong_is_told(
    side: CoordinatorSide, config: AgentConfig, tmp_path: Path
) -> None:
    joined = await join(side.link, config.state_dir, SystemClock())
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{unused.getsockname()[1]}"
        broken = replace(
            joined, ca_pem=Authority(SystemClock()).pem, node_address=closed, gateway_address="x"
        )
        await asyncio.to_thread(IdentityFiles(config.state_dir).save, broken)
        bad = config.model_copy(
            update={
                "libraries": {"models": tmp_path / "not-there"},
                "gpus": ("GPU-unknown",),
                "simulated_gpus": 1,
            }
        )
        late = FakeClock(SystemClock().now() + timedelta(days=2))
        found = by_name(await check(bad, late))
    assert "not a folder" in found["libraries"].message
    assert "GPU-unknown" in found["GPUs"].message
    assert "expired" in found["certificate"].message
    assert "another CA" in found["coordinator"].message
    assert closed in found["nodes' port"].message
    assert not found["gateway's tunnel"].ok


async def test_a_docker_that_is_not_there_is_told(config: AgentConfig, tmp_path: Path) -> None:
    lacking = config.model_copy(
        update={"driver": "docker", "docker_socket": str(tmp_path / "docker.sock")}
    )
    found = by_name(await check(lacking))
    assert not found["engines"].ok
    assert "docker" in found["engines"].message.lower()
