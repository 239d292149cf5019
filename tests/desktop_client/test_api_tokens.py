"""API tokens in the settings: what each is for, asking for one, and the warning before its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPushButton

from desktop_client import theme
from desktop_client.conversion import api_token
from desktop_client.desk import Action, Desk, Do, News, Notice
from desktop_client.model import ApiToken, Link, Problem, TokenWish
from desktop_client.notes import click, told
from desktop_client.present import Present
from desktop_client.settings import Settings, parse_settings, write_settings
from desktop_client.settings_view import settings_view
from desktop_client.theme import LIGHT
from desktop_client.token_watch import TokenWatch
from desktop_client.windows.settings import Section, SettingsWindow
from protos.aigc.v1 import creator_pb2
from tests.desktop_client.qt import app as app
from tests.desktop_client.reading import complaints
from tests.screenshots.flyout import GUESTS
from tests.screenshots.scenes import NOW, SCENES
from tests.screenshots.windows import TOKENS, settings_window

SNAPSHOT = SCENES["at-work"].snapshot
ENDING = next(t for t in TOKENS if t.ends_soon)


def test_what_each_is_for_and_when_it_ends() -> None:
    view = settings_view(SNAPSHOT, Settings(), NOW, UTC, "en", tokens=TOKENS)
    assert view.tokens is not None
    soon, nightly, notebook = view.tokens
    assert soon.soon
    assert soon.ends == "Ends in 5 days: 28 Nov 16:37"
    assert soon.text == "Coordinator's API · read only · last used 10:37"
    assert nightly.text.startswith("Coordinator's API · HTTP API of ComfyUI")
    assert not nightly.soon
    assert notebook.ends == "Ends 3 Dec 14:37"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(hours=3), "Ends within a day"),
        (timedelta(days=1, hours=2), "Ends in 1 day:"),
        (timedelta(days=6, hours=23), "Ends in 6 days"),
    ],
)
def test_the_end_in_words(left: timedelta, words: str) -> None:
    token = replace(ENDING, expires_at=NOW + left)
    (row,) = settings_view(SNAPSHOT, Settings(), NOW, UTC, "en", tokens=(token,)).tokens or ()
    assert row.ends.startswith(words)


def test_every_engine_that_one_may_open_can_be_chosen() -> None:
    snapshot = replace(SNAPSHOT, shared=GUESTS)
    labels = [o.label for o in settings_view(snapshot, Settings(), NOW, UTC, "en").openable]
    assert labels[-1] == "Upscaler (from Cai Wen)"
    assert len(labels) == len(snapshot.instances) + len(GUESTS)


def test_from_the_wire() -> None:
    sent = creator_pb2.ApiToken(
        id="t", name="n", scopes=["engines"], read_only=True, instance_ids=["i"],
        instance_names=["ComfyUI"], ends_soon=True,
    )  # fmt: skip
    known = api_token(sent)
    assert known.scopes == ("engines",)
    assert (known.read_only, known.ends_soon) == (True, True)
    assert (known.instance_ids, known.instance_names) == (("i",), ("ComfyUI",))
    assert api_token(creator_pb2.ApiToken()).scopes == ("api",)


# -- asking for one -----------------------------------------------------------------------------


@pytest.fixture
def window(app: QApplication) -> Iterator[SettingsWindow]:
    theme.apply(app, LIGHT)
    made = settings_window(Section.ACCOUNT, "en")
    made.show()
    QTest.qWaitForWindowExposed(made)
    yield made
    made.close()


def box(window: SettingsWindow, words: str) -> QCheckBox:
    (found,) = [b for b in window.findChildren(QCheckBox) if words in b.text()]
    return found


def test_a_token_is_asked_for_as_it_was_chosen(window: SettingsWindow) -> None:
    asked: list[TokenWish] = []
    window.tokens.create_asked.connect(asked.append)
    (create,) = [b for b in window.findChildren(QPushButton) if b.text() == "Create"]
    assert not create.isEnabled(), "it has no name"
    (name,) = [f for f in window.findChildren(QLineEdit) if f.placeholderText()]
    QTest.keyClicks(name, "ci")
    assert create.isEnabled()
    assert not box(window, "ComfyUI").isVisible()
    api, engines = box(window, "For aigc"), box(window, "HTTP APIs")
    QTest.keyClick(api, Qt.Key.Key_Space)
    assert not create.isEnabled(), "it would be for nothing"
    QTest.keyClick(engines, Qt.Key.Key_Space)
    QTest.keyClick(box(window, "ComfyUI"), Qt.Key.Key_Space)
    QTest.keyClick(box(window, "Read only"), Qt.Key.Key_Space)
    create.click()
    assert asked == [TokenWish("ci", 90, ("engines",), True, ("i-comfyui",))]
    QTest.keyClick(engines, Qt.Key.Key_Space)
    QTest.keyClick(api, Qt.Key.Key_Space)
    create.click()
    assert asked[1] == TokenWish("ci", 90, ("api",), True, ()), (
        "only an engine's is limited to some"
    )


def test_what_is_ticked_stays_ticked_when_the_list_changes(window: SettingsWindow) -> None:
    QTest.keyClick(box(window, "HTTP APIs"), Qt.Key.Key_Space)
    QTest.keyClick(box(window, "InvokeAI"), Qt.Key.Key_Space)
    less = replace(SNAPSHOT, instances=SNAPSHOT.instances[1:], shared=GUESTS[:1])
    window.show_view(settings_view(less, Settings(), NOW, UTC, "en", tokens=TOKENS))
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()
    assert box(window, "InvokeAI").isChecked()
    assert not box(window, "Poster (from Ann Berg)").isChecked()
    assert complaints(window) == []


def test_the_warning_is_words_and_a_mark(window: SettingsWindow) -> None:
    (said,) = [x for x in window.findChildren(QLabel) if "Ends in 5 days" in x.text()]
    assert said.property("role") == "problem"
    assert said.text().startswith("▲")
    assert said.accessibleName().startswith("Ends")


# -- the warning --------------------------------------------------------------------------------


class Asked(QObject):
    """Answers like the bridge, with these tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: tuple[ApiToken, ...] = TOKENS
        self.times = 0
        self.problem: Problem | None = None

    def request(
        self,
        work: Any,
        receiver: QObject,
        done: Callable[[Any], None],
        failed: Callable[[Problem], None],
    ) -> None:
        self.times += 1
        if self.problem is not None:
            failed(self.problem)
        else:
            done(self.tokens)


class Watching:
    def __init__(self) -> None:
        self.asked = Asked()
        self.settings = Settings()
        self.desk = Desk(SNAPSHOT)
        self.told: list[Notice] = []
        self.watch = TokenWatch(self.asked, self.present)  # type: ignore[arg-type]
        self.watch.told.connect(self.told.append)
        self.watch.chose.connect(self._choose)

    def present(self) -> Present:
        return Present(self.desk, self.settings, "en", LIGHT, NOW, UTC)

    def _choose(self, settings: Settings) -> None:
        self.settings = settings

    def know(self, **changes: object) -> None:
        self.desk = Desk(replace(self.desk.snapshot, **changes))  # type: ignore[arg-type]
        self.watch.refresh()


@pytest.fixture
def watching(app: QApplication) -> Iterator[Watching]:
    made = Watching()
    yield made
    made.watch.stop()


def test_the_end_of_a_token_is_told_once_and_not_after_a_restart(watching: Watching) -> None:
    watching.watch.refresh()
    watching.watch.refresh()
    assert watching.asked.times == 1, "once, not at each message"
    assert [(n.news, n.text, n.at) for n in watching.told] == [
        (News.TOKEN_ENDS, "dashboard", ENDING.expires_at)
    ]
    kept = parse_settings(write_settings(watching.settings))
    assert kept.told_tokens == {ENDING.id}
    again = Watching()
    again.settings = kept
    again.watch.refresh()
    assert again.asked.times == 1
    assert again.told == []
    again.asked.tokens = (replace(ENDING, id="another"),)
    again.know(link=Link.SIGNED_OUT)
    again.know(link=Link.ONLINE)
    assert [n.key for n in again.told] == ["token:another"]
    assert again.settings.told_tokens == {"another"}, "what is gone is forgotten"
    again.watch.stop()


def test_nobody_is_asked_for_nobody(watching: Watching) -> None:
    watching.know(link=Link.OFFLINE)
    watching.know(link=Link.ONLINE, person="")
    assert watching.asked.times == 0
    watching.asked.problem = Problem("unimplemented", "An older coordinator.")
    watching.know(person="Lin Xia")
    assert watching.asked.times == 1
    assert watching.told == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_notification_says_which_and_when_and_leads_to_the_tokens(language: str) -> None:
    at = datetime(2026, 11, 28, 16, 37, tzinfo=UTC)
    notice = Notice(News.TOKEN_ENDS, "token:t", text="dashboard", at=at)
    words = told(notice, NOW, UTC, language)
    assert "dashboard" in words.title
    assert "16:37" in words.text
    there = Action(Do.SETTINGS, value=str(Section.ACCOUNT))
    assert [a for a, _ in words.actions] == [there]
    assert click(notice, ()) == there


def test_settings_with_broken_names_are_set_aside() -> None:
    with pytest.raises(ValueError, match="no list"):
        parse_settings('{"told_tokens": "x"}')
