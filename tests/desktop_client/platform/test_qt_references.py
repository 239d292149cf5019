"""The Qt binding keeps Python's reference counts (PySide6 6.12.0 on Python 3.11 did not).

Each emit lost a reference to True, and the program died of it after some hundred; a short test run
passes before that. In a process of its own, which must also end without a word.
"""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import gc, sys
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

class Emitter(QObject):
    told = Signal(bool)
    nothing = Signal(object)
    plain = Signal()

app = QCoreApplication([])
emitter = Emitter()
heard = []
emitter.told.connect(lambda value: heard.append(value is True))
emitter.nothing.connect(lambda value: heard.append(value is None))
emitter.plain.connect(lambda: heard.append(True))
ticks = 0

def tick():
    global ticks
    ticks += 1
    if ticks >= 2000:
        timer.stop()
        app.quit()

timer = QTimer()
timer.setInterval(0)
timer.timeout.connect(tick)

def counts():
    heard.clear()
    gc.collect()
    return sys.getrefcount(True), sys.getrefcount(False), sys.getrefcount(None)

before = counts()
for _ in range(2000):
    emitter.told.emit(True)
    emitter.nothing.emit(None)
    emitter.plain.emit()
assert heard == [True] * 6000
timer.start()
app.exec()
assert ticks == 2000
after = counts()
print(*(new - old for old, new in zip(before, after)))
"""


def test_emitting_and_ticking_keep_the_reference_counts() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", PROGRAM], capture_output=True, text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert all(abs(int(change)) < 50 for change in done.stdout.split()), done.stdout
