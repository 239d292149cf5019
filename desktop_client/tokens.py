"""Where this person's sign-in is kept: the desktop's keyring, a file when asked for, or memory.

Only keyrings that encrypt are used, by exact class: ``keyrings.alt`` and chained backends would
quietly write plain text. Where there is none, tokens live in memory and :attr:`TokenStore.warning`
says so, for a banner. Calls may wait for a prompt of the desktop, so they run in a thread of their
own with a limit; none belongs in an event loop or on the GUI thread (use ``asyncio.to_thread``).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from aigc.errors import AigcError, ErrorKind

log = logging.getLogger(__name__)

T = TypeVar("T")

SERVICE = "aigc-gateway"
# Exact classes, tried in this order. A class that is not here is never used.
SECURE_BACKENDS: dict[str, tuple[str, ...]] = {
    "linux": ("keyring.backends.SecretService.Keyring", "keyring.backends.kwallet.DBusKeyring"),
    "darwin": ("keyring.backends.macOS.Keyring",),
    "win32": ("keyring.backends.Windows.WinVaultKeyring",),
}
# What one entry may hold, in characters: Windows refuses more than 1,280.
ENTRY_LIMITS = {"keyring.backends.Windows.WinVaultKeyring": 1280}
KEYRING_SECONDS = 60.0  # a person may be asked to unlock it
PROBE_SECONDS = 10.0

NO_SECURE_STORE = (
    "This desktop offers no secure store, so you stay signed in only until the program ends; "
    "install or unlock a keyring (GNOME Keyring, KWallet) to stay signed in."
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is remembered between starts. ``session_expires`` is local UTC epoch seconds."""

    address: str  # the coordinator this belongs to
    issuer: str
    refresh_token: str = ""
    session_token: str = ""
    session_expires: float = 0.0
    person_name: str = ""

    def __repr__(self) -> str:
        """Without the secrets, so that no log ever shows them."""
        return (
            f"Stored(address={self.address!r}, issuer={self.issuer!r}, person={self.person_name!r})"
        )


class TokenStore(Protocol):
    """One sign-in, kept somewhere.

    Attributes:
        persistent: whether it survives the end of this program.
        warning: one sentence to show, or empty.
    """

    @property
    def persistent(self) -> bool: ...

    @property
    def warning(self) -> str: ...

    def load(self) -> Stored | None:
        """What is kept, or None. Raises AigcError when the store cannot be read."""
        ...

    def save(self, stored: Stored) -> None:
        """Keep this instead of what was kept."""
        ...

    def clear(self) -> None:
        """Forget."""
        ...


def _encode(stored: Stored) -> str:
    return json.dumps(asdict(stored), separators=(",", ":"))


def _decode(text: str) -> Stored | None:
    """None for anything that is not ours: a damaged entry means signing in again."""
    try:
        value = json.loads(text)
        return Stored(
            address=str(value["address"]),
            issuer=str(value["issuer"]),
            refresh_token=str(value["refresh_token"]),
            session_token=str(value["session_token"]),
            session_expires=float(value["session_expires"]),
            person_name=str(value["person_name"]),
        )
    except (ValueError, KeyError, TypeError):
        log.warning("the kept sign-in cannot be read; sign in again")
        return None


class MemoryStore:
    """Until the program ends."""

    persistent = False

    def __init__(self, warning: str = "") -> None:
        self.warning = warning
        self._stored: Stored | None = None

    def load(self) -> Stored | None:
        return self._stored

    def save(self, stored: Stored) -> None:
        self._stored = stored

    def clear(self) -> None:
        self._stored = None


class FileStore:
    """A file that only this user may read (0600). Unencrypted, hence only on request."""

    persistent = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.warning = f"Your sign-in is kept unencrypted in {path}; anybody who reads it is you."

    def load(self) -> Stored | None:
        try:
            with self._path.open(encoding="utf-8") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                    raise AigcError(
                        "token-file-open",
                        f"{self._path} can be read by other users; run "
                        f"'chmod 600 {self._path}' or delete it and sign in again.",
                        ErrorKind.FORBIDDEN,
                    )
                return _decode(file.read())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AigcError(
                "token-file-unreadable",
                f"{self._path} cannot be read ({error.strerror}); delete it and sign in again.",
                ErrorKind.UNAVAILABLE,
            ) from error

    def save(self, stored: Stored) -> None:
        write_private(self._path, _encode(stored))

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file at once with a new one of mode 0600; a crash leaves the old one whole."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # its folder may not even be there
            draft.unlink(missing_ok=True)
        raise AigcError(
            "file-unwritable",
            f"{path} cannot be written ({error.strerror}); make room or check its folder's rights.",
            ErrorKind.UNAVAILABLE,
        ) from error


class Backend(Protocol):
    """The part of keyring's interface that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class KeyringStore:
    """The desktop's keyring. A long value is split over entries, whose head is written last.

    When the keyring fails or nobody answers its prompt, the value stays in memory and
    :attr:`warning` says so.
    """

    def __init__(
        self, backend: Backend, account: str, limit: int = 0, timeout: float = KEYRING_SECONDS
    ) -> None:
        self._backend = backend
        self._account = account
        self._limit = limit  # characters per entry; 0: any
        self._timeout = timeout
        self._fallback: Stored | None = None
        self.warning = ""

    @property
    def persistent(self) -> bool:
        return not self.warning

    def load(self) -> Stored | None:
        if self._fallback is not None:
            return self._fallback
        text = self._guarded(self._read)
        return _decode(text) if text else None

    def save(self, stored: Stored) -> None:
        text = _encode(stored)
        self._fallback = stored
        if self._guarded(lambda: self._write(text)) is not None:
            self._fallback = None
            self.warning = ""

    def clear(self) -> None:
        self._fallback = None
        self._guarded(self._remove)

    def _guarded(self, work: Callable[[], T]) -> T | None:
        """The result, or None after a failure, which becomes the warning."""
        try:
            return within(work, self._timeout)
        except TimeoutError:
            log.warning("the keyring did not answer within %.0f s", self._timeout)
        except Exception as error:  # noqa: BLE001 - a backend may raise anything at all
            log.warning("the keyring failed: %s", type(error).__name__)
        self.warning = NO_SECURE_STORE
        return None

    def _read(self) -> str:
        head = self._backend.get_password(SERVICE, self._account) or ""
        if not head.startswith("parts:"):
            return head
        _, generation, count, digest = head.split(":")
        parts = [
            self._backend.get_password(SERVICE, f"{self._account}/{generation}/{index}") or ""
            for index in range(int(count))
        ]
        text = "".join(parts)
        if sha256(text.encode()).hexdigest() != digest:
            log.warning("the kept sign-in is incomplete; sign in again")
            return ""
        return text

    def _write(self, text: str) -> bool:
        old = self._parts()
        if not self._limit or len(text) <= self._limit:
            self._backend.set_password(SERVICE, self._account, text)
        else:
            generation = secrets.token_hex(4)
            pieces = [text[i : i + self._limit] for i in range(0, len(text), self._limit)]
            for index, piece in enumerate(pieces):
                self._backend.set_password(SERVICE, f"{self._account}/{generation}/{index}", piece)
            digest = sha256(text.encode()).hexdigest()
            self._backend.set_password(
                SERVICE, self._account, f"parts:{generation}:{len(pieces)}:{digest}"
            )
        self._delete(old)
        return True

    def _remove(self) -> bool:
        self._delete([*self._parts(), self._account])
        return True

    def _parts(self) -> list[str]:
        head = self._backend.get_password(SERVICE, self._account) or ""
        if not head.startswith("parts:"):
            return []
        _, generation, count, _ = head.split(":")
        return [f"{self._account}/{generation}/{index}" for index in range(int(count))]

    def _delete(self, accounts: Sequence[str]) -> None:
        for account in accounts:
            if self._backend.get_password(SERVICE, account) is not None:
                self._backend.delete_password(SERVICE, account)


def within(work: Callable[[], T], timeout: float) -> T:
    """Run in a thread of its own; TimeoutError when it takes longer (a prompt nobody answers)."""
    answer: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def run() -> None:
        try:
            answer.put((True, work()))
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            answer.put((False, error))

    threading.Thread(target=run, name="keyring", daemon=True).start()
    try:
        done, value = answer.get(timeout=timeout)
    except Empty:
        raise TimeoutError from None
    if not done:
        raise value
    result: T = value
    return result


def secure_backend(names: Sequence[str] | None = None) -> tuple[Backend, int] | None:
    """The first usable keyring of the exact allow-list, with its entry limit; None if none is."""
    allowed = [name for group in SECURE_BACKENDS.values() for name in group]
    if names is None:
        names = SECURE_BACKENDS.get(
            "linux" if sys.platform.startswith("linux") else sys.platform, ()
        )
    for name in names:
        if name not in allowed:
            log.warning("keyring %s is not on the list of secure ones", name)
            continue
        module, _, kind = name.rpartition(".")

        def usable(module: str = module, kind: str = kind) -> Backend:
            cls = getattr(importlib.import_module(module), kind)
            _ = cls.priority  # raises where the backend cannot work
            backend: Backend = cls()
            return backend

        try:
            return within(usable, PROBE_SECONDS), ENTRY_LIMITS.get(name, 0)
        except Exception as error:  # noqa: BLE001 - any failure means: not this one
            log.info("keyring %s is not usable here: %s", name, type(error).__name__)
    return None


def open_store(kind: str, config_dir: Path) -> TokenStore:
    """``auto``: the keyring, else memory with a warning; ``file``: mode 0600; or ``memory``."""
    match kind:
        case "auto":
            found = secure_backend()
            if found is None:
                return MemoryStore(NO_SECURE_STORE)
            backend, limit = found
            return KeyringStore(backend, str(config_dir.resolve()), limit)
        case "file":
            return FileStore(config_dir / "tokens.json")
        case "memory":
            return MemoryStore()
    raise AigcError("store-unknown", f"store {kind!r} is unknown; choose auto, file or memory.")


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """The process lock of the one refresher; yields False when another process holds it.

    The kernel gives it back when the holder dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
