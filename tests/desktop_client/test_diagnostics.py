"""No secret leaves in the diagnostics, and no name that the person did not want in."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from aigc.logs import RamLog
from desktop_client import desktop_facts
from desktop_client.bridge import Bridge
from desktop_client.desk import Desk
from desktop_client.diagnostics import Material, bundle, file_name, reports
from desktop_client.diagnostics_room import DiagnosticsRoom
from desktop_client.model import Snapshot
from desktop_client.present import Present
from desktop_client.settings import Settings
from desktop_client.shelf import Shelf
from desktop_client.theme import LIGHT
from desktop_client.tokens import FileStore, Stored
from desktop_client.windows.diagnostics import DiagnosticsWindow
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until

NOW = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)
REFRESH, SESSION = "rt-9f8e7d6c5b4a39281706", "st 0f1e2d3c4b5a69788796"
SIGN_IN = "https://id.studio.lan/authorize?state=very-secret-state&nonce=hidden-nonce"


def material(*lines: str) -> Material:
    return Material(
        made_at=NOW,
        versions={"aigc": "0.1.0"},
        desktop={"home": "/home/lin/x"},
        connection={"person": "Lin Xia", "contact": "lin.xia@studio.lan"},
        settings={"note": f"kept {REFRESH}"},
        log=lines,
        secrets=(REFRESH, SESSION, "", "ab"),
        person=("Lin Xia", ""),
        home="/home/lin",
    )


def whole(files: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        assert archive.testzip() is None
        return "\n".join(archive.read(n).decode() for n in archive.namelist())


@pytest.mark.parametrize("with_person", [False, True])
def test_known_secrets_are_in_no_file(with_person: bool) -> None:
    lines = (
        f"renewed with {REFRESH} at /home/lin/.config",
        f"session={SESSION}",
        f"Authorization: Bearer {SESSION.split()[1]}",
        f"opened {SIGN_IN}",
        "wrote to lin.xia@studio.lan for Lin Xia",
    )
    files = reports(material(*lines), with_person=with_person)
    text = whole(bundle(files, NOW))
    for secret in (REFRESH, SESSION, SESSION.split()[1], "very-secret-state", "hidden-nonce"):
        assert secret not in text
    assert "/home/lin" not in text
    assert "https://id.studio.lan/authorize" in text
    assert ("Lin Xia" in text) is with_person
    assert ("lin.xia@studio.lan" in text) is with_person


def test_the_files_are_readable_and_named_by_time() -> None:
    files = {f.name: f.text for f in reports(material("one", "two"), with_person=True)}
    assert json.loads(files["connection.json"])["person"] == "Lin Xia"
    assert files["log.txt"] == "one\ntwo\n"
    assert file_name(NOW) == "aigc-diagnostics-20261123-1437.zip"


def test_this_desktop_has_facts(app: QApplication) -> None:
    facts = desktop_facts.desktop()
    assert facts["platform"] == "offscreen"
    assert facts["screens"]
    assert desktop_facts.versions()["qt"]
    json.dumps(facts)


def test_from_the_store_and_the_log_to_the_saved_file(
    app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole: a kept sign-in, a careless log line, the window, the file that was saved."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    ram = RamLog()
    log = logging.getLogger("desktop_client.test")
    log.addHandler(ram)
    log.setLevel(logging.INFO)
    store = FileStore(tmp_path / "tokens.json")
    store.save(Stored("a:1", "https://id.studio.lan", REFRESH, SESSION, 0.0, "Lin Xia"))
    log.info("careless: %s and %s of Lin Xia", REFRESH, SESSION)
    present = Present(
        Desk(Snapshot(person="Lin Xia", sign_in_url=SIGN_IN)), Settings(), "en", LIGHT, NOW, UTC
    )
    shelf = Shelf()
    bridge = Bridge(tmp_path, "file", "test", lambda _: None)
    room = DiagnosticsRoom(
        bridge, shelf, lambda: present, ram, ("/usr/bin/aigc", "tray"), lambda: {"sleep": "nobody"}
    )
    bridge.start("")
    try:
        room.open()
        window = shelf.find(room.KEY, DiagnosticsWindow)
        assert window is not None
        until(app, lambda: window.files, 40)
        saved = tmp_path / "it.zip"
        window.save_asked.emit(str(saved))
        until(app, saved.exists, 40)
        shown = "\n".join(f.text for f in window.files)
        assert whole(saved.read_bytes()) == shown
        for secret in (REFRESH, SESSION, "Lin Xia", "very-secret-state"):
            assert secret not in shown
        assert "careless" in shown
        window.person_chosen.emit(True)
        until(app, lambda: any("Lin Xia" in f.text for f in window.files), 40)
        window.save_asked.emit(str(tmp_path / "no" / "such" / "place.zip"))
        until(app, lambda: "cannot be written" in _said(window), 40)
    finally:
        bridge.stop()
        shelf.close_all()
        log.removeHandler(ram)


def _said(window: DiagnosticsWindow) -> str:
    from PySide6.QtWidgets import QLabel

    return "\n".join(x.text() for x in window.findChildren(QLabel))
