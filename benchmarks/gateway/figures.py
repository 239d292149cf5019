"""What is made of the rounds: figures with their aims."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass

_MICRO = 1e6
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. ``beside`` holds what it is compared with, or is made of."""

    figure: str
    value: float
    aim: float | None
    met: bool | None
    beside: dict[str, float]


class Found:
    """Values of each round by way and kind; :meth:`middle` is their median."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, way: str, kind: str, value: float) -> None:
        self._values[way, kind].append(value)

    def has(self, way: str, kind: str) -> bool:
        return (way, kind) in self._values

    def ways(self, kind: str) -> list[str]:
        """The ways that were measured so, in the order of their first round."""
        return [w for w, k in self._values if k == kind]

    def middle(self, way: str, kind: str) -> float:
        return statistics.median(self._values[way, kind])

    def cpu(self, way: str, kind: str, part: int | None = None) -> float:
        """CPU seconds for one thing of this kind: of one of the way's processes, or of all."""
        if part is not None:
            return self.middle(way, f"{kind} cpu {part}")
        count = sum(1 for w, k in self._values if w == way and k.startswith(f"{kind} cpu "))
        return sum(self.middle(way, f"{kind} cpu {n}") for n in range(count))

    def rounds(self) -> int:
        return min(len(values) for values in self._values.values())


def judge(found: Found) -> list[Figure]:
    """The figures of one run."""
    return [
        *_requests(found), *_latency(found), *_bulk(found), *_websockets(found),
    ]  # fmt: skip


def _figure(
    name: str,
    value: float,
    aim: float | None = None,
    beside: dict[str, float] | None = None,
    low: bool = False,
) -> Figure:
    met = None if aim is None else (value <= aim if low else value >= aim)
    rounded = {k: float(f"{v:.4g}") for k, v in (beside or {}).items()}
    return Figure(name, float(f"{value:.4g}"), aim, met, rounded)


def _others(found: Found, kind: str, scale: float = 1.0) -> dict[str, float]:
    return {w: found.middle(w, kind) * scale for w in found.ways(kind) if w != "gateway"}


def _requests(found: Found) -> list[Figure]:
    ours = found.middle("gateway", "requests")
    gateway = found.cpu("gateway", "request", 0)
    both = found.cpu("gateway", "request")
    nginx = found.cpu("nginx", "request")
    cost = {w: _MICRO * found.cpu(w, "request") for w in found.ways("requests") if w != "direct"}
    cost["gateway"] = _MICRO * gateway
    cost["agent"] = _MICRO * found.cpu("gateway", "request", 1)
    figures = [
        _figure("small requests per second", ours, None, _others(found, "requests")),
        _figure("CPU per small request, gateway and agent, µs", _MICRO * both, None, cost),
        _figure(
            "small requests beside bare nginx: nginx's cost to the gateway's alone",
            nginx / gateway, 0.90,
        ),
        _figure(
            "small requests beside nginx with auth_request: its cost to the gateway's alone",
            found.cpu("nginx-auth", "request") / gateway, 1.2,
            {"of its nginx alone": found.cpu("nginx-auth", "request", 0) / gateway},
        ),
        _figure(
            "through tunnel and agent beside bare nginx: requests per second on one core",
            ours / found.middle("nginx", "requests"), 0.55,
            {"to pair": ours / found.middle("pair", "requests")},
        ),
        _figure(
            "through tunnel and agent beside bare nginx: nginx's cost to gateway's and agent's",
            nginx / both, 0.55, {"pair's": found.cpu("pair", "request") / both},
        ),
    ]  # fmt: skip
    for way in ("haproxy", "chp"):
        if found.has(way, "requests"):
            figures.append(
                _figure(
                    f"small requests beside {way}: its cost to the gateway's alone",
                    found.cpu(way, "request") / gateway, None,
                    {"to gateway and agent": found.cpu(way, "request") / both},
                )
            )  # fmt: skip
    return figures


def _latency(found: Found) -> list[Figure]:
    direct = found.middle("direct", "latency")
    added = {w: _MICRO * v - _MICRO * direct for w, v in _others(found, "latency").items()}
    added.pop("direct", None)
    value = _MICRO * (found.middle("gateway", "latency") - direct)
    more = {"nginx": 1e3 * found.middle("nginx", "opened")}
    return [
        _figure("added median latency, one connection, µs", value, 50, added, low=True),
        _figure(
            "a new stream through the tunnel (WebSocket asked for until 101), ms",
            1e3 * found.middle("gateway", "opened"), 1.0, more, low=True,
        ),
    ]  # fmt: skip


def _bulk(found: Found) -> list[Figure]:
    rate = found.middle("gateway", "bulk") / _MIB
    rates = _others(found, "bulk", 1 / _MIB)
    parts = {w: found.cpu(w, "bulk") for w in rates if w != "direct"}
    parts["gateway"] = found.cpu("gateway", "bulk", 0)
    parts["agent"] = found.cpu("gateway", "bulk", 1)
    both = found.cpu("gateway", "bulk")
    return [
        _figure("bulk download, MiB/s", rate, None, rates),
        _figure("bulk beside an nginx and haproxy pair: MiB/s", rate / rates["pair"], 1.4),
        _figure(
            "bulk beside an nginx and haproxy pair: its cost to ours", parts["pair"] / both, 1.4
        ),
        _figure("CPU per GiB in all, s", both, 2.0, parts, low=True),
    ]


def _websockets(found: Found) -> list[Figure]:
    gateway = found.cpu("gateway", "message", 0)
    nginx = found.cpu("nginx", "message")
    parts = {w: _MICRO * found.cpu(w, "message") for w in found.ways("messages") if w != "gateway"}
    parts["gateway"] = _MICRO * gateway
    parts["agent"] = _MICRO * found.cpu("gateway", "message", 1)
    return [
        _figure(
            "CPU per WebSocket message, gateway and agent, µs",
            _MICRO * found.cpu("gateway", "message"), None, parts,
        ),
        _figure(
            "WebSocket beside nginx: the gateway's cost alone to nginx's",
            gateway / nginx, 1.3, low=True,
        ),
    ]  # fmt: skip


def show(figures: list[Figure]) -> str:
    """For people."""
    lines = []
    for figure in figures:
        beside = ", ".join(f"{k} {v:g}" for k, v in figure.beside.items())
        aim = ""
        if figure.aim is not None:
            aim = f" (aim {figure.aim:g}: {'met' if figure.met else 'NOT met'})"
        lines.append(f"{figure.figure}: {figure.value:g}{aim}" + (f"; {beside}" if beside else ""))
    return "\n".join(lines)
