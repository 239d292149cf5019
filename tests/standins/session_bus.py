"""A session bus of our own, and the real GNOME Keyring on it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def session_bus() -> Iterator[str]:
    """The address of a dbus-daemon that nobody else is on."""
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert bus.stdout is not None
        yield bus.stdout.readline().strip()
    finally:
        bus.kill()
        bus.communicate(timeout=20)


@contextmanager
def gnome_keyring(address: str, home: Path, password: str | None) -> Iterator[None]:
    """GNOME Keyring's Secret Service; unlocked with a password, or as it is at a bare login."""
    home.mkdir(exist_ok=True)
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    unlock = [] if password is None else ["--unlock"]
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--components=secrets", *unlock],
        env={
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "DBUS_SESSION_BUS_ADDRESS": address,
            "XDG_RUNTIME_DIR": str(runtime),
        },
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert daemon.stdin is not None
        if password is not None:
            daemon.stdin.write(password.encode())
        daemon.stdin.close()
        # Its name on the bus is its readiness.
        subprocess.run(
            ["gdbus", "wait", "--session", "--timeout=40", "org.freedesktop.secrets"],
            env=os.environ | {"DBUS_SESSION_BUS_ADDRESS": address},
            check=True, timeout=60, capture_output=True,
        )  # fmt: skip
        yield
    finally:
        daemon.kill()
        daemon.wait(20)
