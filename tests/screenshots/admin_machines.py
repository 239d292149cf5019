"""The machines page: tables, one machine in full, its graphs, every dialog."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from functools import cache

from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea, QWidget

from desktop_client.admin.charts.scales import Span
from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.machines.actions import Act, consequence, shared_labels, wrong_labels
from desktop_client.admin.machines.add_machine import AddMachine
from desktop_client.admin.machines.dialogs import AskLabels, AskPool, AskText, DeclareOff
from desktop_client.admin.machines.page import GPUS_VIEW, MachinesPage
from desktop_client.admin.model import EVERYTHING, Delta, Fleet, Gpu, Node, Role, Unclaimed
from desktop_client.admin.records import JoinCommand, Reading, Series
from desktop_client.admin.settings import AdminSettings
from desktop_client.admin.window import AdminWindow
from desktop_client.i18n import say
from desktop_client.model import Words
from desktop_client.theme import Colours
from tests.screenshots.scene import Scene
from tests.standins.fleet import GB, NOW, fleet, studio
from tests.standins.still_bridge import StillBridge

_COMMAND = JoinCommand(
    "aigc agent join 'aigc://join/aigc.studio.lan:7443?pin=sha256:Jx0yTnq3R8v1bWc5kZs7pLm2aQe4uHf6"
    "gDi9oYt0XwE&token=Zm9yIG9uZSBtYWNoaW5lIG9ubHksIGZvciBhbiBob3Vy'",
    NOW + timedelta(minutes=57),
)
Make = Callable[[Colours, str], QWidget]


@cache
def _studio() -> Fleet:
    made = fleet(studio(12, 4, 70))
    nodes = dict(made.nodes)
    simulated, unclaimed = list(nodes)[10], list(nodes)[6]
    nodes[simulated] = replace(
        nodes[simulated],
        gpus=tuple(replace(gpu, simulated=True) for gpu in nodes[simulated].gpus[:2]),
        driver_name="process",
        docker_version="",
    )
    lost = Unclaimed(
        "7be2f1a90c3d11aa",
        next(iter(made.instances)),
        3,
        NOW - timedelta(minutes=12),
        NOW + timedelta(hours=23, minutes=48),
    )
    nodes[unclaimed] = replace(nodes[unclaimed], unclaimed=(lost,))
    return replace(made, nodes=nodes)


def _wave(gpu: Gpu, number: int, span: timedelta, *, hole: bool, away: bool) -> Series:
    """An hour, a day or a week of a card at work; with a hole where the machine was away."""
    step = span / 360
    points = []
    for i in range(361):
        at = NOW - span + step * i
        if (hole and 100 < i < 140) or (away and NOW - at < timedelta(minutes=35)):
            continue
        busy = max(0.0, math.sin(i / 23 + number * 1.7)) ** 0.5
        jitter = 6 * math.sin(i * 1.3 + number) + 4 * math.sin(i * 0.7)
        total = gpu.memory_total_bytes or 24 * GB
        points.append(
            Reading(
                at,
                max(0.0, min(100.0, 92 * busy + jitter)),
                int(total * min(0.97, 0.12 + 0.2 * number + 0.3 * busy)),
                round(38 + 34 * busy + jitter / 4),
                None if gpu.simulated else round(45 + 330 * busy + jitter * 3),
            )
        )
    return Series(
        gpu.uuid, gpu.name, tuple(points), round(step.total_seconds()), gpu.simulated,
        gpu.memory_total_bytes,
    )  # fmt: skip


def _bridge(span: Span = Span.HOUR) -> StillBridge:
    series = [
        _wave(gpu, number, span.length, hole=place % 3 == 0, away=not node.online)
        for place, node in enumerate(_studio().nodes.values())
        for number, gpu in enumerate(node.gpus)
    ]
    return StillBridge({"node_readings": tuple(series), "join_command": _COMMAND})


def _window(colours: Colours, language: str, value: Fleet, span: Span = Span.HOUR) -> AdminWindow:
    window = AdminWindow(
        _bridge(span), AdminSettings(page="machines"), colours, language, UTC, now=lambda: NOW
    )
    window.show_fleet(value, EVERYTHING)
    return window


def _shown(value: Callable[[], Fleet], span: Span = Span.HOUR) -> Make:
    return lambda colours, language: _window(colours, language, value(), span)


def page_of(widget: QWidget) -> MachinesPage:
    found = widget.findChild(MachinesPage)
    assert isinstance(found, MachinesPage)
    found.machines.model.settle()
    found.gpus.model.settle()
    return found


def _select(*places: int, scroll: int = 0) -> Callable[[QWidget], None]:
    def then(widget: QWidget) -> None:
        page = page_of(widget)
        ids = list(page.shell.fleet.nodes)
        page.machines.select([ids[place] for place in places])
        for _ in range(10):  # the charts are made one after another
            QApplication.processEvents()
        if scroll:
            scroll_down(page.machines, scroll)

    return then


def scroll_down(pane: QWidget, down: int) -> None:
    area = pane.findChild(QScrollArea, "detail")
    assert isinstance(area, QScrollArea)
    area.verticalScrollBar().setMaximum(max(area.verticalScrollBar().maximum(), down))
    area.verticalScrollBar().setValue(down)


def _gpus(widget: QWidget) -> None:
    page = page_of(widget)
    page.views.choose(GPUS_VIEW)
    page.gpus.model.settle()


def _filtered(widget: QWidget) -> None:
    page_of(widget).machines.set_filter("pool:film,games model:L40S")


def _graphs(span: Span, *, table: bool = False) -> Callable[[QWidget], None]:
    def then(widget: QWidget) -> None:
        _select(3)(widget)
        detail = page_of(widget).detail
        detail.graphs.switch.choose(span)
        charts = list(detail.graphs.charts.values())
        charts[0].show_as_table(table)
        charts[1].plot.point_at(NOW - span.length * 0.4)

    return then


def scenes() -> Sequence[Scene]:
    size = (1440, 900)
    tall = (1440, 1900)
    return (
        Scene("admin-machines", _shown(_studio), (1280, 800)),
        Scene("admin-machines-filter", _shown(_studio), (1100, 680), _filtered),
        Scene("admin-machines-detail", _shown(_studio), tall, _select(3)),
        Scene("admin-machines-day", _shown(_studio, Span.DAY), tall, _graphs(Span.DAY)),
        Scene("admin-machines-table", _shown(_studio), tall, _graphs(Span.HOUR, table=True)),
        Scene("admin-machines-offline", _shown(_studio), tall, _select(1)),
        Scene("admin-machines-problem", _shown(_studio), size, _select(4)),
        Scene("admin-machines-unclaimed", _shown(_studio), size, _select(6)),
        Scene("admin-machines-ledger", _shown(_studio), size, _select(8)),
        Scene("admin-machines-simulated", _shown(_studio), tall, _select(10)),
        Scene("admin-machines-many", _shown(_studio), size, _select(2, 3, 5)),
        Scene("admin-machines-auditor", _shown(_audited), size, _select(3)),
        Scene("admin-machines-gpus", _shown(_studio), size, _gpus),
        Scene("admin-machines-empty", _shown(_nothing), (1100, 680)),
        Scene("admin-machines-add", _adding(0)),
        Scene("admin-machines-add-command", _adding(1)),
        Scene("admin-machines-add-joined", _adding(2)),
        Scene("admin-machines-drain", _confirmed(Act.DRAIN, 3)),
        Scene("admin-machines-revoke", _confirmed(Act.REVOKE, 3)),
        Scene("admin-machines-accept", _confirmed(Act.ACCEPT_LEDGER, 8)),
        Scene("admin-machines-off", _off),
        Scene("admin-machines-rename", _rename),
        Scene("admin-machines-pool", _pool),
        Scene("admin-machines-labels", _labels),
    )


def _audited() -> Fleet:
    return replace(_studio(), role=Role.AUDITOR)


def _nothing() -> Fleet:
    return replace(_studio(), nodes={}, instances={})


def _node(place: int) -> Node:
    return list(_studio().nodes.values())[place]


def _confirmed(act: Act, place: int) -> Make:
    def make(colours: Colours, language: str) -> QWidget:
        said = consequence(act, [_node(place)], _studio(), language)
        return Confirmation(
            None, said.title, said.victims, said.sentence, said.verb, said.danger,
            lambda: None, language,
        )  # fmt: skip

    return make


def _off(colours: Colours, language: str) -> QWidget:
    said = consequence(Act.DECLARE_OFF, [_node(1)], _studio(), language)
    return DeclareOff(None, said, lambda reason: None, language)


def _rename(colours: Colours, language: str) -> QWidget:
    made = AskText(
        None, say("machines.rename.title", language, name="render-04"),
        say("machines.rename.label", language), "render-04",
        say("machines.rename.sentence", language), say("machines.rename.verb", language),
        lambda name: say("machines.rename.taken", language, name=name) if "5" in name else "",
        lambda name: None, language,
    )  # fmt: skip
    made.field.setText("render-05")
    return made


def _pool(colours: Colours, language: str) -> QWidget:
    title = say("machines.pool.title", language, names="render-03, render-04")
    return AskPool(
        None, title, ("on-prem", "film", "games"), "film", lambda p: "", lambda p: None, language
    )


def _labels(colours: Colours, language: str) -> QWidget:
    nodes = [replace(_node(p), labels={"room": "2", "fast": ""}) for p in (3, 4)]
    title = say("machines.labels.title", language, names="render-03, render-04")
    return AskLabels(
        None, title, shared_labels(nodes), 2, lambda pairs: wrong_labels(pairs, language),
        lambda labels: None, language,
    )  # fmt: skip


def _adding(stage: int) -> Make:
    def make(colours: Colours, language: str) -> QWidget:
        window = _window(colours, language, _studio())
        dialog = AddMachine(window, window)
        if stage:
            make_button = dialog.findChild(QPushButton, "make")
            assert isinstance(make_button, QPushButton)
            make_button.click()
        if stage > 1:
            nodes = dict(_studio().nodes)
            for place, node in enumerate(_arrivals()):
                joined_at = NOW - timedelta(minutes=5 - place)
                nodes[node.name] = replace(node, id=node.name, joined_at=joined_at)
            window.show_fleet(replace(_studio(), nodes=nodes), Delta(nodes=tuple(nodes.values())))
            dialog.show_fleet()
        return dialog

    return make


def _arrivals() -> tuple[Node, ...]:
    ready = replace(_node(3), name="render-21", instance_ids=())
    trouble = Words(
        "Docker does not answer: start it with 'systemctl start docker'.",
        "Docker 无响应：请运行 systemctl start docker 启动它。",
    )
    return (
        ready,
        replace(ready, name="render-22", can_start=False, problems=(trouble,)),
        replace(ready, name="render-23", online=False, gpus=(), last_seen=None, can_start=False),
    )
