"""Names that an engine may reach: real datagrams and streams, a real name server behind."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

import dns.asyncquery
import dns.message
import dns.rcode
import pytest
import pytest_asyncio

from aigc.egress import parse
from node_agent.walls.resolver import Found, Names
from node_agent.walls.rules import EngineNetwork

_HERE = "127.0.0.9"
_PUBLIC = ipaddress.IPv4Address("203.0.113.10")
_NAS = ipaddress.IPv4Address("192.168.50.1")


@dataclass
class House:
    """What the machine's own name servers say, and what was let through."""

    port: int
    names: Names = field(init=False)
    let: list[tuple[str, tuple[str, int | None], int]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    holds: bool = True

    def open_walls(
        self, bridge: str, elements: Iterable[tuple[str, int | None]], seconds: int
    ) -> bool:
        self.let += [(bridge, element, seconds) for element in elements]
        return self.holds

    async def look_up(self, name: str) -> Found:
        self.looked_up.append(name)
        if name == "slow.example":
            raise TimeoutError
        known = {
            "mirror.example": (_PUBLIC,),
            "cdn.hf.example": (_PUBLIC,),
            "nas.example": (_NAS,),
            "both.example": (_PUBLIC, _NAS),
        }
        return Found(known.get(name, ()), 60, exists=name in known)

    async def ask(
        self, name: str, kind: str = "A", tcp: bool = False
    ) -> tuple[dns.rcode.Rcode, list[str]]:
        question = dns.message.make_query(name, kind)
        over = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        answer = await over(question, _HERE, timeout=10, port=self.port)
        return answer.rcode(), [str(record) for found in answer.answer for record in found]


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as free:
        free.bind((_HERE, 0))
        port = free.getsockname()[1]
    made = House(port)
    private = [parse("192.168.50.1:8080")]
    made.names = Names(made.open_walls, private, made.look_up, port)
    yield made
    await made.names.unload()


def engine(*listed: str, internet: bool = False) -> EngineNetwork:
    return EngineNetwork("aigc-0001", _HERE, internet, (), tuple(parse(text) for text in listed))


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_listed_name_is_answered_and_let_through_first(house: House, tcp: bool) -> None:
    house.names.open(engine("mirror.example:80,443", "*.hf.example"))
    assert await house.ask("Mirror.Example", tcp=tcp) == (dns.rcode.NOERROR, [str(_PUBLIC)])
    assert {element for _, element, _ in house.let} == {(str(_PUBLIC), 80), (str(_PUBLIC), 443)}
    assert await house.ask("cdn.hf.example", tcp=tcp) == (dns.rcode.NOERROR, [str(_PUBLIC)])
    assert (str(_PUBLIC), None) in {element for _, element, _ in house.let}
    assert all(seconds >= 120 for _, _, seconds in house.let)  # longer than the answer holds


async def test_it_is_not_let_through_anew_each_time(house: House) -> None:
    house.names.open(engine("mirror.example"))
    for _ in range(5):
        await house.ask("mirror.example")
    assert len(house.let) == 1


async def test_what_is_not_listed_is_never_asked_for(house: House) -> None:
    house.names.open(engine("mirror.example", "*.hf.example"))
    for name in (
        "secret-42.exfiltrate.example",
        "hf.example",
        "xmirror.example",
        "mirror.example.x",
    ):
        assert await house.ask(name) == (dns.rcode.NXDOMAIN, [])
        assert await house.ask(name, "TXT") == (dns.rcode.NXDOMAIN, [])
    assert house.looked_up == []
    assert house.let == []
    assert await house.ask("<b>bold</b>.example") == (dns.rcode.NXDOMAIN, [])
    assert house.names.refused("aigc-0001")["hf.example", "name", 0] == 2
    assert house.names.refused("aigc-0001")["?", "name", 0] == 1


async def test_a_private_address_of_a_listed_name_only_as_the_machine_allows(house: House) -> None:
    house.names.open(engine("nas.example", "both.example:443"))
    assert await house.ask("nas.example") == (dns.rcode.NOERROR, [str(_NAS)])
    assert [element for _, element, _ in house.let] == [(str(_NAS), 8080)]
    assert await house.ask("both.example") == (dns.rcode.NOERROR, [str(_PUBLIC)])
    house.names.open(engine("nas.example:445"))
    assert await house.ask("nas.example") == (dns.rcode.NXDOMAIN, [])
    assert ("nas.example", "name", 0) in house.names.refused("aigc-0001")


async def test_with_the_internet_every_name_is_answered(house: House) -> None:
    house.names.open(engine("nas.example:8080", internet=True))
    assert await house.ask("mirror.example") == (dns.rcode.NOERROR, [str(_PUBLIC)])
    assert house.let == []
    assert await house.ask("nas.example") == (dns.rcode.NOERROR, [str(_NAS)])
    assert [element for _, element, _ in house.let] == [(str(_NAS), 8080)]


async def test_nothing_is_answered_that_is_not_let_through(house: House) -> None:
    house.holds = False
    house.names.open(engine("mirror.example"))
    assert await house.ask("mirror.example") == (dns.rcode.SERVFAIL, [])


async def test_what_has_no_answer_says_so(house: House) -> None:
    house.names.open(engine("*.example"))
    assert await house.ask("slow.example") == (dns.rcode.SERVFAIL, [])
    assert await house.ask("nobody.example") == (dns.rcode.NXDOMAIN, [])
    assert await house.ask("mirror.example", "AAAA") == (dns.rcode.NOERROR, [])


async def test_what_is_no_question_is_left_alone(house: House) -> None:
    house.names.open(engine("mirror.example"))
    response = dns.message.make_response(dns.message.make_query("mirror.example", "A")).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        for wire in (b"", b"\0", b"x" * 500, response):
            asking.sendto(wire, (_HERE, house.port))
        assert await house.ask("mirror.example") == (dns.rcode.NOERROR, [str(_PUBLIC)])
        with pytest.raises(BlockingIOError):
            asking.recv(512)


async def test_a_network_that_is_gone_is_answered_no_more(house: House) -> None:
    house.names.open(engine("mirror.example"))
    await house.ask("mirror.example")
    house.names.close("aigc-0001")
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(_HERE, house.port)
