"""The admin window with 10,000 instances while they change: a program of its own for the benchmark.

Prints JSON: how long an event waited for the GUI thread, in milliseconds.

The real window and the real page, sorted by a column that changes and filtered; a thread of its own
decodes each message of a made-up studio and hands over what changed, as the window's loop does. A
probe asks for the GUI thread every few milliseconds: its wait is how long the event loop was
blocked, as a click would have felt it.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from desktop_client import theme
from desktop_client.admin.fold import Known, fold
from desktop_client.admin.model import EVERYTHING, Fleet
from desktop_client.admin.pages.instances import InstancesPage
from desktop_client.admin.settings import AdminSettings, TableSettings
from desktop_client.admin.window import AdminWindow
from protos.aigc.v1 import admin_pb2
from tests.standins.fleet import Studio, fleet, studio, update
from tests.standins.still_bridge import StillBridge

ROWS, CHANGES, EVERY_SECONDS = 10_000, 100, 0.25
_PROBE_SECONDS = 0.005
_SETTLE_SECONDS = 3.0


class Probe(QObject):
    """Asks for the GUI thread from another one, and notes how long that took."""

    asked = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def _answer(self, at: float) -> None:
        self.waits.append((time.perf_counter() - at) * 1000)

    def take(self) -> dict[str, float]:
        """p50, p99 and the longest since the last time."""
        waits, self.waits = sorted(self.waits), []
        cuts = statistics.quantiles(waits, n=100)
        return {
            "p50": round(cuts[49], 2),
            "p99": round(cuts[98], 2),
            "longest": round(waits[-1], 1),
            "probes": len(waits),
        }


def _messages(made: Studio, count: int) -> list[bytes]:
    return [
        made.step(CHANGES, EVERY_SECONDS, turnover=0.02).SerializeToString() for _ in range(count)
    ]


def _repeat(seconds: float, stop: threading.Event, work: Callable[[], None]) -> None:
    due = time.perf_counter()
    while not stop.wait(max(0.0, due - time.perf_counter())):
        work()
        due = max(due + seconds, time.perf_counter())


def _window(app: QApplication, known: Fleet) -> tuple[AdminWindow, StillBridge]:
    theme.apply(app, theme.LIGHT)
    table = TableSettings(sort="gpu", descending=True, filter="-state:failed")
    settings = AdminSettings(page="instances", tables={"instances": table})
    bridge = StillBridge()
    window = AdminWindow(bridge, settings, theme.LIGHT, "en", UTC)
    window.resize(1360, 860)
    window.show()
    window.show_fleet(known, EVERYTHING)
    window.go_to("instances")
    return window, bridge


def _let_go_on(app: QApplication, seconds: float) -> None:
    """Qt's own loop, left after so long."""
    QTimer.singleShot(int(seconds * 1000), app, app.quit)
    app.exec()


def measure(seconds: float) -> dict[str, object]:
    """With the table still, and live."""
    app = QApplication(["live-table"])
    made = studio(nodes=250, gpus=8, instances=ROWS, trouble=False)
    known = fleet(made)
    messages = iter(_messages(made, int(seconds / EVERY_SECONDS) + 8))
    window, bridge = _window(app, known)
    _let_go_on(app, _SETTLE_SECONDS)
    page = window.findChild(InstancesPage)
    assert page is not None
    shown, total = page.pane.model.counts
    probe, stop = Probe(), threading.Event()
    prober = threading.Thread(
        target=_repeat,
        args=(_PROBE_SECONDS, stop, lambda: probe.asked.emit(time.perf_counter())),
        daemon=True,
    )
    prober.start()
    _let_go_on(app, min(seconds, 5.0))
    still = probe.take()
    feed = _feed(bridge, known, messages)
    feeder = threading.Thread(target=_repeat, args=(EVERY_SECONDS, stop, feed), daemon=True)
    feeder.start()
    _let_go_on(app, seconds)
    live = probe.take()
    stop.set()
    prober.join()
    feeder.join()
    window.close()
    return {"rows": total, "shown": shown, "still": still, "live": live}


def _feed(bridge: StillBridge, known: Fleet, messages: Iterator[bytes]) -> Callable[[], None]:
    """What the window's loop does with a message of the stream."""
    rows, now = Known(known.nodes, known.instances), known

    def hear() -> None:
        nonlocal rows, now
        said = admin_pb2.WatchFleetResponse.FromString(next(messages))
        rows, delta = fold(rows, update(said))
        assert delta is not None
        now = replace(now, nodes=rows.nodes, instances=rows.instances)
        bridge.fleet.emit(now, delta)

    return hear


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]))))
