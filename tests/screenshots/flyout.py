"""The flyout at the tray, in each of its states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop_client.desk import Desk, Do
from desktop_client.history import Amount, Past, Reading
from desktop_client.model import (
    Access,
    Engine,
    Former,
    Instance,
    Link,
    Part,
    Refusals,
    RefusedTarget,
    Version,
    Words,
)
from desktop_client.shapes import tray_icon
from desktop_client.theme import Colours
from desktop_client.view_model import Icon, build
from desktop_client.windows.flyout import Flyout
from tests.screenshots.scene import Scene
from tests.screenshots.scenes import (
    ENGINES,
    FAILED,
    NOW,
    PREPARING,
    QUEUED,
    READY,
    RELEASE_NEAR,
    SCENES,
    STARTING,
    STOPPED,
    STOPPING,
    UNREACHABLE,
)

_BASE = SCENES["engines"].snapshot
_GB = 1024**3  # of a card


def _readings(total: int, gap: bool = False) -> tuple[Reading, ...]:
    """An hour's end of work: bursts, a pause, and where wanted a minute that nobody knows."""
    made = []
    for step in range(120):
        at = NOW - timedelta(seconds=5 * (120 - step))
        if gap and 50 <= step < 66:
            made.append(Reading(at))
            continue
        busy = step % 40 < 26
        wave = 8 * math.sin(step * 1.7) + 5 * math.sin(step * 0.6)
        percent = max(min((72 if busy else 6) + wave, 100.0), 0.0)
        memory = (0.47 if busy else 0.33) + 0.012 * math.sin(step * 0.4)
        made.append(Reading(at, percent, int(total * memory)))
    return tuple(made)


def _working(instance: Instance, **more: object) -> Instance:
    values: dict[str, object] = {
        "since": NOW - timedelta(hours=2, minutes=6),
        "last_activity": NOW - timedelta(minutes=2),
        "release_at": NOW + timedelta(minutes=15),
    }
    return replace(instance, **(values | more))  # type: ignore[arg-type]


_READY = _working(READY)
_NEAR = _working(
    RELEASE_NEAR, last_activity=NOW - timedelta(minutes=11), release_at=NOW + timedelta(minutes=4)
)
_QUEUED = replace(QUEUED, since=NOW - timedelta(minutes=12))
_THREE_PARTS = replace(
    PREPARING,
    node_name="render-02",
    parts=(
        Part("image", 4_100_000_000, 9_800_000_000),
        Part("data", 3_100_000_000, None, True),
        Part("models", 12_400_000_000, 16_000_000_000),
    ),
)
_SHARED = replace(
    _working(READY), vram_reserved_bytes=8 * _GB, vram_used_bytes=int(5.2 * _GB), gpu_percent=23.0
)
_PASTS: Mapping[str, Past] = {
    _READY.id: Past(_readings(24 * _GB)),
    PREPARING.id: Past(
        (),
        {
            "image": (
                Amount(NOW - timedelta(seconds=15), 3_600_000_000),
                Amount(NOW, 4_100_000_000),
            ),
            "models": (
                Amount(NOW - timedelta(seconds=15), 12_000_000_000),
                Amount(NOW, 12_400_000_000),
            ),
        },
    ),
}


_RELEASED = replace(
    STOPPED,
    line=Words(
        "Stopped yesterday 18:42: released because nobody used it",
        "已停止，昨天 18:42：因无人使用而释放",
    ),
)


def _desk(*instances: Instance, **more: object) -> Desk:
    snapshot = replace(_BASE, instances=instances, **more)  # type: ignore[arg-type]
    return Desk(snapshot=snapshot, pasts=_PASTS)


def _many() -> Desk:
    names = ("Fooocus", "Kohya Trainer", "Ollama", "Whisper", "A name that is really very long")
    more = tuple(
        Engine(f"more-{n}", Words(name, name), versions=(Version("1.0"),), default_version="1.0")
        for n, name in enumerate(names)
    )
    return _desk(_READY, STOPPED, engines=(*ENGINES, *more))


_GIVEN = replace(
    _working(READY),
    shares=2,
    started_by="Ann Berg",
    refusals=Refusals(14, (RefusedTarget("192.168.1.7", 445, "tcp", 11),) * 2, NOW),
)
_OF_ANN = replace(
    READY,
    id="g-ann",
    name="Poster",
    cards=(),
    release_at=None,
    owner_name="Ann Berg",
    access=Access.USE,
    shared_until=NOW + timedelta(hours=6),
)
GUESTS = (
    _OF_ANN,
    replace(
        STOPPED,
        id="g-bo",
        owner_name="Bo Chen",
        access=Access.USE,
        data_bytes=None,
        shared_until=NOW + timedelta(days=2),
    ),
    replace(
        READY,
        id="g-cai",
        name="Upscaler",
        engine_id="upscaler",
        version="2.0",
        cards=(),
        release_at=None,
        owner_name="Cai Wen",
        access=Access.VIEW,
        shared_until=NOW + timedelta(minutes=50),
    ),
)


DESKS: dict[str, Desk] = {
    "at-work": _desk(_READY, _THREE_PARTS, _QUEUED, STOPPED),
    "starting": _desk(STARTING, _THREE_PARTS),
    "waiting": _desk(_QUEUED, _RELEASED),
    "release-near": _desk(_NEAR, STOPPING),
    "trouble": _desk(FAILED, UNREACHABLE),
    "unknown": replace(
        _desk(_working(replace(READY, simulated=True))),
        pasts={READY.id: Past(_readings(24 * _GB, gap=True))},
    ),
    "shared": replace(_desk(_SHARED), pasts={READY.id: Past(_readings(8 * _GB))}),
    "sharing": replace(
        _desk(_GIVEN, replace(STOPPED, shares=1)), pasts={READY.id: Past(_readings(24 * _GB))}
    ),
    "guest": _desk(engines=(), shared=GUESTS),
    "guest-and-mine": _desk(STOPPED, engines=ENGINES[3:4], shared=GUESTS[:1]),
    "former": _desk(engines=ENGINES[:2], former=Former.POSSIBLE),
    "former-empty": _desk(engines=(), former=Former.ASKED),
    "offline": replace(
        _desk(
            _READY, _THREE_PARTS, STOPPED, link=Link.OFFLINE,
            problem=SCENES["offline"].snapshot.problem, heard_at=NOW - timedelta(minutes=35),
        ),
        pasts={READY.id: Past(tuple(r for r in _readings(24 * _GB)))},
    ),
    "engines": SCENES["engines"],
    "silent": replace(_desk(_READY, STOPPED), snoozed_until=NOW + timedelta(hours=1)),
    "many": _many(),
    "asked": replace(SCENES["asked"], acks={STOPPED.id: Do.START}),
    "empty": SCENES["empty"],
    "sign-in": SCENES["sign-in"],
    "sign-in-expired": SCENES["sign-in-expired"],
    "signing-in": SCENES["signing-in"],
    "connecting": SCENES["connecting"],
    "connecting-failed": SCENES["connecting-failed"],
    "first-run": SCENES["first-run"],
}  # fmt: skip


def make(desk: Desk, colours: Colours, language: str) -> Flyout:
    """A flyout that shows a desk, as one that is about to be seen."""
    made = Flyout()
    made.show_view(build(desk, NOW, language, UTC), colours, language)
    made.bring_up(QPoint(1200, 20))
    return made


def scenes() -> Sequence[Scene]:
    return (
        *(_scene(name) for name in DESKS),
        Scene("flyout-search", _maker("many"), None, _search),
        Scene("flyout-focus", _maker("engines"), None, _focus),
        Scene("tray-icons", lambda colours, _: Panels(colours.dark)),
    )


class Panels(QWidget):
    """The tray's icons on panels of several colours, as at 100, 150 and 200 %."""

    GROUNDS = ("#f3f3f3", "#ffffff", "#2b2b2b", "#1b1b1b", "#3b6ea5")
    SIZES = (16, 22, 24, 33, 44, 64)

    def __init__(self, dark: bool) -> None:
        super().__init__()
        self._dark = dark
        self.setFixedSize(len(Icon) * 80, len(self.GROUNDS) * sum(s + 12 for s in self.SIZES))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter, top = QPainter(self), 0
        for ground in self.GROUNDS:
            for size in self.SIZES:
                painter.fillRect(0, top, self.width(), size + 12, QColor(ground))
                for column, icon in enumerate(Icon):
                    pixmap = tray_icon(icon, dark=self._dark).pixmap(QSize(size, size), 1.0)
                    painter.drawPixmap(column * 80 + 8, top + 6, pixmap)
                top += size + 12
        painter.end()


def _scene(name: str) -> Scene:
    return Scene(f"flyout-{name}", _maker(name))


def _maker(name: str):  # type: ignore[no-untyped-def]
    return lambda colours, language: make(DESKS[name], colours, language)


def _search(widget: QWidget) -> None:
    QTest.keyClick(widget, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(widget.focusWidget(), "o")


def _focus(widget: QWidget) -> None:
    QTest.keyClick(widget.focusWidget(), Qt.Key.Key_Down)
