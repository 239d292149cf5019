"""A studio of real programs for the command line's tests, and the command line as people run it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from aigc.cli.demo_studio import Ready
from aigc.join_link import JoinLink

SECONDS = 90


@dataclass(frozen=True, slots=True)
class Cli:
    """``aigc`` with a settings folder of its own, as one person uses it."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def variables(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("AIGC_")
            and k not in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "LC_ALL", "LANG")
        }
        return (
            kept
            | {"XDG_CONFIG_HOME": str(self.home), "HOME": str(self.home), "LANG": "C.UTF-8"}
            | self.environment
            | (extra or {})
        )

    def __call__(
        self, *words: str, stdin: str | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "aigc.cli", *words],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=self.variables(extra),
            input=stdin if stdin is not None else "",
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *words: str, **extra: str) -> Any:
        done = self(*words, "--json", **extra)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def error(self, *words: str, **extra: str) -> tuple[int, str, str]:
        """Exit code, key and sentence of a command that must fail."""
        done = self(*words, "--json", **extra)
        assert done.returncode != 0, done.stdout
        told = json.loads(done.stderr.strip().splitlines()[-1])
        return done.returncode, told["error"], told["message"]


@dataclass(frozen=True, slots=True)
class Studio:
    folder: Path
    ready: Ready

    @property
    def link(self) -> str:
        return str(JoinLink(self.ready.creators, self.ready.pin))

    def account(self, username: str) -> Account:
        kept = json.loads((self.folder / "accounts.json").read_text())
        return Account(username, kept[username])

    def log_in(self, cli: Cli, username: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run ``aigc login`` and do in a browser what it asks for."""
        process = subprocess.Popen(
            [sys.executable, "-m", "aigc.cli", "login", "--store", "file", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=cli.variables(),
        )
        assert process.stderr is not None
        told = ""
        for line in process.stderr:
            told += line
            if line.strip().startswith("http"):
                asyncio.run(self._sign_in(line.strip(), self.account(username)))
                break
        out, err = process.communicate(timeout=SECONDS)
        return subprocess.CompletedProcess([], process.returncode, out, told + err)

    async def _sign_in(self, url: str, account: Account) -> None:
        people = People(self.folder, self.ready)
        async with Browser() as browser:
            page = await people.log_in(browser, await browser.visit(url), account)
            assert page.status_code == 200


@contextlib.contextmanager
def open_studio(folder: Path) -> Iterator[Studio]:
    """Coordinator, gateway and agent with the process driver, and two people."""
    command = ["demo", "--headless", "--runtime", "process", "--data-dir", str(folder)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AIGC_")}
    demo = subprocess.Popen(
        [sys.executable, "-m", "aigc.cli", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        assert demo.stdout is not None
        told = ""
        for line in demo.stdout:
            told += line
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail(told)
        values = json.loads((folder / "coordinator" / "ready.json").read_text())
        names = ("creators", "web_url", "gateway_url", "pin")
        yield Studio(folder, Ready(**{name: str(values[name]) for name in names}))
    finally:
        demo.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.communicate(timeout=60)
        demo.kill()
        demo.communicate()


@pytest.fixture(scope="package")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One studio for all of these tests."""
    with open_studio(tmp_path_factory.mktemp("studio") / "data") as opened:
        yield opened


@pytest.fixture(scope="package")
def lin(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The creator, signed in."""
    cli = Cli(tmp_path_factory.mktemp("lin"))
    done = studio.log_in(cli, "lin", "--coordinator", studio.link)
    assert done.returncode == 0, done.stderr
    return cli


@pytest.fixture(scope="package")
def it(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The admin, signed in."""
    cli = Cli(tmp_path_factory.mktemp("it"))
    done = studio.log_in(cli, "it", studio.link)
    assert done.returncode == 0, done.stderr
    return cli


@pytest.fixture
def stranger(tmp_path: Path) -> Cli:
    """Somebody who has not signed in."""
    return Cli(tmp_path)
