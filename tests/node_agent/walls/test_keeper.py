"""The rules in a real kernel, in a network namespace of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc.egress import parse
from node_agent.engines.docker_walls import machine_name_servers
from node_agent.walls import nftables, obstacles, report
from node_agent.walls.keeper import Walls
from node_agent.walls.knock import Knock
from node_agent.walls.nftables import Nft, NftError
from node_agent.walls.rules import EngineNetwork

pytestmark = [pytest.mark.studio, pytest.mark.timeout(60)]

_NAME = f"aigc-walls-{os.getpid()}"
_KNOCK = """
import json, sys
from node_agent.walls.knock import knock
print(json.dumps(str(knock((sys.argv[1], int(sys.argv[2]))))))
"""

_LISTEN = """
import socket, sys
made = socket.create_server(("10.201.0.1", 9))
print("up", flush=True)
sys.stdin.read()
"""


class Kernel:
    """A network namespace: bridges in it, and what nft there says."""

    def __init__(self, folder: Path) -> None:
        self.before = ("ip", "netns", "exec", _NAME)
        self.nft = Nft(self.before)
        self.interfaces = folder

    def run(self, *words: str) -> str:
        done = subprocess.run([*self.before, *words], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def walls(self, knock: Knock = Knock.REFUSED, wanted: bool = True) -> Walls:
        return Walls(
            "studio", 0x216C, self.nft, wanted=wanted, interfaces=self.interfaces,
            try_door=lambda _: knock,
        )  # fmt: skip

    def table(self) -> str:
        return self.run("nft", "list", "table", "inet", "aigc_studio")


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    subprocess.run(["ip", "netns", "del", _NAME], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "add", _NAME], check=True)
    try:
        yield Kernel(tmp_path)
    finally:
        subprocess.run(["ip", "netns", "del", _NAME], check=True)


def network(walls: Walls, number: int, **more: object) -> EngineNetwork:
    return EngineNetwork(f"{walls.prefix}{number:07x}", **more)  # type: ignore[arg-type]


def a_list(walls: Walls, number: int) -> EngineNetwork:
    listed = ("pypi.org:443", "192.168.1.7:445", "203.0.113.0/24", "mirror.example")
    return network(
        walls, number, gateway="10.201.0.1", destinations=tuple(parse(text) for text in listed)
    )


def here(kernel: Kernel, *engines: EngineNetwork) -> None:
    for engine in engines:
        (kernel.interfaces / engine.bridge).mkdir(exist_ok=True)


def test_networks_come_and_go_and_each_look_agrees(kernel: Kernel) -> None:
    walls = kernel.walls()
    assert walls.trouble == obstacles.NOT_YET
    first = network(walls, 1)
    here(kernel, first)
    walls.install([first])
    assert walls.trouble is None
    others = [network(walls, 2, internet=True, resolvers=("10.0.0.1",)), a_list(walls, 3)]
    for engine in others:
        here(kernel, engine)
        assert walls.put(engine) is None
    for engine in others:
        sight = walls.look(None)
        assert (sight.trouble, sight.repaired) == (None, ())
        walls.drop(engine.bridge)
    sight = walls.look(None)
    assert (sight.trouble, sight.repaired) == (None, ())
    assert "pypi" not in kernel.table()


def test_what_was_counted_stays_when_an_agent_takes_over(kernel: Kernel) -> None:
    walls = kernel.walls()
    engine = a_list(walls, 1)
    here(kernel, engine)
    walls.install([engine])
    assert walls.let(engine.bridge, [("203.0.113.9", 443), ("203.0.113.9", None)], 600)
    key = engine.key
    kernel.run(
        *("nft", "add", "element", "inet", "aigc_studio", f"refused_{key}"),
        "{ 192.168.9.9 . tcp . 445 counter packets 7 bytes 420 }",
    )
    after = kernel.walls()
    after.install([engine])
    sight = after.look(None)
    assert sight.repaired == ()
    assert sight.readings[engine.bridge].places == {("192.168.9.9", "tcp", 445): 7}
    assert "203.0.113.9 . 443" in kernel.table()


@pytest.mark.parametrize(
    "harm",
    [
        "flush chain inet aigc_studio through",
        "flush set inet aigc_studio private",
        "delete table inet aigc_studio",
        "add chain inet aigc_studio more",
        "insert rule inet aigc_studio to_engines accept",
        "flush map inet aigc_studio on_the_way",
        "add element inet aigc_studio ours { 203.0.113.1 }",
    ],
)
def test_what_somebody_changed_is_found_and_put_right(kernel: Kernel, harm: str) -> None:
    walls = kernel.walls()
    engine = a_list(walls, 1)
    here(kernel, engine)
    walls.install([engine])
    kernel.run("nft", *harm.split())
    sight = walls.look(None)
    assert sight.trouble is None
    assert sight.repaired
    assert walls.look(None).repaired == ()


def test_a_start_after_the_table_was_taken_away_puts_it_up_again(kernel: Kernel) -> None:
    walls = kernel.walls()
    walls.install([])
    kernel.run("nft", "delete", "table", "inet", "aigc_studio")
    engine = network(walls, 1)
    here(kernel, engine)
    assert walls.put(engine) is None
    assert engine.key in kernel.table()
    assert "other users of this machine" in kernel.table()


def test_addresses_of_ours_are_refused_even_where_public(kernel: Kernel) -> None:
    walls = kernel.walls()
    walls.protect({"203.0.113.5"})
    walls.install([])
    assert "203.0.113.5" in kernel.table()
    walls.protect({"203.0.113.6"})
    assert "203.0.113.5" not in kernel.table()
    assert walls.look(None).repaired == ()
    walls.protect(set())
    assert walls.look(None).repaired == ()


@pytest.mark.parametrize("how", [Knock.CONNECTED, Knock.UNANSWERED])
def test_rules_that_do_not_hold_open_the_door(kernel: Kernel, how: Knock) -> None:
    walls = kernel.walls(how)
    walls.install([])
    sight = walls.look(("10.201.0.2", 8188))
    assert sight.trouble == obstacles.of_knock(str(how))
    assert walls.trouble == sight.trouble
    assert walls.look(None).trouble is None


def test_why_the_door_is_open_is_said(kernel: Kernel) -> None:
    walls = kernel.walls()
    walls.install([network(walls, 1)])
    assert walls.look(None).trouble == obstacles.ELSEWHERE  # its bridge is not here
    assert walls.look(None, old="i-7").trouble == obstacles.ELSEWHERE
    walls = kernel.walls()
    walls.install([])
    assert walls.look(None, old="i-7").trouble == obstacles.of_old_network("i-7")
    walls.name_obstacle(obstacles.ROOTLESS)
    assert walls.look(None).trouble == obstacles.ROOTLESS
    off = kernel.walls(wanted=False)
    off.name_obstacle(None)
    off.install([])
    assert off.look(None).trouble == obstacles.SWITCHED_OFF
    assert obstacles.of_docker({"SecurityOptions": ["name=rootless"]}, "/x", False) == (
        obstacles.ROOTLESS
    )
    assert obstacles.of_docker({}, "/x", True) == obstacles.PUBLISHED


def test_without_nft_or_the_right_to_it_the_reason_says_how_to_mend_it(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    user = Nft((*kernel.before, "setpriv", "--reuid=65534", "--clear-groups"))
    walls = Walls("studio", 0, user, interfaces=tmp_path)
    walls.install([])
    assert walls.trouble is not None
    assert "CAP_NET_ADMIN" in walls.trouble.en
    assert not report.look("studio", user)["up"]
    monkeypatch.setattr("node_agent.walls.nftables._PATHS", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    walls = Walls("studio", 0, Nft(), interfaces=tmp_path)
    walls.install([])
    assert walls.trouble is not None
    assert "package nftables" in walls.trouble.en


def test_they_are_reported_and_taken_down(kernel: Kernel) -> None:
    assert not report.look("studio", kernel.nft)["up"]
    walls = kernel.walls()
    walls.install([network(walls, 1)])
    assert report.look("studio", kernel.nft)["up"]
    kernel.run("nft", "flush", "chain", "inet", "aigc_studio", "through")
    told = report.look("studio", kernel.nft)
    assert not told["up"]
    assert "through" in told["message"]
    assert report.remove("studio", kernel.nft)
    assert not report.remove("studio", kernel.nft)


def test_a_script_is_carried_out_whole_or_not_at_all(kernel: Kernel) -> None:
    walls = kernel.walls()
    walls.install([])
    before = kernel.table()
    with pytest.raises(NftError):
        kernel.nft.apply("flush chain inet aigc_studio through\nadd rule inet aigc_studio x y\n")
    assert kernel.table() == before
    assert kernel.nft.listing("no_such_table") is None
    assert nftables.counted([]).rules == {}


def test_a_knock_is_another_users(kernel: Kernel) -> None:
    """Connected without the walls, refused with them; the agent's own mark passes."""
    kernel.run("ip", "link", "set", "lo", "up")
    bridge = f"{kernel.walls().prefix}0000001"
    kernel.run("ip", "link", "add", bridge, "type", "veth", "peer", "name", "nobody")
    kernel.run("ip", "link", "set", "nobody", "up")
    kernel.run("ip", "addr", "add", "10.201.0.1/24", "dev", bridge)
    kernel.run("ip", "link", "set", bridge, "up")

    def knock(host: str) -> str:
        return str(json.loads(kernel.run(sys.executable, "-c", _KNOCK, host, "9")))

    assert knock("10.201.0.2") == "unanswered"
    kernel.walls().install([])
    assert knock("10.201.0.2") == "refused"
    kernel.run("nft", "delete", "table", "inet", "aigc_studio")
    listening = subprocess.Popen(
        [*kernel.before, sys.executable, "-c", _LISTEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with listening:
        assert listening.stdout is not None
        assert listening.stdin is not None
        listening.stdout.readline()
        assert knock("10.201.0.1") == "connected"
        listening.stdin.close()


def test_name_servers_are_those_behind_a_local_one(tmp_path: Path) -> None:
    plain, behind = tmp_path / "resolv.conf", tmp_path / "behind.conf"
    plain.write_text("search lan\nnameserver 127.0.0.53\noptions edns0\n")
    behind.write_text("nameserver 192.168.1.1\nnameserver fe80::1\nnameserver 9.9.9.9\n")
    assert machine_name_servers(plain, behind) == ("192.168.1.1", "9.9.9.9")
    plain.write_text("nameserver 10.77.0.10\n")
    assert machine_name_servers(plain, behind) == ("10.77.0.10",)
    assert machine_name_servers(tmp_path / "none", tmp_path / "neither") == ()


def test_a_listing_that_cannot_be_read_is_said_and_harms_nobody(tmp_path: Path) -> None:
    program = tmp_path / "nft"
    program.write_text('#!/bin/sh\necho \'{"nftables": [{"rule": {"x": 1}}]}\'\n')
    program.chmod(0o755)

    class Odd(Nft):
        def _run(self, *arguments: str, text: str = "") -> str:
            done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
            return done.stdout

    walls = Walls("studio", 0, Odd(), interfaces=tmp_path)
    walls.install([])
    sight = walls.look(None)
    assert sight.trouble is not None
    assert "cannot be read" in sight.trouble.en
