"""What a person does at the studio's desktop: a Chromium of its own there, and ``aigc login``."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.studio.machine import Machine, wait_until
from tests.studio.studio import AIGC, HOST, Studio

_ARGUMENTS = [
    "--no-sandbox",  # the tests run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(machine: Machine, home: Path) -> Iterator[BrowserContext]:
    """A Chromium that runs on that machine: its names, its network, its trust store."""
    wrapper = home / "chromium.sh"
    # The machine's network and names, but the outside's processes: Playwright ends what it started.
    wrapper.write_text(
        f'#!/bin/sh\nexec ip netns exec {machine.namespace} /usr/bin/chromium "$@"\n'
    )
    wrapper.chmod(0o755)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=wrapper,
            headless=True,
            args=_ARGUMENTS,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        )
        context = browser.new_context()
        context.set_default_timeout(30_000)
        try:
            yield context
        finally:
            context.close()
            browser.close()


def fill_sign_in(page: Page, username: str, password: str, new_password: str = "") -> None:
    """Fill the sign-in form where one is shown; with a one-time password, choose a new one."""
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    if new_password:
        page.fill("[name=current]", password)
        page.fill("[name=password]", new_password)
        page.fill("[name=again]", new_password)
        page.press("[name=again]", "Enter")


class Person:
    """Somebody at the desktop, with a folder for the command line's settings."""

    def __init__(self, studio: Studio, name: str) -> None:
        self.studio = studio
        self.name = name
        self.folder = studio.root / "people" / name
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> Mapping[str, str]:
        return {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config")}

    def login(self, page: Page, password: str, new_password: str = "") -> None:
        """``aigc login`` on the desktop; the browser there opens what it prints."""
        link = f"aigc://join/{HOST}:7443?pin={self.studio.ready['pin']}"
        with subprocess.Popen(
            self.studio.desk.command(
                *("env", *(f"{k}={v}" for k, v in self.environment.items())),
                *(AIGC, "login", "--coordinator", link, "--store", "file"),
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as program:
            assert program.stdout is not None
            told = ""
            for line in program.stdout:
                told += line
                found = re.search(r"https://\S+", line)
                if found:
                    break
            else:
                raise AssertionError(told)
            page.goto(found[0])
            fill_sign_in(page, self.name, password, new_password)
            page.wait_for_url("http://127.0.0.1:*/**")
            told += program.stdout.read()
            assert program.wait(timeout=60) == 0, told

    def aigc(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The command line on the desktop, as this person."""
        return self.studio.desk.run(AIGC, *words, environment=self.environment, check=check)


def until_text(page: Page, selector: str, text: str, seconds: float = 30) -> None:
    """Until an element of the page holds a text."""
    wait_until(
        f"{text!r} in {selector}", lambda: text in page.locator(selector).inner_text(), seconds
    )
