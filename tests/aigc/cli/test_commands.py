"""What needs no studio: help, mistakes, exit codes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from aigc.cli.main import COMMANDS, cli, main
from tests.aigc.cli.conftest import Cli


def _all_commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []

    def walk(name: str, command: click.Command) -> None:
        found.append((name, command))
        if isinstance(command, click.Group):
            context = click.Context(command)
            for sub in command.list_commands(context):
                child = command.get_command(context, sub)
                assert child is not None
                walk(f"{name} {sub}", child)

    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        walk(name, command)
    return found


def test_every_command_loads_and_says_what_it_does() -> None:
    for name, command in _all_commands():
        assert command.get_short_help_str(), name


def test_every_list_speaks_json() -> None:
    lists = ("engines", "list", "audit")
    for name, command in _all_commands():
        if name in lists or name.endswith((" list", " status", " check")):
            assert any(p.name == "as_json" for p in command.params), name


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from aigc.cli.main import main; main(['--help']);"
        "heavy = {'grpc', 'rich', 'pydantic', 'httpx', 'PySide6'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["strat"], "Did you mean start?"),
        (["start"], "Missing argument 'ENGINE'"),
        (["list", "--jsn"], "No such option"),
        (["people", "role", "lin", "emperor"], "'emperor' is not one of"),
    ],
)
def test_a_wrong_word_is_a_usage_error(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert expected in capsys.readouterr().err


def test_without_a_coordinator_it_says_what_to_do(stranger: Cli) -> None:
    code, key, message = stranger.error("engines")
    assert (code, key) == (3, "not-connected")
    assert "aigc login HOST:PORT" in message


def test_a_coordinator_without_a_pin_is_not_trusted(stranger: Cli) -> None:
    code, key, message = stranger.error("engines", AIGC_COORDINATOR="studio.invalid:7443")
    assert (code, key) == (2, "pin-needed")
    assert "AIGC_PIN" in message


def test_a_name_that_does_not_resolve(stranger: Cli) -> None:
    pin = "sha256:" + "A" * 43
    code, _, message = stranger.error(
        "list", AIGC_COORDINATOR="nowhere.invalid:7443", AIGC_PIN=pin, AIGC_TOKEN="x"
    )
    assert code == 8
    assert "nowhere.invalid" in message
    assert "name" in message


def test_a_port_where_nobody_listens(stranger: Cli) -> None:
    link = "aigc://join/127.0.0.1:1?pin=sha256:" + "A" * 43
    code, _, message = stranger.error("list", AIGC_COORDINATOR=link, AIGC_TOKEN="x")
    assert code == 8
    assert "127.0.0.1" in message


def test_a_cut_off_link(stranger: Cli) -> None:
    code, key, _ = stranger.error("list", AIGC_COORDINATOR="aigc://join/studio:7443?pin=sha256:AA")
    assert (code, key) == (2, "join-link-invalid")


@pytest.mark.parametrize("program", ["coordinator", "agent"])
@pytest.mark.parametrize("verb", ["serve", "check"])
def test_configurations_that_are_wrong(
    stranger: Cli, tmp_path: Path, program: str, verb: str
) -> None:
    verb = "run" if (program, verb) == ("agent", "serve") else verb
    config = tmp_path / f"{program}.toml"
    done = stranger(program, verb, "--config", str(config))
    assert done.returncode == 2
    assert str(config) in done.stderr
    config.write_text('state_dri = "/x"\n')
    done = stranger(program, verb, "--config", str(config))
    assert done.returncode == 2
    assert "state_dri" in done.stderr
    assert "state_dir" in done.stderr


def test_the_catalogue_is_checked_without_a_coordinator(stranger: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "engines"
    folder.mkdir()
    (folder / "bad.yaml").write_text(
        'name: Bad\nversions:\n  - version: "1"\n    image: a:1\n    port: 80\n'
        "    volumes: [{path: /x, source: /etc}]\n"
    )
    done = stranger("coordinator", "catalogue", "check", str(folder), "--json")
    assert done.returncode == 2
    problem = json.loads(done.stdout)["problems"][0]
    assert (problem["file"], problem["line"]) == ("bad.yaml", 6)
    assert problem["field"] == "versions[0].volumes[0].source"
    done = stranger("coordinator", "catalogue", "check", str(tmp_path / "nowhere"))
    assert done.returncode == 5
    examples = Path(__file__).parents[3] / "examples" / "engines"
    assert stranger("coordinator", "catalogue", "check", str(examples)).returncode == 0


def test_a_reader_that_goes_away_is_no_defect(stranger: Cli) -> None:
    pipe = subprocess.Popen(
        [sys.executable, "-m", "aigc.cli", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=stranger.variables(),
    )
    assert pipe.stdout is not None
    pipe.stdout.close()
    assert pipe.stderr is not None
    assert b"Traceback" not in pipe.stderr.read()
    pipe.stderr.close()
    pipe.wait(60)


def test_each_entry_of_the_table_is_a_module() -> None:
    for module, words in COMMANDS.values():
        importlib.import_module(f"aigc.cli.{module}")
        assert words.endswith(".")
