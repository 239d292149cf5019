"""Qt objects that were let go in a circle are destroyed in the GUI thread, whoever allocates."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

PROGRAM = """
import gc, threading
from PySide6.QtCore import QCoreApplication, QTimer
from desktop_client.collector import GuiCollector

class Circle:
    def __init__(self):
        self.me = self
        self.more = [[] for _ in range(10)]

    def __del__(self):
        where.add(threading.current_thread().name)
        gone.append(1)

where, gone = set(), []
app = QCoreApplication([])
GuiCollector(app)

def allocate():
    for _ in range(20_000):
        Circle()

thread = threading.Thread(target=allocate, name="loop")
beat = QTimer()
beat.setInterval(5)

def beaten():
    if not thread.is_alive() and len(gone) > 15_000:
        app.quit()

beat.timeout.connect(beaten)
beat.start()
thread.start()
QTimer.singleShot(60_000, app.quit)
app.exec()
print(sorted(where), len(gone) > 15_000, gc.isenabled())
"""


def test_garbage_of_any_thread_is_collected_in_the_gui_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=100,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "['MainThread'] True False"
    assert gc.isenabled(), "nothing of this holds for the tests themselves"
