"""The small pieces of all windows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QVBoxLayout, QWidget

from desktop_client.windows.parts import button
from tests.desktop_client.qt import app as app


def pressed(window: QWidget, key: Qt.Key) -> int:
    """How often a button in this window says that it was pressed, after one key."""
    times: list[Qt.Key] = []
    made = button("primary", "Sign in")
    made.clicked.connect(lambda: times.append(key))
    QVBoxLayout(window).addWidget(made)
    window.show()
    QTest.keyClick(made, key)
    window.close()
    return len(times)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_and_space_press_the_button_that_has_the_keyboard(
    app: QApplication, key: Qt.Key
) -> None:
    assert pressed(QWidget(), key) == 1


@pytest.mark.parametrize(
    ("make", "times"), [(QWidget, 1), (QDialog, 0)], ids=["a window", "a dialog"]
)
def test_in_a_dialog_enter_is_the_default_buttons(
    app: QApplication, make: Callable[[], QWidget], times: int
) -> None:
    assert pressed(make(), Qt.Key.Key_Return) == times
