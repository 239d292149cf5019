"""The admin window with eyes lent to a test: ``python -m tests.desktop.eyes SOCKET ARGUMENTS…``.

The program is the real one, as ``aigc admin`` starts it. Over a local socket a test asks where
something that a person sees is on the screen, and what can be read; it clicks and types through the
X server then, as a person does. Nothing is done in here.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.desktop.screen import HARMLESS, Screen, end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from PySide6.QtWidgets import QWidget

_LOOK_SECONDS = 0.15


class Eyes:
    """What a test sees of the admin window, and its hands.

    Attributes:
        process: the program.
    """

    def __init__(self, screen: Screen, process: asyncio.subprocess.Process, socket: Path) -> None:
        self._screen = screen
        self.process = process
        self._socket = socket

    async def read(self) -> list[str]:
        """Every text that a person can see now; of tables the rows, their cells joined by |."""
        found: list[str] = (await self._ask({"do": "read"}))["texts"]
        return found

    async def until_read(self, text: str, timeout: float = 60) -> str:
        """The first text that holds this, once it is there."""
        seen: list[str] = []
        deadline = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < deadline:
            seen = await self.read()
            for each in seen:
                if text in each:
                    return each
            await asyncio.sleep(_LOOK_SECONDS)
        raise AssertionError(f"{text!r} was not to be read within {timeout} s; seen {seen}")

    async def until_gone(self, text: str, timeout: float = 60) -> None:
        """Wait until nothing holds this text any more."""
        deadline = asyncio.get_running_loop().time() + timeout
        while any(text in each for each in await self.read()):
            assert asyncio.get_running_loop().time() < deadline, f"{text!r} is still there"
            await asyncio.sleep(_LOOK_SECONDS)

    async def click(self, text: str, timeout: float = 60) -> None:
        """Click what bears this text (or accessible name), once it is there and may be clicked."""
        x, y = await self._place({"do": "find", "text": text}, timeout)
        await self._screen.hands("mousemove", "--sync", str(x), str(y), "click", "1")

    async def click_row(self, text: str, timeout: float = 60) -> None:
        """Click the first row of a table that holds this text."""
        x, y = await self._place({"do": "row", "text": text}, timeout)
        await self._screen.hands("mousemove", "--sync", str(x), str(y), "click", "1")

    async def press(self, *keys: str) -> None:
        """Key by key, as xdotool names them: ``ctrl+6``."""
        for key in keys:
            await self._screen.hands("key", "--clearmodifiers", key)

    async def write(self, text: str) -> None:
        """Into what has the keyboard."""
        await self._screen.hands("type", "--delay", "30", text)

    async def _place(self, question: dict[str, str], timeout: float) -> tuple[int, int]:
        """Of something that stands still: asked twice with one answer."""
        before: object = None
        deadline = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < deadline:
            at = (await self._ask(question)).get("at")
            if at is not None and at == before:
                return at[0], at[1]
            before = at
            await asyncio.sleep(_LOOK_SECONDS)
        raise AssertionError(f"{question} was not found; seen {await self.read()}")

    async def _ask(self, question: dict[str, str]) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                try:
                    reader, writer = await asyncio.open_unix_connection(self._socket)
                    break
                except OSError:  # not begun yet
                    assert self.process.returncode is None, "the program ended"
                    await asyncio.sleep(_LOOK_SECONDS)
            writer.write(json.dumps(question).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await reader.readline())
            writer.close()
            await writer.wait_closed()
        return answer


@asynccontextmanager
async def admin_window(screen: Screen, *arguments: str) -> AsyncIterator[Eyes]:
    """``aigc admin`` as a process with eyes; ends well, and Qt complained about nothing."""
    socket, log = screen.folder / "eyes", screen.folder / "admin.log"
    urls = screen.folder / "admin-urls.txt"
    urls.touch()
    output = log.open("ab")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "faulthandler", "-m", "tests.desktop.eyes", str(socket),
        "--config-dir", str(screen.folder / "admin-config"), "--store", "file",
        "--no-browser", str(urls), *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
        env=screen.environment(),
    )  # fmt: skip
    output.close()
    try:
        yield Eyes(screen, process, socket)
    finally:
        code = await end(process)
    said = log.read_text("utf-8", "replace")
    assert code == 0, f"the admin window ended with {code}:\n{said}"
    marks = ("qt.", "Q", "Traceback", "Error", "libpyside", "Fatal")
    complaints = [
        line
        for line in said.splitlines()
        if line.startswith(marks) and not any(h in line for h in HARMLESS)
    ]
    assert not complaints, complaints


async def address(screen: Screen, number: int = 0, timeout: float = 60) -> str:
    """The address number so and so that the window wanted a browser for."""
    path = screen.folder / "admin-urls.txt"
    deadline = asyncio.get_running_loop().time() + timeout
    while len(lines := path.read_text("utf-8").splitlines()) <= number:
        assert asyncio.get_running_loop().time() < deadline, "no browser was asked for"
        await asyncio.sleep(_LOOK_SECONDS)
    return lines[number]


# -- in the program -------------------------------------------------------------------------------


def _answer(question: dict[str, str]) -> dict[str, Any]:
    from PySide6.QtWidgets import QApplication

    modal = QApplication.activeModalWidget()
    windows = [modal] if modal is not None else QApplication.topLevelWidgets()
    seen = [w for window in windows if window.isVisible() for w in _visible(window)]
    if question["do"] == "find":
        return {"at": _find(seen, question["text"])}
    if question["do"] == "row":
        return {"at": _row(seen, question["text"])}
    return {"texts": list(_texts(seen))}


def _visible(window: QWidget) -> Iterator[QWidget]:
    from PySide6.QtWidgets import QAbstractScrollArea, QWidget

    yield window
    for widget in window.findChildren(QWidget):
        # A scroll area lies wholly under its viewport.
        face = widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget
        if widget.isVisible() and not face.visibleRegion().isEmpty():
            yield widget


def _find(seen: list[QWidget], text: str) -> list[int] | None:
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit

    for exact in (True, False):
        for widget in seen:
            if not isinstance(widget, QAbstractButton | QComboBox | QLineEdit):
                continue
            words = [widget.accessibleName(), widget.objectName()]
            if isinstance(widget, QAbstractButton):
                words.append(widget.text())
            bears = text in words if exact else any(text in word for word in words)
            if bears and widget.isEnabled():
                middle = widget.mapToGlobal(widget.visibleRegion().boundingRect().center())
                return [middle.x(), middle.y()]
    return None


def _row(seen: list[QWidget], text: str) -> list[int] | None:
    from PySide6.QtWidgets import QTableView

    for table in seen:
        if not isinstance(table, QTableView):
            continue
        model = table.model()
        for row in range(model.rowCount()):
            cells = [model.index(row, column) for column in range(model.columnCount())]
            if any(text in str(index.data()) for index in cells):
                box = table.visualRect(cells[0])
                if table.viewport().rect().contains(box.center()):
                    middle = table.viewport().mapToGlobal(box.center())
                    return [middle.x(), middle.y()]
    return None


def _texts(seen: list[QWidget]) -> Iterator[str]:
    from PySide6.QtWidgets import (
        QAbstractButton,
        QLabel,
        QLineEdit,
        QPlainTextEdit,
        QTableView,
        QTextEdit,
    )

    for widget in seen:
        if isinstance(widget, QLabel | QAbstractButton | QLineEdit) and widget.text():
            yield widget.text()
        elif isinstance(widget, QPlainTextEdit | QTextEdit):
            yield widget.toPlainText()
        elif isinstance(widget, QTableView):
            model = widget.model()
            for row in range(model.rowCount()):
                yield " | ".join(
                    str(model.index(row, column).data()) for column in range(model.columnCount())
                )


def _lend(socket: str) -> Callable[[], object]:
    from PySide6.QtNetwork import QLocalServer

    server = QLocalServer()

    def asked() -> None:
        connection = server.nextPendingConnection()
        connection.readyRead.connect(
            lambda: connection.write(
                json.dumps(_answer(json.loads(bytes(connection.readLine().data())))).encode()
                + b"\n"
            )
        )

    server.newConnection.connect(asked)

    def listen() -> object:
        assert server.listen(socket), server.errorString()
        return server

    return listen


def main() -> int:
    """The program, listening at a socket as soon as its loop runs."""
    socket, *arguments = sys.argv[1:]
    from PySide6.QtWidgets import QApplication

    from desktop_client.admin import program

    kept: list[object] = []
    run = QApplication.exec

    def exec_with_eyes(*_: object) -> int:
        kept.append(_lend(socket)())
        return run()

    QApplication.exec = exec_with_eyes  # type: ignore[method-assign]
    return program.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
