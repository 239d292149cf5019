"""One program per person and settings folder: a second start hands over and ends.

A lock file decides who is first (the kernel gives it back when the holder dies); the local socket
only carries the message, so a stale socket confuses nobody.
"""

from __future__ import annotations

import logging
from hashlib import sha256
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop_client.tokens import try_lock

log = logging.getLogger(__name__)

_WAIT_MS = 5000
_LONGEST = 4096  # bytes of a message


class SingleInstance(QObject):
    """Signals: asked(str), what a second start was given (a join link, or nothing)."""

    asked = Signal(str)

    def __init__(self, config_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        digest = sha256(str(config_dir.resolve()).encode()).hexdigest()[:16]
        self._name = f"aigc-tray-{digest}"
        self._lock = try_lock(config_dir / "tray.lock")
        self._server: QLocalServer | None = None

    def take(self) -> bool:
        """Whether this is the first; then it listens until ``release``."""
        if not self._lock.__enter__():
            self._lock.__exit__(None, None, None)
            return False
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        if not self._server.listen(self._name):
            log.warning("a second start cannot be noticed: %s", self._server.errorString())
        return True

    def hand_over(self, message: str) -> bool:
        """Give the first one a message; whether it took it. Waits for a few seconds."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_WAIT_MS):
            return False
        socket.write(message.encode()[:_LONGEST] + b"\n")
        taken = socket.waitForBytesWritten(_WAIT_MS) and socket.waitForReadyRead(_WAIT_MS)
        socket.disconnectFromServer()
        return taken

    def release(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._lock.__exit__(None, None, None)

    def _connected(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(socket.deleteLater)

    def _read(self) -> None:
        socket = self.sender()
        if not isinstance(socket, QLocalSocket) or not socket.canReadLine():
            return
        message = bytes(socket.readLine(_LONGEST + 1).data()).decode("utf-8", "replace").strip()
        socket.write(b"taken\n")
        socket.flush()
        self.asked.emit(message)
