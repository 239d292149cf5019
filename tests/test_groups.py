"""How the whole suite is run: nothing is left out, and nothing that failed is hidden."""

from __future__ import annotations

import itertools
import threading
import tomllib
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from tests.groups import GROUPS, Group, Runner

_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def test_every_test_is_in_exactly_one_group() -> None:
    told = tomllib.loads(_PYPROJECT.read_text("utf-8"))["tool"]["pytest"]["ini_options"]["markers"]
    marks = [line.partition(":")[0].partition("(")[0] for line in told]
    of_tests = {g.name: Expression.compile(g.expression) for g in GROUPS if g.expression}
    quick = [g.name for g in GROUPS if g.expression == GROUPS[1].expression]
    for size in range(len(marks) + 1):
        for combination in itertools.combinations(marks, size):
            found = [
                name
                for name, expression in of_tests.items()
                if expression.evaluate(lambda mark, chosen=combination, /, **_: mark in chosen)
            ]
            # Those that differ by their folder alone share all that needs no real part.
            assert len(found) == 1 or found == quick, (combination, found)
    (rest, *apart) = [g for g in GROUPS if g.name in quick]
    folders = [folder for g in apart for folder in g.where]
    assert rest.where == tuple(f"--ignore={folder}" for folder in folders)


def test_a_group_imports_only_what_its_mark_is_written_in() -> None:
    """And its mark is in its expression, so that none of its tests is elsewhere."""
    for group in GROUPS:
        if group.mark:
            assert group.expression.split()[0] == group.mark
            assert f"not {group.mark}" in GROUPS[1].expression


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Group, ...]:
    """One that passes, one that fails at first, one that fails, and a command."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take most of its start
    state = tmp_path / "state"
    bodies = {
        "good": "def test_it(): pass",
        "shaky": (
            "from pathlib import Path\n"
            "def test_other(): pass\n"
            "def test_it():\n"
            f"    state = Path({str(state)!r})\n"
            "    there = state.exists()\n"
            "    state.touch()\n"
            "    assert there\n"
        ),
        "bad": "def test_it(): assert 'a true defect' == ''",
    }
    made = []
    for name, body in bodies.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / f"test_{name}.py").write_text(body)
        made.append(Group(name, "not slow", (str(folder),)))
    return (*made, Group("a command", command=("echo", "it ran")))


@pytest.mark.parametrize("lanes", [1, 3])
def test_what_fails_is_shown_and_tried_alone(
    groups: tuple[Group, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str], lanes: int
) -> None:
    assert Runner(groups, [], lanes, tmp_path / "cache").run() == 1
    said, wrong = capfd.readouterr()
    assert wrong == "Failed: bad\n"
    assert said.count("a true defect") >= 2
    assert "it ran" in said
    body, _, summary = said.partition("== summary")
    flaky = summary.partition("Flaky (failed, then passed alone):")[2].split()
    assert [test.rpartition("/")[2] for test in flaky] == ["test_shaky.py::test_it"]
    # Alone means after all the others.
    assert body.index("== once more, alone") > max(body.index(f"== {g.name} (") for g in groups)
    for group in groups:
        assert f"  {group.name}\n" in summary


def test_what_is_only_flaky_does_not_fail(
    groups: tuple[Group, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    few = [g for g in groups if g.name == "shaky"]
    assert Runner(few, [], 2, tmp_path / "cache").run() == 0
    assert "Flaky" in capfd.readouterr().out


def test_a_group_of_which_nothing_was_asked_for_is_well(
    groups: tuple[Group, ...], tmp_path: Path
) -> None:
    assert Runner(groups[:1], ["-k", "no_such_test"], 3, tmp_path / "cache").run() == 0


def test_what_has_failed_is_told_while_its_group_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr("tests.groups._TELL_EVERY", 0.0)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_runtest_logreport as pytest_runtest_logreport\n"
    )
    (tmp_path / "test_slow.py").write_text(
        "import time\ndef test_one(): assert False\ndef test_two(): time.sleep(2)\n"
    )
    assert Runner([Group("slow", "not x", (str(tmp_path),))], [], 1, tmp_path / "c").run() == 1
    before, _, after = capfd.readouterr().out.partition("== slow (")
    assert before.count("failed: ") == 1
    assert "test_slow.py::test_one (call)" in before
    assert "== summary" in after


def test_an_interrupt_ends_what_runs_and_begins_nothing_more(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    begun = tmp_path / "begun"
    sleeper = ("sh", "-c", f"touch {begun}; exec sleep 300")
    runner = Runner(
        [Group("long", command=sleeper), Group("next", command=("echo", "never"))],
        [],
        1,
        tmp_path / "cache",
    )

    def interrupt() -> None:
        while not begun.exists():
            threading.Event().wait(0.02)
        runner.interrupt()

    person = threading.Thread(target=interrupt)
    person.start()
    assert runner.run() == 130
    person.join()
    said, wrong = capfd.readouterr()
    assert "never" not in said
    assert "Interrupted" in wrong
