"""The creator's other windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

from PySide6.QtWidgets import QCheckBox, QLineEdit, QListWidget, QWidget

from desktop_client.desk import News, Notice
from desktop_client.diagnostics import Material, file_name, reports
from desktop_client.files_view import files_view
from desktop_client.i18n import say
from desktop_client.model import (
    Access,
    Account,
    ApiToken,
    Colleague,
    Found,
    Problem,
    Share,
    Trashed,
    Words,
)
from desktop_client.notes import told
from desktop_client.platform.notifications import Note
from desktop_client.recent import Recent, recent_lines, remember
from desktop_client.settings import Settings
from desktop_client.settings_view import settings_view
from desktop_client.share_view import share_view
from desktop_client.theme import Colours
from desktop_client.view_model import build
from desktop_client.windows.diagnostics import DiagnosticsWindow
from desktop_client.windows.dialogs import AskName, ConfirmDelete, Leaving, Telling
from desktop_client.windows.files import FilesWindow
from desktop_client.windows.first_run import FirstRunWindow
from desktop_client.windows.help import HelpWindow
from desktop_client.windows.links import ConfirmJoin, ConfirmStart
from desktop_client.windows.logs import LogsWindow
from desktop_client.windows.notice import NoticeWindow
from desktop_client.windows.recent import RecentWindow
from desktop_client.windows.settings import Section, SettingsWindow
from desktop_client.windows.share import ShareWindow
from desktop_client.wording import size
from tests.screenshots.flyout import GUESTS
from tests.screenshots.scene import Scene
from tests.screenshots.scenes import (
    FAILED,
    NOW,
    PIN,
    QUEUED,
    READY,
    RELEASE_NEAR,
    SCENES,
    STOPPED,
)

_WAY = (
    "first-run", "first-run-failed", "trust", "sign-in", "sign-in-expired", "signing-in",
    "connecting", "connecting-failed",
)  # fmt: skip
_AWAY = "Cannot reach the coordinator at aigc.studio.lan:7443: the connection broke; try again."

TOKENS = (
    ApiToken(
        "t1", "nightly renders", NOW - timedelta(days=20), NOW + timedelta(days=70), NOW,
        scopes=("api", "engines"), instance_ids=("i-comfyui",), instance_names=("ComfyUI",),
    ),
    ApiToken(
        "t3", "dashboard", NOW - timedelta(days=85), NOW + timedelta(days=5, hours=2),
        NOW - timedelta(hours=4), read_only=True, ends_soon=True,
    ),
    ApiToken("t2", "notebook", NOW - timedelta(days=80), NOW + timedelta(days=10)),
)  # fmt: skip
SHARES = (
    Share(
        "s1", "i-comfyui", "ComfyUI", "Lin Xia", Access.USE, NOW + timedelta(hours=6),
        person_id="p-ann", person_name="Ann Berg",
    ),
    Share(
        "s2", "i-comfyui", "ComfyUI", "Lin Xia", Access.VIEW, NOW + timedelta(days=3),
        team="lighting",
    ),
)  # fmt: skip
FOUND = Found(
    (Colleague("p-ann", "Ann Berg"), Colleague("p-l1", "Ann Lee", "an…@studio.lan"),
     Colleague("p-l2", "Ann Lee", "le…@studio.lan")),
    (),
    more=True,
)  # fmt: skip

_TOO_OFTEN = Problem(
    "asked-too-often", "You have looked for many people in a short time: wait a minute."
)
_LIMIT = "You have 5 engines, which is the limit here; stop or delete one, or ask IT."
TRASH = (
    Trashed(
        "d1", "Portraits", "comfyui", Words("ComfyUI", "ComfyUI"), "0.12",
        NOW - timedelta(days=2), NOW + timedelta(days=12), 48_200_000_000, "render-04",
    ),
    Trashed(
        "d2", "First try", "invokeai", Words("InvokeAI", "InvokeAI"), "6.14",
        NOW - timedelta(hours=3), NOW + timedelta(days=14), None, "",
    ),
)  # fmt: skip


def scenes() -> Sequence[Scene]:
    return (
        *(_way(name) for name in _WAY),
        Scene("first-run-done", _done),
        Scene("rename", lambda _, language: AskName("JupyterLab", language)),
        Scene("delete", _delete),
        Scene("why", _why),
        Scene("quit", lambda _, language: Leaving(["ComfyUI", "InvokeAI"], language)),
        Scene("quit-stopping", _stopping),
        Scene("quit-failed", _not_stopped),
        *(_settings(section) for section in Section),
        _settings(Section.COMPUTER, "-tall", (720, 980)),
        Scene("settings-token-made", _token_made),
        Scene("settings-tokens", _tokens, (720, 900)),
        Scene("share", _share, None, _choose_second),
        Scene("share-none", _share_none),
        Scene("notice-shared", _notice_shared),
        Scene("recent", _recent),
        Scene("recent-empty", _recent_empty),
        Scene("files", _files),
        Scene("files-asking", _files_asking),
        Scene("diagnostics", _diagnostics),
        Scene("help", lambda _, language: HelpWindow(language)),
        Scene("link-start", _link_start),
        Scene("link-join", _link_join),
        Scene("link-join-failed", _link_join_failed),
        Scene("notice", _notice),
        Scene("logs", _logs),
        Scene("logs-ended", _logs_ended),
    )


def _way(name: str) -> Scene:
    def make(colours: Colours, language: str) -> QWidget:
        window = FirstRunWindow()
        window.studio.allow_back(name == "first-run-failed")
        window.show_view(build(SCENES[name], NOW, language, UTC), colours, language)
        return window

    return Scene(name, make)


def _done(colours: Colours, language: str) -> QWidget:
    window = FirstRunWindow()
    window.done.show_autostart(False, "")
    window.show_view(build(SCENES["engines"], NOW, language, UTC), colours, language)
    return window


def _delete(colours: Colours, language: str) -> QWidget:
    return ConfirmDelete("JupyterLab", lambda _: size(STOPPED.data_bytes or 0), language)


def _why(colours: Colours, language: str) -> QWidget:
    def text(language: str) -> str:
        view = build(SCENES["at-work"], NOW, language, UTC)
        return next(c.why for c in view.cards if c.key == QUEUED.id)

    return Telling(lambda spoken: say("why.title", spoken, name="InvokeAI"), text, language)


def _stopping(colours: Colours, language: str) -> QWidget:
    leaving = Leaving(["ComfyUI", "InvokeAI"], language)
    leaving.show_stopping(["InvokeAI"], {})
    return leaving


def _not_stopped(colours: Colours, language: str) -> QWidget:
    leaving = Leaving(["ComfyUI", "InvokeAI"], language)
    leaving.show_stopping(["InvokeAI"], {"InvokeAI": _AWAY})
    return leaving


def settings_window(section: Section, language: str) -> SettingsWindow:
    """The settings of somebody who is signed in and silenced notifications."""
    window = SettingsWindow(language)
    window.show_view(
        settings_view(
            SCENES["at-work"].snapshot,
            Settings(snoozed_until=NOW + timedelta(hours=1)),
            NOW,
            UTC,
            language,
            account=Account("Lin Xia", "lin.xia@studio.lan", "creator"),
            tokens=TOKENS,
            autostart=False,
        )
    )
    window.go_to(section)
    return window


def _settings(section: Section, more: str = "", size: tuple[int, int] | None = None) -> Scene:
    return Scene(
        f"settings-{section}{more}", lambda _, language: settings_window(section, language), size
    )


def _token_made(colours: Colours, language: str) -> QWidget:
    window = settings_window(Section.ACCOUNT, language)
    window.tokens.show_secret("aigc_pat_this-is-only-a-picture-of-a-token")
    return window


def _tokens(colours: Colours, language: str) -> QWidget:
    window = settings_window(Section.ACCOUNT, language)
    for key in ("settings.token.scope.engines", "settings.token.read_only"):
        words = say(key, language)
        next(b for b in window.findChildren(QCheckBox) if b.text() == words).setChecked(True)
    return window


def _share(colours: Colours, language: str) -> QWidget:
    window = ShareWindow("ComfyUI", language)
    window.findChildren(QLineEdit)[0].setText("Ann")
    window.show_view(share_view("ComfyUI", "Ann", FOUND, SHARES, NOW, UTC, language))
    return window


def _choose_second(window: QWidget) -> None:
    window.findChildren(QListWidget)[0].setCurrentRow(1)


def _share_none(colours: Colours, language: str) -> QWidget:
    window = ShareWindow("ComfyUI", language)
    found = Found(teams=("lighting",))
    window.show_view(share_view("ComfyUI", "", found, (), NOW, UTC, language, problem=_TOO_OFTEN))
    return window


def _notice_shared(colours: Colours, language: str) -> QWidget:
    window = NoticeWindow()
    words = told(Notice(News.SHARED, GUESTS[0].id, GUESTS[0]), NOW, UTC, language)
    actions = tuple((str(action.do), label) for action, label in words.actions)
    window.show_note(Note(GUESTS[0].id, words.title, words.text, actions), language)
    return window


def _logs(colours: Colours, language: str) -> QWidget:
    logs = LogsWindow("x", "ComfyUI", language)
    logs.add([f"2026-11-23 14:2{i} INFO step {i}: loading the model" for i in range(9)])
    return logs


def _logs_ended(colours: Colours, language: str) -> QWidget:
    logs = _logs(colours, language)
    assert isinstance(logs, LogsWindow)
    logs.end(_AWAY)
    return logs


def _recent(colours: Colours, language: str) -> QWidget:
    window = RecentWindow(language)
    recent: Recent = ()
    for minutes, notice in (
        (95, Notice(News.READY, READY.id, READY)),
        (50, Notice(News.RELEASED, STOPPED.id, STOPPED)),
        (22, Notice(News.FAILED, FAILED.id, FAILED)),
        (12, Notice(News.REFUSED, "engine:invokeai", None, _LIMIT)),
        (3, Notice(News.AWAKE, "awake", None, "ComfyUI")),
        (1, Notice(News.READY, READY.id, READY)),
    ):
        recent = remember(recent, notice, NOW - timedelta(minutes=minutes))
    instances = (READY, STOPPED, FAILED)
    window.show_lines(recent_lines(recent, instances, NOW, UTC, language), colours)
    return window


def _recent_empty(colours: Colours, language: str) -> QWidget:
    window = RecentWindow(language)
    window.show_lines((), colours)
    return window


def _files(colours: Colours, language: str) -> QWidget:
    window = FilesWindow(language)
    window.show_view(
        files_view(
            (READY, STOPPED, FAILED), TRASH, NOW, UTC, language,
            restoring="d2", restored="Portraits",
        )
    )  # fmt: skip
    return window


def _files_asking(colours: Colours, language: str) -> QWidget:
    window = FilesWindow(language)
    window.show_view(files_view((), None, NOW, UTC, language))
    return window


def _diagnostics(colours: Colours, language: str) -> QWidget:
    window = DiagnosticsWindow(file_name(NOW), language)
    material = Material(
        made_at=NOW,
        versions={"aigc": "0.1.0", "python": "3.11.7", "qt": "6.11.3", "system": "Debian 12"},
        desktop={"platform": "xcb", "tray_host": True, "screens": [{"scale": 2.0}]},
        connection={"link": "online", "address": "aigc.studio.lan:7443", "person": "Lin Xia"},
        settings={"language": "system", "notify": "all"},
        log=(
            "2026-11-23T14:37:10.000Z INFO desktop_client.client offline reason=coordinator-slow",
        ),
        person=("Lin Xia",),
    )
    window.show_files(reports(material, with_person=False))
    return window


def _link_start(colours: Colours, language: str) -> QWidget:
    return ConfirmStart("ComfyUI", "Studio North", language)


def _link_join(colours: Colours, language: str) -> ConfirmJoin:
    return ConfirmJoin("aigc.studio.lan:7443", PIN, "Studio South", language)


def _link_join_failed(colours: Colours, language: str) -> QWidget:
    asked = _link_join(colours, language)
    asked.show_problem(_AWAY)
    return asked


def _notice(colours: Colours, language: str) -> QWidget:
    window = NoticeWindow()
    words = told(Notice(News.RELEASE_NEAR, READY.id, RELEASE_NEAR), NOW, UTC, language)
    actions = tuple((str(action.do), label) for action, label in words.actions)
    window.show_note(Note(READY.id, words.title, words.text, actions, urgent=True), language)
    return window
