"""A studio with engines behind walls, and attempts from every side of them.

Everything is real: machines of namespaces, Docker, the coordinator, its gateway, an agent on each
GPU machine. Docker's own filter rules are taken away on the machine under attack, as an older
Docker would have none of them: what is refused there, our walls refuse.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.town import DeskProgram
from tests.studio.demo import demo_studio
from tests.studio.machine import Machine, wait_until
from tests.studio.network import INTERNET, LAN
from tests.studio.studio import Studio

MACHINE = "gpu1"
INTRANET = "192.168.50.1"
METADATA = "169.254.169.254"
INTERNET_HOST = "203.0.113.10"
LISTED = "mirror.example"  # what the third engine may reach, on port 80
LISTED_PRIVATE = "nas.studio.test"  # its address is private, and agent.toml allows port 8080
UNLISTED_PRIVATE = "rebind.example"  # listed too, but its address is private and not allowed

_PYTHON = str(Path(sys.executable).resolve())  # it is in the demo engine's image too
# Says "open" and what the other side said, or why there was no connection.
KNOCK = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3) as s:
        s.settimeout(3)
        try:
            s.sendall(b"GET " + sys.argv[3].encode() + b" HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n")
            print("open", s.recv(100)[:60])
        except OSError as error:
            print("open", error)
except OSError as error:
    print("closed", type(error).__name__, error)
"""
_LISTENER = """
import http.server, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"hello")
    def log_message(self, *a): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""
_UDP = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
s.sendto(b"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x06secret\\x07example\\x00\\x00\\x01\\x00\\x01",
         (sys.argv[1], int(sys.argv[2])))
try:
    print("open", s.recv(200)[:4])
except OSError as error:
    print("closed", error)
"""
_NAME = """
import socket, sys
try:
    print("open", socket.gethostbyname(sys.argv[1]))
except OSError as error:
    print("closed", error)
"""


@dataclass
class Walled:
    """Engines by name: "none", "internet" and "list" (of the three kinds of egress)."""

    studio: Studio
    desk: DeskProgram
    tokens: dict[str, str]
    instances: dict[str, str] = field(default_factory=dict)
    containers: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def machine(self) -> Machine:
        return self.studio.machines[MACHINE]

    # --- attempts --------------------------------------------------------------------------------

    def inside(self, engine: str, host: str, port: int, path: str = "/") -> bool:
        """Whether a program in that engine reaches an address."""
        return self._exec(engine, KNOCK, host, str(port), path)

    def inside_udp(self, engine: str, host: str, port: int) -> bool:
        return self._exec(engine, _UDP, host, str(port))

    def resolves(self, engine: str, name: str) -> bool:
        return self._exec(engine, _NAME, name)

    def _exec(self, engine: str, code: str, *arguments: str) -> bool:
        said = self.machine.docker(
            "exec", self.containers[engine], _PYTHON, "-c", code, *arguments, seconds=60
        )
        print(engine, *arguments, said.strip())
        return said.startswith("open")

    def as_user(self, user: int, host: str, port: int) -> bool:
        """Whether a program of that user of the GPU machine itself reaches an address."""
        done = self.machine.run(
            *("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"),
            *("/usr/bin/python3", "-c", KNOCK, host, str(port), "/"),
        )
        print(f"user {user}", host, port, done.stdout.strip())
        return done.stdout.startswith("open")

    def from_namespace(self, namespace: str, host: str, port: int) -> bool:
        """Whether a computer elsewhere on the LAN reaches an address."""
        done = subprocess.run(
            ["ip", "netns", "exec", namespace, sys.executable, "-c", KNOCK, host, str(port), "/"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        print(namespace, host, port, done.stdout.strip())
        return done.stdout.startswith("open")

    # --- IPv6 ------------------------------------------------------------------------------------

    def give_ipv6(self, engine: str) -> tuple[str, str]:
        """Addresses of IPv6 on an engine's network, which it does not have by itself.

        Returns the machine's and the engine's; at each somebody listens on port 9200.
        """
        here, there = "fd00:77::1", "fd00:77::2"
        container = self.containers[engine]
        pid = self.machine.docker("inspect", "-f", "{{.State.Pid}}", container).strip()
        bridge = self.machine.docker(
            "inspect", "-f", '{{index .Config.Labels "aigc.network"}}', container
        ).strip()
        inside = ("nsenter", "-t", pid, "-n")
        for words in (
            ("sysctl", "-qw", f"net.ipv6.conf.{bridge}.disable_ipv6=0"),
            ("ip", "-6", "addr", "add", f"{here}/64", "dev", bridge, "nodad"),
            (*inside, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0"),
            (*inside, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0"),
            (*inside, "ip", "-6", "addr", "add", f"{there}/64", "dev", "eth0", "nodad"),
        ):
            self.machine.run(*words)
        for before, address in (((), here), (inside, there)):
            self.machine.start("ipv6", [*before, sys.executable, "-c", _LISTENER, address, "9200"])
        return here, there

    # --- what it takes ---------------------------------------------------------------------------

    def aigc(self, *words: str, who: str = "it", check: bool = True) -> Any:
        return self.studio.aigc(*words, token=self.tokens[who], check=check)

    def nft(self, *words: str) -> str:
        return self.machine.run("nft", *words).stdout

    def docker_rules_away(self) -> None:
        """As if Docker had no filter rules of its own."""
        for words in (
            "-t raw -F",
            "-t filter -F FORWARD",
            "-t filter -P FORWARD ACCEPT",
            "-t filter -F INPUT",
        ):
            self.machine.run("iptables", *words.split())

    @contextmanager
    def without_walls(self) -> Iterator[None]:
        """The control: the same machine, its agent stopped and its walls taken down."""
        self.studio.end_agent(MACHINE)
        self.nft("delete", "table", "inet", "aigc_studio")
        try:
            yield
        finally:
            self.studio.start_agent(MACHINE)
            self.until_closed()

    def until_closed(self) -> None:
        wait_until("walls", self.is_closed, 60)

    def is_closed(self) -> bool:
        return bool(self.node()["online"]) and self.node()["door"] == "closed"

    def node(self) -> dict[str, Any]:
        nodes: list[dict[str, Any]] = self.aigc("nodes", "list")
        return next(n for n in nodes if n["name"] == MACHINE)

    def refused(self, engine: str) -> dict[str, int]:
        """What that engine was refused, as IT is told, by destination."""
        told = self.aigc("instances", "refused", self.instances[engine]) or {"top": []}
        return {
            f"{p['address']}:{p['port']}" if p["port"] else p["address"]: p["attempts"]
            for p in told["top"]
        }


@contextmanager
def walled() -> Iterator[Walled]:
    """One GPU machine with three engines on it, and servers to reach everywhere."""
    with demo_studio(
        cards=4,
        agent_more=f'egress_private = ["{INTRANET}:8080"]',
        more_names={
            LISTED: INTERNET_HOST,
            LISTED_PRIVATE: INTRANET,
            UNLISTED_PRIVATE: "10.77.0.30",
        },
    ) as studio:
        _write_templates(studio.catalogue)
        servers = [
            _listen(LAN, INTRANET, 8080),
            _listen(LAN, INTRANET, 445),
            _listen(LAN, METADATA, 80),
            _listen(INTERNET, INTERNET_HOST, 80),
            _listen(INTERNET, INTERNET_HOST, 443),
            _listen(studio.desk.namespace, "0.0.0.0", 8000),
            # As a monitoring agent, or an IT engineer's own Jupyter, on the GPU machine.
            _listen(studio.machines[MACHINE].namespace, "0.0.0.0", 9100),
        ]
        desk = None
        try:
            studio.start_coordinator()
            desk = DeskProgram(studio.desk, studio.root, str(studio.ready["pin"]))
            desk.ask("sign_in")
            made = Walled(studio, desk, desk.ask("make_tokens"))
            studio.join(MACHINE, desk.ask("join_command"))
            studio.start_agent(MACHINE)
            wait_until("the machine", lambda: made.node()["online"], 60)
            for name in ("none", "internet", "list"):
                started = made.aigc("start", f"demo-{name}", "--name", name, "--wait", who="me")
                made.instances[name] = started["id"]
                labelled = f"label=aigc.instance={started['id']}"
                container = made.machine.docker("ps", "-q", "--filter", labelled).strip()
                made.containers[name] = container
                made.addresses[name] = made.machine.docker(
                    *("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"),
                    container,
                ).strip()
            made.docker_rules_away()
            made.until_closed()
            yield made
        finally:
            if desk is not None:
                desk.close()
            for server in servers:
                server.kill()
                server.wait(timeout=20)


def _write_templates(catalogue: Path) -> None:
    demo = (catalogue / "demo.yaml").read_text("utf-8")
    listed = f'["{LISTED}:80", "{LISTED_PRIVATE}", "{UNLISTED_PRIVATE}"]'
    for name, egress in (("none", "none"), ("internet", "internet"), ("list", listed)):
        assert '    user: "65534:65534"\n' in demo
        (catalogue / f"demo-{name}.yaml").write_text(
            demo.replace(
                '    user: "65534:65534"\n', f'    user: "65534:65534"\n    egress: {egress}\n'
            ),
            "utf-8",
        )


def _listen(namespace: str, address: str, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, "-c", _LISTENER, address, str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
