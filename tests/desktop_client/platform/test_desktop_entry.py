"""Desktop entries: read back as they were written, and started by GLib with exactly our words."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc.errors import AigcError
from desktop_client.platform.desktop_entry import (
    escape,
    exec_line,
    read_entry,
    unescape,
    write_entry,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True)


@given(TEXT)
def test_a_value_survives_its_escapes(text: str) -> None:
    assert unescape(escape(text)) == text
    assert "\n" not in escape(text)


@given(st.dictionaries(KEYS, TEXT))
def test_an_entry_is_read_back(values: dict[str, str]) -> None:
    assert read_entry(write_entry(values)) == values


def test_only_the_group_that_counts_is_read() -> None:
    text = """# Exec=comment
Exec=before
[Desktop Entry]
# Exec=comment
Name = a b\\s
Exec=first
Exec=second
nonsense
[Desktop Action x]
Exec=action
"""
    assert read_entry(text) == {"Name": "a b ", "Exec": "first"}


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("a b", '"a b"'),
        ("$HOME", r'"\$HOME"'),
        ("`x`", r'"\`x\`"'),
        ('"', r'"\""'),
        ("back\\slash", r'"back\\slash"'),
        ("100%", "100%%"),
        ("~", '"~"'),
    ],
)
def test_what_must_be_quoted_is_quoted(argument: str, quoted: str) -> None:
    assert exec_line(("/bin/x", argument), "%u") == f"/bin/x {quoted} %u"


def test_a_backslash_is_escaped_twice_in_the_file() -> None:
    """The specification's own example: four of them for a literal one in a quoted argument."""
    assert write_entry({"Exec": exec_line(("/x", "\\"))}) == '[Desktop Entry]\nExec=/x "\\\\\\\\"\n'


def test_a_program_with_an_equals_sign_is_refused_in_one_sentence() -> None:
    with pytest.raises(AigcError, match="another folder"):
        exec_line(("/a=b/program",))


ARGUMENTS = (
    "plain", "", " ", "a b", "'", '"', '"quoted"', "`id`", "$HOME", "${HOME}", "\\", "\\\\",
    "a\nb", "a\tb", "\\n", "100%", "%", "%%", "%u", "%f x", "~", ";&|<>*?#()", "中文 空格",
    "--x=y", "a'b\"c",
)  # fmt: skip


@pytest.mark.skipif(shutil.which("gio") is None, reason="GLib's gio is not installed")
def test_glib_starts_it_with_exactly_these_words(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = tmp_path / "print words"
    script.write_text(
        f"#!/bin/sh\nprintf '%s\\0' \"$@\" > '{out}.draft'\nmv '{out}.draft' '{out}'\n"
    )
    script.chmod(0o755)
    path = tmp_path / "x.desktop"
    values = {"Type": "Application", "Name": "x", "Exec": exec_line((str(script), *ARGUMENTS))}
    path.write_text(write_entry(values))
    subprocess.run(["gio", "launch", path], check=True, timeout=40)
    deadline = time.monotonic() + 40
    while not out.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert tuple(out.read_bytes().decode().split("\0")[:-1]) == ARGUMENTS


@pytest.mark.skipif(
    shutil.which("desktop-file-validate") is None, reason="desktop-file-validate is not installed"
)
def test_the_entries_of_ours_are_valid(tmp_path: Path) -> None:
    from desktop_client.platform.autostart import linux as autostart
    from desktop_client.platform.deep_links import linux as links

    command = ("/opt/a b/aigc", "tray", "100%")
    for name, values in (
        ("autostart", autostart.entry(command)),
        ("hidden", autostart.entry(command, hidden=True)),
        ("links", links.entry(command)),
    ):
        path = tmp_path / f"{name}.desktop"
        path.write_text(write_entry(values), "utf-8")
        done = subprocess.run(
            ["desktop-file-validate", path], capture_output=True, text=True, timeout=40
        )
        assert (done.returncode, done.stdout) == (0, "")
