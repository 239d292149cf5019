"""Attack 18, first half: engines' ports from every side, and everything from inside an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.walled import (
    INTERNET_HOST,
    INTRANET,
    LISTED,
    LISTED_PRIVATE,
    MACHINE,
    METADATA,
    UNLISTED_PRIVATE,
    Walled,
    walled,
)
from tests.studio.machine import wait_until
from tests.studio.network import ADDRESSES, LAN, run

pytestmark = [
    pytest.mark.studio,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.attack(18),
]

_PORT = 8188  # of the demo engine
_ROUTER = "10.77.0.1"
# The coordinator's and the gateway's ports.
_OURS = (7440, 7443, 7444, 7445, 8443)


@pytest.fixture(scope="module")
def here() -> Iterator[Walled]:
    with walled() as made:
        yield made


def test_the_door_is_told_as_closed_and_engines_work(here: Walled) -> None:
    node = here.node()
    assert node["door"] == "closed"
    assert node["door_reason"] is None
    for instance in here.aigc("list", who="me"):
        assert instance["state"] == "ready"
        page = instance["url"].rstrip("/")
        assert here.desk.ask("visit", page=page) == 200


def test_nobody_but_the_agent_reaches_an_engine(here: Walled) -> None:
    """From other users of the GPU machine, from the LAN, and from a neighbour's container."""
    lan = (LAN, here.studio.desk.namespace)
    for namespace in lan:
        _route(namespace, here)

    def attempts() -> dict[str, bool]:
        found = {}
        for engine, address in here.addresses.items():
            found[f"another user to {engine}"] = here.as_user(65534, address, _PORT)
            found[f"root to {engine}"] = here.as_user(0, address, _PORT)
            for namespace in lan:
                found[f"{namespace} to {engine}"] = here.from_namespace(namespace, address, _PORT)
        found["a neighbour"] = here.inside("internet", here.addresses["list"], _PORT)
        return found

    assert not any(attempts().values())
    assert here.desk.ask("page", page=_url(here, "none")) == 200
    with here.without_walls():
        assert all(attempts().values())
    assert not any(attempts().values())


@pytest.mark.parametrize("engine", ["none", "internet", "list"])
def test_an_engine_reaches_nothing_that_is_ours_or_private(here: Walled, engine: str) -> None:
    gateway = here.machine.docker(
        *("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}"),
        here.containers[engine],
    ).strip()
    gateway = gateway or here.addresses[engine].rpartition(".")[0] + ".1"
    places = [
        *((ADDRESSES["coord"], port) for port in _OURS),
        (ADDRESSES[MACHINE], 9100),  # this machine by its own address
        (gateway, 9100),  # and by its address on the engine's network
        (ADDRESSES["desk"], 8000),
        (INTRANET, 445),
        (METADATA, 80),
    ]
    reached = [place for place in places if here.inside(engine, *place)]
    assert reached == []
    if engine == "none":
        return  # its network has no way out in any case; the others show that these are there
    with here.without_walls():
        closed = [place for place in places if not here.inside(engine, *place)]
    assert closed == []


def test_ipv6_is_closed_as_a_whole(here: Walled) -> None:
    """Engines' networks have none; one that gets it all the same leads nowhere."""
    machine, engine = here.give_ipv6("internet")

    def attempts() -> list[bool]:
        return [
            here.as_user(65534, engine, 9200),
            here.as_user(0, engine, 9200),
            here.inside("internet", machine, 9200),
        ]

    assert not any(attempts())
    with here.without_walls():
        wait_until("IPv6 without walls", lambda: all(attempts()), 20)
    assert not any(attempts())


def test_multicast_and_name_servers_elsewhere(here: Walled) -> None:
    """Neither by UDP: a name server of the LAN is asked by those with the internet alone."""
    assert here.inside_udp("internet", ADDRESSES["coord"], 53)
    assert not here.inside_udp("none", ADDRESSES["coord"], 53)
    assert not here.inside_udp("list", ADDRESSES["coord"], 53)
    assert not here.inside_udp("internet", "224.0.0.251", 5353)


def test_the_internet_only_for_whom_the_template_says_so(here: Walled) -> None:
    assert here.inside("internet", INTERNET_HOST, 443)
    assert here.inside("internet", LISTED, 80)
    assert not here.inside("none", INTERNET_HOST, 443)
    assert not here.inside("none", INTERNET_HOST, 80)
    assert not here.resolves("none", LISTED)


def test_a_list_is_what_it_says(here: Walled) -> None:
    # Before anybody asked for the name, its address is closed.
    assert not here.inside("list", INTERNET_HOST, 80)
    assert here.inside("list", LISTED, 80)
    assert here.inside("list", INTERNET_HOST, 80)
    assert not here.inside("list", LISTED, 443)  # the port is not listed
    # A private address behind a listed name: as far as agent.toml says, and no further.
    assert here.inside("list", LISTED_PRIVATE, 8080)
    assert not here.inside("list", LISTED_PRIVATE, 445)
    assert not here.resolves("list", UNLISTED_PRIVATE)
    assert not here.inside("list", ADDRESSES["desk"], 8000)
    # What is not listed has no name here, so that nothing is told by asking.
    assert not here.resolves("list", "secret-42.exfiltrate.example")


def test_refusals_are_counted_and_shown(here: Walled) -> None:
    before = here.refused("internet").get(f"{INTRANET}:445", 0)
    for _ in range(3):
        assert not here.inside("internet", INTRANET, 445)
    assert not here.resolves("list", "counted.exfiltrate.example")
    wait_until(
        "three more attempts told",
        lambda: here.refused("internet").get(f"{INTRANET}:445", 0) == before + 3,
        30,
    )
    wait_until(
        "a name told", lambda: here.refused("list").get("counted.exfiltrate.example", 0) >= 1, 30
    )
    mine = next(i for i in here.aigc("list", who="me") if i["id"] == here.instances["internet"])
    assert mine["refused"]["total"] >= 3


def test_what_somebody_changed_is_repaired_and_the_agent_may_be_away(here: Walled) -> None:
    # A rule is gone, a set is emptied, all of it is gone: each is put right within a look.
    for words in (
        ("flush", "chain", "inet", "aigc_studio", "to_engines"),
        ("flush", "set", "inet", "aigc_studio", "private"),
        ("delete", "table", "inet", "aigc_studio"),
    ):
        here.nft(*words)
        wait_until(
            "the repair",
            lambda: (
                "other users of this machine"
                in here.machine.run("nft", "list", "ruleset", check=False).stdout
            ),
            30,
        )
        wait_until("closed again", here.is_closed, 30)
        wait_until(
            "the private addresses",
            lambda: "10.0.0.0/8" in here.nft("list", "set", "inet", "aigc_studio", "private"),
            30,
        )
    assert not here.as_user(65534, here.addresses["none"], _PORT)
    # Without the agent the walls stay; with it they are taken over, with what they counted.
    counted = here.refused("internet")[f"{INTRANET}:445"]
    here.studio.end_agent(MACHINE)
    assert not here.as_user(65534, here.addresses["none"], _PORT)
    assert not here.inside("internet", INTRANET, 445)
    here.studio.start_agent(MACHINE)
    here.until_closed()
    assert counted >= 1
    assert here.desk.ask("page_within", page=_url(here, "none")) < 60


def test_figures_and_debug_pages_are_nobodys(here: Walled) -> None:
    """Unauthenticated, at every port; the control is the one page that says "alive"."""
    host, zone = "aigc.studio.test", _url(here, "none").partition("://")[2].partition(":")[0]
    curl = ("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10")

    def status(port: int, name: str, path: str) -> int:
        address = ADDRESSES["coord"]
        done = here.studio.desk.run(
            *curl, "--resolve", f"{name}:{port}:{address}", f"https://{name}:{port}{path}",
            check=False,
        )  # fmt: skip
        return int(done.stdout)

    assert status(7440, host, "/healthz") == 200
    for path in ("/metrics", "/debug", "/debug/pprof/", "/debug/vars", "/openapi.json", "/docs",
                 "/server-status", "/stats", "/.aigc/metrics", "/.aigc/debug"):  # fmt: skip
        for port, name in ((7440, host), (8443, zone), (8443, host)):
            assert status(port, name, path) in (0, 400, 401, 403, 404, 421), (port, name, path)
    # The agent listens to nobody but its own engines' questions for names.
    listening = here.machine.run("ss", "-Hltnup").stdout
    mine = [line.split() for line in listening.splitlines() if "aigc" in line]
    gateway = here.addresses["list"].rpartition(".")[0] + "."
    assert mine
    assert all(words[4].startswith(gateway) for words in mine), mine


def _url(here: Walled, engine: str) -> str:
    listed = here.aigc("list", who="me")
    return str(next(i["url"] for i in listed if i["id"] == here.instances[engine])).rstrip("/")


def _route(namespace: str, here: Walled) -> None:
    run("ip", "-n", namespace, "route", "replace", "10.201.0.0/16", "via", ADDRESSES[MACHINE])
