"""What everybody needs of a window: names for those who hear it, targets for those who point,
words that are whole. Used by the tests of every window; run by itself, it checks the flyout at the
scale that the environment names."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from desktop_client import theme


def complaints(window: QWidget) -> list[str]:
    """Everything in a shown window that somebody could not read, hear or hit."""
    return [*_unnamed(window), *_missed(window), *_clipped(window)]


def _seen(window: QWidget, kind: type[QWidget]) -> Iterator[QWidget]:
    for widget in window.findChildren(kind):
        if widget.isVisibleTo(window) and widget.window() is window:
            yield widget


def _unnamed(window: QWidget) -> Iterator[str]:
    for widget in _seen(window, QWidget):
        heard = isinstance(widget, (QAbstractButton, QLineEdit, QProgressBar))
        reached = bool(widget.focusPolicy().value & 1)  # by Tab
        spoken = QAccessible.queryAccessibleInterface(widget)
        if (heard or reached) and not spoken.text(QAccessible.Text.Name):
            yield f"{widget.metaObject().className()} {widget.objectName()} has no name"


def _missed(window: QWidget) -> Iterator[str]:
    for kind in (QPushButton, QToolButton):
        for widget in _seen(window, kind):
            assert isinstance(widget, QAbstractButton)
            least = theme.TARGET
            if widget.property("role") == "primary":
                least = theme.PRIMARY_TARGET
            if widget.height() < least or widget.width() < theme.TARGET:
                size = f"{widget.width()} x {widget.height()}"
                yield f"{widget.accessibleName() or widget.text()} is too small: {size}"


def _clipped(window: QWidget) -> Iterator[str]:
    for widget in _seen(window, QLabel):
        assert isinstance(widget, QLabel)
        text = widget.text()
        if not text:
            continue
        if widget.wordWrap():
            needed = widget.heightForWidth(widget.width())
            longest = max(text.split() or [""], key=len)
            wide = widget.fontMetrics().horizontalAdvance(longest) if longest.isascii() else 0
            if widget.height() < needed or widget.contentsRect().width() < wide:
                yield f"clipped: {text!r}: {widget.size()}, needs {needed} high, {wide} wide"
        elif widget.width() < widget.minimumSizeHint().width():
            yield f"clipped: {text!r}"
        if widget.height() < widget.fontMetrics().height():
            yield f"cut off: {text!r}"
    for kind in (QPushButton, QToolButton):
        for button in _seen(window, kind):
            assert isinstance(button, QAbstractButton)
            if button.width() < button.fontMetrics().horizontalAdvance(button.text()):
                yield f"clipped: {button.text()!r}"


def main() -> int:
    """Check every state of the flyout in both languages and themes; prints what is wrong."""
    from tests.screenshots.flyout import DESKS, make

    app = QApplication(["reading"])
    found = 0
    for colours in (theme.LIGHT, theme.DARK):
        theme.apply(app, colours)
        for name, desk in DESKS.items():
            for language in ("en", "zh"):
                flyout = make(desk, colours, language)
                app.processEvents()
                for line in complaints(flyout):
                    print(f"{name} {language} {flyout.devicePixelRatioF()}: {line}")
                    found += 1
                flyout.close()
                flyout.deleteLater()
    print(f"ratio {app.primaryScreen().devicePixelRatio()}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
