"""The admin window's shell in each of its states, with a made-up studio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from functools import cache
from pathlib import Path

from PySide6.QtWidgets import QWidget

from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.model import EVERYTHING, Fleet, Role
from desktop_client.admin.settings import AdminSettings
from desktop_client.admin.tables.pane import TablePane
from desktop_client.admin.window import AdminWindow
from desktop_client.model import Link, Problem
from desktop_client.theme import Colours
from tests.screenshots.scene import Scene
from tests.standins.fleet import NOW, fleet, studio
from tests.standins.sample_page import SamplePage
from tests.standins.still_bridge import StillBridge

_BEFORE = Fleet(studio="Studio North", address="aigc.studio.lan:7443")
_AWAY = Problem(
    "coordinator-name-unknown",
    "Cannot reach the coordinator at aigc.studio.lan:7443: the name aigc.studio.lan does not "
    "resolve. Check the address with IT or your VPN.",
)
_REFUSED = Problem(
    "node-unknown", "There is no machine render-04: it was revoked by Wang Fang at 14:31."
)


@cache
def _studio(nodes: int, instances: int) -> Fleet:
    return fleet(studio(nodes, 8, instances))


def scenes() -> Sequence[Scene]:
    gates = {
        "find": replace(_BEFORE, studio="", address="", link=Link.UNCONFIGURED),
        "find-failed": replace(_BEFORE, link=Link.UNCONFIGURED, problem=_AWAY),
        "trust": replace(
            _BEFORE, studio="", link=Link.UNTRUSTED, pin="sha256:Jx0yTnq3R8v1bWc5kZs7"
        ),
        "signed-out": replace(_BEFORE, link=Link.SIGNED_OUT),
        "signing-in": replace(
            _BEFORE,
            link=Link.SIGNING_IN,
            sign_in_url="https://aigc.studio.lan:7440/oidc/authorize?response_type=code",
        ),
        "no-role": replace(_BEFORE, link=Link.ONLINE, role=Role.CREATOR, person="Lin Xia"),
        "connecting": replace(_BEFORE, link=Link.CONNECTING),
        "unreachable": replace(_BEFORE, link=Link.OFFLINE, problem=_AWAY),
    }
    return (
        *(Scene(f"admin-gate-{name}", _gate(value), (1100, 680)) for name, value in gates.items()),
        Scene("admin-table", _table(_studio(1000, 400)), (1280, 800), _select),
        Scene("admin-thousand-machines", _real("machines"), (1440, 900), _settle),
        Scene("admin-thousand-instances", _real("instances"), (1440, 900), _settle),
        Scene("admin-table-wrong-filter", _table(_studio(12, 40)), (1100, 680), _wrong_filter),
        Scene("admin-table-no-match", _table(_studio(12, 40)), (1100, 680), _no_match),
        Scene("admin-offline", _offline, (1280, 800)),
        Scene("admin-refused", _table(_studio(12, 40)), (1100, 680), _refuse),
        Scene("admin-done", _table(_studio(12, 40)), (800, 520), _done),
        Scene("admin-auditor", _auditor, (1100, 680)),
        Scene("admin-confirm", _confirm(3)),
        Scene("admin-confirm-many", _confirm(40)),
    )


def _real(page: str) -> Callable[[Colours, str], QWidget]:
    """The studio's own pages, with a thousand machines."""

    def make(colours: Colours, language: str) -> QWidget:
        settings = AdminSettings(page=page)
        window = AdminWindow(StillBridge(), settings, colours, language, UTC, now=lambda: NOW)
        window.show_fleet(_studio(1000, 3000), EVERYTHING)
        return window

    return make


def _settle(widget: QWidget) -> None:
    for pane in widget.findChildren(TablePane):
        pane.model.settle()


def _window(colours: Colours, language: str) -> AdminWindow:
    return AdminWindow(
        StillBridge(),
        AdminSettings(page="instances"),
        colours,
        language,
        UTC,
        make=lambda key, shell: SamplePage(shell),
        now=lambda: NOW,
    )


def _gate(value: Fleet) -> Callable[[Colours, str], QWidget]:
    def make(colours: Colours, language: str) -> QWidget:
        window = _window(colours, language)
        window.show_fleet(value, EVERYTHING)
        return window

    return make


def _table(value: Fleet) -> Callable[[Colours, str], QWidget]:
    return _gate(value)


def _offline(colours: Colours, language: str) -> QWidget:
    away = replace(
        _studio(12, 40), link=Link.OFFLINE, problem=_AWAY, heard_at=NOW - timedelta(minutes=35)
    )
    return _gate(away)(colours, language)


def _auditor(colours: Colours, language: str) -> QWidget:
    return _gate(replace(_studio(12, 40), role=Role.AUDITOR))(colours, language)


def _page(widget: QWidget) -> SamplePage:
    found = widget.findChild(SamplePage)
    assert isinstance(found, SamplePage)
    found.pane.model.settle()
    return found


def _select(widget: QWidget) -> None:
    page = _page(widget)
    page.pane.select([page.pane.model.id_at(place) for place in (3, 4, 6)])


def _wrong_filter(widget: QWidget) -> None:
    _page(widget).pane.set_filter("machina:render-04")


def _no_match(widget: QWidget) -> None:
    _page(widget).pane.set_filter("machine:render-77 state:ready")


def _refuse(widget: QWidget) -> None:
    assert isinstance(widget, AdminWindow)
    widget.tell(_REFUSED)


def _done(widget: QWidget) -> None:
    assert isinstance(widget, AdminWindow)
    _page(widget).pane._exported(4212, Path("/home/chen/instances-2026-11-23.csv"))


def _confirm(count: int) -> Callable[[Colours, str], QWidget]:
    def make(colours: Colours, language: str) -> QWidget:
        names = [f"ComfyUI · Lin Xia · render-{n:02}" for n in range(1, count + 1)]
        if language == "zh":
            words = (f"停止 {count} 个实例？", "数据会保留，使用者会看到是 IT 停止了引擎。")
            verb = f"停止 {count} 个实例"
        else:
            words = (
                f"Stop {count} instances?",
                "Their data is kept, and their owners read that IT stopped them.",
            )
            verb = f"Stop {count} instances"
        return Confirmation(None, words[0], names, words[1], verb, True, lambda: None, language)

    return make
