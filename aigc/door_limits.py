"""How much of the gateway one person, one engine and one address may take. Values only.

The defaults let through what engines really do (hundreds of small files at a page's load, dozens of
tabs) and stop what would take the door from everybody else. 0 means: no limit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from aigc.errors import AigcError


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """See docs/configuration.md, ``[gateway.limits]``.

    Attributes:
        connections: open at once, in all.
        unknown_connections: of them, those on which nobody was signed in yet.
        unknown_connections_per_address: the same from one address (IPv6: from one /64).
        unknown_requests_per_second: without a session, from one address; ten times as many at once.
        connections_per_person, requests_per_person, websockets_per_person: open at once.
        requests_per_second: of one person; ten times as many at once.
        requests_per_instance, websockets_per_instance: open at once, whoever they are.
        head_seconds: from a request's first byte to the end of its head.
        body_seconds: the longest pause while a request's body comes in.
        idle_seconds: between two requests of a connection.
    """

    connections: int = 8192
    unknown_connections: int = 2048
    unknown_connections_per_address: int = 256
    unknown_requests_per_second: int = 50
    connections_per_person: int = 512
    requests_per_person: int = 384
    websockets_per_person: int = 256
    requests_per_second: int = 500
    requests_per_instance: int = 512
    websockets_per_instance: int = 512
    head_seconds: int = 15
    body_seconds: int = 120
    idle_seconds: int = 75

    def without_addresses(self) -> DoorLimits:
        """Behind a proxy every connection comes from the proxy's address."""
        return replace(self, unknown_connections_per_address=0, unknown_requests_per_second=0)


def read_door_limits(settings: list[str]) -> DoorLimits:
    """Limits from ``name=value`` words; what is not named keeps its default.

    Raises:
        AigcError: an unknown name, or a value that is no whole number from 0.
    """
    known = {field.name for field in fields(DoorLimits)}
    found: dict[str, int] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in known or not (value.isascii() and value.isdigit()):
            raise AigcError(
                "limit-malformed",
                f'"{setting}" is no limit of the gateway: write NAME=NUMBER, where NAME is one of '
                f"{', '.join(sorted(known))}.",
            )
        found[name] = int(value)
    return DoorLimits(**found)


def write_door_limits(limits: DoorLimits) -> list[str]:
    """The words that :func:`read_door_limits` reads; only what is not the default."""
    default = DoorLimits()
    return [
        f"{field.name}={getattr(limits, field.name)}"
        for field in fields(DoorLimits)
        if getattr(limits, field.name) != getattr(default, field.name)
    ]
