"""The guard of the GUI thread over the admin window: ``python -m … FOLDER``, prints JSON.

The folder is that of a person who is signed in at a coordinator that answers. Each page is shown,
filtered, sorted, selected, copied and exported while the studio's changes come in.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QTimer

from desktop_client.admin import program
from desktop_client.admin.registry import PAGES
from desktop_client.admin.tables.pane import TablePane
from desktop_client.admin.window import AdminWindow
from desktop_client.model import Link
from tests.desktop_client.gui_guard import HEAVY, Blocked, Guard

READY_SECONDS = 60.0


def on_page(window: AdminWindow, key: str, folder: Path) -> list[tuple[str, Callable[[], object]]]:
    """What a person does on one page."""

    def panes() -> list[TablePane[object]]:
        page = window.page
        return [] if page is None else [p for p in page.findChildren(TablePane) if p.isVisible()]

    def each(work: Callable[[TablePane[object]], object]) -> Callable[[], object]:
        return lambda: [work(pane) for pane in panes()]

    def select(pane: TablePane[object]) -> None:
        model = pane.model
        keys = [model.id_at(row) for row in range(min(2, model.rowCount()))]
        pane.select([k for k in keys if k])

    def sort(pane: TablePane[object]) -> None:
        pane.model.set_sort(pane.model.sort_key, not pane.model.descending)

    return [
        (f"{key} shown", lambda: window.go_to(key)),
        (f"{key} selected", each(select)),
        (f"{key} sorted", each(sort)),
        (f"{key} filtered", each(lambda pane: pane.set_filter("r"))),
        (f"{key} unfiltered", each(lambda pane: pane.set_filter(""))),
        (f"{key} copied", each(lambda pane: pane.copy(header=True))),
        (f"{key} exported", each(lambda pane: pane.write_csv(folder / f"{key}.csv"))),
        (f"{key} painted", window.grab),
    ]


def drive(window: AdminWindow, guard: Guard, folder: Path) -> None:
    """One step at a time once the studio is known; then the end."""
    steps: list[tuple[str, Callable[[], object]]] = []
    for key in PAGES:
        steps += on_page(window, key, folder)
    steps += [
        ("chinese", lambda: window.choose_language("zh")),
        ("dark", lambda: window.choose_look("dark")),
        ("sign out", window.ask_to_sign_out),
        ("second start", window.bring_up),
        ("table again", lambda: window.go_to("instances", "state:ready")),
    ]
    deadline = time.monotonic() + READY_SECONDS

    def turn() -> None:
        if window.fleet.link is not Link.ONLINE and time.monotonic() < deadline:
            QTimer.singleShot(50, turn)
            return
        if not steps:
            guard.end()
            window.close()
            return
        guard.step, work = steps.pop(0)
        guard.steps.append(guard.step)
        try:
            work()
        except Exception:  # noqa: BLE001 - told, and the rest is still tried
            guard.blocked.append(Blocked("raised", traceback.format_exc(), guard.step, []))
        QTimer.singleShot(20, turn)

    QTimer.singleShot(0, turn)


def main(folder: Path) -> int:
    # Qt's charts are part of the first page, and load with it.
    guard = Guard(heavy=tuple(name for name in HEAVY if "QtCharts" not in name))
    sys.addaudithook(guard.audit)
    guard.watch_waiting()

    class Watched(AdminWindow):
        def bring_up(self) -> None:
            super().bring_up()
            if not guard.steps:
                guard.begin()
                QTimer.singleShot(0, lambda: drive(self, guard, folder.parent))

    setattr(program, "AdminWindow", Watched)  # noqa: B010 - the program makes this one
    code = program.main(["--config-dir", str(folder), "--store", "file"])
    report = {"code": code, "steps": guard.steps, "blocked": [asdict(b) for b in guard.blocked]}
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
