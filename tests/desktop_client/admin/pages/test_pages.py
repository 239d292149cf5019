"""The pages as widgets, in a real window, without a coordinator: every request is answered here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton, QWidget

from aigc.errors import AigcError, ErrorKind
from desktop_client import theme
from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.model import EVERYTHING, Delta, Fleet, Role
from desktop_client.admin.pages.audit import AuditPage
from desktop_client.admin.pages.audit_log import PAGE, AuditLog, newest, older
from desktop_client.admin.pages.catalogue import CataloguePage
from desktop_client.admin.pages.instances import InstancesPage
from desktop_client.admin.pages.overview import OverviewPage
from desktop_client.admin.pages.people import PeoplePage
from desktop_client.admin.pages.people_dialogs import AddAccount, ChangeRole, OneTimePassword
from desktop_client.admin.pages.queue import QueuePage
from desktop_client.admin.pages.settings import SettingsPage
from desktop_client.admin.pages.story import story
from desktop_client.admin.pages.story_view import Printing
from desktop_client.admin.records import (
    AuditEntry,
    AuthorityStatus,
    Catalogue,
    CatalogueProblem,
    NewAccount,
    Person,
    Phase,
    RemovedMachine,
    Setting,
    Share,
    StoryLine,
    StudioSettings,
    Token,
    TrustedAuthority,
)
from desktop_client.admin.settings import AdminSettings
from desktop_client.admin.tables.pane import TablePane
from desktop_client.admin.window import AdminWindow
from desktop_client.model import Engine, Link, State, Version, Words
from tests.desktop_client.admin.pages.studio import NOW, ZH, fleet, instance, node
from tests.desktop_client.qt import app, until
from tests.standins.still_bridge import StillBridge

__all__ = ["app"]

pytestmark = pytest.mark.timeout(60)

LIN = Person(
    "p-1", "Lin Xia", "lin@studio", Role.CREATOR, ("vfx",), sessions=2, tokens=1, local=True
)
WANG = Person("p-2", "Wang Fang", role=Role.AUDITOR, disabled=True)
ANSWERS: dict[str, object] = {
    "catalogue": Catalogue(
        (Engine("comfyui", Words("ComfyUI"), versions=(Version("0.12", 1, 8192),)),),
        (CatalogueProblem("a.yaml", 3, "image", "is missing"),),
        NOW,
    ),
    "people": (LIN, WANG),
    "tokens": (Token("t-1", "nightly", last_used=NOW), Token("t-2", "notebook")),
    "story": (StoryLine(1, NOW, "start", "person p-1", "", "requested", "comfyui 0.12"),),
    "audit": (AuditEntry(9, NOW, "p-1", "person-role", "p-2", "done"),),
    "settings": StudioSettings(
        (Setting("policy", "trash_days", "30", True, Words("Days", "天数")),),
        "/etc/aigc/coordinator.toml", "0.9.0", "l-1", 7, NOW, "sha256:abcdefghij",
    ),
    "occupancy": (),
    "explain_waiting": (
        RemovedMachine("n-2", "render-02", "draining", Words("is drained", "维护中")),
        RemovedMachine("n-1", "render-01", "free-cards", Words("0 free", "空闲 0 张"), True),
    ),
    "set_disabled": None,
    "set_role": None,
    "sign_out_everywhere": 2,
    "revoke_token": None,
    "create_account": NewAccount("p-3", "Kim", "maple-otter"),
    "shares": (Share("s-1", "i-ComfyUI", "ComfyUI", "p-1", "Lin Xia", team="vfx"),),
    "links": (),
    "authority": AuthorityStatus(Phase.STEADY, (TrustedAuthority("sha256:abcdefghij", NOW),)),
}  # fmt: skip
RUNS = instance(node_id="n-render-01", node_name="render-01")
WAITS = instance("InvokeAI", State.QUEUED, queue_position=1, line=Words("Waiting", "排队中"))
STOPPED = instance("Old", State.STOPPED)
STUDIO = fleet((node(),), (RUNS, WAITS, STOPPED))
PAGES = ("overview", "instances", "queue", "catalogue", "shares", "people", "audit", "settings")

Open = Callable[..., Any]


@pytest.fixture
def open_page(app: QApplication) -> Open:
    """A window at a page; returns the page."""

    def make(key: str, known: Fleet = STUDIO, language: str = "en", **answers: object) -> Any:
        theme.apply(app, theme.LIGHT)
        bridge = StillBridge({**ANSWERS, **answers})
        settings = AdminSettings().with_page(key)
        window = AdminWindow(bridge, settings, theme.LIGHT, language, UTC, now=lambda: NOW)
        window.show_fleet(known, EVERYTHING)
        window.show()
        app.processEvents()
        page = window.page
        assert page is not None
        for pane in page.findChildren(TablePane):
            QAbstractItemModelTester(pane.model, pane.model)
        return page

    return make


def answer(page: Any, name: str, value: object) -> None:
    """From now on."""
    page.shell.bridge.answers[name] = value


def asked(page: Any, *names: str) -> list[tuple[Any, ...]]:
    """What was asked of the coordinator, in its order."""
    return [(n, *args) for n, args, _ in page.shell.bridge.asked if n in names]


def dialog(kind: type[Any]) -> Any:
    """The one that is open."""
    [found] = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found


def click(widget: QWidget, name: str) -> None:
    made = widget.findChild(QPushButton, name)
    assert made is not None, name
    QTest.mouseClick(made, Qt.MouseButton.LeftButton)


def cells(pane: TablePane[Any]) -> list[list[str]]:
    model = pane.model
    model.settle()
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", PAGES)
def test_every_page_in_both_languages_with_names_for_every_control(
    key: str, language: str, open_page: Open, app: QApplication
) -> None:
    page = open_page(key, language=language)
    for pane in page.findChildren(TablePane):
        if pane.model.rowCount():
            pane.select([pane.model.id_at(0)])
    for made in page.findChildren(QAbstractButton):
        if made.isVisible():
            assert made.text() or made.accessibleName(), made.objectName()
    other = "zh" if language == "en" else "en"
    page.window().dress(other, theme.DARK)
    app.processEvents()
    assert page.grab().width() > 0


@pytest.mark.parametrize("key", PAGES)
def test_a_page_before_anything_is_answered(key: str, open_page: Open) -> None:
    """A coordinator that thinks everything over, and a studio of which nothing is known."""
    page = open_page(key, replace(STUDIO, nodes={}, instances={}))
    page.shell.bridge.answers.clear()
    page.refresh()
    page.show_fleet(page.shell.fleet, Delta(), "en", theme.LIGHT)


@pytest.mark.parametrize("key", ["overview", "catalogue", "shares", "people", "audit", "settings"])
def test_offline_nothing_is_asked_and_online_again_it_is(key: str, open_page: Open) -> None:
    page = open_page(key, replace(STUDIO, link=Link.OFFLINE))
    page.refresh()
    assert not asked(page, *ANSWERS)
    window = page.window()
    assert isinstance(window, AdminWindow)
    window.show_fleet(STUDIO, EVERYTHING)
    assert asked(page, *ANSWERS)


@pytest.mark.parametrize("key", PAGES)
def test_a_refused_request_is_said_in_the_bar(key: str, open_page: Open) -> None:
    refused = AigcError("not-allowed", "Only admins may.", ErrorKind.FORBIDDEN)
    names = ("catalogue", "people", "audit", "settings", "occupancy", "story", "shares")
    page = open_page(key, **dict.fromkeys(names, refused))
    page.refresh()
    assert page.isVisible()


# -- instances ------------------------------------------------------------------------------------


def test_stop_is_confirmed_with_names_and_what_happens(open_page: Open) -> None:
    page: InstancesPage = open_page("instances", stop=RUNS)
    page.pane.select([RUNS.id, WAITS.id, STOPPED.id])
    click(page.detail, "stop")
    asking: Confirmation = dialog(Confirmation)
    assert asking.windowTitle() == "Stop 2 instances?"
    told = asking.accessibleDescription()
    assert "ComfyUI of Lin Xia, Ready on render-01" in told
    assert "InvokeAI of Lin Xia, Waiting" in told
    assert "memory is lost" in told
    assert not asked(page, "stop")
    click(asking, "yes")
    assert sorted(asked(page, "stop")) == [("stop", RUNS.id), ("stop", WAITS.id)]


def test_a_no_stops_nothing(open_page: Open) -> None:
    page: InstancesPage = open_page("instances", stop=RUNS)
    page.pane.select([RUNS.id])
    click(page.detail, "stop")
    click(dialog(Confirmation), "no")
    assert not asked(page, "stop")


def test_what_was_refused_is_told_and_may_be_asked_again(open_page: Open) -> None:
    refusal = AigcError("instance-unknown", "There is no such instance.", ErrorKind.NOT_FOUND)
    page: InstancesPage = open_page("instances", stop=refusal)
    page.pane.select([RUNS.id])
    click(page.detail, "stop")
    click(dialog(Confirmation), "yes")
    assert page.stopper.asked == frozenset()
    button = page.detail.findChild(QPushButton, "stop")
    assert button is not None
    assert button.isEnabled()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"role": Role.AUDITOR}, "Your role sees everything and changes nothing."),
        ({"link": Link.OFFLINE}, "There is no connection to the coordinator."),
    ],
)
def test_what_may_not_be_done_says_why(
    changes: dict[str, Any], reason: str, open_page: Open
) -> None:
    for key in ("instances", "queue", "people"):
        page = open_page(key)
        first = {"instances": RUNS.id, "queue": WAITS.id, "people": LIN.id}[key]
        page.pane.select([first])
        window = page.window()
        assert isinstance(window, AdminWindow)
        window.show_fleet(replace(STUDIO, **changes), Delta())
        name = {"instances": "stop", "queue": "remove", "people": "disable"}[key]
        made = page.detail.findChild(QPushButton, name)
        assert not made.isEnabled()
        assert made.toolTip() == reason
        page.window().close()


def test_the_story_is_read_copied_and_saved(
    open_page: Open, app: QApplication, tmp_path: Path
) -> None:
    page: InstancesPage = open_page("instances")
    page.pane.select([RUNS.id])
    page.detail.tabs.choose("story")
    story = page.detail.story
    assert "Start asked for" in story.text()
    assert "Lin Xia" in story.text()
    story.save(tmp_path / "story.txt")
    assert (tmp_path / "story.txt").read_text("utf-8") == story.text()
    page.shell.tell_done("")
    story.save(tmp_path / "story.pdf")
    pdf = tmp_path / "story.pdf"
    until(app, lambda: pdf.exists() and pdf.read_bytes().rstrip().endswith(b"%%EOF"))
    story.findChildren(QPushButton)[0].click()
    assert QGuiApplication.clipboard().text() == story.text()


def test_a_pdf_is_written_beside_the_gui_thread(app: QApplication, tmp_path: Path) -> None:
    lines = [StoryLine(n, NOW, "placed", "timer", "queued", "placed", "x") for n in range(200)]
    told = story(RUNS, lines, {}, "Studio", ZH)
    path = tmp_path / "story.pdf"
    heard: list[str] = []
    for place in (path, tmp_path / "nowhere" / "story.pdf"):
        printing = Printing(told, place)
        printing.printed.connect(heard.append)
        printing.failed.connect(lambda file, why: heard.append(why))
        printing.start()
        until(app, printing.isFinished)
        app.processEvents()
    assert path.stat().st_size > 10_000
    assert heard == [str(path), "No such file or directory"]


def test_the_story_is_asked_for_again_when_the_state_changes(open_page: Open) -> None:
    page: InstancesPage = open_page("instances")
    page.pane.select([RUNS.id])
    page.detail.tabs.choose("story")
    read = replace(RUNS, gpu_percent=3.0)
    stops = replace(RUNS, state=State.STOPPING)
    for now in (read, stops):
        known = replace(STUDIO, instances={**STUDIO.instances, RUNS.id: now})
        window = page.window()
        assert isinstance(window, AdminWindow)
        window.show_fleet(known, Delta(instances=(now,)))
    assert len(asked(page, "story")) == 2


def test_a_log_is_read_only_after_a_click(open_page: Open) -> None:
    page: InstancesPage = open_page("instances")
    page.pane.select([RUNS.id])
    page.detail.tabs.choose("logs")
    assert not asked(page, "logs")
    page.detail.logs.begin()
    page.shell.bridge.lines.emit(RUNS.id, ["one\n", "two"])
    page.shell.bridge.lines.emit("another", ["no"])
    assert asked(page, "logs") == [("logs", RUNS.id)]
    page.pane.select([STOPPED.id])
    assert asked(page, "leave_logs") == [("leave_logs", RUNS.id)]


def test_links_lead_with_filter_and_row(open_page: Open) -> None:
    page: InstancesPage = open_page("instances")
    page.open_at("state=queued", WAITS.id)
    assert [row[1] for row in cells(page.pane)] == ["InvokeAI"]
    assert page.pane.selected_ids() == [WAITS.id]


# -- queue ----------------------------------------------------------------------------------------


def test_the_queue_in_turn_and_out_of_it(open_page: Open) -> None:
    page: QueuePage = open_page("queue", stop=WAITS)
    assert [row[0] for row in cells(page.pane)] == ["1"]
    page.pane.select([WAITS.id])
    click(page.detail, "remove")
    asking = dialog(Confirmation)
    assert "out of the queue" in asking.windowTitle()
    click(asking, "yes")
    assert asked(page, "stop") == [("stop", WAITS.id)]


def test_which_machines_were_passed_over_and_why(open_page: Open) -> None:
    page: QueuePage = open_page("queue")
    page.pane.select([WAITS.id])
    assert [row[:2] for row in cells(page.detail.machines)] == [
        ["render-01", "0 free"],
        ["render-02", "is drained"],
    ]
    read = replace(WAITS, gpu_percent=1.0)
    other = replace(WAITS, line=Words("Waiting, something else", "排队中"))
    for now in (read, other):
        known = replace(STUDIO, instances={**STUDIO.instances, WAITS.id: now})
        window = page.window()
        assert isinstance(window, AdminWindow)
        window.show_fleet(known, Delta(instances=(now,)))
    assert len(asked(page, "explain_waiting")) == 2, "once for each line"


def test_an_empty_queue_says_so(open_page: Open) -> None:
    page: QueuePage = open_page("queue", replace(STUDIO, instances={RUNS.id: RUNS}))
    assert not cells(page.pane)


# -- people ---------------------------------------------------------------------------------------


def test_disabling_says_what_ends_and_what_goes_on(open_page: Open) -> None:
    page: PeoplePage = open_page("people")
    page.pane.select([LIN.id])
    click(page.detail, "disable")
    asking = dialog(Confirmation)
    told = asking.accessibleDescription()
    assert "Signed in: 2" in told
    assert "ComfyUI" in told
    assert "InvokeAI" in told
    click(asking, "yes")
    assert asked(page, "set_disabled") == [("set_disabled", LIN.id, True)]
    page.pane.select([WANG.id])
    click(page.detail, "enable")
    assert asked(page, "set_disabled")[1] == ("set_disabled", WANG.id, False)


def test_another_role(open_page: Open) -> None:
    page: PeoplePage = open_page("people")
    page.pane.select([LIN.id])
    click(page.detail, "role.change")
    asking: ChangeRole = dialog(ChangeRole)
    assert not asking.yes.isEnabled(), "nothing was changed yet"
    asking.choices[Role.AUDITOR].click()
    asking.yes.click()
    assert asked(page, "set_role") == [("set_role", LIN.id, Role.AUDITOR)]


def test_sign_out_everywhere_names_the_number(open_page: Open) -> None:
    page: PeoplePage = open_page("people")
    page.pane.select([LIN.id])
    click(page.detail, "out")
    asking = dialog(Confirmation)
    assert "2" in asking.accessibleDescription()
    click(asking, "yes")
    assert asked(page, "sign_out_everywhere") == [("sign_out_everywhere", LIN.id)]


def test_tokens_are_listed_and_revoked_by_name(open_page: Open) -> None:
    page: PeoplePage = open_page("people")
    page.pane.select([LIN.id])
    assert [row[0] for row in cells(page.detail.tokens)] == ["nightly", "notebook"]
    assert not page.detail.revoke.isEnabled()
    page.detail.tokens.select(["t-1", "t-2"])
    click(page.detail, "revoke")
    asking = dialog(Confirmation)
    assert asking.windowTitle() == "Revoke 2 tokens of Lin Xia?"
    click(asking, "yes")
    assert asked(page, "revoke_token") == [
        ("revoke_token", LIN.id, "t-1"),
        ("revoke_token", LIN.id, "t-2"),
    ]


def test_a_new_account_shows_its_password_once(open_page: Open) -> None:
    page: PeoplePage = open_page("people")
    page.add.click()
    asking: AddAccount = dialog(AddAccount)
    assert not asking.yes.isEnabled()
    QTest.keyClicks(asking.username, "kim")
    QTest.keyClick(asking.username, Qt.Key.Key_Return)
    assert asked(page, "create_account") == [("create_account", "kim", "kim", Role.CREATOR)]
    shown: OneTimePassword = dialog(OneTimePassword)
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    assert shown.isVisible(), "not away by a slip"
    shown.copy.click()
    assert QGuiApplication.clipboard().text() == "maple-otter"
    shown.done_button.click()
    assert not shown.isVisible()


def test_a_refused_account_keeps_what_was_typed(open_page: Open) -> None:
    taken = AigcError("account-exists", "There is an account kim.", ErrorKind.CONFLICT)
    page: PeoplePage = open_page("people", create_account=taken)
    page.add.click()
    asking: AddAccount = dialog(AddAccount)
    QTest.keyClicks(asking.username, "kim")
    asking.yes.click()
    assert asking.isVisible()
    assert asking.username.text() == "kim"
    assert asking.problem.text()
    assert asking.yes.isEnabled()


# -- catalogue, audit, settings -------------------------------------------------------------------


def test_what_is_broken_is_shown_with_its_place(open_page: Open) -> None:
    page: CataloguePage = open_page("catalogue")
    assert cells(page.broken) == [["a.yaml", "3", "image", "is missing"]]
    assert page.badge() == "1"
    [row] = cells(page.pane)
    assert row[0] == "ComfyUI"
    answer(page, "catalogue", Catalogue(loaded_at=NOW))
    page.show_fleet(page.shell.fleet, Delta(catalogue_changed=True), "en", theme.LIGHT)
    assert not page.broken.isVisible()
    assert page.badge() == ""


def entries(first: int, last: int) -> tuple[AuditEntry, ...]:
    return tuple(AuditEntry(n, NOW, "p", "node-drain") for n in range(first, last - 1, -1))


def test_older_entries_come_as_somebody_scrolls(open_page: Open, app: QApplication) -> None:
    page: AuditPage = open_page("audit", audit=entries(1000, 1000 - PAGE + 1))
    page.pane.model.settle()
    assert len(page.log.entries) == PAGE
    answer(page, "audit", entries(1000 - PAGE, 1000 - PAGE - 4))
    app.processEvents()
    bar = page.pane.table.verticalScrollBar()
    until(app, lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    assert asked(page, "audit")[-1] == ("audit", PAGE, 1000 - PAGE + 1, "")
    assert page.log.whole
    page.pane.model.settle()
    assert page.pane.model.total == PAGE + 5
    assert not page.more.isVisible()


def test_a_search_asks_the_coordinator(open_page: Open) -> None:
    page: AuditPage = open_page("audit")
    QTest.keyClicks(page.search, "kim")
    QTest.keyClick(page.search, Qt.Key.Key_Return)
    assert asked(page, "audit")[-1] == ("audit", PAGE, 0, "kim")
    page.search.clear()
    assert asked(page, "audit")[-1] == ("audit", PAGE, 0, "")


def test_the_part_of_the_log_that_is_here_has_no_hole() -> None:
    log = newest(AuditLog(), entries(1000, 1000 - PAGE + 1), "")
    assert not log.whole
    assert newest(log, entries(1003, 1003 - PAGE + 1), "").entries[:4] == entries(1003, 1000)
    assert newest(log, entries(2000, 2000 - PAGE + 1), "").entries[-1].seq == 2000 - PAGE + 1
    assert newest(log, entries(5, 1), "").whole
    assert older(log, entries(5, 1), "other search") is log
    assert older(log, (), "").whole
    again = older(log, entries(1000 - PAGE + 3, 1000 - PAGE - 1), "")
    assert len({e.seq for e in again.entries}) == len(again.entries)


def test_settings_tell_where_they_are_changed(open_page: Open) -> None:
    page: SettingsPage = open_page("settings")
    assert cells(page.pane)[0][:4] == ["policy", "trash_days", "30", "default"]
    chosen: list[Sequence[str]] = []
    window = page.window()
    assert isinstance(window, AdminWindow)
    window.language_chosen.connect(lambda key: chosen.append(("language", key)))
    window.look_chosen.connect(lambda key: chosen.append(("look", key)))
    page.language.activated.emit(1)
    page.look.activated.emit(2)
    assert chosen == [("language", "zh"), ("look", "dark")]
    page.sign_out.click()
    click(dialog(Confirmation), "yes")
    assert asked(page, "sign_out") == [("sign_out",)]


# -- overview -------------------------------------------------------------------------------------


def test_an_item_of_the_overview_leads_to_its_page(open_page: Open) -> None:
    silent = node(online=False, last_seen=NOW - timedelta(hours=1))
    page: OverviewPage = open_page("overview", fleet((silent,), (RUNS,)))
    assert page.view is not None
    assert page.badge() == str(len(page.view.items))
    gone: list[tuple[str, str, str]] = []
    page.items.followed.disconnect()
    page.items.followed.connect(lambda item: gone.append((item.page, item.filter, item.row)))
    page.items.findChildren(QPushButton)[1].click()
    assert gone == [("machines", "", "n-render-01")]


def test_many_items_are_asked_for(open_page: Open) -> None:
    nodes = tuple(
        node(f"n{n}", problems=(Words("It is hot.", "过热。"),), disk_free_bytes=1, gpus=())
        for n in range(3)
    )
    page: OverviewPage = open_page("overview", fleet(nodes))
    assert page.view is not None
    assert len(page.view.items) == 7

    def shown() -> int:
        return sum(w.isVisible() for w in page.items.findChildren(QWidget, "card"))

    assert shown() == 4
    page.items.more.click()
    assert shown() == 7
    page.items.more.click()
    assert shown() == 4
