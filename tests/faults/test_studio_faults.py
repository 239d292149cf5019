"""Every fault that a studio of machines survives, one after the other, on the same studio.

Two GPU machines with a card and an engine each, Docker Engines of their own (gpu1 with
live-restore), real names and TLS. After each fault the invariants hold again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from aigc.errors import AigcError
from tests.faults.invariants import read_ledger
from tests.faults.town import DeskProgram, Town, town
from tests.studio.demo import demo_studio
from tests.studio.machine import wait_until
from tests.studio.studio import AIGC, Studio

pytestmark = [pytest.mark.faults, pytest.mark.studio, pytest.mark.slow, pytest.mark.timeout(240)]

_SILENT, _GRACE = 5, 8
_STATE_MIB = 64  # of the coordinator's disk
_TWIN = 10_000  # added to the ports of a second coordinator


@pytest.fixture(scope="module")
def here() -> Iterator[Town]:
    with demo_studio(_SILENT, _GRACE, cards=1, state_mib=_STATE_MIB) as studio:
        machine = studio.machines["gpu1"]
        machine.end_docker()
        machine.start_docker(live_restore=True)
        with town(studio) as made:
            yield made


@pytest.fixture(autouse=True)
def _well_before(here: Town) -> None:
    """What one fault broke must not be taken for the next one's doing."""
    here.mended()


# --- programs killed ---------------------------------------------------------------------------


def test_coordinator_killed(here: Town) -> None:
    before, engines = here.listed(), here.running()
    with here.never_interrupted(here.one):
        here.studio.end_coordinator(signal.SIGKILL)
        _stay(here, engines, 3)
        here.coordinator_back("coordinator killed")
        here.settled(before, engines)


def test_coordinator_stopped_cleanly(here: Town) -> None:
    """Its gateway goes with it, and comes back with it; engines go on."""
    before, engines = here.listed(), here.running()
    here.studio.end_coordinator(signal.SIGTERM)
    _stay(here, engines, 2)
    here.coordinator_back("coordinator stopped")
    here.settled(before, engines)


def test_gateway_killed(here: Town) -> None:
    before, engines = here.listed(), here.running()
    began = time.monotonic()
    here.kill_gateway()
    here.desk.ask("page_within", page=here.pages[here.one])
    here.note("gateway killed: the page is back after", time.monotonic() - began)
    here.settled(before, engines)


def test_agent_killed(here: Town) -> None:
    before, engines = here.listed(), here.running()
    here.studio.end_agent("gpu1", signal.SIGKILL)
    _stay(here, engines, 1)
    here.studio.start_agent("gpu1")
    began = time.monotonic()
    here.desk.ask("page_within", page=here.pages[here.one])
    here.note("agent killed: the page is back after the agent's start", time.monotonic() - began)
    here.settled(before, engines)


def test_all_killed_at_once(here: Town) -> None:
    before, engines = here.listed(), here.running()
    gateway = here.studio.gateway_pid()
    here.studio.end_coordinator(signal.SIGKILL)
    os.kill(gateway, signal.SIGKILL)
    for name in ("gpu1", "gpu2"):
        here.studio.end_agent(name, signal.SIGKILL)
    for name in ("gpu1", "gpu2"):
        here.studio.start_agent(name)
    here.coordinator_back("all killed")
    here.settled(before, engines)


# --- Docker and engines ------------------------------------------------------------------------


def test_docker_daemon_killed_with_live_restore(here: Town) -> None:
    before, engines = here.listed(), here.running()
    machine = here.studio.machines["gpu1"]
    machine.end_docker(signal.SIGKILL)
    wait_until("the problem shown", lambda: here.node("gpu1")["problems"], 60)
    machine.start_docker(live_restore=True)
    here.settled(before, engines)


def test_docker_daemon_killed_without_live_restore(here: Town) -> None:
    """Docker itself ends the engine when it starts again: nobody's fault, so it begins again."""
    before, others = here.listed(), here.running(here.one)
    machine = here.studio.machines["gpu2"]
    machine.end_docker(signal.SIGKILL)
    machine.start_docker(live_restore=False)
    here.settled(before, others)
    assert here.desk.ask("gallery", page=here.pages[here.two]) == [f"a crane of {here.two}"]


def test_docker_daemon_restarted(here: Town) -> None:
    """As an update of Docker does it, without live-restore."""
    before, others = here.listed(), here.running(here.one)
    machine = here.studio.machines["gpu2"]
    machine.end_docker(signal.SIGTERM)
    machine.start_docker(live_restore=False)
    here.settled(before, others)
    assert here.desk.ask("gallery", page=here.pages[here.two]) == [f"a crane of {here.two}"]


def test_engine_killed(here: Town) -> None:
    before, others = here.listed(), here.running(here.one)
    (container,) = (f for f in here.found() if f.instance_id == here.two)
    here.studio.machines["gpu2"].docker("kill", "--signal", "KILL", container.container_id)
    here.until_state(here.two, "failed")
    assert here.line(here.two)
    wait_until("its card given back", lambda: not _cards_of(here, here.two), 60)
    here.start_again(here.two)
    assert here.desk.ask("gallery", page=here.pages[here.two]) == [f"a crane of {here.two}"]
    here.settled(before, others)


# --- machines silent, away, restarted ------------------------------------------------------------


def test_agent_frozen(here: Town) -> None:
    before, engines = here.listed(), here.running()
    machine, agent = here.studio.machines["gpu1"], here.studio.agents["gpu1"]
    machine.kill(agent, signal.SIGSTOP)
    try:
        here.until_state(here.one, "unreachable", 60)
        assert "has not answered" in here.line(here.one)
    finally:
        machine.kill(agent, signal.SIGCONT)
    here.settled(before, engines)


@pytest.mark.parametrize("told", ["unreachable", "lost"])
def test_machine_cut_off(here: Town, told: str) -> None:
    """Shorter than the grace, and longer."""
    before, engines = here.listed(), here.running()
    here.studio.network.unplug("gpu1")
    try:
        here.until_state(here.one, told, 90)
        assert here.line(here.one)
        # Whoever asks for it now is told to wait: its data has a writer that nobody has seen end.
        here.desk.ask("start", instance=here.one)
        assert here.state(here.one) != "ready"
    finally:
        here.studio.network.plug_in_again("gpu1")
    here.settled(before, engines)


def test_machine_loses_power(here: Town) -> None:
    before, others = here.listed(), here.running(here.one)
    machine = here.studio.machines["gpu2"]
    machine.power_off()
    del here.studio.agents["gpu2"]
    here.until_state(here.two, "unreachable", 60)
    machine.power_on()
    machine.start_docker(live_restore=False)
    here.studio.start_agent("gpu2")
    # Nobody stopped it, so it begins again by itself.
    here.settled(before, others)
    assert here.desk.ask("gallery", page=here.pages[here.two]) == [f"a crane of {here.two}"]


def test_machine_shut_down_cleanly(here: Town) -> None:
    before, others = here.listed(), here.running(here.one)
    machine = here.studio.machines["gpu2"]
    here.studio.end_agent("gpu2", signal.SIGTERM)
    machine.end_docker(signal.SIGTERM)
    machine.power_off()
    here.until_state(here.two, "unreachable", 60)
    machine.power_on()
    machine.start_docker(live_restore=False)
    here.studio.start_agent("gpu2")
    here.settled(before, others)
    assert here.desk.ask("gallery", page=here.pages[here.two]) == [f"a crane of {here.two}"]


# --- disk, browser -----------------------------------------------------------------------------


def test_disk_full_at_the_ledger(here: Town) -> None:
    before, engines = here.listed(), here.running()
    with here.never_interrupted(here.one):
        with _disk_full(here.studio.state_dir):
            said = _refused_sentence(here)
            assert "free space" in said, said
            assert here.state(here.two) == "ready"
            _stay(here, engines, 3)
            # It cannot even start then: one sentence; and once there is room, all is as it was.
            here.studio.end_coordinator(signal.SIGKILL)
            done = here.studio.coord.run(
                AIGC,
                *("coordinator", "serve", "--config", str(here.studio.configuration)),
                check=False,
            )
            assert done.returncode != 0
            assert "Traceback" not in done.stderr, done.stderr
            assert "space" in done.stderr, done.stderr
        here.coordinator_back("disk full")
    here.desk.ask("rename", instance=here.two, name="two")  # the name that it had
    here.settled(before, engines)
    here.desk.ask("stop", instance=here.two)
    here.until_state(here.two, "stopped")
    here.start_again(here.two)
    here.settled(before, here.running(here.one))


def test_browser_asleep(here: Town) -> None:
    before, engines = here.listed(), here.running()
    page = here.pages[here.one]
    here.desk.ask("open_socket", page=page)
    here.studio.network.unplug("desk")
    _stay(here, engines, 3)
    here.studio.network.plug_in_again("desk")
    assert here.desk.ask("socket_lives")
    # Asleep for longer: the other end is gone, and nobody could tell it.
    here.studio.network.unplug("desk")
    here.kill_gateway()
    _stay(here, engines, 3)
    here.studio.network.plug_in_again("desk")
    assert not here.desk.ask("socket_lives")
    took = here.desk.ask("page_within", page=page)  # with the session that it has
    here.note("browser asleep: the page works again after", took)
    assert took < 15
    here.settled(before, engines)


# --- ledgers -----------------------------------------------------------------------------------


def test_two_on_one_state_folder(here: Town) -> None:
    before, engines = here.listed(), here.running()
    with here.never_interrupted(here.one):
        done = here.studio.coord.run(
            *(AIGC, "coordinator", "serve", "--config", str(here.studio.configuration)),
            check=False,
        )
        assert done.returncode != 0
        assert "Another coordinator" in done.stderr
    here.settled(before, engines)


def test_restored_from_an_older_copy(here: Town) -> None:
    before = here.listed()
    copy = here.studio.root / "copy"
    _copy_state(here.studio.state_dir, copy)
    here.desk.ask("stop", instance=here.two)
    here.until_state(here.two, "stopped")
    here.start_again(here.two)
    engines = here.running()
    here.studio.end_coordinator(signal.SIGTERM)
    _put_back(copy, here.studio.state_dir)
    here.studio.start_coordinator()
    # gpu2 has seen more than this ledger knows; to gpu1 it is as good as it was.
    here.until_refusing("gpu2")
    _stay(here, engines, 5)
    here.desk.ask("page_within", page=here.pages[here.one])
    here.desk.ask("accept_ledger", node=here.node("gpu2")["id"])
    here.settled(before, engines)


def test_started_on_an_empty_ledger(here: Town) -> None:
    """Nothing is stopped; and when IT finds the right ledger, all is as it was."""
    before, engines = here.listed(), here.running()
    copy = here.studio.root / "right"
    here.studio.end_coordinator(signal.SIGKILL)
    _copy_state(here.studio.state_dir, copy)
    for file in here.studio.state_dir.glob("ledger.sqlite*"):
        file.unlink()
    here.studio.start_coordinator()
    accounts = here.studio.root / "accounts.json"
    accounts.rename(here.studio.root / "accounts.right")
    here.desk.ask("sign_in")
    for name in ("gpu1", "gpu2"):
        here.until_refusing(name)
    assert here.listed() == []
    _stay(here, engines, 5)
    here.studio.end_coordinator(signal.SIGKILL)
    _put_back(copy, here.studio.state_dir)
    (here.studio.root / "accounts.right").rename(accounts)
    here.studio.start_coordinator()
    here.desk.ask("sign_in")
    for key in (here.one, here.two):
        here.desk.ask("visit", page=here.pages[key])
    here.settled(before, engines)


def test_two_coordinators_with_one_identity(here: Town) -> None:
    """A copy is served at another address, and gpu2's agent comes to it: it is not obeyed."""
    studio = here.studio
    before = here.listed()
    copy = studio.root / "twin"
    tokens = here.desk.ask("make_tokens")
    _copy_state(studio.state_dir, copy)
    here.desk.ask("stop", instance=here.two)
    here.until_state(here.two, "stopped")
    here.start_again(here.two)
    engines = here.running()
    with _twin(studio, copy, tokens) as twin:
        studio.end_agent("gpu2", signal.SIGKILL)

        def refusing() -> bool:
            return any(n["ledger_refused"] and n["online"] for n in twin.ask("nodes"))

        with _led_to_the_twin(studio):
            studio.start_agent("gpu2")
            wait_until("the twin refused", refusing, 60)
            # The twin lives too, until its ledger counts further than the true one.
            with contextlib.suppress(AigcError):
                twin.ask("stop", instance=here.two)
            for _ in range(12):
                if _revision(copy) > _revision(studio.state_dir) + 1:
                    break
                counted = _revision(copy)
                studio.end_agent("gpu2", signal.SIGKILL)
                studio.start_agent("gpu2")
                wait_until("a revision", partial(_counts_past, copy, counted), 60)
            assert _revision(copy) > _revision(studio.state_dir) + 1
            _stay(here, engines, 6)
            wait_until("the twin refused still", refusing, 60)
            studio.end_agent("gpu2", signal.SIGKILL)
        studio.start_agent("gpu2")
        here.settled(before, engines)
        assert not here.node("gpu2")["ledger_refused"]


# --- tools -------------------------------------------------------------------------------------


def _stay(here: Town, engines: object, seconds: float) -> None:
    """Nothing is stopped for so long."""
    end = time.monotonic() + seconds
    while True:
        assert here.running() == engines
        if time.monotonic() > end:
            return
        time.sleep(0.5)


@contextmanager
def _disk_full(state_dir: Path) -> Iterator[None]:
    """Not a byte left on the coordinator's disk."""
    filler = state_dir / "filler"
    try:
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            size = 1 << 20
            while size:
                try:
                    file.write(b"\0" * size)
                except OSError:
                    size //= 2
        yield
    finally:
        filler.unlink()


def _cards_of(here: Town, instance: str) -> tuple[str, ...]:
    rows = read_ledger(here.studio.state_dir).rows
    return next(r.gpus for r in rows if r.instance_id == instance)


def _refused_sentence(here: Town) -> str:
    """What a person is told who orders something now. The file may have a little room left."""
    said = ""

    def refused() -> bool:
        nonlocal said
        try:
            here.desk.ask("rename", instance=here.two, name="two" + "x" * 40)
            here.desk.ask("rename", instance=here.two, name="two")
        except AigcError as error:
            said = str(error)
        return bool(said)

    wait_until("a refusal", refused, 60)
    return said


def _copy_state(state_dir: Path, copy: Path) -> None:
    """As a backup does it: the ledger whole, though it is in use, and the files beside it."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(
        state_dir,
        copy,
        ignore=lambda _, names: [n for n in names if n.startswith("ledger.") or ".sock" in n],
    )
    with (
        contextlib.closing(sqlite3.connect(state_dir / "ledger.sqlite")) as source,
        contextlib.closing(sqlite3.connect(copy / "ledger.sqlite")) as target,
    ):
        source.backup(target)


def _put_back(copy: Path, state_dir: Path) -> None:
    for file in state_dir.glob("ledger.sqlite*"):
        file.unlink()
    shutil.copytree(copy, state_dir, dirs_exist_ok=True)


def _revision(state_dir: Path) -> int:
    with contextlib.closing(sqlite3.connect(state_dir / "ledger.sqlite")) as connection:
        return int(connection.execute("SELECT revision FROM studio").fetchone()[0])


def _counts_past(state_dir: Path, revision: int) -> bool:
    return _revision(state_dir) > revision


@contextmanager
def _twin(studio: Studio, state_dir: Path, tokens: dict[str, str]) -> Iterator[DeskProgram]:
    """A second coordinator from a copy of the first one's folder, and people who talk to it."""
    text = studio.configuration.read_text().replace(str(studio.state_dir), str(state_dir))
    for port in (7440, 7443, 7444, 7445, 8443):
        text = text.replace(f":{port}", f":{port + _TWIN}")
    configuration = studio.root / "twin.toml"
    configuration.write_text(text)
    ready = state_dir / "ready.json"
    ready.unlink(missing_ok=True)
    program = studio.coord.start(
        "twin", [AIGC, "coordinator", "serve", "--config", str(configuration)]
    )
    try:
        wait_until("the twin ready", ready.exists, 60)
        people = DeskProgram(studio.desk, studio.root, str(studio.ready["pin"]), _TWIN)
        try:
            people.ask("use_tokens", tokens=tokens)
            yield people
        finally:
            people.close()
    finally:
        studio.coord.kill(program, signal.SIGTERM)


@contextmanager
def _led_to_the_twin(studio: Studio) -> Iterator[None]:
    """gpu2's agent dials the coordinator, and the network brings it to the other one."""
    address = studio.coord.address
    rule = (
        *("OUTPUT", "-p", "tcp", "-d", address, "--dport", "7444", "-j", "DNAT"),
        *("--to-destination", f"{address}:{7444 + _TWIN}"),
    )
    machine = studio.machines["gpu2"]
    machine.run("iptables", "-t", "nat", "-I", *rule)
    try:
        yield
    finally:
        machine.run("iptables", "-t", "nat", "-D", *rule)
