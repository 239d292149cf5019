"""Which rules there must be: pure, and told apart by what they allow."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc.egress import PRIVATE, Destination, destination, is_private, parse
from node_agent.walls.nftables import differences, expected
from node_agent.walls.rules import (
    EngineNetwork,
    Ground,
    Table,
    addition,
    bridge_prefix,
    removal,
    table_name,
)

GROUND = Ground("studio", 990, 0x216C)


def network(number: int, **more: object) -> EngineNetwork:
    return EngineNetwork(f"{bridge_prefix('studio')}{number:07x}", **more)  # type: ignore[arg-type]


def way(engine: EngineNetwork) -> list[str]:
    """The rules that what an engine sends elsewhere meets, in order."""
    table = Table(GROUND, {engine.bridge: engine})
    (chain,) = [c for c in table.chains() if c.name == f"way_{engine.key}"]
    return [rule.text for rule in chain.rules]


def test_bridges_fit_into_an_interfaces_name_and_scopes_differ() -> None:
    assert len(network(1).bridge) == 15
    assert bridge_prefix("studio") != bridge_prefix("other")
    assert table_name("two-agents") == "aigc_two_agents"


def test_every_way_ends_in_a_refusal() -> None:
    for engine in (
        network(1),
        network(2, internet=True, resolvers=("10.0.0.1",)),
        network(3, gateway="10.201.0.1", destinations=(parse("pypi.org"), parse("8.8.8.8:53"))),
    ):
        table = Table(GROUND, {engine.bridge: engine})
        for chain in table.chains():
            if chain.base is None and not chain.name.startswith("ask_"):
                assert chain.rules[-1].text.startswith(("goto refuse_", "counter reject"))


def test_private_addresses_are_refused_before_anything_public_is_let_through() -> None:
    engine = network(
        4,
        gateway="10.201.0.1",
        internet=True,
        resolvers=("192.168.1.1",),
        destinations=(parse("192.168.1.7:445"), parse("203.0.113.0/24"), parse("pypi.org")),
    )
    rules = way(engine)
    private = next(i for i, r in enumerate(rules) if "@private" in r)
    ours = next(i for i, r in enumerate(rules) if "@ours" in r)
    accepted = {r: i for i, r in enumerate(rules) if r.endswith("accept")}
    for rule, at in accepted.items():
        if "203.0.113.0/24" in rule or "nfproto" in rule:
            assert at > private
        elif "th dport 53" not in rule:
            assert at > ours
    # A neighbour on this machine before all of it.
    assert rules[0].startswith('oifname "aigc-')
    assert "goto refuse" in rules[0]


def test_without_a_way_out_nothing_is_accepted() -> None:
    assert not [rule for rule in way(network(5)) if "accept" in rule]


def test_the_agent_alone_reaches_engines() -> None:
    (chain,) = [c for c in Table(GROUND).chains() if c.name == "to_engines"]
    texts = [rule.text for rule in chain.rules]
    assert texts[2] == "meta skuid 990 meta mark 0x0000216c accept"
    assert texts[3].startswith("counter reject")


places = st.one_of(
    st.sampled_from(["pypi.org", "*.hf.co", "a-b.example"]).map(parse),
    st.builds(
        lambda a, n, p: destination(str(ipaddress.IPv4Network((a, n), strict=False)), p),
        st.integers(0, 2**32 - 1),
        st.integers(8, 32),
        st.lists(st.integers(1, 65535), max_size=3),
    ),
)
networks = st.builds(
    lambda number, named, internet, listed: network(
        number, gateway="10.201.0.1" if named else "", internet=internet, destinations=tuple(listed)
    ),
    st.integers(0, 0xFFFFFFF),
    st.booleans(),
    st.booleans(),
    st.lists(places, max_size=5),
)


@given(st.lists(networks, max_size=4, unique_by=lambda n: n.bridge), networks)
def test_a_change_in_any_rule_is_a_difference(
    engines: list[EngineNetwork], changed: EngineNetwork
) -> None:
    table = Table(GROUND, {e.bridge: e for e in engines})
    assert differences(expected(table), expected(table)) == []
    if changed.bridge in table.engines:
        if changed != table.engines[changed.bridge]:
            other = replace(table, engines={**table.engines, changed.bridge: changed})
            one, two = table.render(), other.render()
            assert (one == two) == (not differences(expected(table), expected(other)))
    else:
        more = replace(table, engines={**table.engines, changed.bridge: changed})
        assert differences(expected(more), expected(table))
        assert differences(expected(table), expected(more))


@given(networks)
def test_what_is_added_is_what_is_removed(engine: EngineNetwork) -> None:
    table = Table(GROUND)
    made = re.findall(r"^\t(set|chain) (\S+) \{", addition(table, engine), re.M)
    gone = re.findall(r"^delete (set|chain) inet \S+ (\S+)$", removal(table, engine), re.M)
    assert sorted(made) == sorted(gone)


def test_places_are_read_as_they_are_written() -> None:
    assert parse("PyPI.org.:443,80") == Destination(name="pypi.org", ports=(80, 443))
    assert parse("10.0.0.7:445").is_private
    assert not parse("0.0.0.0/0").is_private  # its private part stays refused
    assert str(parse("10.1.0.0/16:80")) == "10.1.0.0/16:80"
    assert parse("*.hf.co").matches("cdn.hf.co")
    assert not parse("*.hf.co").matches("hf.co")
    assert not parse("*.hf.co").matches("evilhf.co")
    assert not parse("hf.co").matches("hf.co.evil.example")


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.*.x", "a b", "::1", "[::1]:80", "host:0", "host:70000", "host:x", "10.0.0.1/8",
     "300.1.1.1", 'x"; flush ruleset', "x\ny", "http://x", "a..b", "-a"],
)  # fmt: skip
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is not|a port is|no IPv6"):
        parse(text)


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_private_is_what_python_calls_not_global(address: ipaddress.IPv4Address) -> None:
    documentation = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24")
    if any(address in ipaddress.IPv4Network(n) for n in documentation):
        return  # nobody's, and nobody is there
    if address.is_multicast or not address.is_global:
        assert is_private(address)


def test_covering_is_by_network_and_ports() -> None:
    nas = parse("192.168.1.0/24:445")
    assert nas.covers(parse("192.168.1.7:445"))
    assert not nas.covers(parse("192.168.1.7"))
    assert not nas.covers(parse("192.168.1.7:445,22"))
    assert not nas.covers(parse("192.168.2.7:445"))
    assert parse("10.0.0.0/8").covers(parse("10.1.1.1"))
    assert not nas.covers(parse("nas.lan:445"))
    assert len(PRIVATE) == 10
