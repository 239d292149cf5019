"""`aigc agent check`: what is missing or misconfigured on this machine, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aigc.clock import Clock, SystemClock, from_milliseconds
from aigc.errors import AigcError
from aigc.tls import fetch_authority, split_address
from node_agent import enrolment
from node_agent.config import AgentConfig
from node_agent.enrolment import Identity, IdentityFiles
from node_agent.gpus.probe import ProbeError
from node_agent.notices import last_notice
from node_agent.program import choose_driver, choose_probe
from node_agent.walls.report import look as look_at_walls

_LEAST_FREE = 20 << 30
_CONNECT_WITHIN = 5.0
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``message`` says what is so, and how to mend it if not ok."""

    name: str
    ok: bool
    message: str


async def check(config: AgentConfig, clock: Clock | None = None) -> list[Finding]:
    """Look at everything that an agent needs; each part is told, none raises."""
    clock = clock or SystemClock()
    findings = [await _engines(config), await _cards(config)]
    findings.append(await _walls(config))
    findings += [await _volume_root(config), await _libraries(config), await _cgroup()]
    try:
        identity = await asyncio.to_thread(IdentityFiles(config.state_dir).load)
    except AigcError as error:
        return [*findings, Finding("joined", False, error.message)]
    findings.append(
        Finding("joined", True, f"as {identity.node_name} to {identity.coordinator_address}")
    )
    findings.append(_certificate(identity, clock))
    findings.append(await _coordinator(identity, clock))
    notice = await asyncio.to_thread(last_notice, config.state_dir)
    if notice is not None:
        said = f"On {notice.at:%Y-%m-%d %H:%M} UTC the coordinator said: {notice.text}"
        findings.append(Finding("notice", False, said))
    for name, address in (
        ("nodes' port", identity.node_address),
        ("gateway's tunnel", identity.gateway_address),
    ):
        findings.append(await _reachable(name, address))
    return findings


async def _engines(config: AgentConfig) -> Finding:
    driver, note = await choose_driver(config)
    await driver.load()
    try:
        found = await driver.fingerprint()
    finally:
        await driver.unload()
    said = " ".join(p.en for p in found.problems)
    if not found.can_start:
        return Finding("engines", False, said or f"The {found.name} driver cannot start engines.")
    told = [f"{found.name} {found.version}".strip()]
    told += [said] if said else []
    told += [note.en] if note is not None else []
    return Finding("engines", True, "; ".join(told))


async def _walls(config: AgentConfig) -> Finding:
    if config.driver == "process":
        return Finding("walls", True, "none: plain processes have no network of their own")
    if config.walls == "off":
        return Finding("walls", True, 'none: agent.toml says walls = "off"')
    told = await asyncio.to_thread(look_at_walls, config.docker_scope)
    if told["up"] or told["possible"]:
        return Finding("walls", True, str(told["message"]))
    return Finding("walls", config.walls != "required", str(told["message"]))


async def _cards(config: AgentConfig) -> Finding:
    try:
        probe = choose_probe(config)
        await probe.load()
    except ImportError as error:
        return Finding(
            "GPUs",
            False,
            f"NVML's Python part is not installed ({error}): pip install the "
            "extra aigc-gateway[agent].",
        )
    try:
        cards = await probe.cards()
        health = await probe.health()
    except ProbeError as error:
        return Finding("GPUs", False, f"The GPUs do not answer: {error}. Check nvidia-smi.")
    finally:
        await probe.unload()
    if health.problems:
        return Finding("GPUs", False, " ".join(p.en for p in health.problems))
    if not cards:
        return Finding(
            "GPUs",
            False,
            "No GPU was found: check that nvidia-smi lists the cards, or set "
            "simulated_gpus in agent.toml to try things out.",
        )
    unknown = sorted(set(config.gpus or ()) - {card.uuid for card in cards})
    if unknown:
        return Finding(
            "GPUs",
            False,
            f'agent.toml names the card {unknown[0]} in "gpus", which is not here; '
            f"here are: {', '.join(card.uuid for card in cards)}.",
        )
    names = ", ".join(c.name + (" (simulated)" if c.simulated else "") for c in cards)
    return Finding("GPUs", True, names)


async def _volume_root(config: AgentConfig) -> Finding:
    def look() -> Finding:
        root = config.volume_root
        nearest = root
        while not nearest.exists() and nearest != nearest.parent:
            nearest = nearest.parent
        if not os.access(nearest, os.W_OK | os.X_OK):
            return Finding(
                "volumes",
                False,
                f"The agent may not write {nearest}: give it to the agent's "
                "user, or set volume_root to another folder.",
            )
        free = shutil.disk_usage(nearest).free
        if free < _LEAST_FREE:
            return Finding(
                "volumes",
                False,
                f"Only {free / _GIB:.1f} GiB are free below {nearest}: creators' "
                f"files and models need more (at least {_LEAST_FREE // _GIB} GiB).",
            )
        return Finding("volumes", True, f"{root}, {free / _GIB:.0f} GiB free")

    return await asyncio.to_thread(look)


async def _libraries(config: AgentConfig) -> Finding:
    def look() -> Finding:
        for name, folder in config.libraries.items():
            if not folder.is_dir():
                return Finding(
                    "libraries",
                    False,
                    f'The library "{name}" is not there: {folder} is not a '
                    "folder of this machine (is it mounted?).",
                )
        return Finding("libraries", True, ", ".join(sorted(config.libraries)) or "none given")

    return await asyncio.to_thread(look)


async def _cgroup() -> Finding:
    def look() -> Finding:
        unified = Path("/sys/fs/cgroup/cgroup.controllers")
        if unified.exists():
            here = set(unified.read_text().split())
            lacking = sorted({"cpu", "memory", "pids"} - here)
            if not lacking:
                return Finding("limits", True, "cgroup v2 with cpu, memory and pids")
            return Finding(
                "limits",
                False,
                f"The kernel's cgroups lack {', '.join(lacking)}: limits on "
                "engines would not hold. Enable them on the kernel's command line.",
            )
        if Path("/sys/fs/cgroup/memory").is_dir():
            return Finding("limits", True, "cgroup v1 (v2 is recommended)")
        return Finding(
            "limits", False, "No cgroups are mounted here: limits on engines would not hold."
        )

    return await asyncio.to_thread(look)


def _certificate(identity: Identity, clock: Clock) -> Finding:
    begins, ends = identity.validity()
    now = clock.now()
    if now < begins:
        return Finding(
            "certificate",
            False,
            f"It is valid only from {begins:%Y-%m-%d %H:%M} UTC on: this "
            "machine's clock is behind, set it.",
        )
    if now >= ends:
        return Finding(
            "certificate",
            False,
            f"It expired at {ends:%Y-%m-%d %H:%M} UTC; the running agent "
            "renews it by itself, up to 90 days late. After that, join again.",
        )
    return Finding("certificate", True, f"valid until {ends:%Y-%m-%d %H:%M} UTC")


async def _coordinator(identity: Identity, clock: Clock) -> Finding:
    """Name, network, authority and clock, over the joining port."""

    async def ask() -> str:
        host, port = split_address(identity.coordinator_address)
        known = enrolment.pins(identity.ca_pem)
        ca_pem = await fetch_authority(host, port, None)
        if not enrolment.pins(ca_pem) & known:
            raise AigcError(
                "pin-mismatch",
                f"The coordinator at {identity.coordinator_address} has another CA than the one "
                "this machine joined: ask IT whether it was installed anew, then join again.",
            )
        authority = await enrolment.ask_authority(identity.coordinator_address, identity.ca_pem)
        enrolment.check_clock(from_milliseconds(authority.server_time_ms), clock.now())
        return f"{identity.coordinator_address}, version {authority.version}, clocks agree"

    return await _told("coordinator", ask)


async def _reachable(name: str, address: str) -> Finding:
    async def ask() -> str:
        host, port = split_address(address)
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                _, writer = await asyncio.open_connection(host, port)
            writer.transport.abort()
        except TimeoutError as error:
            raise AigcError(
                "unreachable", f"{address} does not answer: check firewalls in between."
            ) from error
        except OSError as error:
            raise AigcError(
                "unreachable", f"{address} cannot be reached: {error.strerror or error}."
            ) from error
        return address

    return await _told(name, ask)


async def _told(name: str, ask: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(name, True, await ask())
    except AigcError as error:
        return Finding(name, False, error.message)
