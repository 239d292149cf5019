"""What is published: engines and versions, who uses them, what is broken and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.background import Background
from desktop_client.admin.pages.catalogue_columns import (
    PROBLEMS,
    VERSIONS,
    EngineVersion,
    problem_id,
    state_key,
    version_rows,
)
from desktop_client.admin.pages.concerns import one_of
from desktop_client.admin.pages.parts import Facts, is_online
from desktop_client.admin.pages.queue_columns import need_words
from desktop_client.admin.records import Catalogue, CatalogueProblem, StudioSettings
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import ElidedLabel, button, label, pad, set_text

_FOLDER = "catalogue_dir"  # the key of coordinator.toml that names the folder
_BROKEN_HEIGHT = 220


class CataloguePage(Page):
    """See the module."""

    key = "catalogue"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._catalogue: Catalogue | None = None
        self._folder = ""
        self._known: dict[str, EngineVersion] = {}
        self._background = Background(shell, self, self._prepare, self._show_rows)
        self._loaded = label("quiet")
        self.detail = _Detail(shell)
        self.detail.instances_asked.connect(self._show_instances)
        self.pane: TablePane[EngineVersion] = TablePane(
            "catalogue", VERSIONS, lambda r: r.id, shell, self.detail,
            sort="engine", empty="catalogue.empty",
        )  # fmt: skip
        self._broken_title = label("section")
        self.broken: TablePane[CatalogueProblem] = TablePane(
            "catalogue-broken", PROBLEMS, problem_id, shell, sort="file"
        )
        self._broken = QWidget()
        below = QVBoxLayout(self._broken)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(GRID)
        below.addWidget(self._broken_title)
        below.addWidget(self.broken, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.pane)
        split.addWidget(self._broken)
        split.setStretchFactor(0, 1)
        split.setSizes([_BROKEN_HEIGHT * 2, _BROKEN_HEIGHT])
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addWidget(self._loaded)
        body.addWidget(split, 1)
        self._broken.hide()
        self.pane.selected.connect(lambda _: self._show_detail())

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if delta.catalogue_changed:
            self.refresh()
        if delta.whole:
            self.pane.dress()
            self.broken.dress()
            self._tell()
        if delta.whole or delta.instances or delta.removed_instances:
            self._background.ask(at_once=delta.whole)

    def find_in_page(self) -> None:
        self.pane.find_in_page()

    def refresh(self) -> None:
        if not is_online(self.shell.fleet):
            return
        self.shell.bridge.ask(self, lambda r: r.catalogue(), self._heard)
        self.shell.bridge.ask(self, lambda r: r.settings(), self._heard_settings)

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)
        if row:
            self.pane.select([row])

    def badge(self) -> str:
        count = len(self._catalogue.problems) if self._catalogue is not None else 0
        return str(count) if count else ""

    def _heard(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.broken.show_rows({problem_id(p): p for p in catalogue.problems}.values())
        self._broken.setVisible(bool(catalogue.problems))
        self._background.ask(at_once=True)
        self._tell()
        self.badge_changed.emit()

    def _heard_settings(self, settings: StudioSettings) -> None:
        found = [s.value for s in settings.settings if s.key == _FOLDER]
        self._folder = found[0].strip('"') if found else ""
        self._tell()

    def _prepare(self) -> Callable[[], list[EngineVersion]]:
        catalogue, fleet = self._catalogue, self.shell.fleet
        return lambda: version_rows(catalogue, fleet)

    def _show_rows(self, made: list[EngineVersion]) -> None:
        rows = [known if (known := self._known.get(r.id)) == r else r for r in made]
        self._known = {r.id: r for r in rows}
        self.pane.show_rows(rows)
        self._show_detail()

    def _show_detail(self) -> None:
        self.detail.show_versions(self.pane.selected_rows())

    def _tell(self) -> None:
        language = self.shell.language
        catalogue = self._catalogue
        if catalogue is None:
            self._loaded.setText(say("catalogue.loading", language))
            return
        speech = Speech(language, self.shell.now(), self.shell.zone)
        folder = self._folder or say("catalogue.folder", language)
        at = cells.both(catalogue.loaded_at, speech)
        self._loaded.setText(say("catalogue.loaded", language, at=at, folder=folder))
        count = len(catalogue.problems)
        key = "catalogue.broken.one" if count == 1 else "catalogue.broken.many"
        mend = say("catalogue.mend", language)
        self._broken_title.setText(f"{say(key, language, count=count)} · {mend}")

    def _show_instances(self, row: EngineVersion) -> None:
        engine = one_of("engine", [row.engine.id])
        self.shell.go_to("instances", f"{engine} {one_of('version', [row.version.version])}")


class _Detail(QWidget):
    """Signals:
    instances_asked(EngineVersion): show them.
    """

    instances_asked = Signal(object)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._row: EngineVersion | None = None
        self._title = ElidedLabel("title")
        self._summary = label("quiet")
        self._facts = Facts()
        self._instances = button("")
        self._instances.clicked.connect(lambda: self.instances_asked.emit(self._row))
        row = QHBoxLayout()
        row.addWidget(self._instances)
        row.addStretch(1)
        body = QVBoxLayout(self)
        pad(body, around=GRID, between=GRID + 4)
        body.addWidget(self._title)
        body.addWidget(self._summary)
        body.addLayout(row)
        body.addWidget(self._facts)
        body.addStretch(1)

    def show_versions(self, rows: Sequence[EngineVersion]) -> None:
        """The first of the chosen ones."""
        if not rows:
            return
        row = self._row = rows[0]
        language = self._shell.language
        name = row.engine.name.spoken(language) or row.engine.id
        self._title.show_text(f"{name} {row.version.version}")
        set_text(self._summary, row.engine.summary.spoken(language))
        self._instances.setText(say("catalogue.to_instances", language))
        self._instances.setEnabled(bool(row.all))
        need = cells.DASH if row.gone else need_words(row.version, language)
        told = (
            ("state", say(f"catalogue.state.{state_key(row)}", language)),
            ("need", need),
            ("live", str(row.live)),
            ("waiting", str(row.waiting)),
            ("all", str(row.all)),
            ("id", row.engine.id),
        )
        self._facts.show_facts([(say(f"catalogue.{key}", language), value) for key, value in told])
