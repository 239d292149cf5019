"""Where a sign-in is kept, and what happens when that place misbehaves (security 11)."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc.errors import AigcError
from desktop_client.tokens import (
    FileStore,
    KeyringStore,
    MemoryStore,
    Stored,
    open_store,
    secure_backend,
    try_lock,
)

STORED = Stored("aigc.lan:7443", "https://id.lan", "refresh", "session", 1234.5, "Lin Xia")

posix = pytest.mark.skipif(os.name != "posix", reason="Windows keeps no such rights on files")

pytestmark = pytest.mark.attack(11)


class Entries:
    """A keyring's interface over a dict, with Windows' limit and failures on demand."""

    def __init__(self, limit: int = 0) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.limit = limit
        self.before_write: Callable[[], None] = lambda: None

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.before_write()
        if self.limit and len(password) > self.limit:
            raise OSError(1783, "The stub received bad data")
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@posix
def test_file_store_is_private_and_replaced_whole(tmp_path: Path) -> None:
    store = open_store("file", tmp_path)
    assert store.persistent
    assert "unencrypted" in store.warning
    assert store.load() is None
    store.save(STORED)
    path = tmp_path / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert store.load() == STORED
    assert [p.name for p in tmp_path.iterdir()] == ["tokens.json"]
    store.clear()
    store.clear()
    assert store.load() is None


@posix
def test_a_token_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "tokens.json")
    store.save(STORED)
    (tmp_path / "tokens.json").chmod(0o644)
    with pytest.raises(AigcError, match="chmod 600"):
        store.load()


def test_a_damaged_token_file_means_signing_in_again(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    for text in ("", "{", "[]", '{"address": 1}', "null"):
        path.write_text(text)
        path.chmod(0o600)
        assert FileStore(path).load() is None


@given(token=st.text(min_size=0, max_size=6000), limit=st.sampled_from([0, 400, 1280]))
def test_a_value_of_any_length_survives_the_entry_limit(token: str, limit: int) -> None:
    backend = Entries(limit)
    store = KeyringStore(backend, "me", limit)
    stored = Stored("a:1", "i", token, token[::-1])
    store.save(STORED)
    store.save(stored)
    assert store.persistent
    assert KeyringStore(backend, "me", limit).load() == stored
    store.clear()
    assert backend.entries == {}


def test_a_crash_in_mid_write_leaves_the_old_sign_in() -> None:
    backend = Entries(1280)
    KeyringStore(backend, "me", 1280).save(STORED)
    writes = 0

    def crash() -> None:
        nonlocal writes
        writes += 1
        if writes == 3:
            raise OSError("power cut")

    backend.before_write = crash
    doomed = KeyringStore(backend, "me", 1280)
    doomed.save(Stored("a:1", "i", "x" * 5000, "y"))
    assert not doomed.persistent
    assert doomed.load() is not None
    assert KeyringStore(backend, "me", 1280).load() == STORED


def test_a_missing_part_means_signing_in_again() -> None:
    backend = Entries(1280)
    store = KeyringStore(backend, "me", 1280)
    store.save(Stored("a:1", "i", "x" * 5000, "y"))
    part = next(k for k in backend.entries if "/" in k[1])
    del backend.entries[part]
    assert store.load() is None


def test_a_locked_keyring_that_nobody_unlocks_falls_back_to_memory_visibly() -> None:
    backend = Entries()
    gate = threading.Event()

    def wait_for_a_person() -> None:
        gate.wait(30)

    backend.before_write = wait_for_a_person
    store = KeyringStore(backend, "me", timeout=0.1)
    store.save(STORED)
    assert not store.persistent
    assert "secure store" in store.warning
    assert store.load() == STORED
    gate.set()
    backend.before_write = lambda: None
    store.save(STORED)
    assert store.persistent
    assert not store.warning


def test_a_keyring_that_raises_is_no_secure_store() -> None:
    class Broken(Entries):
        def get_password(self, service: str, username: str) -> str | None:
            raise RuntimeError("no D-Bus")

    store = KeyringStore(Broken(), "me")
    assert store.load() is None
    assert not store.persistent


def test_only_the_exact_allow_list_is_used() -> None:
    for name in (
        "keyring.backends.chainer.ChainerBackend",
        "keyrings.alt.file.PlaintextKeyring",
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "tests.desktop_client.test_tokens.Entries",
    ):
        assert secure_backend([name]) is None


def test_without_a_secure_store_memory_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    store = open_store("auto", tmp_path)
    assert isinstance(store, MemoryStore)
    assert not store.persistent
    assert "secure store" in store.warning


def test_secrets_never_show_in_a_repr() -> None:
    assert "refresh" not in repr(STORED).replace("refresh_token", "")
    assert "session" not in repr(STORED)


def test_an_unknown_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AigcError, match="auto, file or memory"):
        open_store("plain", tmp_path)


def test_one_refresher_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "refresh.lock"
    with try_lock(path) as first, try_lock(path) as second:
        assert first
        assert not second
    with try_lock(path) as third:
        assert third
    assert os.name != "posix" or os.stat(path).st_mode & 0o077 == 0
