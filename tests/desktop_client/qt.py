"""Qt inside pytest: one application without a screen, and no word of complaint from Qt."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QMessageLogContext,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

# Said by the platform without a screen, each with its reason.
HARMLESS = (
    "This plugin does not support propagateSizeHints",  # the offscreen platform has no windows
    "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
)


@pytest.fixture
def app() -> Iterator[QApplication]:
    """The application; any warning of Qt's fails the test, widgets are gone afterwards."""
    said: list[str] = []

    def listen(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not any(h in text for h in HARMLESS):
            said.append(f"{kind.name}: {text}")

    old = qInstallMessageHandler(listen)
    existing = QApplication.instance()
    made = existing if isinstance(existing, QApplication) else QApplication(["tests"])
    made.setQuitOnLastWindowClosed(False)
    try:
        yield made
        for widget in made.topLevelWidgets():
            widget.close()
            widget.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        made.processEvents()
        gc.collect()  # here, lest a later test's other thread ends what belongs to this one
    finally:
        qInstallMessageHandler(old)
    assert not said


def until(app: QApplication, look: Callable[[], object], seconds: float = 20) -> None:
    """Let Qt run until something holds."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "not seen in time"
        app.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        time.sleep(0.002)
