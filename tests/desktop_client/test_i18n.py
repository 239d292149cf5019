"""Both languages are whole: no message lacks one, none lacks a value, all code's keys exist."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

import desktop_client
from desktop_client import i18n
from desktop_client.desk import ASKED, Do, News
from desktop_client.i18n import FOLDER, language_of, messages, say
from desktop_client.model import State
from desktop_client.view_model import Icon

MESSAGES = messages()
SOURCES = sorted(Path(desktop_client.__file__).parent.rglob("*.py"))
# Words that are the same in both languages.
SAME = {"app.name", "news.ready.text", "news.failed.text", "news.refused.text", "part.begun"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_an_unknown_problem_is_not_looked_for_in_the_admin_windows_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tray asks in its GUI thread, and a newer coordinator may name any."""
    asked: list[str] = []
    read = i18n._read

    def watched(program: str) -> dict[str, tuple[str, str]]:
        asked.append(program)
        return read(program)

    monkeypatch.setattr(i18n, "_read", watched)
    assert not i18n.knows("problem.of-a-newer-coordinator")
    assert asked == ["tray"]


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_each_message_is_in_both_languages(key: str) -> None:
    english, chinese = MESSAGES[key]
    assert english.strip()
    assert chinese.strip()
    if not key.startswith("problem."):
        assert fields(english) == fields(chinese)
    if key not in SAME and key != "do.language":
        assert english != chinese
        has_han = re.search("[\u4e00-\u9fff]", chinese) is not None
        assert has_han or not re.search("[A-Za-z]{3}", re.sub(r"{\w+}", "", english))
        assert not re.search("[\u4e00-\u9fff]", english)
    assert not re.search("[\u4e00-\u9fff][,:;?!]|[,:;?!][\u4e00-\u9fff]", chinese), "punctuation"


def test_qt_linguist_takes_every_file(tmp_path: Path) -> None:
    """Compiled by Qt's own lrelease: nothing unfinished, nothing dropped."""
    files = sorted(FOLDER.glob("*.ts"))
    program = Path(sys.executable).with_name("pyside6-lrelease")
    done = subprocess.run(
        [program, "-idbased", *files, "-qm", tmp_path / "all.qm"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert not done.stderr
    assert f"Generated {len(MESSAGES)} translation(s) ({len(MESSAGES)} finished" in done.stdout


def _keys_in(path: Path) -> list[str]:
    """The first argument of each say(...), with {} for what is computed."""
    keys = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name not in ("say", "_say"):
            continue
        first = node.args[0]
        choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
        for choice in choices:
            if isinstance(choice, ast.Constant):
                keys.append(str(choice.value))
    return keys


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    missing = [(p.name, k) for p in SOURCES for k in _keys_in(p) if k not in MESSAGES]
    assert not missing


def test_every_computed_key_is_in_the_catalogue() -> None:
    named_in_place = {"start-version"}
    computed = (
        [f"do.{do}" for do in Do if do not in named_in_place]
        + [f"line.{state}" for state in State]
        + [f"line.ack.{do}" for do in ASKED]
        + [f"tooltip.{icon}" for icon in Icon]
        + [f"news.{news}.{part}" for news in News for part in ("title", "text")]
        + [f"link.{link}" for link in ("online", "connecting", "offline", "signed-out")]
        + [f"part.{kind}" for kind in ("image", "data", "models")]
        + [
            f"sign_in.page.{page}.{part}"
            for page in ("done", "failed", "not_ours")
            for part in ("title", "text")
        ]
    )
    assert [key for key in computed if key not in MESSAGES] == []


def test_no_words_for_people_hide_in_the_windows() -> None:
    """Windows, tray and menu get every word from the catalogue."""
    folder = Path(desktop_client.__file__).parent
    for path in [*(folder / "windows").glob("*.py"), *(folder / "tray").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in ("setText", "setWindowTitle", "setToolTip", "addAction"):
                for argument in node.args:
                    plain = isinstance(argument, ast.Constant) and str(argument.value)
                    assert plain in (False, "", "⋯", "×"), f"{path.name}: {plain}"


def test_languages() -> None:
    assert language_of("zh_CN") == "zh"
    assert language_of("zh-TW") == "zh"
    assert language_of("de_DE") == "en"
    assert say("time.minutes", "zh", minutes=5) == "5 分钟"
    with pytest.raises(KeyError):
        say("no.such.key", "en")
