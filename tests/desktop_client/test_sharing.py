"""Sharing in the tray: what owner and guest see, are told and may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QPushButton, QWidget

from desktop_client import theme
from desktop_client.conversion import former, instance, refusals
from desktop_client.desk import (
    Action,
    Desk,
    Do,
    News,
    Notice,
    acknowledge,
    hear,
    opens_for_guest,
    refused,
)
from desktop_client.menu_model import menu
from desktop_client.model import (
    Access,
    Former,
    Found,
    Instance,
    Link,
    Problem,
    Refusals,
    RefusedTarget,
    Snapshot,
    State,
)
from desktop_client.notes import told, told_now
from desktop_client.present import Present
from desktop_client.settings import Settings
from desktop_client.share_room import ShareRoom
from desktop_client.share_view import (
    SPANS,
    USUAL_SPAN,
    ShareView,
    ShareWish,
    is_searched,
    share_view,
)
from desktop_client.shelf import Shelf
from desktop_client.theme import LIGHT
from desktop_client.view_model import build
from desktop_client.windows.card import CardWidget
from desktop_client.windows.flyout import Flyout
from desktop_client.windows.share import ShareWindow
from desktop_client.wording import destination
from desktop_client.wording import refused as refused_line
from protos.aigc.v1 import common_pb2, creator_pb2
from tests.desktop_client.qt import app as app
from tests.desktop_client.reading import complaints
from tests.screenshots.flyout import DESKS, GUESTS, make
from tests.screenshots.scenes import NOW, READY, SCENES, STOPPED
from tests.screenshots.windows import FOUND, SHARES

OF_ANN, OF_BO, OF_CAI = GUESTS
ONLINE = SCENES["at-work"].snapshot


def desk(*shared: Instance, **more: object) -> Desk:
    return Desk(replace(ONLINE, instances=(), shared=shared, **more))  # type: ignore[arg-type]


def heard(before: Desk, *shared: Instance, at: datetime = NOW) -> tuple[Desk, list[News]]:
    after = hear(before, replace(before.snapshot, shared=shared, heard_at=at), NOW)
    return after.desk, [n.news for n in after.notices]


# -- what a guest sees --------------------------------------------------------------------------


def test_a_guest_has_one_action_and_may_give_it_back() -> None:
    view = build(desk(*GUESTS), NOW, "en", UTC)
    assert view.plain is None
    assert not [c for c in view.cards if not c.key.startswith("engine:")]
    assert [c.title for c in view.shared] == ["Poster", "Upscaler", "JupyterLab"]
    for card in view.shared:
        assert [o.action.do for o in card.more] == [Do.LEAVE], "no stop, no logs, no delete"
    poster, upscaler, jupyter = view.shared
    assert "From Ann Berg · until 20:37" in poster.details
    assert [c.tag for c in view.shared] == ["", "view only", ""]
    assert poster.action is not None
    assert upscaler.action is not None
    assert jupyter.action is not None
    assert "Bo Chen's account" in jupyter.details[0], "who pays is said before it is opened"


@pytest.mark.parametrize("state", State)
def test_who_looks_on_opens_what_runs_and_nothing_else(state: State) -> None:
    view = replace(OF_CAI, state=state)
    use = replace(view, access=Access.USE)
    assert opens_for_guest(view) is (state is State.READY)
    assert opens_for_guest(use) is (state is not State.STOPPING)
    assert not opens_for_guest(replace(use, url=""))


def test_why_there_is_no_action() -> None:
    (card,) = build(desk(replace(OF_CAI, state=State.STOPPED)), NOW, "en", UTC).shared
    assert card.action is None
    assert "once Cai Wen has started it" in card.details[0]


def test_offline_only_a_page_that_works_by_itself_is_offered() -> None:
    ready, _, stopped = build(desk(*GUESTS, link=Link.OFFLINE), NOW, "en", UTC).shared
    assert ready.action is not None
    assert ready.action.enabled
    assert ready.struck
    assert stopped.action is not None
    assert not stopped.action.enabled
    assert not stopped.more[0].enabled


def test_the_menu_opens_what_is_shared() -> None:
    lines = menu(build(desk(*GUESTS), NOW, "en", UTC), "en")
    (mine,) = [e for e in lines if e.label == "Shared with me"]
    assert [e.action for e in mine.entries] == [
        Action(Do.OPEN, g.id) for g in (OF_ANN, OF_CAI, OF_BO)
    ]
    assert "Ann Berg" in mine.entries[0].label
    assert not [e for e in menu(build(desk(), NOW, "en", UTC), "en") if e.label == "Shared with me"]


# -- what a guest is told -----------------------------------------------------------------------


def test_a_new_share_is_told_and_one_that_was_there_is_not() -> None:
    before = desk()
    after, news = heard(before, OF_ANN)
    assert news == [News.SHARED]
    assert heard(after, OF_ANN)[1] == []
    begun = Desk(replace(before.snapshot, link=Link.CONNECTING, heard_at=None))
    first = hear(begun, replace(ONLINE, shared=GUESTS), NOW)
    assert [n.news for n in first.notices] == [], "nothing is new to who just signed in"
    other = hear(before, replace(ONLINE, person="Somebody", shared=GUESTS), NOW)
    assert News.SHARED not in [n.news for n in other.notices]


def test_an_end_by_the_owner_is_told() -> None:
    assert heard(desk(OF_ANN))[1] == [News.UNSHARED]


def test_an_end_that_was_foreseen_is_not_told() -> None:
    over = replace(OF_ANN, shared_until=NOW)
    assert heard(desk(over))[1] == []
    left = acknowledge(desk(OF_ANN), Action(Do.LEAVE, OF_ANN.id))
    after, news = heard(left)
    assert news == []
    assert after.acks == {}


def test_a_refused_leave_is_in_the_card() -> None:
    asked = acknowledge(desk(OF_ANN), Action(Do.LEAVE, OF_ANN.id))
    (card,) = build(asked, NOW, "en", UTC).shared
    assert card.action is None
    assert "Giving back" in card.line
    still, _ = heard(asked, OF_ANN)
    assert OF_ANN.id in still.acks, "a message in between does not undo the acknowledgement"
    back = refused(
        still, Action(Do.LEAVE, OF_ANN.id), Problem("shared-with-team", "It is a team's.")
    )
    (card,) = build(back.desk, NOW, "zh", UTC).shared
    assert "团队" in card.refusal
    assert back.notices[0].instance == OF_ANN


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_notification_opens_what_can_be_opened(language: str) -> None:
    notice = Notice(News.SHARED, OF_ANN.id, OF_ANN)
    words = told(notice, NOW, UTC, language)
    assert "Ann Berg" in words.title
    assert "20:37" in words.text
    assert [a for a, _ in words.actions] == [Action(Do.OPEN, OF_ANN.id)]
    assert told_now(notice, (), NOW, UTC, language).actions == (), "it ended meanwhile"
    look = told(Notice(News.SHARED, OF_CAI.id, OF_CAI), NOW, UTC, language)
    assert (
        look.text
        != told(
            Notice(News.SHARED, "x", replace(OF_CAI, access=Access.USE)), NOW, UTC, language
        ).text
    )


# -- what an owner sees -------------------------------------------------------------------------


def test_an_owner_sees_who_started_it_and_that_it_is_shared() -> None:
    mine = replace(READY, shares=2, started_by="Ann Berg")
    (card,) = build(Desk(replace(ONLINE, instances=(mine,), engines=())), NOW, "en", UTC).cards
    assert "Started by Ann Berg · Shared with 2" in card.details
    assert Do.SHARE in [o.action.do for o in card.more]
    words = told(Notice(News.READY, mine.id, mine), NOW, UTC, "en")
    assert words.text.startswith("Started by Ann Berg.")
    stopped = replace(STOPPED, started_by="Ann Berg", shares=1)
    (card,) = build(Desk(replace(ONLINE, instances=(stopped,), engines=())), NOW, "en", UTC).cards
    assert "Shared with 1" in card.details, "who started a run that is over is no news"


def test_what_the_walls_refused_is_one_quiet_line() -> None:
    walls = Refusals(14, (RefusedTarget("192.168.1.7", 445, attempts=14),), NOW)
    mine = replace(READY, refusals=walls)
    before = Desk(replace(ONLINE, instances=(READY,)))
    after = hear(before, replace(ONLINE, instances=(mine,)), NOW)
    assert after.notices == (), "never a notification"
    (card,) = [c for c in build(after.desk, NOW, "en", UTC).cards if c.key == mine.id]
    line = "The engine was refused 14 connections to the network (192.168.1.7:445)."
    assert line in card.details
    assert card.refusal == ""
    none = build(
        Desk(replace(ONLINE, instances=(replace(READY, refusals=Refusals(0)),))), NOW, "en", UTC
    )
    assert not any("refused" in d for d in none.cards[0].details)


@given(
    st.integers(1, 10**9),
    st.lists(st.integers(0, 65535), max_size=3),
    st.sampled_from(["en", "zh"]),
)
def test_a_refusals_line_is_whole(total: int, ports: list[int], language: str) -> None:
    line = refused_line(
        Refusals(total, tuple(RefusedTarget("fe80::1", p) for p in ports)), language
    )
    assert str(total) in line
    assert "{" not in line
    assert ("fe80::1" in line) is bool(ports)


def test_destinations() -> None:
    assert destination(RefusedTarget("fe80::1", 53, "udp")) == "[fe80::1]:53"
    assert destination(RefusedTarget("10.0.0.1")) == "10.0.0.1"
    assert destination(RefusedTarget("nas.lan", 0, "name")) == "nas.lan"


# -- from the wire ------------------------------------------------------------------------------


def test_from_the_wire() -> None:
    sent = creator_pb2.Instance(
        id="i", state=common_pb2.INSTANCE_STATE_READY, access=common_pb2.ACCESS_VIEW, shares=3,
        shared_until_ms=1_000, started_by_name="Ann",
    )  # fmt: skip
    sent.refusals.total = 2
    sent.refusals.top.add(address="10.0.0.7", port=445, protocol="tcp", attempts=2)
    known = instance(sent)
    assert known is not None
    assert (known.access, known.shares, known.started_by) == (Access.VIEW, 3, "Ann")
    assert known.shared_until == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert known.refusals == Refusals(2, (RefusedTarget("10.0.0.7", 445, "tcp", 2),))
    old = instance(creator_pb2.Instance(id="i", state=common_pb2.INSTANCE_STATE_READY))
    assert old is not None
    assert old.access is Access.OWNER, "a coordinator from before there was sharing"
    assert old.refusals is None
    assert refusals(common_pb2.Refusals()) == Refusals(0)


def test_the_former_account_is_offered_only_where_it_is_possible() -> None:
    asked = creator_pb2.GetLinkResponse(possible=True)
    assert former(creator_pb2.GetLinkResponse()) is Former.NONE
    assert former(asked) is Former.POSSIBLE
    asked.link.state = creator_pb2.LinkRequest.STATE_OPEN
    assert former(asked) is Former.ASKED
    possible = Desk(replace(ONLINE, instances=(), former=Former.POSSIBLE))
    offer = build(possible, NOW, "en", UTC).former
    assert offer is not None
    assert offer.action == Action(Do.FORMER)
    assert offer.label in [e.label for e in menu(build(possible, NOW, "en", UTC), "en")]
    with_mine = replace(possible, snapshot=replace(possible.snapshot, instances=(READY,)))
    assert build(with_mine, NOW, "en", UTC).former is None
    bare = replace(possible, snapshot=replace(possible.snapshot, engines=()))
    plain = build(bare, NOW, "en", UTC).plain
    assert plain is not None
    assert plain.offer is not None
    assert plain.offer.action == Action(Do.FORMER)
    assert build(Desk(Snapshot(link=Link.SIGNED_OUT)), NOW, "en", UTC).former is None


# -- the window for sharing ---------------------------------------------------------------------


def test_what_the_window_says() -> None:
    def view(query: str, found: Found | None, **more: object) -> ShareView:
        return share_view("ComfyUI", query, found, SHARES, NOW, UTC, "en", **more)  # type: ignore[arg-type]

    assert view("An", None).note == "Looking …"
    assert view("Ann", FOUND).note.startswith("There are more")
    assert view("zz", Found()).note.startswith("Nobody by that name")
    assert view("", Found()).note.startswith("Type two letters")
    labels = [c.label for c in view("Ann", FOUND).candidates]
    assert len(set(labels)) == 3, "two of one name are told apart"
    rows = view("", Found(teams=("lighting",))).rows
    assert rows is not None
    assert [r.who for r in rows] == ["Ann Berg", "Team lighting"]
    assert rows[1].text.startswith("View only · until")
    assert view("", Found(), shared_with="Ann Berg").done == "Ann Berg may open it now."
    assert [is_searched(q) for q in ("", " ", "a", "an", "王")] == [False, False, False, True, True]
    assert SPANS[0] == 60
    assert SPANS[-1] == 30 * 24 * 60
    assert USUAL_SPAN == 480


@pytest.fixture
def window(app: QApplication) -> Iterator[ShareWindow]:
    theme.apply(app, LIGHT)
    made = ShareWindow("ComfyUI", "en")
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowExposed(made)
    yield made
    made.close()


def shown(window: ShareWindow, query: str, found: Found | None, **more: object) -> None:
    window.show_view(share_view("ComfyUI", query, found, SHARES, NOW, UTC, "en", **more))  # type: ignore[arg-type]


def press(widget: QWidget, text: str) -> None:
    found = [b for b in widget.findChildren(QPushButton) if b.isVisible() and b.text() == text]
    found[0].click()


def test_typing_is_looked_for_once_it_rests(window: ShareWindow) -> None:
    asked: list[str] = []
    window.searched.connect(asked.append)
    (field,) = window.findChildren(QLineEdit)
    QTest.keyClicks(field, "Ann")
    assert asked == [], "not at each letter"
    QTest.qWait(600)
    assert asked == ["Ann"]


def test_by_keyboard_from_the_name_to_the_share(window: ShareWindow) -> None:
    given: list[tuple[object, str]] = []
    window.share_asked.connect(lambda wish, who: given.append((wish, who)))
    (field,) = window.findChildren(QLineEdit)
    (choices,) = window.findChildren(QListWidget)
    QTest.keyClicks(field, "Ann")
    QTest.keyClick(field, Qt.Key.Key_Return)
    shown(window, "Ann", FOUND)
    assert choices.hasFocus(), "to those who match, once they are known"
    QTest.keyClick(choices, Qt.Key.Key_Down)
    QTest.keyClick(choices, Qt.Key.Key_Return)
    (give,) = [b for b in window.findChildren(QPushButton) if b.text() == "Share"]
    assert give.hasFocus()
    assert given == [], "choosing is not sharing"
    QTest.keyClick(give, Qt.Key.Key_Return)
    ((wish, who),) = given
    assert (wish.person_id, wish.team, wish.access, wish.minutes) == ("p-l1", "", Access.USE, 480)  # type: ignore[attr-defined]
    assert who.startswith("Ann Lee")


def test_nobody_chosen_nobody_let_in(window: ShareWindow) -> None:
    shown(window, "Ann", FOUND)
    (give,) = [b for b in window.findChildren(QPushButton) if b.text() == "Share"]
    assert not give.isEnabled(), "one must be chosen, even of one"
    (choices,) = window.findChildren(QListWidget)
    choices.setCurrentRow(0)
    assert give.isEnabled()
    shown(window, "Ann B", Found(FOUND.people[:1]))
    assert give.isEnabled(), "who was chosen stays chosen while one types on"
    shown(window, "Bo", Found(FOUND.people[1:]))
    assert not give.isEnabled()
    choices.setCurrentRow(0)
    shown(window, "Bo", Found(FOUND.people[1:]), busy=True)
    assert not give.isEnabled(), "once is enough"


def test_an_end_names_its_share(window: ShareWindow) -> None:
    ended: list[str] = []
    window.end_asked.connect(ended.append)
    shown(window, "", Found())
    press(window, "Stop sharing")
    assert ended == ["s1"]


def test_everything_has_a_name_for_those_who_hear_it(window: ShareWindow) -> None:
    shown(window, "Ann", FOUND)
    assert complaints(window) == []


def test_the_honest_sentence_is_there_in_both_languages(window: ShareWindow) -> None:
    def texts() -> str:
        return "\n".join(x.text() for x in window.findChildren(QLabel))

    assert "not made safe by this" in texts()
    window.reword("zh", LIGHT)
    assert "无法保证安全" in texts()


# -- the flyout ---------------------------------------------------------------------------------


@pytest.fixture
def flyout(app: QApplication) -> Iterator[Flyout]:
    theme.apply(app, LIGHT)
    made = make(DESKS["guest-and-mine"], LIGHT, "en")
    QTest.qWaitForWindowExposed(made)
    yield made
    made.close()


def on_screen(flyout: Flyout) -> list[str]:
    """Titles of the cards, and of the section, from the top."""
    seen: list[tuple[int, str]] = []
    for card in flyout.findChildren(CardWidget):
        if card.isVisible() and card.view is not None:
            seen.append((card.mapTo(flyout, card.rect().topLeft()).y(), card.view.title))
    for text in flyout.findChildren(QLabel):
        if text.isVisible() and text.text() == "Shared with me":
            seen.append((text.mapTo(flyout, text.rect().topLeft()).y(), text.text()))
    return [title for _, title in sorted(seen)]


def test_ones_own_come_first_then_the_section(flyout: Flyout) -> None:
    QApplication.processEvents()
    assert on_screen(flyout) == ["JupyterLab", "Shared with me", "Poster"]
    base = DESKS["guest-and-mine"]

    def show(**changes: object) -> None:
        changed = replace(base, snapshot=replace(base.snapshot, **changes))  # type: ignore[arg-type]
        flyout.show_view(build(changed, NOW, "en", UTC), LIGHT, "en")
        QApplication.processEvents()

    show(shared=GUESTS)
    assert on_screen(flyout)[1:] == ["Shared with me", "Poster", "Upscaler", "JupyterLab"]
    show(instances=(STOPPED, READY))
    assert on_screen(flyout) == ["ComfyUI", "JupyterLab", "Shared with me", "Poster"]
    show(shared=())
    assert on_screen(flyout) == ["JupyterLab"]
    show(instances=(), engines=(), shared=GUESTS[:1])
    assert on_screen(flyout) == ["Shared with me", "Poster"]


def test_leaving_is_asked_for_from_the_card(flyout: Flyout) -> None:
    done: list[Action] = []
    flyout.performed.connect(done.append)
    (card,) = [c for c in flyout.findChildren(CardWidget) if c.view and c.view.guest]
    card.act()
    assert done == [Action(Do.OPEN, OF_ANN.id)]
    assert complaints(flyout) == []


# -- the room -----------------------------------------------------------------------------------


class Held(QObject):
    """A bridge whose answers a test gives when it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[Callable[[Any], None], Callable[[Problem], None]]] = []

    def request(
        self,
        work: Any,
        receiver: QObject,
        done: Callable[[Any], None],
        failed: Callable[[Problem], None],
    ) -> None:
        self.waiting.append((done, failed))

    def answer(self, value: object, index: int = 0) -> None:
        self.waiting.pop(index)[0](value)

    def refuse(self, index: int = 0) -> None:
        self.waiting.pop(index)[1](Problem("x", "it is away."))


class Room:
    """A room with the window of READY open, teams and shares answered."""

    def __init__(self) -> None:
        self.desk = Desk(replace(ONLINE, instances=(replace(READY, shares=2),)))
        self.bridge, self.shelf = Held(), Shelf()
        self.room = ShareRoom(self.bridge, self.shelf, self.present)  # type: ignore[arg-type]
        self.room.open(self.desk.snapshot.instances[0])
        window = self.shelf.find(f"share:{READY.id}", ShareWindow)
        assert window is not None
        self.window = window
        self.bridge.answer(Found(teams=("lighting", "comp")))
        self.bridge.answer(SHARES)

    def present(self) -> Present:
        return Present(self.desk, Settings(), "en", LIGHT, NOW, UTC)

    def know(self, **changes: object) -> None:
        self.desk = Desk(replace(self.desk.snapshot, **changes))  # type: ignore[arg-type]
        self.room.refresh()

    def choices(self) -> list[str]:
        (shown,) = self.window.findChildren(QListWidget)
        return [shown.item(row).text() for row in range(shown.count())]

    def texts(self) -> str:
        return "\n".join(x.text() for x in self.window.findChildren(QLabel) if x.isVisible())


@pytest.fixture
def room(app: QApplication) -> Iterator[Room]:
    made = Room()
    yield made
    made.shelf.close_all()


def test_an_answer_to_what_was_typed_before_is_not_shown(room: Room) -> None:
    assert room.choices() == ["Team lighting", "Team comp"], "one's teams without typing"
    room.window.searched.emit("li")
    room.window.searched.emit("ann")
    room.bridge.answer(FOUND, 1)
    room.bridge.answer(Found(teams=("lighting",)))
    assert room.choices() == [
        "Ann Berg", "Ann Lee · an…@studio.lan", "Ann Lee · le…@studio.lan",
    ]  # fmt: skip
    room.window.searched.emit("l")
    room.bridge.answer(Found(teams=("comp", "lighting")))
    assert room.choices() == ["Team lighting"], "one letter finds teams, and asks for nobody"


def test_an_end_shows_at_once_and_comes_back_when_refused(room: Room) -> None:
    room.window.end_asked.emit("s1")
    assert "Ann Berg" not in room.texts()
    room.bridge.refuse()
    assert "Ann Berg" in room.texts()
    assert "It is away." in room.texts()
    room.window.end_asked.emit("s1")
    room.bridge.answer(SHARES[1:])
    assert "Ann Berg" not in room.texts()
    assert "It is away." not in room.texts()


def test_who_was_let_in_is_named_and_the_next_may_follow(room: Room) -> None:
    wish = ShareWish("p-bo", "", Access.VIEW, 60)
    room.window.share_asked.emit(wish, "Bo")
    room.bridge.answer(SHARES)
    assert "Bo may open it now." in room.texts()
    room.window.share_asked.emit(wish, "Cai")
    assert "may open it now." not in room.texts().replace("Who may open it now", "")
    room.bridge.refuse()
    assert "It is away." in room.texts()


def test_what_changes_elsewhere_is_asked_for(room: Room) -> None:
    room.know(instances=(replace(READY, shares=1),))
    room.bridge.answer(SHARES[1:])
    assert "Ann Berg" not in room.texts()
    assert room.bridge.waiting == []
    room.know(link=Link.OFFLINE)
    assert room.bridge.waiting == []
    room.know(link=Link.ONLINE)
    assert len(room.bridge.waiting) == 2, "who may open it, and who matches"
    room.know(instances=())
    assert room.shelf.find(f"share:{READY.id}", ShareWindow) is None, "it is deleted"
    room.bridge.answer(SHARES)
    room.bridge.answer(FOUND)
