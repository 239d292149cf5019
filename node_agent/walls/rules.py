"""Which nftables rules there must be, as plain values; pure.

One table of our own (Docker, ufw and firewalld never touch it), at a priority before theirs: what
is refused here is refused for good, what is accepted here still passes their rules. The rules go
by the names of the bridges, which all begin alike: a network that was made a moment ago and is not
known yet is closed from its first packet.

Every rule carries a comment that ends with the hash of its text, so that a listing of the kernel's
rules, whatever version of nft wrote it, can be compared with what should be there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aigc.egress import PRIVATE, Destination

# Before the priority of Docker's, ufw's and firewalld's filter chains (0 and 10).
_FILTER = -10
# Before Docker's redirections (-100).
_REDIRECT = -105
_REFUSE = "counter reject with icmpx type admin-prohibited"
_ANY_PORT = "meta l4proto { tcp, udp }"
# Of different destinations one engine's refusals are counted apart; more are counted together.
MOST_COUNTED = 1024
DNS = 53
# Where our answers to questions for names are given, on each bridge that has a list.
NAMES_PORT = 53053


def bridge_prefix(scope: str) -> str:
    """How the bridges of all networks of a scope begin; an interface's name has 15 characters."""
    return f"aigc-{hashlib.sha256(scope.encode()).hexdigest()[:3]}"


def table_name(scope: str) -> str:
    return f"aigc_{scope.replace('-', '_')}"


@dataclass(frozen=True, slots=True)
class EngineNetwork:
    """One instance's network, and where it may go.

    Attributes:
        bridge: the interface on this machine.
        gateway: this machine's address on it; needed where names are listed.
        internet: every address that is not private.
        resolvers: the name servers that it may ask directly.
        destinations: also these; private ones were checked against agent.toml.
    """

    bridge: str
    gateway: str = ""
    internet: bool = False
    resolvers: tuple[str, ...] = ()
    destinations: tuple[Destination, ...] = ()

    @property
    def key(self) -> str:
        """Names its chains."""
        return self.bridge.rpartition("-")[2]

    @property
    def names(self) -> bool:
        """Whether host names are listed, so that we answer for them."""
        return bool(self.gateway) and any(d.name for d in self.destinations)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all rules of one machine share.

    Attributes:
        user: id of the agent's user, who alone reaches engines.
        mark: of the agent's own connections to engines; 0: connections are not marked.
        ours: addresses of the coordinator and the gateway, refused to engines even where public.
    """

    scope: str
    user: int
    mark: int = 0
    ours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    text: str
    purpose: str

    @property
    def comment(self) -> str:
        return f"{self.purpose} #{hashlib.sha256(self.text.encode()).hexdigest()[:10]}"

    def render(self) -> str:
        return f'{self.text} comment "{self.comment}"'


@dataclass(frozen=True, slots=True)
class Chain:
    name: str
    rules: tuple[Rule, ...]
    base: tuple[str, str, int] | None = None  # type, hook and priority of a base chain

    def render(self) -> str:
        lines = [f"\tchain {self.name} {{"]
        if self.base is not None:
            kind, hook, priority = self.base
            lines.append(f"\t\ttype {kind} hook {hook} priority {priority}; policy accept;")
        lines += [f"\t\t{rule.render()}" for rule in self.rules]
        return "\n".join([*lines, "\t}"])


@dataclass(frozen=True, slots=True)
class Set:
    """``elements`` is None where they come and go by themselves."""

    name: str
    definition: str
    elements: tuple[str, ...] | None = None
    is_map: bool = False

    def render(self) -> str:
        lines = [f"\t{'map' if self.is_map else 'set'} {self.name} {{", f"\t\t{self.definition}"]
        if self.elements:
            lines.append(f"\t\telements = {{ {', '.join(self.elements)} }}")
        return "\n".join([*lines, "\t}"])


@dataclass(frozen=True, slots=True)
class Part:
    """What belongs to one engine's network."""

    sets: tuple[Set, ...]
    chains: tuple[Chain, ...]
    verdicts: tuple[tuple[str, str], ...]  # map, element


@dataclass(frozen=True, slots=True)
class Table:
    """All rules of one scope."""

    ground: Ground
    engines: Mapping[str, EngineNetwork] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return table_name(self.ground.scope)

    def sets(self) -> tuple[Set, ...]:
        parts = [part(e, self.ground) for e in self.engines.values()]
        found = [
            Set("private", "type ipv4_addr; flags interval;", tuple(str(n) for n in PRIVATE)),
            Set("ours", "type ipv4_addr;", tuple(sorted(self.ground.ours))),
        ]
        for name in ("at_host", "on_the_way", "asks"):
            elements = tuple(e for p in parts for to, e in p.verdicts if to == name)
            found.append(Set(name, "type ifname : verdict;", elements, is_map=True))
        return (*found, *(s for p in parts for s in p.sets))

    def chains(self) -> tuple[Chain, ...]:
        parts = [part(e, self.ground) for e in self.engines.values()]
        return (*(c for p in parts for c in p.chains), *_base_chains(self.ground))

    def render(self) -> str:
        """A script that puts this table in the place of the one that is there, in one step."""
        return "\n".join(
            [
                f"table inet {self.name}",
                f"delete table inet {self.name}",
                f"table inet {self.name} {{",
                *(s.render() for s in self.sets()),
                *(c.render() for c in self.chains()),
                "}",
                "",
            ]
        )


def _base_chains(ground: Ground) -> tuple[Chain, ...]:
    here = f'"{bridge_prefix(ground.scope)}*"'
    known = Rule("ct state established,related accept", "what was let begin")
    mine = f"meta skuid {ground.user}"
    if ground.mark:
        mine += f" meta mark {ground.mark:#010x}"
    return (
        Chain(
            "to_engines",
            (
                Rule(f"oifname != {here} accept", "not to an engine"),
                known,
                Rule(f"{mine} accept", "the agent"),
                Rule(_REFUSE, "other users of this machine"),
            ),
            ("filter", "output", _FILTER),
        ),
        Chain(
            "from_engines",
            (
                Rule(f"iifname != {here} accept", "not from an engine"),
                known,
                Rule("iifname vmap @at_host", "each network its own"),
                Rule(_REFUSE, "a network that is not known yet"),
            ),
            ("filter", "input", _FILTER),
        ),
        Chain(
            "through",
            (
                Rule(f"iifname != {here} oifname != {here} accept", "not ours"),
                known,
                Rule("iifname vmap @on_the_way", "each network its own"),
                Rule("counter drop", "neighbours and the LAN"),
            ),
            ("filter", "forward", _FILTER),
        ),
        Chain(
            "names",
            (Rule("iifname vmap @asks", "questions for names"),),
            ("nat", "prerouting", _REDIRECT),
        ),
    )


def part(engine: EngineNetwork, ground: Ground) -> Part:
    """The sets and chains of one engine's network."""
    key = engine.key
    refuse = Rule(f"goto refuse_{key}", "the rest")
    counted = f"refused_{key}"
    sets = [
        Set(
            counted,
            "type ipv4_addr . inet_proto . inet_service; "
            f"size {MOST_COUNTED}; flags dynamic,timeout; timeout 1d;",
        )
    ]
    chains = [
        Chain(
            f"refuse_{key}",
            (
                Rule(
                    f"{_ANY_PORT} update @{counted} "
                    "{ ip daddr . meta l4proto . th dport counter }",
                    "counted by destination",
                ),
                Rule(_REFUSE, "refused"),
            ),
        )
    ]
    verdicts = [
        ("at_host", f'"{engine.bridge}" : goto host_{key}'),
        ("on_the_way", f'"{engine.bridge}" : goto way_{key}'),
    ]
    answered: tuple[Rule, ...] = ()
    if engine.names:
        sets += [
            Set(
                f"named_{key}",
                "type ipv4_addr . inet_service; size 65535; flags timeout;",
            ),
            Set(f"named_whole_{key}", "type ipv4_addr; size 65535; flags timeout;"),
        ]
        chains.append(
            Chain(
                f"ask_{key}",
                (
                    Rule(
                        f"ip daddr {engine.gateway} {_ANY_PORT} th dport {DNS} "
                        f"redirect to :{NAMES_PORT}",
                        "we answer",
                    ),
                ),
            )
        )
        verdicts.append(("asks", f'"{engine.bridge}" : goto ask_{key}'))
        answered = (
            Rule(
                f"ip daddr {engine.gateway} {_ANY_PORT} th dport {NAMES_PORT} accept",
                "questions for names",
            ),
        )
    # A name server may be this machine itself, by its address on the LAN.
    chains.append(Chain(f"host_{key}", (*answered, *_name_servers(engine), refuse)))
    chains.append(Chain(f"way_{key}", (*_way_out(engine, ground), refuse)))
    return Part(tuple(sets), tuple(chains), tuple(verdicts))


def _way_out(engine: EngineNetwork, ground: Ground) -> Iterable[Rule]:
    key = engine.key
    refuse = f"goto refuse_{key}"
    yield Rule(f'oifname "{bridge_prefix(ground.scope)}*" {refuse}', "another engine")
    yield from _name_servers(engine)
    yield Rule(f"ip daddr @ours {refuse}", "coordinator and gateway")
    if engine.names:
        yield Rule(f"{_ANY_PORT} ip daddr . th dport @named_{key} accept", "listed names")
        yield Rule(f"ip daddr @named_whole_{key} accept", "listed names")
    for private in (True, False):
        for place in engine.destinations:
            if place.network is not None and place.is_private is private:
                yield Rule(f"{_place(place)} accept", "listed")
        if private:
            yield Rule(f"ip daddr @private {refuse}", "private")
    if engine.internet:
        yield Rule("meta nfproto ipv4 accept", "the internet")


def _name_servers(engine: EngineNetwork) -> Iterable[Rule]:
    if engine.internet:
        for server in engine.resolvers:
            yield Rule(f"ip daddr {server} {_ANY_PORT} th dport {DNS} accept", "name server")


def _place(place: Destination) -> str:
    if not place.ports:
        return f"ip daddr {place.network}"
    ports = ", ".join(map(str, place.ports))
    return f"ip daddr {place.network} {_ANY_PORT} th dport {{ {ports} }}"


def addition(table: Table, engine: EngineNetwork) -> str:
    """A script that adds one engine's network to a table that is there, in one step."""
    added = part(engine, table.ground)
    return "\n".join(
        [
            f"table inet {table.name} {{",
            *(s.render() for s in added.sets),
            *(c.render() for c in added.chains),
            "}",
            *(f"add element inet {table.name} {to} {{ {e} }}" for to, e in added.verdicts),
            "",
        ]
    )


def removal(table: Table, engine: EngineNetwork) -> str:
    """A script that takes one engine's network out of a table that is there, in one step."""
    gone = part(engine, table.ground)
    key = f"inet {table.name}"
    lines = [f"delete element {key} {to} {{ {e} }}" for to, e in gone.verdicts]
    lines += [f"flush chain {key} {c.name}" for c in gone.chains]
    lines += [f"delete chain {key} {c.name}" for c in gone.chains]
    lines += [f"delete set {key} {s.name}" for s in gone.sets]
    return "\n".join([*lines, ""])
