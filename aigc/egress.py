"""Where an engine may go: one destination as templates, agent.toml and the wire write it.

A destination is a host name (``pypi.org``, ``*.hf.co`` for all below it), an IPv4 address or an
IPv4 network, with ports after a colon (``192.168.1.7:445``, ``mirror.lan:80,443``) or all of them.
Engines speak IPv4 only; see docs/adr/0022.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

# What is nobody's on the internet: private, shared (CGNAT), link-local with the clouds' metadata
# address, loopback, benchmarks, multicast and what is reserved.
PRIVATE = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",
    )
)
MOST_DESTINATIONS = 64
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\.?")


@dataclass(frozen=True, slots=True)
class Destination:
    """One place. Exactly one of ``name`` (lower case, perhaps with ``*.`` before it) and
    ``network`` is given; no ``ports`` means all."""

    name: str = ""
    network: ipaddress.IPv4Network | None = None
    ports: tuple[int, ...] = ()

    @property
    def to(self) -> str:
        """The place without its ports, as it is written."""
        if self.network is None:
            return self.name
        alone = self.network.prefixlen == 32
        return str(self.network.network_address if alone else self.network)

    def __str__(self) -> str:
        return f"{self.to}:{','.join(map(str, self.ports))}" if self.ports else self.to

    @property
    def is_private(self) -> bool:
        """Whether all of it is private; a name never is, only the addresses that it has."""
        return self.network is not None and any(self.network.subnet_of(p) for p in PRIVATE)

    def matches(self, name: str) -> bool:
        """Whether a host name (lower case, without the last dot) is meant by it."""
        if self.name.startswith("*."):
            return name.endswith(self.name[1:])
        return bool(self.name) and name == self.name

    def covers(self, other: Destination) -> bool:
        """Whether whoever may go here may go to that network too."""
        if self.network is None or other.network is None:
            return False
        if not other.network.subnet_of(self.network):
            return False
        return not self.ports or (bool(other.ports) and set(other.ports) <= set(self.ports))


def parse(text: str) -> Destination:
    """A destination from its text.

    Raises:
        ValueError: in words, to stand after the name of a field.
    """
    place, colon, listed = text.strip().lower().partition(":")
    if ":" in listed or text.strip().startswith("["):
        raise ValueError(f"{text!r}: engines have no IPv6, write an IPv4 address or a host name")
    if colon:
        return destination(place, [_port(part.strip(), text) for part in listed.split(",")])
    return destination(place, ())


def destination(place: str, ports: Iterable[int]) -> Destination:
    """A destination from a place and ports, each from 1 to 65535.

    Raises:
        ValueError: as :func:`parse`.
    """
    place = place.strip().lower()
    numbers = tuple(sorted(set(ports)))
    if any(not 1 <= number <= 65535 for number in numbers):
        raise ValueError(f"{place}: a port is a number from 1 to 65535")
    if re.fullmatch(r"[0-9./]+", place):
        try:
            return Destination(network=ipaddress.IPv4Network(place), ports=numbers)
        except ValueError as error:
            raise ValueError(f"{place!r} is not an IPv4 address or network ({error})") from error
    if len(place) > 253 or not _NAME.fullmatch(place):
        raise ValueError(
            f"{place!r} must be a host name, *. before one, an IPv4 address or an IPv4 network, "
            "with ports after a colon or none"
        )
    return Destination(name=place.rstrip("."), ports=numbers)


def is_private(address: ipaddress.IPv4Address) -> bool:
    """Whether it is nobody's on the internet."""
    return any(address in network for network in PRIVATE)


def _port(text: str, whole: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise ValueError(f"{whole!r}: a port is a number from 1 to 65535")
    return int(text)
