"""The creator's other windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from PySide6.QtWidgets import QWidget

from desktop_client.i18n import say
from desktop_client.theme import Colours
from desktop_client.view_model import build
from desktop_client.windows.dialogs import AskName, ConfirmDelete, Leaving, LogsWindow, Telling
from desktop_client.windows.main_window import MainWindow
from desktop_client.wording import size
from tests.screenshots.scene import Scene
from tests.screenshots.scenes import NOW, QUEUED, SCENES, STOPPED

_TALL = ("at-work", "offline", "asked", "release-near", "engines")


def scenes() -> Sequence[Scene]:
    return (
        *(_main(name) for name in SCENES),
        Scene("rename", lambda _, language: AskName("JupyterLab", language)),
        Scene("delete", _delete),
        Scene("why", _why),
        Scene("quit", lambda _, language: Leaving(["ComfyUI", "InvokeAI"], language)),
        Scene("logs", _logs),
    )


def _main(name: str) -> Scene:
    def make(colours: Colours, language: str) -> QWidget:
        window = MainWindow()
        window.first_run.allow_back(name == "first-run-failed")
        window.show_view(build(SCENES[name], NOW, language, UTC), colours, language)
        return window

    return Scene(name, make, (400, 900) if name in _TALL else None)


def _delete(colours: Colours, language: str) -> QWidget:
    return ConfirmDelete("JupyterLab", size(STOPPED.data_bytes or 0), language)


def _why(colours: Colours, language: str) -> QWidget:
    view = build(SCENES["at-work"], NOW, language, UTC)
    text = next(c.why for c in view.cards if c.key == QUEUED.id)
    return Telling(say("why.title", language, name="InvokeAI"), text, language)


def _logs(colours: Colours, language: str) -> QWidget:
    logs = LogsWindow("x", "ComfyUI", language)
    logs.add([f"2026-11-23 14:2{i} INFO step {i}: loading the model" for i in range(9)])
    return logs
