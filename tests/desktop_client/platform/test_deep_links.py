"""Contract of registering aigc:// links, each system's form of it, and real clicks on Linux."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc.errors import AigcError
from desktop_client.platform.deep_links import DeepLinks, macos, open_registration
from desktop_client.platform.deep_links.linux import FILE, MIME, EntryLinks
from desktop_client.platform.deep_links.mime_list import default_of, with_default, without
from desktop_client.platform.deep_links.windows import KEY, RegistryLinks, open_line, registration
from desktop_client.platform.program_command import tray_command
from desktop_client.platform.registry import Registry, Removal, Write
from tests.desktop_client.platform.registry import MemoryRegistry

LINK = "aigc://start/comfyui"


@pytest.fixture
def registry() -> Iterator[Registry]:
    if sys.platform == "win32":
        from desktop_client.platform.registry import open_registry

        real = open_registry()
        yield real
        real.change((Removal(KEY, None),))
    else:
        yield MemoryRegistry()


@dataclass
class Home:
    """A person's home on a Linux desktop, with or without the desktop's tools."""

    folder: Path
    tools: bool

    def environment(self) -> dict[str, str]:
        path = os.environ["PATH"] if self.tools else str(self.folder / "no-tools")
        return {
            "HOME": str(self.folder),
            "PATH": path,
            "XDG_CURRENT_DESKTOP": "X-Generic",
            "XDG_DATA_DIRS": str(self.folder / "usr"),
            "XDG_CONFIG_DIRS": str(self.folder / "etc"),
        }

    @property
    def list(self) -> Path:
        return self.folder / ".config" / "mimeapps.list"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    if sys.platform == "win32":
        pytest.skip("entries are of desktops with X11 or Wayland")
    (tmp_path / ".config").mkdir()
    return Home(tmp_path, tools=True)


@pytest.fixture(params=["tools", "no-tools", "registry"])
def links(request: pytest.FixtureRequest, registry: Registry) -> Callable[..., DeepLinks]:
    """Opens the registration of a command."""
    if request.param == "registry":
        return lambda *command: RegistryLinks(command, registry)
    made: Home = request.getfixturevalue("home")
    made.tools = request.param == "tools"
    if made.tools and shutil.which("xdg-mime") is None:
        pytest.skip("xdg-utils are not installed")
    return lambda *command: EntryLinks(command, made.environment())


def test_registered_and_not_and_twice(links: Callable[..., DeepLinks]) -> None:
    ours = links(sys.executable, "a b", "100%")
    assert not ours.is_registered()
    for _ in range(2):
        ours.register()
        assert ours.is_registered()
    for _ in range(2):
        ours.unregister()
        assert not ours.is_registered()


def test_another_copy_of_the_program_is_taken_over(links: Callable[..., DeepLinks]) -> None:
    links(sys.executable, "old").register()
    ours = links(sys.executable, "new")
    assert not ours.is_registered()
    ours.register()
    assert ours.is_registered()
    assert not links(sys.executable, "old").is_registered()


def test_a_program_that_is_gone_opens_nothing(
    links: Callable[..., DeepLinks], tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    ours = links(str(program))
    ours.register()
    assert ours.is_registered()
    program.unlink()
    assert not ours.is_registered()


def test_this_system_can_be_asked() -> None:
    """Only asked: the person's own desktop is left as it is."""
    assert isinstance(open_registration(tray_command()).is_registered(), bool)


# -- Linux: real clicks -------------------------------------------------------------------------


def clicked(home: Home, opener: tuple[str, ...], name: str, *arguments: str) -> tuple[str, ...]:
    """What our command is started with when a desktop's program opens the link."""
    out, draft, script = (home.folder / x for x in ("out", "draft", name))
    script.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" > '{draft}'\nmv '{draft}' '{out}'\n")
    script.chmod(0o755)
    EntryLinks((str(script), *arguments), home.environment()).register()
    environment = home.environment() | {"DISPLAY": ":0"}  # xdg-open wants one, nothing is shown
    subprocess.run([*opener, LINK], env=environment, check=True, timeout=40)
    deadline = time.monotonic() + 40
    while not out.exists():
        assert time.monotonic() < deadline, "the link reached nobody"
        time.sleep(0.02)
    return tuple(out.read_text("utf-8").split("\0")[:-1])


@pytest.mark.skipif(shutil.which("gio") is None, reason="GLib's gio is not installed")
def test_glib_hands_a_clicked_link_to_our_command(home: Home) -> None:
    words = clicked(home, ("gio", "open"), "our program", "tray", "100% 中文")
    assert words == ("tray", "100% 中文", LINK)


@pytest.mark.skipif(shutil.which("gio") is None, reason="GLib's gio is not installed")
def test_glib_does_so_where_the_list_was_written_by_us(home: Home) -> None:
    home.tools = False
    EntryLinks((sys.executable,), home.environment()).register()
    home.tools = True
    asked = subprocess.run(
        ["gio", "mime", MIME], env=home.environment() | {"LANG": "C.UTF-8"},
        capture_output=True, text=True, timeout=40, check=True,
    )  # fmt: skip
    assert asked.stdout.splitlines()[0].endswith(FILE)


@pytest.mark.skipif(shutil.which("xdg-open") is None, reason="xdg-utils are not installed")
def test_xdg_open_hands_a_clicked_link_to_our_command(home: Home) -> None:
    """Its generic way of old cannot read quotes, hence a path without blanks."""
    assert clicked(home, ("xdg-open",), "program", "tray") == ("tray", LINK)


@pytest.mark.skipif(shutil.which("xdg-mime") is None, reason="xdg-utils are not installed")
def test_xdg_mime_names_our_entry(home: Home) -> None:
    home.list.write_text("[Default Applications]\ntext/plain=editor.desktop\n")
    EntryLinks((sys.executable,), home.environment()).register()
    asked = subprocess.run(
        ["xdg-mime", "query", "default", MIME], env=home.environment(),
        capture_output=True, text=True, timeout=40, check=True,
    )  # fmt: skip
    assert asked.stdout.strip() == FILE
    assert "text/plain=editor.desktop" in home.list.read_text()


def test_a_desktops_own_list_goes_before_the_general_one(home: Home) -> None:
    home.tools = False
    ours = EntryLinks((sys.executable,), home.environment())
    ours.register()
    own = home.list.with_name("x-generic-mimeapps.list")
    own.write_text(f"[Default Applications]\n{MIME}=other.desktop\n")
    assert not ours.is_registered()
    own.write_text(f"[Default Applications]\n{MIME}={FILE}\n")
    assert ours.is_registered()


def test_asking_at_each_start_starts_no_program(home: Home, tmp_path: Path) -> None:
    EntryLinks((sys.executable,), home.environment()).register()
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "xdg-mime").write_text(f"#!/bin/sh\ntouch '{tmp_path}/started'\n")
    (folder / "xdg-mime").chmod(0o755)
    environment = home.environment() | {"PATH": f"{folder}:{os.environ['PATH']}"}
    assert EntryLinks((sys.executable,), environment).is_registered()
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("tools", [True, False])
def test_another_program_keeps_what_it_took_over(home: Home, tools: bool) -> None:
    home.tools = tools
    ours = EntryLinks((sys.executable,), home.environment())
    ours.register()
    home.list.write_text(f"[Default Applications]\n{MIME}=other.desktop;{FILE};\n")
    other = ours.path.with_name("other.desktop")
    other.write_text(f"[Desktop Entry]\nType=Application\nName=o\nExec=true\nMimeType={MIME};\n")
    assert not ours.is_registered()
    ours.unregister()
    assert home.list.read_text() == f"[Default Applications]\n{MIME}=other.desktop;\n"


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(home: Home) -> None:
    (home.folder / ".local").write_text("a file is in the way")
    ours = EntryLinks((sys.executable,), home.environment())
    with pytest.raises(AigcError, match="cannot be changed"):
        ours.register()
    assert not ours.is_registered()


# -- mimeapps.list, pure ------------------------------------------------------------------------

LISTS = st.lists(
    st.sampled_from(
        (
            "[Default Applications]", "[Added Associations]", "[Removed Associations]", "",
            f"{MIME}=other.desktop;", f"{MIME}={FILE};other.desktop;", f"{MIME}={FILE}", f"{MIME}=",
            "text/html=browser.desktop", "# note", "[Desktop Action]", "nonsense",
        )
    ),
    max_size=12,
).map("\n".join)  # fmt: skip


@given(LISTS)
def test_the_default_is_ours_and_the_rest_is_kept(text: str) -> None:
    new = with_default(text, MIME, FILE)
    assert default_of(new, MIME) == FILE
    assert with_default(new, MIME, FILE) == new
    kept = [x for x in text.split("\n") if not x.startswith((MIME, "[Default")) and x]
    left = [x for x in new.split("\n") if not x.startswith((MIME, "[Default")) and x]
    assert kept == left
    assert new.count("other.desktop") >= min(text.count("other.desktop"), 1)


@given(LISTS)
def test_without_us_nothing_names_us_and_the_rest_is_kept(text: str) -> None:
    new = without(text, MIME, FILE)
    assert default_of(new, MIME) != FILE
    kept = [x for x in text.split("\n") if not x.startswith(MIME)]
    left = [x for x in new.split("\n") if not x.startswith(MIME)]
    assert [x for x in kept if x] == [x for x in left if x]
    assert without(new, MIME, FILE) == new


# -- Windows ------------------------------------------------------------------------------------


def test_the_values_of_a_scheme() -> None:
    command = (r"C:\Program Files\AIGC\aigc.exe", "tray")
    line = r'"C:\Program Files\AIGC\aigc.exe" tray "%1"'
    assert open_line(command) == line
    assert registration(command) == (
        Write(r"Software\Classes\aigc", "", "URL:AIGC Gateway"),
        Write(r"Software\Classes\aigc", "URL Protocol", ""),
        Write(r"Software\Classes\aigc\DefaultIcon", "", r'"C:\Program Files\AIGC\aigc.exe",0'),
        Write(r"Software\Classes\aigc\shell\open\command", "", line),
    )


def test_another_programs_scheme_stays_in_the_registry() -> None:
    registry = MemoryRegistry()
    RegistryLinks((sys.executable, "other"), registry).register()
    kept = dict(registry.values)
    RegistryLinks((sys.executable, "ours"), registry).unregister()
    assert registry.values == kept


# -- macOS --------------------------------------------------------------------------------------


def bundle(tmp_path: Path, types: object) -> Path:
    """The executable of an app whose bundle says this of its links."""
    import plistlib

    contents = tmp_path / "AIGC Gateway.app" / "Contents"
    (contents / "MacOS").mkdir(parents=True)
    info = {"CFBundleIdentifier": "org.AIGC-gateway", "CFBundleURLTypes": types}
    (contents / "Info.plist").write_bytes(plistlib.dumps(info))
    return contents / "MacOS" / "aigc"


def test_outside_of_a_bundle_the_person_is_told_what_to_do(tmp_path: Path) -> None:
    for executable in (tmp_path / "python", bundle(tmp_path, [])):
        links = macos.BundleLinks(executable)
        assert not links.is_registered()
        with pytest.raises(AigcError, match="install it"):
            links.register()
        links.unregister()


def test_a_bundle_with_our_types_takes_the_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two calls to the system are replaced here; on macOS the CI matrix runs the real ones."""
    chosen: list[str] = [""]

    def choose(scheme: str, bundle_id: str) -> bool:
        chosen.append(bundle_id)
        return True

    monkeypatch.setattr(macos, "default_bundle", lambda scheme: chosen[-1].lower())
    monkeypatch.setattr(macos, "choose_bundle", choose)
    links = macos.BundleLinks(bundle(tmp_path, macos.url_types()))
    assert not links.is_registered()
    links.register()
    assert chosen[-1] == "org.AIGC-gateway"
    assert links.is_registered()
    monkeypatch.setattr(macos, "choose_bundle", lambda scheme, bundle_id: False)
    with pytest.raises(AigcError, match="refused"):
        links.register()


OPENED = """
from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QFileOpenEvent
from desktop_client.platform.deep_links.opened import LinkApplication
app = LinkApplication([])
app.link_opened.connect(print)
for url in ("aigc://start/a", "file:///etc/passwd", "https://x.test/", "aigc://join/h:1?pin=x"):
    QCoreApplication.sendEvent(app, QFileOpenEvent(QUrl(url)))
"""


def test_links_given_to_the_running_program_become_a_signal() -> None:
    """As macOS gives them, in a process whose application is ours."""
    done = subprocess.run(
        [sys.executable, "-c", OPENED], env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["aigc://start/a", "aigc://join/h:1?pin=x"]
