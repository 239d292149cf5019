"""The story of the chosen instance on the screen: read, copied, saved as text or PDF."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMarginsF, Qt, QThread, Signal
from PySide6.QtGui import QPageLayout, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget

from desktop_client.admin.page import Shell
from desktop_client.admin.pages.parts import CopyButton
from desktop_client.admin.pages.story import Story, as_html, as_text, names_in, story
from desktop_client.admin.records import StoryLine
from desktop_client.admin.tables.column import Speech
from desktop_client.i18n import say
from desktop_client.model import Instance, Problem
from desktop_client.theme import GRID
from desktop_client.windows.parts import button

_HEIGHT = 320
_DOTS_PER_INCH = 300
_MARGIN = 15.0  # millimetres of paper


class StoryView(QWidget):
    """Asks for the story when it is to be shown, and again after each change of state."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._instance: Instance | None = None
        self._lines: tuple[StoryLine, ...] | None = None
        self._asked: tuple[str, object, object] | None = None
        self._printing: Printing | None = None
        self._text = QTextBrowser()
        self._text.setOpenLinks(False)
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setMinimumHeight(_HEIGHT)
        self._copy = CopyButton()
        self._save = button()
        self._save.clicked.connect(self.ask_where)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._copy)
        row.addWidget(self._save)
        row.addStretch(1)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addLayout(row)
        body.addWidget(self._text, 1)

    def show_instance(self, instance: Instance) -> None:
        """Its story as of now; asked for once a state, not with each reading."""
        asked = (instance.id, instance.state, instance.since)
        if self._instance is None or self._instance.id != instance.id:
            self._lines = None
        self._instance = instance
        if asked != self._asked:
            self._asked = asked
            self._shell.bridge.ask(
                self,
                lambda r: r.story(instance.id),
                lambda lines: self._heard(instance.id, lines),
                self._failed,
            )
        self.dress()

    def refresh(self) -> None:
        """Ask again."""
        self._asked = None
        if self._instance is not None:
            self.show_instance(self._instance)

    def text(self) -> str:
        """As it is copied and saved."""
        told = self._told()
        return "" if told is None else as_text(told)

    def dress(self) -> None:
        """Say everything in the shell's language, in its colours."""
        language = self._shell.language
        self._save.setText(say("instances.save", language))
        told = self._told()
        self._save.setEnabled(told is not None)
        self._copy.offer(
            self.text(), say("instances.copy", language), say("instances.copied", language)
        )
        if told is None:
            self._text.setPlainText(say("instances.story.loading", language))
            return
        self._text.setAccessibleName(told.title)
        html = as_html(told, self._shell.colours.quiet)
        place = self._text.verticalScrollBar().value()
        self._text.setHtml(html)
        self._text.verticalScrollBar().setValue(place)

    def _heard(self, instance_id: str, lines: tuple[StoryLine, ...]) -> None:
        if self._instance is not None and self._instance.id == instance_id:
            self._lines = lines
            self.dress()

    def _failed(self, problem: Problem) -> None:
        """Said in the bar; asked again when it is shown again."""
        self._asked = None
        self._shell.tell(problem)

    def _told(self) -> Story | None:
        if self._instance is None or self._lines is None:
            return None
        shell = self._shell
        speech = Speech(shell.language, shell.now(), shell.zone)
        fleet = shell.fleet
        return story(self._instance, self._lines, names_in(fleet), fleet.studio, speech)

    # -- saving -----------------------------------------------------------------------------------

    def ask_where(self) -> None:
        """A file's name; what it ends in decides whether text or PDF is written."""
        if self._instance is None:
            return
        language = self._shell.language
        title = say("instances.save.title", language, name=self._instance.name)
        dialog = QFileDialog(self, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(
            [say("instances.save.text", language), say("instances.save.pdf", language)]
        )
        dialog.setDefaultSuffix("txt")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix("pdf" if "*.pdf" in chosen else "txt")
        )
        dialog.selectFile(f"{self._instance.id}-{self._shell.now():%Y-%m-%d}.txt")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the story; a sentence says when it is done, or why not."""
        told = self._told()
        if told is None:
            return
        if path.suffix.lower() != ".pdf":
            text = as_text(told)
            self._shell.bridge.work(
                self, lambda: path.write_text(text, "utf-8"), lambda _: self._saved(str(path))
            )
            return
        self._printing = Printing(told, path, self)
        self._printing.printed.connect(self._saved)
        self._printing.failed.connect(self._not_saved)
        self._printing.start()

    def _saved(self, file: str) -> None:
        self._shell.tell_done(say("instances.saved", self._shell.language, file=file))

    def _not_saved(self, file: str, reason: str) -> None:
        words = say("instances.save.failed", self._shell.language, file=file, reason=reason)
        self._shell.tell(Problem("file-failed", words))


class Printing(QThread):
    """Writes a story as PDF. Qt's fonts want a thread of Qt's own.

    Signals:
        printed(str): the file is there.
        failed(str, str): the file, and why it is not there.
    """

    printed = Signal(str)
    failed = Signal(str, str)

    def __init__(self, told: Story, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told, self._path = told, path
        if parent is not None:
            parent.destroyed.connect(self.wait)

    def run(self) -> None:
        """In the thread."""
        try:
            write_pdf(self._told, self._path)
        except OSError as error:
            self.failed.emit(str(self._path), error.strerror or str(error))
        else:
            self.printed.emit(str(self._path))


def write_pdf(told: Story, path: Path) -> None:
    """On paper of the usual size. Takes a moment: see Printing.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(b"")  # Qt would only log why it cannot be written
    writer = QPdfWriter(str(path))
    writer.setTitle(told.title)
    writer.setResolution(_DOTS_PER_INCH)
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    document = QTextDocument()
    document.setHtml(as_html(told))
    document.print_(writer)
