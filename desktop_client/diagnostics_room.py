"""Collects the diagnostics, shows them, saves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject

from aigc.errors import AigcError
from aigc.logs import RamLog
from desktop_client import desktop_facts
from desktop_client.bridge import Bridge
from desktop_client.diagnostics import Material, Report, bundle, file_name, reports
from desktop_client.i18n import say
from desktop_client.model import Problem, Snapshot
from desktop_client.platform.autostart import open_autostart
from desktop_client.platform.deep_links import open_registration
from desktop_client.platform.notifications import Service
from desktop_client.present import Present
from desktop_client.settings import write_settings
from desktop_client.shelf import Shelf
from desktop_client.windows.diagnostics import DiagnosticsWindow
from desktop_client.wording import problem_text


class DiagnosticsRoom(QObject):
    """Args:
    ram: the last lines of the log.
    command: what starts this program.
    senses: what tells of sleep and of the network, by name; asked when it opens.
    """

    KEY = "diagnostics"

    def __init__(
        self,
        bridge: Bridge,
        shelf: Shelf,
        present: Callable[[], Present],
        ram: RamLog,
        command: tuple[str, ...],
        senses: Callable[[], Mapping[str, str]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._shelf, self._present = bridge, shelf, present
        self._ram, self._command, self._senses = ram, command, senses
        self._material: Material | None = None
        self._with_person = False

    def open(self) -> None:
        """Bring the window up, and collect anew."""
        window = self._shelf.open(self.KEY, self._make)
        self._with_person = False
        window.show_files(())
        self._bridge.inspect(self, self._inspected, self._failed)

    def _make(self) -> DiagnosticsWindow:
        window = DiagnosticsWindow(file_name(self._now()), self._present().language)
        window.person_chosen.connect(self._person_chosen)
        window.save_asked.connect(self._save)
        return window

    def _now(self) -> datetime:
        return self._present().now

    def _inspected(self, answer: tuple[Service, tuple[str, ...]]) -> None:
        service, secrets = answer
        present = self._present()
        desktop = desktop_facts.desktop() | {
            "notifications": asdict(service),
            "senses": dict(self._senses()),
        }
        snapshot, lines = present.desk.snapshot, self._ram.lines()
        command = self._command
        settings = json.loads(write_settings(present.settings))

        def collect() -> Material:
            return Material(
                made_at=present.now,
                versions=desktop_facts.versions(),
                desktop=desktop | _switches(command),
                connection=_connection(snapshot),
                settings=settings,
                log=lines,
                secrets=(*secrets, snapshot.sign_in_url),
                person=(snapshot.person,),
                home=str(Path.home()),
            )

        self._bridge.compute(collect, self, self._collected, self._failed)

    def _collected(self, material: Material) -> None:
        self._material = material
        self._make_files()

    def _person_chosen(self, with_person: bool) -> None:
        self._with_person = with_person
        self._make_files()

    def _make_files(self) -> None:
        material, with_person = self._material, self._with_person
        if material is not None:
            self._bridge.compute(
                lambda: reports(material, with_person=with_person), self, self._made, self._failed
            )

    def _made(self, files: tuple[Report, ...]) -> None:
        window = self._shelf.find(self.KEY, DiagnosticsWindow)
        if window is not None:
            window.show_files(files)

    def _save(self, path: str) -> None:
        window, material = self._shelf.find(self.KEY, DiagnosticsWindow), self._material
        if window is None or material is None:
            return
        files = window.files
        made_at = material.made_at

        def write() -> str:
            try:
                Path(path).write_bytes(bundle(files, made_at))
            except OSError as error:
                raise AigcError(
                    "file-unwritable",
                    f"{path} cannot be written ({error.strerror}); choose another place.",
                ) from error
            return path

        self._bridge.compute(write, self, self._saved, self._failed)

    def _saved(self, path: str) -> None:
        window = self._shelf.find(self.KEY, DiagnosticsWindow)
        if window is not None:
            window.show_saved(say("diagnostics.saved", window.language, path=path))

    def _failed(self, problem: Problem) -> None:
        window = self._shelf.find(self.KEY, DiagnosticsWindow)
        if window is not None:
            window.show_problem(problem_text(problem, window.language))


def _connection(snapshot: Snapshot) -> dict[str, object]:
    return {
        "link": str(snapshot.link),
        "studio": snapshot.studio,
        "address": snapshot.address,
        "fingerprint": snapshot.pin,
        "web": snapshot.web_url,
        "person": snapshot.person,
        "sign_in_kept": not snapshot.memory_only,
        "heard_at": snapshot.heard_at.isoformat() if snapshot.heard_at else None,
        "problem": snapshot.problem.key if snapshot.problem else None,
        "engines": len(snapshot.engines),
        "instances": [
            {"id": i.id, "engine": i.engine_id, "version": i.version, "state": str(i.state),
             "machine": i.node_name, "code": i.support_code}
            for i in snapshot.instances
        ],
        "asked_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip


def _switches(command: tuple[str, ...]) -> dict[str, object]:
    """Autostart and links: files and small programs, so not in the GUI thread."""
    found: dict[str, object] = {}
    try:
        found["autostart"] = open_autostart(command).is_on()
    except (AigcError, OSError) as error:
        found["autostart"] = str(error)
    try:
        found["links"] = open_registration(command).is_registered()
    except (AigcError, OSError) as error:
        found["links"] = str(error)
    return found
