"""The tray's way to the admin window: offered to those whom it opens for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from desktop_client import admin_start
from desktop_client.desk import Desk, Do
from desktop_client.menu_model import Entry, menu
from desktop_client.view_model import build
from tests.screenshots.scenes import NOW, SCENES


def entries(found: tuple[Entry, ...]) -> list[Entry]:
    return [inner for entry in found for inner in (entry, *entries(entry.entries))]


@pytest.mark.parametrize(
    ("role", "offered"),
    [("creator", False), ("team_lead", False), ("auditor", True), ("admin", True), ("", False)],
)
def test_it_is_offered_to_those_whom_it_opens_for(role: str, offered: bool) -> None:
    scene = SCENES["at-work"]
    desk: Desk = replace(scene, snapshot=replace(scene.snapshot, role=role))
    for language, words in (("en", "Admin window"), ("zh", "管理窗口")):
        found = entries(menu(build(desk, NOW, language, UTC), language))
        labels = [e.label for e in found if e.action is not None and e.action.do is Do.ADMIN]
        assert labels == ([words] if offered else [])


def test_it_is_a_program_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **named: started.append([str(c) for c in command])
    )
    admin_start.start_admin_window(tmp_path, "file")
    where = ["--config-dir", str(tmp_path), "--store", "file"]
    assert started == [[sys.executable, "-m", "desktop_client.admin.program", *where]]
