"""Opening the browser: the opener's word counts, nothing waits for ever, the address is told."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aigc.errors import AigcError
from desktop_client.platform import browser

URL = "https://comfy-1.studio.lan/?a=1&b=%E4%B8%AD"
linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux chooses an opener from the PATH"
)


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a program on an otherwise bare PATH; it writes its words to the returned file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "mv", "sleep"):
        (folder / tool).symlink_to(shutil.which(tool) or "/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DISPLAY", ":0")

    def make(name: str, ending: str) -> Path:
        out = tmp_path / f"{name}.words"
        program = folder / name
        program.write_text(f"#!/bin/sh\necho \"$@\" > '{out}'\n{ending}\n")
        program.chmod(0o755)
        return out

    return make


@linux
def test_the_openers_word_counts(opener: Callable[[str, str], Path]) -> None:
    out = opener("xdg-open", "exit 0")
    browser.open_in_browser(URL)
    assert out.read_text().strip() == URL


@linux
def test_an_opener_that_fails_is_followed_by_the_next(opener: Callable[[str, str], Path]) -> None:
    first = opener("xdg-open", "exit 3")
    second = opener("gio", "exit 0")
    browser.open_in_browser(URL)
    assert first.exists()
    assert second.read_text().strip() == f"open {URL}"


@linux
@pytest.mark.parametrize("name", ["", "xdg-open"])
def test_where_nothing_opens_the_address_is_told(
    opener: Callable[[str, str], Path], name: str
) -> None:
    if name:
        opener(name, "exit 4")
    with pytest.raises(AigcError) as caught:
        browser.open_in_browser(URL)
    assert caught.value.key == "browser-missing"
    assert caught.value.message.endswith(URL)


@linux
def test_without_a_screen_no_terminals_browser_is_started(
    opener: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = opener("xdg-open", "exit 0")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(AigcError, match="copy this address"):
        browser.open_in_browser(URL)
    assert not out.exists()


@linux
def test_an_opener_that_stays_is_not_waited_for(
    opener: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(browser, "_SECONDS", 0.5)
    end = tmp_path / "end"
    out = opener("xdg-open", f"while [ ! -e '{end}' ]; do sleep 0.05; done; exit 1")
    begun = time.monotonic()
    browser.open_in_browser(URL)
    assert time.monotonic() - begun < 30
    assert out.exists()
    end.touch()


@linux
@pytest.mark.skipif(shutil.which("xdg-open") is None, reason="xdg-utils are not installed")
def test_the_real_xdg_open_starts_the_chosen_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, draft, program = tmp_path / "words", tmp_path / "draft", tmp_path / "my-browser"
    program.write_text(f"#!/bin/sh\necho \"$@\" > '{draft}'\nmv '{draft}' '{out}'\n")
    program.chmod(0o755)
    for name, value in {
        "DISPLAY": ":0", "BROWSER": str(program), "HOME": str(tmp_path), "XDG_DATA_DIRS": "/none",
        "XDG_CURRENT_DESKTOP": "X-Generic",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    browser.open_in_browser(URL)
    deadline = time.monotonic() + 30
    while not out.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert out.read_text().strip() == URL


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "javascript:alert(1)", "aigc://start/x", "", "--help", "ftp://x/",
        "https://x/ y", "https://x/\n", "http://x/\"&calc", "https://x/`id`", "https://x/|y",
    ],
)  # fmt: skip
def test_only_web_addresses_are_opened(url: str) -> None:
    with pytest.raises(AigcError, match="not a web address"):
        browser.open_in_browser(url)


def test_a_frozen_programs_libraries_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"LD_LIBRARY_PATH": "/ours", "LD_LIBRARY_PATH_ORIG": "/theirs", "A": "b"}
    assert browser.child_environment(values) == values
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert browser.child_environment(values) == {"LD_LIBRARY_PATH": "/theirs", "A": "b"}
    assert browser.child_environment({"LD_LIBRARY_PATH": "/ours"}) == {}


def test_addresses_are_written_down_in_order(tmp_path: Path) -> None:
    opener = browser.write_down(tmp_path / "urls")
    opener("https://a/")
    opener("https://b/")
    assert (tmp_path / "urls").read_text() == "https://a/\nhttps://b/\n"


def test_nothing_of_webbrowser_is_loaded_at_start() -> None:
    program = "import sys, desktop_client.platform.browser; print('webbrowser' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
