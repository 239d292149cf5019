"""Contract of starting with the session, and each system's own form of it.

The same suite runs on the XDG entry, the launch agent and the Run key; on Windows the last one is
the real registry, elsewhere our own protocol in memory (which proves values, not Windows).
"""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aigc.errors import AigcError
from desktop_client.platform.autostart import Autostart, open_autostart
from desktop_client.platform.autostart.linux import EntryAutostart
from desktop_client.platform.autostart.macos import AgentAutostart, agent
from desktop_client.platform.autostart.windows import (
    APPROVED,
    NAME,
    RUN,
    RegistryAutostart,
    changes,
    command_line,
    is_approved,
)
from desktop_client.platform.program_command import tray_command
from desktop_client.platform.registry import Registry, Removal, Write
from tests.desktop_client.platform.registry import MemoryRegistry

GENERATOR = Path("/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator")


@dataclass
class Desk:
    """A person's settings on one system. ``open`` gives the switch for a command."""

    open: Callable[[tuple[str, ...]], Autostart]


@pytest.fixture
def registry() -> Iterator[Registry]:
    if sys.platform == "win32":
        from desktop_client.platform.registry import open_registry

        real = open_registry()
        yield real
        real.change((Removal(RUN, NAME), Removal(APPROVED, NAME)))
    else:
        yield MemoryRegistry()


@pytest.fixture(params=["entry", "agent", "registry"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, registry: Registry) -> Desk:
    match request.param:
        case "entry":
            if sys.platform == "win32":
                pytest.skip("entries are of desktops with X11 or Wayland")
            environment = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "etc")}
            return Desk(lambda command: EntryAutostart(command, environment))
        case "agent":
            return Desk(lambda command: AgentAutostart(command, tmp_path))
        case _:
            return Desk(lambda command: RegistryAutostart(command, registry))


ODD = "a \"b\" 'c' $d `e` \\f\\ 100% 中文 ;&|<>*?#()~"


@pytest.mark.parametrize("arguments", [(), ("tray",), ("tray", "--config-dir", ODD), ("",)])
def test_on_and_off_and_twice(desk: Desk, arguments: tuple[str, ...]) -> None:
    command = (sys.executable, *arguments)
    assert not desk.open(command).is_on()
    for _ in range(2):
        desk.open(command).switch(True)
        assert desk.open(command).is_on()
    for _ in range(2):
        desk.open(command).switch(False)
        assert not desk.open(command).is_on()


def test_another_copy_of_the_program_is_not_ours_and_is_taken_over(desk: Desk) -> None:
    desk.open((sys.executable, "old")).switch(True)
    ours = desk.open((sys.executable, "new"))
    assert not ours.is_on()
    ours.switch(True)
    assert ours.is_on()
    assert not desk.open((sys.executable, "old")).is_on()


def test_a_program_that_is_gone_does_not_start(desk: Desk, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    switch = desk.open((str(program),))
    switch.switch(True)
    assert switch.is_on()
    program.unlink()
    assert not switch.is_on()


def test_this_system_has_a_switch() -> None:
    """Only asked: the person's own session is left as it is."""
    assert isinstance(open_autostart(tray_command()).is_on(), bool)


def test_the_command_is_a_program_that_is_there() -> None:
    program, *rest = tray_command()
    assert Path(program).is_file()
    assert os.path.isabs(program)
    done = subprocess.run([program, *rest, "--help"], capture_output=True, text=True, timeout=60)
    assert "aigc tray" in done.stdout


# -- XDG ----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's home; the system's folder is ``etc`` beside it."""
    if sys.platform == "win32":
        pytest.skip("entries are of desktops with X11 or Wayland")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def entry_of(home: Path, *more: str) -> EntryAutostart:
    environment = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home.parent / "etc")}
    return EntryAutostart((sys.executable, *more), environment)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-GNOME-Autostart-enabled=true", "X-GNOME-Autostart-enabled=false"),
        ("Type=Application", "Type=Application\nHidden=true"),
        ("Type=Application", "Type=Link"),
        ("TryExec=", "TryExec=/gone"),
    ],
)
def test_what_other_tools_switched_off_is_off(home: Path, old: str, new: str) -> None:
    switch = entry_of(home)
    switch.switch(True)
    switch.path.write_text(switch.path.read_text().replace(old, new, 1))
    assert not switch.is_on()
    switch.switch(True)
    assert switch.is_on()


def test_the_systems_entry_is_hidden_for_this_person_only(home: Path) -> None:
    system = home.parent / "etc" / "autostart" / "aigc-gateway.desktop"
    system.parent.mkdir(parents=True)
    maker = entry_of(home)
    maker.switch(True)
    maker.path.rename(system)
    assert maker.is_on()
    maker.switch(False)
    assert not maker.is_on()
    assert "Hidden=true" in maker.path.read_text()
    assert "Hidden" not in system.read_text()
    maker.switch(True)
    assert maker.is_on()


def test_relative_folders_are_ignored(home: Path) -> None:
    switch = EntryAutostart((sys.executable,), {"HOME": str(home), "XDG_CONFIG_HOME": "relative"})
    assert switch.path == home / ".config" / "autostart" / "aigc-gateway.desktop"


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(home: Path) -> None:
    (home / ".config").write_text("a file is in the way")
    with pytest.raises(AigcError, match="cannot be changed"):
        entry_of(home).switch(True)
    assert not entry_of(home).is_on()


@pytest.mark.skipif(not GENERATOR.exists(), reason="systemd's generator is not installed")
@pytest.mark.parametrize(
    ("argument", "word"),
    [
        ("tray", "tray"),
        ('a "b"', r'"a \"b\""'),
        ("it's 中文", '"it\'s 中文"'),
        ("100%", "100%%"),
        ("%u", "%%u"),
        (";&|<>*?#()~", '";&|<>*?#()~"'),
        ("", '""'),
    ],
)
def test_systemd_starts_exactly_this_command(
    home: Path, tmp_path: Path, argument: str, word: str
) -> None:
    """systemd's own reader of autostart entries. (A backslash, which it cannot read, and the rest
    are tried with GLib's in test_desktop_entry.py.)"""
    entry_of(home, argument).switch(True)
    units = [tmp_path / name for name in ("normal", "early", "late")]
    for folder in units:
        folder.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "XDG_CONFIG_DIRS": str(tmp_path / "none"),
    }
    subprocess.run([GENERATOR, *units], env=environment, check=True, timeout=40)
    (unit,) = [p for folder in units for p in folder.rglob("*.service") if not p.is_symlink()]
    (line,) = [x for x in unit.read_text("utf-8").splitlines() if x.startswith("ExecStart=")]
    assert line == f"ExecStart=:{sys.executable} {word}"


# -- the launch agent ---------------------------------------------------------------------------


def test_the_agent_is_a_plist_that_starts_once_per_session(tmp_path: Path) -> None:
    switch = AgentAutostart((sys.executable, "tray"), tmp_path)
    switch.switch(True)
    assert switch.path == tmp_path / "Library/LaunchAgents/org.aigc-gateway.tray.plist"
    value = plistlib.loads(switch.path.read_bytes())
    assert value == agent((sys.executable, "tray"))
    assert value["ProgramArguments"] == [sys.executable, "tray"]
    assert value["RunAtLoad"] is True
    assert value["KeepAlive"] is False
    assert value["LimitLoadToSessionType"] == "Aqua"


@pytest.mark.parametrize("content", [b"", b"<plist>", b"not a plist", b"\x00" * 40])
def test_a_broken_agent_is_off(tmp_path: Path, content: bytes) -> None:
    switch = AgentAutostart((sys.executable,), tmp_path)
    switch.switch(True)
    switch.path.write_bytes(content)
    assert not switch.is_on()
    switch.path.write_bytes(plistlib.dumps(agent((sys.executable,)) | {"Disabled": True}))
    assert not switch.is_on()


# -- the Run key --------------------------------------------------------------------------------


def test_the_values_of_the_run_key() -> None:
    command = (r"C:\Program Files\AIGC\aigc.exe", "tray", 'a "b" c')
    line = r'"C:\Program Files\AIGC\aigc.exe" tray "a \"b\" c"'
    assert command_line(command) == line
    assert changes(command, True) == (Write(RUN, NAME, line), Removal(APPROVED, NAME))
    assert changes(command, False) == (Removal(RUN, NAME), Removal(APPROVED, NAME))


def test_the_task_managers_word_counts() -> None:
    assert is_approved(None)
    assert is_approved(b"")
    assert is_approved(bytes.fromhex("020000000000000000000000"))
    assert is_approved(bytes.fromhex("060000000000000000000000"))
    assert not is_approved(bytes.fromhex("030000002bd65a3e4a5adc01"))


def test_what_the_task_manager_switched_off_is_off_until_switched_on_here() -> None:
    registry = MemoryRegistry()
    switch = RegistryAutostart((sys.executable,), registry)
    switch.switch(True)
    registry.values[APPROVED.lower(), NAME.lower()] = b"\x03" + bytes(11)
    assert not switch.is_on()
    switch.switch(True)
    assert switch.is_on()
