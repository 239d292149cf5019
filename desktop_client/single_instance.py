"""One program per person and settings folder: a second start hands over and ends.

A lock file decides who is first (the kernel gives it back when the holder dies). Beside it stands
where the first one listens: a socket of a new name at each start, in a folder that only this
person can enter, so that nobody else can be there before us and a dead one's socket is in nobody's
way.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import (
    QEventLoop,
    QFileSystemWatcher,
    QObject,
    QTimer,
    Signal,
)
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from aigc.errors import AigcError
from desktop_client.platform.files import read_text, replace_file
from desktop_client.tokens import try_lock

log = logging.getLogger(__name__)

LONGEST = 4096  # bytes of a message, its line's end included
_HAND_OVER_MS = 10_000
_SILENCE_MS = 5000  # who connects and says nothing is cut off
_FOLDER = "aigc-tray-"


class SingleInstance(QObject):
    """Signals: asked(str), what a second start was given (a link, or nothing)."""

    asked = Signal(str)

    def __init__(
        self, config_dir: Path, parent: QObject | None = None, *, program: str = "tray"
    ) -> None:
        super().__init__(parent)
        self._where = config_dir / f"{program}.address"
        self._lock = try_lock(config_dir / f"{program}.lock")
        self._server: QLocalServer | None = None
        self._folder: Path | None = None

    def take(self) -> bool:
        """Whether this is the first; then it listens until ``release``."""
        if not self._lock.__enter__():
            self._lock.__exit__(None, None, None)
            return False
        self._clear_up()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.setMaxPendingConnections(8)
        self._server.newConnection.connect(self._connected)
        name = self._new_name()
        try:
            if self._server.listen(name):
                replace_file(self._where, name.encode(), 0o600)
                return True
            why = self._server.errorString()
        except AigcError as error:  # the program is of use even so
            why = error.message
        log.warning("a second start cannot be noticed: %s", why)
        return True

    def hand_over(self, message: str) -> bool:
        """Give the first one a message; whether it took it. Waits for up to ten seconds.

        A message that is too long is handed over as an empty one.
        """
        # The first one may be starting just now: it listens once the file beside the lock says so.
        watch, changed = QFileSystemWatcher([str(self._where.parent)]), QEventLoop()
        watch.directoryChanged.connect(changed.quit)
        limit = QTimer(changed)
        limit.setSingleShot(True)
        limit.timeout.connect(changed.quit)
        limit.start(_HAND_OVER_MS)
        while limit.isActive():
            if (socket := self._reach(limit.remainingTime())) is not None:
                return _say(socket, message, limit.remainingTime())
            changed.exec()
        return False

    def _reach(self, wait_ms: int) -> QLocalSocket | None:
        """The first one's ear; None while it has none."""
        name = (read_text(self._where) or "").strip()
        if not name:
            return None
        socket = QLocalSocket()
        socket.connectToServer(name)
        return socket if socket.waitForConnected(wait_ms) else None

    def release(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._where.unlink(missing_ok=True)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.__exit__(None, None, None)

    def _new_name(self) -> str:
        """Where to listen: a pipe's name on Windows, elsewhere a path in a folder of our own."""
        if sys.platform == "win32":
            return f"aigc-tray-{secrets.token_hex(16)}"
        parent = _runtime_folder()
        self._folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=parent))  # mode 0700
        return str(self._folder / "socket")

    def _clear_up(self) -> None:
        """What one that was killed left behind; only a folder that is surely such a one."""
        name = (read_text(self._where) or "").strip()
        folder = Path(name).parent
        if not name or not folder.name.startswith(_FOLDER) or sys.platform == "win32":
            return
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid == os.getuid():
                Path(name).unlink(missing_ok=True)
                folder.rmdir()

    def _connected(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.setReadBufferSize(LONGEST + 1)
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(socket.deleteLater)
            limit = QTimer(socket)
            limit.setSingleShot(True)
            limit.timeout.connect(self._cut_off)
            limit.start(_SILENCE_MS)

    def _cut_off(self) -> None:
        limit = self.sender()
        if isinstance(limit, QTimer) and isinstance(socket := limit.parent(), QLocalSocket):
            socket.abort()

    def _read(self) -> None:
        socket = self.sender()
        if not isinstance(socket, QLocalSocket):
            return
        if not socket.canReadLine():
            if socket.bytesAvailable() > LONGEST:
                log.warning("a second start said too much and was cut off")
                socket.abort()
            return
        heard = _understand(bytes(socket.readLine(LONGEST + 1).data()))
        if heard is None:
            socket.abort()
            return
        message, activation = heard
        socket.write(b"taken\n")
        socket.flush()
        if activation:  # with it, Wayland lets our window come to the front
            os.environ["XDG_ACTIVATION_TOKEN"] = activation
        self.asked.emit(message)


def _say(socket: QLocalSocket, message: str, wait_ms: int) -> bool:
    """Whether the other side took the message."""
    value = {"message": message, "activation": os.environ.get("XDG_ACTIVATION_TOKEN", "")}
    line = json.dumps(value).encode() + b"\n"
    if len(line) > LONGEST:
        log.warning("what was given is too long to be handed over")
        line = b'{"message": "", "activation": ""}\n'
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(-1)  # or the first one's window only blinks
    socket.write(line)
    taken = socket.waitForBytesWritten(wait_ms) and socket.waitForReadyRead(wait_ms)
    socket.disconnectFromServer()
    return taken


def _understand(line: bytes) -> tuple[str, str] | None:
    """(message, activation token), or None for anything that is not ours."""
    try:
        value = json.loads(line)
        message, activation = value["message"], value["activation"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(message, str) or not isinstance(activation, str):
        return None
    return message, activation


def _runtime_folder() -> Path | None:
    """The session's own folder if it is one that only this person enters; None: the temporary."""
    if sys.platform == "win32":
        return None
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    try:
        found = folder.stat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    short = len(os.fsencode(folder)) < 60  # a socket's path holds about 100 bytes
    return folder if private and short and found.st_uid == os.getuid() else None
