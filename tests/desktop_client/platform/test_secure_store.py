"""Contract of the place where a sign-in is kept.

Runs on memory, the file, and this system's real keyring: on Linux GNOME Keyring on a bus of its
own, on Windows and macOS (CI matrix) the Credential Manager and the Keychain. The stores' own
rules are in tests/desktop_client/test_tokens.py.
"""

from __future__ import annotations

import gc
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop_client.tokens import (
    SECURE_BACKENDS,
    FileStore,
    KeyringStore,
    MemoryStore,
    Stored,
    TokenStore,
    open_store,
    secure_backend,
)
from tests.standins.session_bus import gnome_keyring, session_bus

# The library leaves its connection to the collector where the keyring fails.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

FIRST = Stored("aigc.lan:7443", "https://id.lan", "refresh", "session", 1234.5, "林夏")
SECOND = Stored("b.lan:7443", "https://id.lan", "r" * 5000, "s" * 5000, 1.0, "é" * 300)
LINUX = sys.platform.startswith("linux")
HAS_KEYRING = all(shutil.which(x) for x in ("gnome-keyring-daemon", "dbus-daemon", "gdbus"))
needs_keyring = pytest.mark.skipif(
    not (LINUX and HAS_KEYRING), reason="gnome-keyring, dbus-daemon or gdbus is not installed"
)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with session_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # as above, and none later
        gc.collect()


@pytest.fixture(params=["memory", "file", "keyring"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], TokenStore]]:
    """Opens the same place again, as the next start of the program does."""
    if request.param == "memory":
        memory = MemoryStore()
        yield lambda: memory
        return
    if request.param == "file":
        yield lambda: FileStore(tmp_path / "tokens.json")
        return
    if LINUX:
        if not HAS_KEYRING:
            pytest.skip("gnome-keyring, dbus-daemon or gdbus is not installed")
        address = request.getfixturevalue("bus")
        with gnome_keyring(address, tmp_path / "home", "a password"):
            yield lambda: open_store("auto", tmp_path)
        return
    yield lambda: open_store("auto", tmp_path)
    open_store("auto", tmp_path).clear()


def test_what_is_kept_is_what_was_saved_last(reopen: Callable[[], TokenStore]) -> None:
    assert reopen().load() is None
    for stored in (FIRST, SECOND, FIRST):
        reopen().save(stored)
        assert reopen().load() == stored
    reopen().clear()
    assert reopen().load() is None
    reopen().clear()


def test_whether_it_outlives_the_program_is_said(reopen: Callable[[], TokenStore]) -> None:
    store = reopen()
    store.save(FIRST)
    assert store.persistent == (not isinstance(store, MemoryStore))
    if isinstance(store, KeyringStore):
        assert store.warning == ""
    store.clear()


@needs_keyring
def test_the_real_keyring_is_one_of_the_exact_list(bus: str, tmp_path: Path) -> None:
    with gnome_keyring(bus, tmp_path / "home", "a password"):
        found = secure_backend()
        assert found is not None
        backend, limit = found
        kind = type(backend)
        assert f"{kind.__module__}.{kind.__qualname__}" == SECURE_BACKENDS["linux"][0]
        assert limit == 0


@needs_keyring
def test_nothing_of_the_sign_in_stands_readable_on_the_disk(bus: str, tmp_path: Path) -> None:
    secret = "a-refresh-token-that-is-nowhere"
    with gnome_keyring(bus, tmp_path / "home", "a password"):
        store = open_store("auto", tmp_path)
        store.save(Stored("a:1", "i", secret, secret))
        kept = open_store("auto", tmp_path).load()
        assert kept is not None
        assert kept.refresh_token == secret
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert files, "the keyring wrote its own"
    assert not any(secret.encode() in p.read_bytes() for p in files)


@needs_keyring
def test_the_keyring_keeps_it_over_a_new_session(bus: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with gnome_keyring(bus, home, "a password"):
        open_store("auto", tmp_path).save(FIRST)
    with gnome_keyring(bus, home, "a password"):
        assert open_store("auto", tmp_path).load() == FIRST


@needs_keyring
def test_a_locked_keyring_without_anybody_to_unlock_it_holds_nobody_up(
    bus: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with gnome_keyring(bus, home, "a password"):
        open_store("auto", tmp_path).save(FIRST)
    with gnome_keyring(bus, home, None):
        found = secure_backend()
        assert found is not None
        store = KeyringStore(found[0], str(tmp_path.resolve()), timeout=2)
        begun = time.monotonic()
        assert store.load() is None
        store.save(SECOND)
        assert time.monotonic() - begun < 20
        assert not store.persistent
        assert "secure store" in store.warning
        assert store.load() == SECOND, "kept in memory meanwhile"


@needs_keyring
def test_a_keyring_that_goes_away_is_told_and_does_not_raise(bus: str, tmp_path: Path) -> None:
    with gnome_keyring(bus, tmp_path / "home", "a password"):
        store = open_store("auto", tmp_path)
        store.save(FIRST)
    store.save(SECOND)
    assert not store.persistent
    assert "secure store" in store.warning
    assert store.load() == SECOND
