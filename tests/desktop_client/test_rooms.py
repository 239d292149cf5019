"""What joins windows and bridge: links, sleep, language, notifications, the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from desktop_client.autostart import Autostart
from desktop_client.bridge import Bridge
from desktop_client.desk import Action, Desk, Do, News, Notice
from desktop_client.files_view import files_view
from desktop_client.link_room import LinkRoom
from desktop_client.looks import Looks
from desktop_client.model import Account, Link, Problem, Snapshot, State
from desktop_client.notifier import Notifier
from desktop_client.platform.notifications import DEFAULT
from desktop_client.present import Present
from desktop_client.settings import Language, Look, Notify, OnSleep, Settings
from desktop_client.settings_view import settings_view, silent_words
from desktop_client.shelf import Shelf
from desktop_client.theme import DARK, LIGHT
from desktop_client.view_model import build
from desktop_client.vigil import Vigil
from desktop_client.way import Way
from desktop_client.windows.dialogs import Telling
from desktop_client.windows.help import HelpWindow
from desktop_client.windows.links import ConfirmJoin, ConfirmStart
from desktop_client.windows.notice import NoticeWindow
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until
from tests.screenshots.scenes import NOW, PIN, QUEUED, READY, SCENES, STOPPED
from tests.screenshots.windows import TOKENS, TRASH

JOIN = f"aigc://join/other.studio.lan:7443?pin={PIN}"


class World:
    """A desk that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.desk = SCENES["at-work"]
        self.settings = Settings()
        self.language = "en"
        self.bridge = Bridge(folder, "memory", "test", lambda _: None)
        self.shelf = Shelf()

    def present(self) -> Present:
        return Present(self.desk, self.settings, self.language, LIGHT, NOW, UTC)

    def know(self, **changes: object) -> None:
        snapshot = replace(self.desk.snapshot, **changes)  # type: ignore[arg-type]
        self.desk = replace(self.desk, snapshot=snapshot)


@pytest.fixture
def world(app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    made = World(tmp_path)
    made.bridge.start("")
    yield made
    made.shelf.close_all()
    made.bridge.stop()


def press(widget: QWidget, text: str) -> None:
    (found,) = [b for b in widget.findChildren(QPushButton) if b.isVisible() and b.text() == text]
    found.click()


def texts(widget: QWidget) -> str:
    return "\n".join(x.text() for x in widget.findChildren(QLabel) if x.isVisible())


# -- links --------------------------------------------------------------------------------------


def links(world: World) -> tuple[LinkRoom, list[Action]]:
    room = LinkRoom(world.bridge, world.shelf, world.present)
    done: list[Action] = []
    room.performed.connect(done.append)
    return room, done


def test_a_start_link_is_confirmed_by_name(world: World) -> None:
    room, done = links(world)
    room.take("aigc://start/jupyter")
    asked = world.shelf.find("link", ConfirmStart)
    assert asked is not None
    assert "JupyterLab" in texts(asked)
    assert "Studio North" in texts(asked)
    assert done == []
    press(asked, "Start")
    assert done == [Action(Do.START, STOPPED.id), Action(Do.SHOW)]


def test_what_is_ready_opens_and_what_begins_is_shown(world: World) -> None:
    room, done = links(world)
    room.take("aigc://start/comfyui")
    assert done == [Action(Do.OPEN, READY.id)]
    room.take("aigc://start/invokeai")
    assert done[1:] == [Action(Do.SHOW)]
    assert world.shelf.find("link", ConfirmStart) is None


def test_an_engine_without_an_instance_is_started_as_such(world: World) -> None:
    world.know(instances=())
    room, done = links(world)
    room.take("aigc://start/upscaler")
    asked = world.shelf.find("link", ConfirmStart)
    assert asked is not None
    press(asked, "Start")
    assert done[0] == Action(Do.START, "engine:upscaler")


@pytest.mark.parametrize("text", ["aigc://start/nobody", "aigc://stop/comfyui", "aigc://join/x"])
def test_what_is_not_understood_is_refused_with_a_sentence(world: World, text: str) -> None:
    room, done = links(world)
    room.take(text)
    told = world.shelf.find("link", Telling)
    assert told is not None
    assert done == []


def test_a_link_waits_for_the_sign_in(world: World) -> None:
    online = world.desk
    world.desk = SCENES["sign-in"]
    room, done = links(world)
    room.take("aigc://start/jupyter")
    assert done == [Action(Do.SHOW)]
    assert world.shelf.find("link", Telling) is not None
    room.refresh()
    assert world.shelf.find("link", ConfirmStart) is None
    world.desk = online
    room.refresh()
    assert world.shelf.find("link", ConfirmStart) is not None
    world.shelf.close("link")
    room.refresh()
    assert world.shelf.find("link", ConfirmStart) is None, "asked once"


def test_a_link_at_the_start_waits_quietly_until_it_is_known_how_things_stand(
    world: World,
) -> None:
    online = world.desk
    world.desk = SCENES["connecting"]
    room, done = links(world)
    room.take("aigc://start/jupyter")
    assert done == []
    assert not world.shelf.has("link")
    world.know(link=Link.OFFLINE)
    room.refresh()
    told = world.shelf.find("link", Telling)
    assert told is not None
    assert "does not answer" in texts(told)
    told.close()
    room.refresh()
    assert not world.shelf.has("link"), "told once"
    world.desk = online
    room.refresh()
    assert world.shelf.find("link", ConfirmStart) is not None


def test_a_join_link_names_what_it_replaces_and_tells_why_it_failed(
    app: QApplication, world: World
) -> None:
    room, done = links(world)
    room.take("aigc://join/no-such-host.invalid:7443?pin=" + PIN)
    asked = world.shelf.find("link", ConfirmJoin)
    assert asked is not None
    assert "no-such-host.invalid:7443" in texts(asked)
    assert "takes the place of Studio North" in texts(asked)
    press(asked, "Connect")
    until(app, lambda: "does not resolve" in texts(asked), 40)
    assert done == []


def test_the_studio_that_is_there_changes_nothing(world: World) -> None:
    room, done = links(world)
    room.take(f"aigc://join/{world.desk.snapshot.address}?pin={PIN}")
    assert done == [Action(Do.SHOW)]
    world.desk = Desk(Snapshot(link=Link.UNCONFIGURED))
    room.take(JOIN)
    asked = world.shelf.find("link", ConfirmJoin)
    assert asked is not None
    assert "takes the place" not in texts(asked), "there is none yet"


# -- notifications ------------------------------------------------------------------------------


def notifier(world: World) -> tuple[Notifier, list[Action]]:
    made = Notifier(world.bridge, world.present)
    done: list[Action] = []
    made.performed.connect(done.append)
    return made, done


def notices() -> list[NoticeWindow]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, NoticeWindow)]


def test_without_a_service_a_window_of_ours_tells_and_is_answered(
    app: QApplication, world: World
) -> None:
    made, done = notifier(world)
    made.tell(Notice(News.READY, READY.id, READY))
    until(app, lambda: [n for n in notices() if n.isVisible()], 40)
    (window,) = [n for n in notices() if n.isVisible()]
    press(window, "Stop")
    assert done == [Action(Do.STOP, READY.id)]
    made.tell(Notice(News.READY, READY.id, READY))
    until(app, window.isVisible, 40)
    made.withdraw(READY.id)
    assert not window.isVisible()
    made.close()


def test_answers_are_only_those_that_were_offered(world: World) -> None:
    made, done = notifier(world)
    made.tell(Notice(News.READY, READY.id, READY), seen=True)
    for key, action in ((READY.id, "delete"), ("nobody", "open"), (READY.id, "\x00")):
        world.bridge.chosen.emit(key, action)
    assert done == []
    world.bridge.chosen.emit(READY.id, DEFAULT)
    world.bridge.chosen.emit(READY.id, "open")
    assert done == [Action(Do.OPEN, READY.id)] * 2


def test_silence_keeps_the_list(app: QApplication, world: World) -> None:
    world.settings = Settings(notify=Notify.NONE)
    made, _ = notifier(world)
    told: list[object] = []
    world.bridge.unshown.connect(told.append)
    made.tell(Notice(News.READY, READY.id, READY))
    world.settings = Settings()
    made.tell(Notice(News.FAILED, "x", STOPPED))
    until(app, lambda: told, 40)
    assert len(told) == 1
    assert [e.notice.news for e in made.recent] == [News.FAILED, News.READY]
    made.close()


# -- sleep --------------------------------------------------------------------------------------


def test_on_waking_it_asks_once_the_studio_answers(world: World) -> None:
    vigil = Vigil(world.bridge, world.present)
    told: list[Notice] = []
    vigil.told.connect(told.append)
    world.settings = Settings(on_sleep=OnSleep.ASK)
    world.know(link=Link.OFFLINE)
    vigil.resumed()
    vigil.refresh()
    assert told == []
    world.know(link=Link.ONLINE)
    vigil.refresh()
    vigil.refresh()
    (notice,) = told
    assert notice.news is News.AWAKE
    assert "ComfyUI" in notice.text
    assert STOPPED.name not in notice.text


def test_by_default_nothing_is_asked_on_waking(world: World) -> None:
    vigil = Vigil(world.bridge, world.present)
    told: list[Notice] = []
    vigil.told.connect(told.append)
    vigil.resumed()
    vigil.refresh()
    assert told == []


@pytest.mark.parametrize("choice", list(OnSleep))
def test_before_sleep_engines_stop_only_where_that_was_chosen(
    app: QApplication, world: World, choice: OnSleep
) -> None:
    world.settings = Settings(on_sleep=choice)
    vigil = Vigil(world.bridge, world.present)
    asked: list[str] = []
    world.bridge.not_stopped.connect(lambda key, problem: asked.append(key))
    finished: list[bool] = []
    world.bridge.stopped_all.connect(lambda: finished.append(True))
    vigil.refresh()
    vigil.about_to_sleep()
    if choice is OnSleep.STOP:
        until(app, lambda: finished, 40)
        assert READY.id in asked, "there is no coordinator here: it was asked, and refused"
        assert STOPPED.id not in asked
    else:
        app.processEvents()
        assert asked == []


# -- looks --------------------------------------------------------------------------------------


def test_the_language_changes_live_with_qts_own_words(app: QApplication) -> None:
    looks = Looks(Settings(language=Language.ENGLISH), "de_DE")
    looks.apply()
    changes: list[str] = []
    looks.changed.connect(lambda: changes.append(looks.language))

    def qts_cancel() -> str:
        return QCoreApplication.translate("QPlatformTheme", "Cancel")

    assert qts_cancel() == "Cancel"
    looks.choose(Settings(language=Language.CHINESE))
    assert qts_cancel() == "取消"
    looks.choose(Settings(language=Language.CHINESE))
    looks.choose(Settings(language=Language.SYSTEM))
    assert qts_cancel() == "Cancel"
    assert changes == ["zh", "en"]


def test_the_colours_change_live(app: QApplication) -> None:
    looks = Looks(Settings(look=Look.LIGHT), "en")
    looks.apply()
    assert looks.colours is LIGHT
    looks.choose(Settings(look=Look.DARK))
    assert looks.colours is DARK
    assert app.palette().window().color().name() == DARK.window


def test_open_windows_are_found_again_and_forgotten_when_closed(world: World) -> None:
    made: list[HelpWindow] = []

    def make() -> HelpWindow:
        made.append(HelpWindow("en"))
        return made[-1]

    first = world.shelf.open("help", make)
    assert world.shelf.open("help", make) is first
    first.close()
    assert world.shelf.find("help", HelpWindow) is None
    assert world.shelf.open("help", make) is not first


# -- the way ------------------------------------------------------------------------------------


def way(world: World) -> tuple[Way, list[str]]:
    made = Way(world.bridge, Autostart(world.bridge, ("/usr/bin/aigc", "tray")))
    said: list[str] = []
    made.welcomed.connect(lambda: said.append("welcomed"))
    made.left.connect(lambda: said.append("left"))
    return made, said


def show(made: Way, name: str, *, welcomed: bool) -> None:
    view = build(SCENES[name], NOW, "en", UTC)
    made.show_view(view, LIGHT, "en", welcomed=welcomed, has_tray=True)


def test_the_first_run_is_never_a_silent_icon(world: World) -> None:
    made, said = way(world)
    show(made, "connecting", welcomed=False)
    assert not made.is_visible, "nothing is asked of anybody yet"
    show(made, "first-run", welcomed=False)
    assert made.is_visible
    made.hide()
    show(made, "first-run", welcomed=False)
    assert not made.is_visible, "closed is closed"
    made.bring_up()
    show(made, "engines", welcomed=False)
    assert made.is_visible, "the last page says where the icon is"
    assert said == []
    made.hide()


def test_later_starts_are_silent_even_when_the_sign_in_is_over(world: World) -> None:
    made, said = way(world)
    show(made, "sign-in-expired", welcomed=True)
    assert not made.is_visible
    assert not made.is_needed, "the flyout offers to sign in"
    made.bring_up()
    show(made, "signing-in", welcomed=True)
    assert made.is_needed
    show(made, "engines", welcomed=True)
    assert not made.is_visible
    assert said == ["welcomed"]


# -- views --------------------------------------------------------------------------------------


def test_settings_in_words() -> None:
    snapshot = SCENES["at-work"].snapshot
    view = settings_view(
        snapshot, Settings(), NOW, UTC, "en",
        account=Account("Lin Xia", "lin@x.lan", "team_lead"), tokens=TOKENS,
    )  # fmt: skip
    assert view.role == "Team lead"
    assert view.signed_in
    assert view.tokens is not None
    assert [t.name for t in view.tokens] == ["dashboard", "nightly renders", "notebook"]
    assert "never used" in view.tokens[2].text
    away = replace(snapshot, link=Link.OFFLINE, problem=Problem("x", "it is away."))
    assert settings_view(away, Settings(), NOW, UTC, "en").state == "It is away."
    newer = settings_view(snapshot, Settings(), NOW, UTC, "en", account=Account("A", "", "owner"))
    assert newer.role == "owner", "a role of a newer coordinator by its own name"


def test_silence_in_words() -> None:
    def words(until: datetime | None) -> str:
        return silent_words(until, NOW, UTC, "en")

    assert words(None) == ""
    assert words(NOW) == ""
    assert words(NOW + timedelta(hours=1)) == "Silent until 15:37"
    assert words(NOW + timedelta(hours=20)) == "Silent until tomorrow 10:37"


def test_files_largest_first_and_the_trash_until_when() -> None:
    large = replace(QUEUED, data_bytes=9_000_000_000, name="Big one", state=State.STOPPED)
    view = files_view((READY, STOPPED, large), TRASH, NOW, UTC, "en", restoring="d1")
    assert [r.name for r in view.kept] == ["Big one", "JupyterLab", "ComfyUI"]
    assert "InvokeAI" in view.kept[0].text
    assert "size unknown" in view.kept[2].text
    assert view.deleted is not None
    assert [(r.id, r.busy, r.restorable) for r in view.deleted] == [
        ("d1", True, True), ("d2", False, True),
    ]  # fmt: skip
    assert "kept until 5 Dec 14:37" in view.deleted[0].text
    assert "48.2 GB" in view.deleted[0].text
    assert files_view((), None, NOW, UTC, "en").deleted is None


def test_what_was_asked_is_not_told_to_who_is_gone(app: QApplication, world: World) -> None:
    class Receiver(QObject):
        pass

    told: list[str] = []
    gone, there = Receiver(), Receiver()
    world.bridge.compute(lambda: "gone", gone, told.append, lambda _: None)
    world.bridge.compute(lambda: "there", there, told.append, lambda _: None)
    import shiboken6

    shiboken6.delete(gone)
    until(app, lambda: told, 40)
    app.processEvents()
    assert told == ["there"]
