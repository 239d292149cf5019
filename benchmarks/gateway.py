"""The door's speed beside going to the engine directly and beside nginx, in one run.

``python -m benchmarks.gateway [--json] [--rounds N]``: under a minute. Four ways lead to one and
the same engine (an nginx that answers 1 KiB from memory):

- direct: plain HTTP, no proxy;
- nginx: TLS, one proxy hop, nobody is authorised;
- nginx-pair: TLS, and a second nginx behind an mTLS hop, as a gateway and an agent are two;
- gateway: TLS, every request authorised, the real tunnel (mTLS) and the real agent's end.

Rounds are interleaved, so that a noisy machine is noisy for all; figures are medians of rounds.
Each figure names its aim and whether it was met.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import signal
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from aigc.clock import SystemClock
from node_agent.tunnel import TunnelClient, TunnelFiles
from tests.gateway.certificates import Authority, Issued
from tests.gateway.coordinator import CoordinatorStandIn
from tests.gateway.place import until

_HOST = "bench"
_LATENCY_SECONDS = 0.8
_LOAD_SECONDS = 1.2
_LOAD_CONNECTIONS = 16
_BULK_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. ``beside`` holds what it is compared with."""

    figure: str
    value: float
    aim: float | None
    met: bool | None
    beside: dict[str, float]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the engine: its port and what a request on it looks like."""

    name: str
    port: int
    tls: ssl.SSLContext | None
    headers: str

    def request(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {_HOST}.localhost\r\n{self.headers}\r\n".encode()


class _Asker(asyncio.Protocol):
    """Asks one thing again and again on one connection and keeps each duration, in seconds."""

    def __init__(self, request: bytes, until_time: float) -> None:
        self.durations: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._until = until_time
        self._buffer = b""
        self._left = -1
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head, data = self._buffer[:end].lower(), self._buffer[end + 4 :]
            self._buffer = b""
            if not head.startswith(b"http/1.1 200"):
                self.done.set_exception(RuntimeError(head.decode(errors="replace")))
                return
            at = head.index(b"content-length:") + 15
            self._left = int(head[at:].split(b"\r\n", 1)[0])
        self._left -= len(data)
        if self._left == 0:
            self._left = -1
            now = time.perf_counter()
            self.durations.append(now - self._began)
            if now >= self._until:
                assert self._transport is not None
                self._transport.close()
                if not self.done.done():
                    self.done.set_result(None)
            else:
                self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed in the middle"))

    def _ask(self) -> None:
        self._began = time.perf_counter()
        assert self._transport is not None
        self._transport.write(self._request)


async def ask_for(way: Way, path: str, seconds: float, connections: int) -> list[float]:
    """Durations of all requests of so many connections over so many seconds (0: one each)."""
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + seconds
    askers = []
    for _ in range(connections):
        _, asker = await loop.create_connection(
            lambda: _Asker(way.request(path), end),
            "127.0.0.1",
            way.port,
            ssl=way.tls,
            server_hostname=f"{_HOST}.localhost" if way.tls else None,
        )
        askers.append(asker)
    await asyncio.gather(*(a.done for a in askers))
    return [d for a in askers for d in a.durations]


async def measure(ways: list[Way], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Interleaved rounds; per way the figures of each round."""
    found: dict[str, dict[str, list[float]]] = {
        w.name: {"latency": [], "requests": [], "bulk": []} for w in ways
    }
    for way in ways:
        await ask_for(way, "/small", 0.3, 4)  # warm: connections behind the proxies are made
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            durations = await ask_for(way, "/small", _LATENCY_SECONDS, 1)
            found[way.name]["latency"].append(statistics.median(durations))
            durations = await ask_for(way, "/small", _LOAD_SECONDS, _LOAD_CONNECTIONS)
            found[way.name]["requests"].append(len(durations) / _LOAD_SECONDS)
            (duration,) = await ask_for(way, "/bulk", 0.0, 1)
            found[way.name]["bulk"].append(_BULK_BYTES / duration)
    return found


def judge(found: dict[str, dict[str, list[float]]]) -> list[Figure]:
    """The figures with their aims (docs/architecture.md)."""
    middle = {
        way: {kind: statistics.median(values) for kind, values in kinds.items()}
        for way, kinds in found.items()
    }
    added = {
        way: round((kinds["latency"] - middle["direct"]["latency"]) * 1e6, 1)
        for way, kinds in middle.items()
    }
    rates = {way: round(kinds["requests"], 1) for way, kinds in middle.items()}
    bulks = {way: round(kinds["bulk"] / (1 << 20), 1) for way, kinds in middle.items()}

    def beside(values: dict[str, float]) -> dict[str, float]:
        return {k: v for k, v in values.items() if k != "gateway"}

    def ratio(name: str, values: dict[str, float], to: str, aim: float) -> Figure:
        value = round(values["gateway"] / values[to], 3)
        return Figure(
            name, value, aim, value >= aim, {"gateway": values["gateway"], to: values[to]}
        )

    return [
        Figure("added median latency, µs", added["gateway"], None, None, beside(added)),
        Figure("requests per second", rates["gateway"], None, None, beside(rates)),
        Figure("bulk download, MiB/s", bulks["gateway"], None, None, beside(bulks)),
        ratio("requests per second, gateway and tunnel to nginx", rates, "nginx", 0.9),
        ratio("requests per second, gateway and tunnel to nginx-pair", rates, "nginx-pair", 1.0),
        ratio("bulk download, gateway and tunnel to nginx-pair", bulks, "nginx-pair", 0.5),
    ]


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


def write_nginx(folder: Path, ports: list[int], own: Issued, node: Issued, ca: Path) -> Path:
    """One nginx for the engine, the one hop, and both ends of the pair."""
    engine, single, front, back = ports
    (folder / "www").mkdir()
    (folder / "www" / "small").write_bytes(b"x" * 1024)
    (folder / "www" / "bulk").write_bytes(b"x" * _BULK_BYTES)
    tls = f"ssl_certificate {own.certificate}; ssl_certificate_key {own.key};"
    proxy = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;"
    mutual = (
        f"proxy_ssl_certificate {node.certificate}; proxy_ssl_certificate_key {node.key}; "
        f"proxy_ssl_trusted_certificate {ca}; proxy_ssl_verify on; "
        "proxy_ssl_name gateway.aigc.internal; proxy_ssl_session_reuse on;"
    )
    text = f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 10000000; proxy_buffering off; sendfile on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  upstream engine {{ server 127.0.0.1:{engine}; keepalive 64; keepalive_requests 10000000; }}
  upstream back {{ server 127.0.0.1:{back}; keepalive 64; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{engine}; root {folder}/www; }}
  server {{ listen 127.0.0.1:{single} ssl; {tls} location / {{ {proxy}
    proxy_pass http://engine; }} }}
  server {{ listen 127.0.0.1:{front} ssl; {tls} location / {{ {proxy} {mutual}
    proxy_pass https://back; }} }}
  server {{ listen 127.0.0.1:{back} ssl; {tls} ssl_client_certificate {ca}; ssl_verify_client on;
    location / {{ {proxy} proxy_pass http://engine; }} }}
}}
"""
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child that ends with the block."""
    child = await asyncio.create_subprocess_exec(*arguments)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            await asyncio.wait_for(child.wait(), 20)


async def run(rounds: int) -> list[Figure]:
    """Start everything, measure, stop everything."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if nginx is None:
        raise SystemExit("This benchmark compares with nginx: install it (apt-get install nginx).")
    with tempfile.TemporaryDirectory(prefix="aigc-bench-") as name:
        folder = Path(name)
        await asyncio.to_thread(folder.chmod, 0o755)  # nginx's worker is another user
        authority = Authority(folder)
        own = authority.issue(
            "own", "gateway", names=("gateway.aigc.internal", f"{_HOST}.localhost")
        )
        node = authority.issue_node("node-1")
        ports = free_ports(4)
        config = write_nginx(folder, ports, own, node, authority.file)
        coordinator = CoordinatorStandIn(str(folder / "gateway.sock"))
        coordinator.put_node("node-1", node.serial)
        coordinator.put_route(_HOST)
        token = coordinator.put_session(_HOST)
        await coordinator.start()
        ready = folder / "ready.json"
        try:
            async with (
                program(nginx, "-c", str(config), "-e", str(folder / "error.log")),
                program(
                    sys.executable, "-m", "gateway", "--socket", str(folder / "gateway.sock"),
                    "--listen", "127.0.0.1:0", "--tunnel-listen", "127.0.0.1:0",
                    "--tunnel-certificate", str(own.certificate), "--tunnel-key", str(own.key),
                    "--certificate", str(own.certificate), "--key", str(own.key),
                    "--ca", str(authority.file), "--ready-file", str(ready),
                ),
            ):  # fmt: skip
                await until(ready.exists, "the gateway listens", 30)
                said = json.loads(await asyncio.to_thread(ready.read_text))
                agent = [said["tunnel"], str(node.certificate), str(node.key)]
                async with program(
                    sys.executable, "-m", "benchmarks.gateway", "--as-agent", *agent,
                    str(authority.file), str(ports[0]),
                ):  # fmt: skip
                    await until(lambda: coordinator.tunnels.get("node-1") == 2, "tunnels", 30)
                    tls = ssl.create_default_context(cafile=str(authority.file))
                    port = int(said["public"].rpartition(":")[2])
                    cookie = f"Cookie: __Host-aigc={token}\r\n"
                    ways = [
                        Way("direct", ports[0], None, ""),
                        Way("nginx", ports[1], tls, ""),
                        Way("nginx-pair", ports[2], tls, ""),
                        Way("gateway", port, tls, cookie),
                    ]
                    return judge(await measure(ways, rounds))
        finally:
            await coordinator.stop()


async def be_agent(gateway: str, certificate: str, key: str, ca: str, port: str) -> None:
    """The agent's end of the tunnel, as a process of its own, until it is killed."""
    client = TunnelClient(
        gateway,
        TunnelFiles(Path(certificate), Path(key), Path(ca)),
        lambda instance_id, epoch: ("127.0.0.1", int(port)),
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
        print(f"{figure.figure}: {figure.value:g}{aim}; beside: {beside}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--as-agent", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_agent:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(be_agent(*options.as_agent))
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(run(options.rounds))
    if options.json:
        print(json.dumps([asdict(f) for f in figures], indent=2, ensure_ascii=False))
    else:
        show(figures)


if __name__ == "__main__":
    main()
