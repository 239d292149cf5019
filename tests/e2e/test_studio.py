"""The whole story in a studio of machines: real names, TLS, two Docker Engines, a desktop.

IT installs, two machines join, Lin starts an engine from the desktop, draws, leaves, comes back;
Ming is refused at Lin's engine. Nothing is on loopback but the browser's way back at sign-in.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.studio.desk import Person, chromium, fill_sign_in
from tests.studio.machine import wait_until
from tests.studio.network import ADDRESSES
from tests.studio.studio import GPU_MACHINES, HOST, ZONE, Studio

pytestmark = [pytest.mark.studio, pytest.mark.slow, pytest.mark.timeout(420)]

_PASSWORDS = {"it": "a long password for it", "lin": "lin draws cranes", "ming": "ming likes rain"}


def test_the_story(studio: Studio, tmp_path: Path) -> None:
    studio.start_coordinator()
    studio.first_admin("it", _PASSWORDS["it"])
    studio.trust_authority(tmp_path)

    # IT, from the desktop: two machines join by the one line.
    it = Person(studio, "it")
    with chromium(studio.desk, tmp_path) as browser:
        it.login(browser.new_page(), _PASSWORDS["it"])
    for name in GPU_MACHINES:
        studio.join(name, it.aigc("coordinator", "join-command").stdout.strip())
        studio.start_agent(name)

    def both_online() -> bool:
        nodes = json.loads(it.aigc("nodes", "list", "--json").stdout)
        return len(nodes) == 2 and all(n["online"] and not n["problems"] for n in nodes)

    wait_until("two machines online", both_online, 60)

    people = {}
    for name in ("lin", "ming"):
        made = json.loads(it.aigc("people", "add", name, "--json").stdout)
        people[name] = Person(studio, name)
        with chromium(studio.desk, tmp_path) as browser:
            people[name].login(browser.new_page(), made["one_time_password"], _PASSWORDS[name])
    lin = people["lin"]

    # Lin starts, and her browser opens the engine: TLS with a name of its own.
    lin.aigc("start", "demo", "--wait")
    instance = json.loads(lin.aigc("list", "--json").stdout)[0]
    assert instance["state"] == "ready", instance
    assert instance["url"].endswith(f".{ZONE}:8443/") or instance["url"].endswith(f".{ZONE}:8443")
    with chromium(studio.desk, tmp_path) as browser:
        page = browser.new_page()
        page.goto(instance["url"])
        fill_sign_in(page, "lin", _PASSWORDS["lin"])
        make_image(page, "a crane in the rain")
        lin.aigc("stop", instance["name"])
        wait_until("the stop", lambda: state(lin) == "stopped", 60)

        # The machine that held her files is the one that runs her engine again; the visit itself
        # starts it and the waiting page turns into the engine.
        page.goto(instance["url"])
        page.wait_for_selector("#gallery img", timeout=60_000)
        assert state(lin) == "ready"
        assert "a crane in the rain" in page.locator("#gallery").inner_html()

    # Ming is signed in and is refused, in words.
    with chromium(studio.desk, tmp_path) as browser:
        page = browser.new_page()
        page.goto(f"https://{HOST}:7440/")
        fill_sign_in(page, "ming", _PASSWORDS["ming"])
        page.wait_for_url(f"https://{HOST}:7440/engines")
        answer = page.goto(instance["url"])
        assert answer is not None
        assert answer.status == 403
        assert page.locator("#gallery").count() == 0

    # No engine port is open anywhere but inside the engine's own network.
    for name in GPU_MACHINES:
        published = studio.machines[name].docker("ps", "--format", "{{.Ports}}").split()
        assert not any("->" in port for port in published), published
    listening = studio.coord.run("ss", "-ltnH").stdout
    ours = {line.split()[3].rpartition(":")[2] for line in listening.splitlines()}
    assert ours - {"53"} == {"7440", "7443", "7444", "7445", "8443"}, listening
    for name in GPU_MACHINES:
        assert studio.machines[name].run("ss", "-ltnH").stdout.strip() == "", ADDRESSES[name]


def make_image(page: Page, prompt: str) -> None:
    """Draw one picture over the engine's WebSocket, as a person does."""
    page.fill("#prompt", prompt)
    page.click("#make")
    page.wait_for_selector("#gallery img", timeout=60_000)


def state(person: Person) -> str:
    found = json.loads(person.aigc("list", "--json").stdout)
    return str(found[0]["state"])
