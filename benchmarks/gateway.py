"""The door's speed beside nginx, in one run: what a request, a message and a GiB cost.

``python -m benchmarks.gateway [--json] [--seconds N]``: under a minute. Four ways lead to one and
the same engine (an nginx that answers 1 KiB and 64 MiB from memory, and an echo for WebSockets):

- direct: plain HTTP, no proxy;
- nginx: TLS, one proxy hop, nobody is authorised, no tunnel;
- nginx-pair: TLS, and a second nginx behind an mTLS hop, as a gateway and an agent are two;
- gateway: TLS, every request authorised, the real tunnel (mTLS) and the real agent's end.

Everything between browsers and engine shares one core (gateway and agent, or nginx and nginx);
browsers and engine have another. Rounds are interleaved, so that a noisy machine is noisy for all;
figures are medians of rounds. The CPU time of each process is read from the kernel: it says what
a request costs even where neighbours take turns with us. Aims are those of docs/architecture.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import uvloop

from aigc.clock import SystemClock
from benchmarks.askers import HOST, Echo, Messages, Requests, Way, ask
from node_agent.tunnel import TunnelClient, TunnelFiles
from tests.gateway.certificates import Authority, Issued
from tests.gateway.coordinator import CoordinatorStandIn
from tests.gateway.place import until

_LATENCY_SECONDS = 0.4
_LOAD_SECONDS = 0.8
_MESSAGES_SECONDS = 0.5
_CONNECTIONS = 16
_BULK_BYTES = 64 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. ``beside`` holds what it is compared with, or is made of."""

    figure: str
    value: float
    aim: float | None
    met: bool | None
    beside: dict[str, float]


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, all threads (the kernel's clock of that process)."""
    return time.clock_gettime(~pid << 3 | 2)


def cpu_now(way: Way) -> list[float]:
    """Of each of the way's processes."""
    return [cpu_seconds(pid) for pid in way.pids]


class Found:
    """Values of each round by way and kind; :meth:`middle` is their median."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, way: Way, kind: str, value: float) -> None:
        self._values[way.name, kind].append(value)

    def add_cpu(self, way: Way, kind: str, before: list[float], count: float) -> None:
        """What each of the way's processes spent since ``before``, for each of so many."""
        for index, (was, now) in enumerate(zip(before, cpu_now(way), strict=True)):
            self.add(way, f"{kind} {index}", (now - was) / count)

    def middle(self, way: str, kind: str) -> float:
        return statistics.median(self._values[way, kind])

    def cpu_of(self, way: str, kind: str) -> list[float]:
        """Medians of each of the way's processes."""
        kinds = sorted(k for w, k in self._values if w == way and k.startswith(kind + " "))
        return [self.middle(way, k) for k in kinds]

    def rounds(self) -> int:
        return min(len(values) for values in self._values.values())


async def measure(ways: list[Way], seconds: float) -> Found:
    """Interleaved rounds until the time is over (two at least)."""
    found = Found()
    end = time.perf_counter() + seconds
    for way in ways:
        await ask(partial(Requests, way, "/small"), way, 0.2, 4)
    longest = 0.0
    number = 0
    while number < 2 or time.perf_counter() + longest < end:
        began = time.perf_counter()
        for way in ways if number % 2 == 0 else reversed(ways):
            await _round(found, way)
        longest = max(longest, time.perf_counter() - began)
        number += 1
    return found


async def _round(found: Found, way: Way) -> None:
    before: list[float] = []

    def begin() -> None:
        before[:] = cpu_now(way)

    small = partial(Requests, way, "/small")
    (one,) = await ask(small, way, _LATENCY_SECONDS, 1)
    found.add(way, "latency", statistics.median(one.durations))
    many = await ask(small, way, _LOAD_SECONDS, _CONNECTIONS, begin)
    count = sum(len(a.durations) for a in many)
    found.add_cpu(way, "request", before, count)
    found.add(way, "requests", count / _LOAD_SECONDS)
    (one,) = await ask(partial(Requests, way, "/bulk"), way, 0.0, 1, begin)
    found.add_cpu(way, "bulk", before, _BULK_BYTES / _GIB)
    found.add(way, "bulk", _BULK_BYTES / one.durations[0])
    if way.tls is None:
        return
    messages = partial(Messages, way, "/ws")
    talkers = await ask(messages, way, 0.0, 1)
    found.add(way, "opened", talkers[0].opened)
    talkers = await ask(messages, way, _MESSAGES_SECONDS, _CONNECTIONS, begin)
    there_and_back = 2 * sum(len(a.durations) for a in talkers)
    found.add_cpu(way, "message", before, there_and_back)


def judge(found: Found) -> list[Figure]:
    """The figures with their aims."""

    def figure(
        name: str, value: float, aim: float | None, beside: dict[str, float], low: bool = False
    ) -> Figure:
        met = None if aim is None else (value <= aim if low else value >= aim)
        rounded = {k: float(f"{v:.4g}") for k, v in beside.items()}
        return Figure(name, float(f"{value:.4g}"), aim, met, rounded)

    def of_all(kind: str, scale: float = 1.0) -> dict[str, float]:
        return {w: found.middle(w, kind) * scale for w in ("direct", "nginx", "nginx-pair")}

    def spent(kind: str) -> tuple[float, dict[str, float]]:
        gateway, agent = (1e6 * v for v in found.cpu_of("gateway", kind))
        (nginx,) = (1e6 * v for v in found.cpu_of("nginx", kind))
        parts = {"gateway": gateway, "agent": agent, "nginx": nginx}
        parts["nginx-pair"] = 1e6 * sum(found.cpu_of("nginx-pair", kind))
        return gateway + agent, parts

    requests = found.middle("gateway", "requests")
    direct = found.middle("direct", "latency")
    added = {k: v - 1e6 * direct for k, v in of_all("latency", 1e6).items() if k != "direct"}
    bulk = found.middle("gateway", "bulk") / (1 << 20)
    bulks = of_all("bulk", 1 / (1 << 20))
    request_cpu, request_parts = spent("request")
    message_cpu, message_parts = spent("message")
    bulk_cpu, bulk_parts = spent("bulk")
    bulk_parts = {k: v / 1e6 for k, v in bulk_parts.items()}
    latency = 1e6 * (found.middle("gateway", "latency") - direct)
    opened = {"nginx": 1e3 * found.middle("nginx", "opened")}
    return [
        figure("small requests per second", requests, None, of_all("requests")),
        figure(
            "small requests through gateway and agent on one core, to bare nginx",
            requests / found.middle("nginx", "requests"), 0.55,
            {"to nginx-pair": requests / found.middle("nginx-pair", "requests")},
        ),
        figure("CPU per small request, gateway and agent, µs", request_cpu, None, request_parts),
        figure(
            "CPU per small request: bare nginx's share of ours",
            request_parts["nginx"] / request_cpu, 0.55,
            {"nginx-pair's": request_parts["nginx-pair"] / request_cpu},
        ),
        figure("added median latency, one connection, µs", latency, 50, added, low=True),
        figure("bulk download, MiB/s", bulk, None, bulks),
        figure("bulk download, to nginx-pair", bulk / bulks["nginx-pair"], 1.4, {}),
        figure("CPU per GiB, gateway and agent, s", bulk_cpu / 1e6, 2.0, bulk_parts, low=True),
        figure(
            "a WebSocket opened (head, new stream, engine), ms",
            1e3 * found.middle("gateway", "opened"), 1.0, opened, low=True,
        ),
        figure(
            "CPU per WebSocket message, gateway and agent, µs", message_cpu, None, message_parts
        ),
        figure(
            "CPU per WebSocket message, gateway alone, to nginx",
            message_parts["gateway"] / message_parts["nginx"], 1.3, {}, low=True,
        ),
    ]  # fmt: skip


# --- the parts ---------------------------------------------------------------------------------


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago (nginx cannot tell which one it took)."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def write_nginx(
    folder: Path, ports: dict[str, int], own: Issued, node: Issued, ca: Path
) -> dict[str, Path]:
    """The engine, the one hop, and both ends of the pair: one process each."""
    (folder / "www").mkdir()
    (folder / "www" / "small").write_bytes(b"x" * 1024)
    (folder / "www" / "bulk").write_bytes(b"x" * _BULK_BYTES)
    tls = f"ssl_certificate {own.certificate}; ssl_certificate_key {own.key};"
    mutual = (
        f"proxy_ssl_certificate {node.certificate}; proxy_ssl_certificate_key {node.key}; "
        f"proxy_ssl_trusted_certificate {ca}; proxy_ssl_verify on; "
        "proxy_ssl_name gateway.aigc.internal; proxy_ssl_session_reuse on;"
    )

    def proxy(to: str, more: str = "", path: str = "/") -> str:
        common = f"{more} proxy_http_version 1.1; proxy_set_header Host $host; proxy_pass {to};"
        return (
            f"location {path} {{ {common} proxy_set_header Connection ''; }} "
            f"location /ws {{ {common} proxy_set_header Connection upgrade; "
            "proxy_set_header Upgrade websocket; }"
        )

    checked = f"ssl_client_certificate {ca}; ssl_verify_client on;"
    echo = f"http://127.0.0.1:{ports['echo']}"
    servers = {
        "engine": f"root {folder}/www; {proxy(echo, path='/none')}",
        "nginx": f"{tls} {proxy('http://engine')}",
        "front": f"{tls} {proxy('https://back', mutual)}",
        "back": f"{tls} {checked} {proxy('http://engine')}",
    }
    paths: dict[str, Path] = {}
    for name, server in servers.items():
        own_folder = folder / name
        own_folder.mkdir()
        ssl_word = "" if name == "engine" else " ssl"
        keep = "keepalive 64; keepalive_requests 10000000;"
        temporary = " ".join(
            f"{kind}_temp_path {own_folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        paths[name] = own_folder / "nginx.conf"
        paths[name].write_text(f"""
daemon off; master_process off; pid {own_folder}/pid; error_log {own_folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 10000000; proxy_buffering off; sendfile on; {temporary}
  upstream engine {{ server 127.0.0.1:{ports["engine"]}; {keep} }}
  upstream back {{ server 127.0.0.1:{ports["back"]}; {keep} }}
  server {{ listen 127.0.0.1:{ports[name]}{ssl_word}; {server} }}
}}
""")
    return paths


def pin(pid: int, core: int) -> None:
    """One core for what is measured, another for what measures; nothing on a one-core machine."""
    cores = sorted(os.sched_getaffinity(0) if pid else os.sched_getaffinity(os.getppid()))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[core]})


@asynccontextmanager
async def program(core: int, *arguments: str) -> AsyncIterator[int]:
    """A child on a core of its own that ends with the block; its process id."""
    child = await asyncio.create_subprocess_exec(*arguments)
    try:
        pin(child.pid, core)
        yield child.pid
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            await asyncio.wait_for(child.wait(), 20)


async def run(seconds: float) -> list[Figure]:
    """Start everything, measure, stop everything."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if nginx is None:
        raise SystemExit("This benchmark compares with nginx: install it (apt-get install nginx).")
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aigc-bench-")))
        authority = Authority(folder)
        own = authority.issue(
            "own", "gateway", names=("gateway.aigc.internal", f"{HOST}.localhost")
        )
        node = authority.issue_node("node-1")
        names = ("engine", "nginx", "front", "back")
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        echo = await loop.create_server(Echo, "127.0.0.1", 0)
        stack.callback(echo.close)
        ports["echo"] = echo.sockets[0].getsockname()[1]
        pids: dict[str, int] = {}
        for name, path in write_nginx(folder, ports, own, node, authority.file).items():
            log = str(path.with_name("error.log"))
            pids[name] = await stack.enter_async_context(
                program(1 if name == "engine" else 0, nginx, "-c", str(path), "-e", log)
            )
        coordinator = CoordinatorStandIn(str(folder / "gateway.sock"))
        coordinator.put_node("node-1", node.serial)
        coordinator.put_route(HOST)
        token = coordinator.put_session(HOST)
        await coordinator.start()
        stack.push_async_callback(coordinator.stop)
        ready = folder / "ready.json"
        pids["gateway"] = await stack.enter_async_context(
            program(
                0, sys.executable, "-m", "gateway", "--socket", str(folder / "gateway.sock"),
                "--listen", "127.0.0.1:0", "--tunnel-listen", "127.0.0.1:0",
                "--tunnel-certificate", str(own.certificate), "--tunnel-key", str(own.key),
                "--certificate", str(own.certificate), "--key", str(own.key),
                "--ca", str(authority.file), "--ready-file", str(ready),
            )
        )  # fmt: skip
        await until(ready.exists, "the gateway listens", 30)
        said = json.loads(ready.read_text())
        pids["agent"] = await stack.enter_async_context(
            program(
                0, sys.executable, "-m", "benchmarks.gateway", "--as-agent", said["tunnel"],
                str(node.certificate), str(node.key), str(authority.file),
                str(ports["engine"]),
            )
        )  # fmt: skip
        await until(lambda: coordinator.tunnels.get("node-1") == 2, "tunnels", 30)
        tls = ssl.create_default_context(cafile=str(authority.file))
        port = int(said["public"].rpartition(":")[2])
        cookie = f"__Host-aigc={token}"
        ways = [
            Way("direct", ports["engine"], None, cookie, ()),
            Way("nginx", ports["nginx"], tls, cookie, (pids["nginx"],)),
            Way("nginx-pair", ports["front"], tls, cookie, (pids["front"], pids["back"])),
            Way("gateway", port, tls, cookie, (pids["gateway"], pids["agent"])),
        ]
        pin(0, 1)
        found = await measure(ways, seconds)
        print(f"{found.rounds()} rounds, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        return judge(found)


async def be_agent(gateway: str, certificate: str, key: str, ca: str, engine: str) -> None:
    """The agent's end of the tunnel, as a process of its own, until it is killed."""
    client = TunnelClient(
        gateway,
        TunnelFiles(Path(certificate), Path(key), Path(ca)),
        lambda instance_id, epoch: ("127.0.0.1", int(engine)),
        SystemClock(),
    )
    task = asyncio.ensure_future(client.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.gather(task, return_exceptions=True)


def show(figures: list[Figure]) -> None:
    """For people."""
    for figure in figures:
        beside = ", ".join(f"{k} {v:g}" for k, v in figure.beside.items())
        aim = (
            ""
            if figure.aim is None
            else f" (aim {figure.aim:g}: {'met' if figure.met else 'NOT met'})"
        )
        print(f"{figure.figure}: {figure.value:g}{aim}" + (f"; {beside}" if beside else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=40.0, help="for all rounds; two at least")
    parser.add_argument("--as-agent", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_agent:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(be_agent(*options.as_agent))
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(run(options.seconds))
    if options.json:
        print(json.dumps([asdict(f) for f in figures], indent=2, ensure_ascii=False))
    else:
        show(figures)


if __name__ == "__main__":
    main()
