"""Former accounts, passwords, shares and the authority as widgets in a real window."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from aigc.errors import AigcError, ErrorKind
from desktop_client import theme
from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.model import Delta, Role
from desktop_client.admin.pages.links import LinksDialog
from desktop_client.admin.pages.people import PeoplePage
from desktop_client.admin.pages.people_dialogs import OneTimePassword
from desktop_client.admin.pages.settings import SettingsPage
from desktop_client.admin.pages.shares import SharesPage
from desktop_client.admin.records import AuthorityStatus, Link, NewAccount, Person, Phase, Share
from desktop_client.model import Words
from tests.desktop_client.admin.pages.studio import NOW
from tests.desktop_client.admin.pages.test_pages import (
    LIN,
    RUNS,
    STOPPED,
    STUDIO,
    Open,
    answer,
    asked,
    cells,
    click,
    dialog,
    open_page,
)
from tests.desktop_client.qt import app

__all__ = ["app", "open_page"]

pytestmark = pytest.mark.timeout(60)

FIRST = Link("l-1", "p-7", "Liu Yang", "liuyang", proven=True, former_engines=("ComfyUI",))
STUCK = Link("l-2", "p-8", "Kim", "kim", obstacle=Words("It still runs ComfyUI.", "仍在运行。"))
USE = Share(
    "s-1", RUNS.id, "ComfyUI", "p-1", "Lin Xia", person_name="Wang Fang",
    expires_at=NOW + timedelta(hours=5),
)  # fmt: skip
VIEW = replace(USE, id="s-2", person_name="", team="look-dev", view_only=True)
STEADY = AuthorityStatus(Phase.STEADY)
ANNOUNCED = AuthorityStatus(Phase.ANNOUNCED, waiting=("render-02", "render-05"))
PEER = replace(LIN, second_factor=True, username="lin", one_time_until=NOW + timedelta(days=2))


def buttons(page: PeoplePage) -> set[str]:
    return {key for key, made in page.detail.buttons.items() if made.isVisible()}


def texts(widget: Any) -> list[str]:
    return [w.text() for w in widget.findChildren(QLabel) if w.isVisible()]


def look(page: PeoplePage) -> LinksDialog:
    click(page, "links")
    found: LinksDialog = dialog(LinksDialog)
    return found


def of(asking: LinksDialog, text: str) -> QPushButton:
    """The button with this accessible name."""
    [found] = [b for b in asking.findChildren(QPushButton) if b.accessibleName() == text]
    return found


APPROVE, REFUSE = "Approve: {}", "Refuse: {}"
LIU, KIM = "Liu Yang asks for the account liuyang", "Kim asks for the account kim"


# -- former accounts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "text"),
    [
        ((FIRST,), "1 person asks for a former account."),
        ((FIRST, STUCK), "2 people ask for a former account."),
    ],
)
def test_who_asks_is_told_above_the_people(
    links: tuple[Link, ...], text: str, open_page: Open
) -> None:
    page: PeoplePage = open_page("people", links=links)
    assert text in texts(page.notice)
    answer(page, "links", ())
    page.refresh()
    assert not page.notice.isVisible()


def test_an_approved_request_goes_and_the_next_stays(open_page: Open) -> None:
    page: PeoplePage = open_page("people", links=(FIRST, STUCK), approve_link=None)
    asking = look(page)
    answer(page, "links", (STUCK,))
    of(asking, APPROVE.format(LIU)).click()
    assert asked(page, "approve_link") == [("approve_link", "l-1")]
    assert KIM in texts(asking)
    assert LIU not in texts(asking)
    assert asking.isVisible()


def test_an_obstacle_forbids_to_approve_and_is_read(open_page: Open) -> None:
    asking = look(open_page("people", links=(STUCK,)))
    approve = of(asking, APPROVE.format(KIM))
    assert not approve.isEnabled()
    assert approve.toolTip() == "It still runs ComfyUI."
    assert "It still runs ComfyUI." in texts(asking)


def test_a_refusal_wants_its_reason(open_page: Open) -> None:
    page: PeoplePage = open_page("people", links=(STUCK,), refuse_link=None)
    asking = look(page)
    refuse = of(asking, REFUSE.format(KIM))
    assert not refuse.isEnabled()
    [reason] = [row.reason for row in asking.rows.values()]
    QTest.keyClicks(reason, "   ")
    assert not refuse.isEnabled()
    QTest.keyClicks(reason, "ask Anna first")
    answer(page, "links", ())
    refuse.click()
    assert asked(page, "refuse_link") == [("refuse_link", "l-2", "ask Anna first")]
    assert "Nobody asks any more." in texts(asking)


def test_what_goes_wrong_is_read_in_the_dialog_and_may_be_tried_again(open_page: Open) -> None:
    gone = AigcError("link-closed", "It was answered meanwhile.", ErrorKind.CONFLICT)
    page: PeoplePage = open_page("people", links=(FIRST,), approve_link=gone)
    asking = look(page)
    approve = of(asking, APPROVE.format(LIU))
    approve.click()
    assert asking.problem.isVisible()
    assert "answered" in asking.problem.text()
    assert approve.isEnabled()


def test_a_request_is_not_decided_twice_while_it_is_asked(open_page: Open) -> None:
    page: PeoplePage = open_page("people", links=(FIRST,))  # approve_link is never answered
    approve = of(look(page), APPROVE.format(LIU))
    approve.click()
    assert not approve.isEnabled()
    approve.click()
    assert len(asked(page, "approve_link")) == 1


def test_a_reason_that_is_being_typed_stays_while_others_come(open_page: Open) -> None:
    page: PeoplePage = open_page("people", links=(FIRST,))
    asking = look(page)
    QTest.keyClicks(asking.rows["l-1"].reason, "not before")
    answer(page, "links", (FIRST, STUCK))
    page.show_fleet(page.shell.fleet, Delta(people_changed=True), "en", theme.LIGHT)
    assert asking.rows.keys() == {"l-1", "l-2"}
    assert asking.rows["l-1"].reason.text() == "not before"


def test_an_auditor_reads_and_decides_nothing(open_page: Open) -> None:
    page: PeoplePage = open_page(
        "people", replace(STUDIO, role=Role.AUDITOR), links=(FIRST,)
    )  # fmt: skip
    asking = look(page)
    QTest.keyClicks(asking.rows["l-1"].reason, "no")
    for text in (APPROVE, REFUSE):
        assert not of(asking, text.format(LIU)).isEnabled()


# -- one person -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"role.change", "out", "disable", "password"}),
        ({"second_factor": True}, {"role.change", "out", "disable", "password", "factor.reset"}),
        ({"local": False}, {"role.change", "out", "disable"}),
        (
            {"local": False, "role_overridden": True, "disabled": True},
            {"role.change", "out", "enable", "role.claims"},
        ),
    ],
)
def test_what_is_offered_is_what_applies(
    changes: dict[str, Any], expected: set[str], open_page: Open
) -> None:
    page: PeoplePage = open_page("people", people=(replace(LIN, **changes),))
    page.pane.select([LIN.id])
    assert buttons(page) == expected


def test_a_problem_and_an_account_are_read(open_page: Open) -> None:
    odd = replace(PEER, problem=Words("No groups came.", "没有用户组。"))
    page: PeoplePage = open_page("people", people=(odd,))
    page.pane.select([LIN.id])
    shown = texts(page.detail)
    for text in ("No groups came.", "lin", "set up"):
        assert text in shown
    assert any(text.startswith("waiting to be used until 25 Nov 14:37") for text in shown)


def test_a_new_password_is_shown_once_with_until_when(open_page: Open) -> None:
    account = NewAccount(LIN.id, LIN.name, "maple-otter", NOW + timedelta(hours=72))
    page: PeoplePage = open_page("people", reset_password=account)
    page.pane.select([LIN.id])
    click(page.detail, "password")
    asking = dialog(Confirmation)
    assert "Signed in: 2" in asking.accessibleDescription()
    assert not asked(page, "reset_password")
    click(asking, "yes")
    [(_, person)] = asked(page, "reset_password")
    assert isinstance(person, Person)
    assert person.id == LIN.id
    shown: OneTimePassword = dialog(OneTimePassword)
    assert shown.password.text() == "maple-otter"
    assert "Good until 26 Nov 14:37 (in 3 days)." in texts(shown)
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    assert shown.isVisible(), "not away by a slip"
    shown.done_button.click()
    assert not shown.isVisible()
    assert "maple-otter" not in str(texts(page.window()))


def test_a_second_factor_is_reset_after_a_question(open_page: Open) -> None:
    page: PeoplePage = open_page("people", people=(PEER,), reset_second_factor=None)
    page.pane.select([LIN.id])
    click(page.detail, "factor.reset")
    asking = dialog(Confirmation)
    assert "recovery codes" in asking.accessibleDescription()
    click(asking, "no")
    assert not asked(page, "reset_second_factor")
    click(page.detail, "factor.reset")
    click(dialog(Confirmation), "yes")
    assert asked(page, "reset_second_factor") == [("reset_second_factor", LIN.id)]


def test_a_given_role_is_taken_back(open_page: Open) -> None:
    given = replace(LIN, role=Role.ADMIN, claims_role=Role.CREATOR, role_overridden=True)
    page: PeoplePage = open_page("people", people=(given,))
    page.pane.select([LIN.id])
    assert "Admin (given here; otherwise Creator)" in texts(page.detail)
    click(page.detail, "role.claims")
    assert asked(page, "set_role") == [("set_role", LIN.id, Role.UNKNOWN)]


# -- shares ---------------------------------------------------------------------------------------


def test_shares_are_ended_by_name(open_page: Open) -> None:
    page: SharesPage = open_page("shares", shares=(USE, VIEW), revoke_share=None)
    assert sorted(row[2] for row in cells(page.pane)) == ["Wang Fang", "team look-dev"]
    assert not page.end.isEnabled()
    page.pane.select(["s-1", "s-2"])
    page.end.click()
    asking = dialog(Confirmation)
    told = asking.accessibleDescription()
    assert "Wang Fang" in told
    assert "look-dev" in told
    answer(page, "shares", ())
    click(asking, "yes")
    assert sorted(asked(page, "revoke_share")) == [("revoke_share", "s-1"), ("revoke_share", "s-2")]
    assert cells(page.pane) == []
    assert not page.end.isEnabled()


def test_shares_are_asked_for_again_when_one_may_have_changed(open_page: Open) -> None:
    page: SharesPage = open_page("shares", shares=(USE,))

    def asks_after(delta: Delta) -> int:
        before = len(asked(page, "shares"))
        page.show_fleet(page.shell.fleet, delta, "en", theme.LIGHT)
        return len(asked(page, "shares")) - before

    assert asks_after(Delta(instances=(RUNS,))) == 1, "it is listed"
    assert asks_after(Delta(instances=(replace(STOPPED, shares=1),))) == 1, "it is shared now"
    assert asks_after(Delta(removed_instances=(RUNS.id,))) == 1
    assert asks_after(Delta(instances=(STOPPED,), removed_instances=("i-x",))) == 0
    page.hide()
    assert asks_after(Delta(instances=(RUNS,))) == 0, "nobody looks"


def test_a_share_leads_to_its_instance(open_page: Open) -> None:
    page: SharesPage = open_page("shares", shares=(USE,))
    page.pane.activated.emit("s-1")
    window: Any = page.window()
    assert window.page.key == "instances"
    assert window.page.pane.selected_ids() == [RUNS.id]


# -- the authority --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase.STEADY, {"announce"}),
        (Phase.ANNOUNCED, {"switch", "cancel"}),
        (Phase.SWITCHED, {"finish"}),
        (Phase.UNKNOWN, set()),
    ],
)
def test_only_the_step_that_is_possible(phase: Phase, expected: set[str], open_page: Open) -> None:
    page: SettingsPage = open_page("settings", authority=AuthorityStatus(phase))
    offered = {key for key, made in page.authority.buttons.items() if made.isVisibleTo(page)}
    assert offered == expected


def test_a_step_names_the_machines_that_stay_behind_and_forces_then(open_page: Open) -> None:
    page: SettingsPage = open_page("settings", authority=ANNOUNCED)
    answer(page, "rotate_authority", AuthorityStatus(Phase.SWITCHED))
    answer(page, "authority", AuthorityStatus(Phase.SWITCHED))
    page.authority.buttons["switch"].click()
    asking = dialog(Confirmation)
    told = asking.accessibleDescription()
    assert "render-02: must join again" in told
    assert "render-05: must join again" in told
    click(asking, "yes")
    [(name, arguments, named)] = [a for a in asks(page) if a[0] == "rotate_authority"]
    assert (name, arguments, named) == ("rotate_authority", ("switch",), {"force": True})
    assert page.authority.buttons["finish"].isVisibleTo(page)


def test_a_step_that_leaves_nobody_behind_is_not_forced(open_page: Open) -> None:
    page: SettingsPage = open_page("settings", authority=STEADY)
    page.authority.buttons["announce"].click()
    asking = dialog(Confirmation)
    click(asking, "yes")
    [(_, arguments, named)] = [a for a in asks(page) if a[0] == "rotate_authority"]
    assert (arguments, named) == (("announce",), {"force": False})


def test_an_auditor_rotates_nothing(open_page: Open) -> None:
    page: SettingsPage = open_page(
        "settings", replace(STUDIO, role=Role.AUDITOR), authority=ANNOUNCED
    )
    assert not page.authority.buttons["switch"].isEnabled()


def asks(page: Any) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    found: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = page.shell.bridge.asked
    return found
