"""Ctrl-C and SIGTERM for a Qt program."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QSocketNotifier


@contextlib.contextmanager
def ended_by_signals(app: QCoreApplication) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the program. Qt's loop runs no Python by itself, so the signal is
    written to a socket that Qt watches; nothing polls."""
    if os.name != "posix":
        yield
        return
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    old_fd = signal.set_wakeup_fd(writer.fileno())
    old = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)
    }
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(app.quit)
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(old_fd)
        for number, handler in old.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()
