"""The probe of real cards: the real pynvml, on a stand-in for the driver's library."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node_agent.gpus.nvml import NvmlProbe, load_library
from node_agent.gpus.probe import ProbeError
from tests.standins.nvml import STATE_VARIABLE, build

ONE = "GPU-11111111-2222-3333-4444-555555555555"
TWO = "GPU-22222222-2222-3333-4444-555555555555"

TWO_CARDS = f"""
driver 550.54.14
card {TWO}
bus 00000000:41:00.0
name NVIDIA RTX 6000 Ada Generation
memory 51527024640 0
card {ONE}
bus 00000000:01:00.0
name NVIDIA GeForce RTX 4090
memory 25757220864 1073741824
utilisation 37
temperature 61
power 120500
energy 123456789
capability 8 9
process 4242 1048576
drawing 4242 1048576
drawing 77 -1
"""


@pytest.fixture(scope="module")
def _library(tmp_path_factory: pytest.TempPathFactory) -> None:
    load_library(build(tmp_path_factory.mktemp("nvml")))


@pytest.fixture
def state(_library: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-in's cards say; write to it."""
    path = tmp_path / "cards"
    path.write_text(TWO_CARDS)
    monkeypatch.setenv(STATE_VARIABLE, str(path))
    return path


@pytest.fixture
async def probe(state: Path, tmp_path: Path) -> AsyncIterator[NvmlProbe]:
    made = NvmlProbe(timeout=1.0, module_version=tmp_path / "module")
    await made.load()
    yield made
    await made.unload()


async def _say(state: Path, text: str) -> None:
    await asyncio.to_thread(state.write_text, text)


async def test_cards_are_read_by_uuid_in_the_order_of_the_bus(probe: NvmlProbe) -> None:
    first, second = await probe.cards()
    assert (first.uuid, second.uuid) == (ONE, TWO)
    assert first.name == "NVIDIA GeForce RTX 4090"
    assert first.pci_bus_id == "00000000:01:00.0"
    assert (first.memory_total, first.memory_used) == (25757220864, 1073741824)
    assert (first.utilisation, first.temperature, first.power) == (37.0, 61.0, 120.5)
    assert first.energy == 123456789
    assert first.compute_capability == "8.9"
    assert first.per_process
    assert not first.simulated
    health = await probe.health()
    assert health.driver_version == "550.54.14"
    assert health.problems == ()


async def test_what_a_card_cannot_tell_is_none_and_not_zero(probe: NvmlProbe, state: Path) -> None:
    missing = [
        *("nvmlDeviceGetPowerUsage", "nvmlDeviceGetTotalEnergyConsumption"),
        *("nvmlDeviceGetTemperature", "nvmlDeviceGetUtilizationRates"),
        *("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetProcessUtilization"),
        *("nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetMigMode"),
        *("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetPciInfo_v3"),
    ]
    lines = "".join(f"without {name}\n" for name in missing)
    await _say(state, f"card {ONE}\nmemory 100 10\npower 5\n{lines}")
    (card,) = await probe.cards()
    assert (card.power, card.energy, card.temperature, card.utilisation) == (None,) * 4
    assert (card.memory_total, card.memory_used, card.pci_bus_id) == (None,) * 3
    assert not card.per_process
    assert await probe.processes() == {ONE: None}
    assert await probe.busy() == {ONE: None}


async def test_processes_are_told_with_their_bytes(probe: NvmlProbe) -> None:
    assert await probe.processes() == {ONE: {4242: 1048576, 77: None}, TWO: {}}


async def test_no_samples_is_idle_and_new_ones_count_once(probe: NvmlProbe, state: Path) -> None:
    assert await probe.busy() == {ONE: {}, TWO: {}}
    samples = "sample 4242 30 1000\nsample 4242 80 2000\nsample 9 0 2000\nsample 5 4294967 2000\n"
    await _say(state, TWO_CARDS + samples)
    assert (await probe.busy())[ONE] == {4242: 80.0, 9: 0.0}
    assert (await probe.busy())[ONE] == {}
    await _say(state, TWO_CARDS + samples + "sample 4242 12 3000\n")
    assert (await probe.busy())[ONE] == {4242: 12.0}


async def test_a_lost_card_is_missing_and_the_other_one_is_not(
    probe: NvmlProbe, state: Path
) -> None:
    await _say(state, f"card {ONE}\nlost\ncard {TWO}\nmemory 8 0\n")
    assert [card.uuid for card in await probe.cards()] == [TWO]
    assert await probe.processes() == {TWO: {}}


async def test_slices_are_cards(probe: NvmlProbe, state: Path) -> None:
    text = f"card {ONE}\nmemory 80 0\nslice MIG-a 20 5\nslice MIG-b 40 0\ncard {TWO}\n"
    await _say(state, text)
    cards = await probe.cards()
    assert [card.uuid for card in cards] == ["MIG-a", "MIG-b", TWO]
    assert [card.memory_total for card in cards[:2]] == [20, 40]
    assert [card.utilisation for card in cards[:2]] == [None, None]
    assert cards[0].compute_capability == "8.9"
    assert (await probe.busy())["MIG-a"] is None


async def test_a_hanging_driver_costs_one_timeout_and_is_told(
    probe: NvmlProbe, state: Path
) -> None:
    await _say(state, f"hang nvmlDeviceGetName 4000\ncard {ONE}\n")
    with pytest.raises(ProbeError, match="did not answer within"):
        await probe.cards()
    health = await probe.health()
    assert "does not answer" in health.problems[0].en
    assert "没有响应" in health.problems[0].zh
    await _say(state, f"card {ONE}\n")
    deadline = time.monotonic() + 20
    while True:
        try:
            assert [card.uuid for card in await probe.cards()] == [ONE]
            break
        except ProbeError:
            assert time.monotonic() < deadline


async def test_errors_are_not_an_empty_machine(probe: NvmlProbe, state: Path) -> None:
    await _say(state, f"error nvmlDeviceGetCount_v2 999\ncard {ONE}\n")
    for ask in (probe.cards, probe.processes, probe.busy):
        with pytest.raises(ProbeError):
            await ask()


async def test_a_library_torn_down_under_us_is_initialised_again(
    probe: NvmlProbe, state: Path
) -> None:
    import pynvml

    pynvml.nvmlShutdown()
    assert len(await probe.cards()) == 2


async def test_a_driver_upgraded_underneath_needs_a_reboot(
    probe: NvmlProbe, tmp_path: Path
) -> None:
    banner = (
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Thu Feb 22 01:44:30 UTC 2024\n"
        "GCC version:  gcc version 12.2.0\n"
    )
    await asyncio.to_thread((tmp_path / "module").write_text, banner.format("550.54.14"))
    assert (await probe.health()).problems == ()
    await asyncio.to_thread((tmp_path / "module").write_text, banner.format("535.183.01"))
    (problem,) = (await probe.health()).problems
    assert "needs a reboot" in problem.en
    assert "loaded 535.183.01, installed 550.54.14" in problem.en
    assert "需要重启" in problem.zh


@pytest.mark.parametrize(
    ("line", "words"), [("init 18", "needs a reboot"), ("init 9", "does not work")]
)
async def test_a_library_that_does_not_initialise_is_one_sentence(
    state: Path, tmp_path: Path, line: str, words: str
) -> None:
    await _say(state, f"{line}\ncard {ONE}\n")
    probe = NvmlProbe(timeout=5.0, module_version=tmp_path / "module")
    await probe.load()
    (problem,) = (await probe.health()).problems
    assert words in problem.en
    with pytest.raises(ProbeError):
        await probe.cards()
    # Once it works it is used, without a restart of the agent.
    await _say(state, f"card {ONE}\n")
    assert (await probe.health()).problems == ()
    assert len(await probe.cards()) == 1
    await probe.unload()


async def _child(code: str, **environment: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(child.communicate(), 30)
    return out.decode()


_CODE = """
import asyncio
from node_agent.gpus.nvml import NvmlProbe
async def show():
    probe = NvmlProbe()
    await probe.load()
    print([c.uuid for c in await probe.cards()], *(p.en for p in (await probe.health()).problems))
    await probe.unload()
asyncio.run(show())
"""


async def test_no_driver_is_one_sentence_and_no_cards() -> None:
    said = await _child(_CODE, LD_LIBRARY_PATH="/nowhere")
    if "GPU-" in said:
        pytest.skip("this machine has a driver")
    assert said.startswith("[] This machine has no NVIDIA driver")


async def test_an_agents_process_finds_the_standin_by_its_path(state: Path, tmp_path: Path) -> None:
    library = await asyncio.to_thread(build, tmp_path / "lib")
    said = await _child(_CODE, LD_LIBRARY_PATH=str(library.parent))
    assert ONE in said
    assert TWO in said
