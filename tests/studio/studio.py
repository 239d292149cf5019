"""The product installed in the studio of namespaces, as docs/install.md says to do it.

Real names (a wildcard zone by dnsmasq), TLS from the coordinator's own CA, nothing on loopback.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.studio.machine import Machine, wait_until
from tests.studio.network import ADDRESSES, Network

ZONE = "gw.studio.test"
HOST = "aigc.studio.test"
GPU_MACHINES = ("gpu1", "gpu2")
AIGC = str(Path(sys.executable).with_name("aigc"))


@dataclass
class Studio:
    """Machines with the product on them. All calls wait until what they start answers."""

    root: Path
    catalogue: Path
    node_silent_seconds: int = 5
    unreachable_grace_seconds: int = 20
    cards: int = 2  # of each GPU machine, simulated
    agent_more: str = ""  # more lines of each agent.toml
    more_names: dict[str, str] = field(default_factory=dict)  # host name to address
    network: Network = field(default_factory=Network)
    machines: dict[str, Machine] = field(default_factory=dict)
    coordinator: subprocess.Popen[bytes] | None = None
    agents: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    # --- up and down -------------------------------------------------------------------------

    def up(self, live_restore: bool = False, hook: Path | None = None) -> None:
        self.network.up()
        for name in ADDRESSES:
            machine = Machine(name, self.root / "machines")
            machine.power_on()
            self.machines[name] = machine
        self.coord.start(
            "dnsmasq",
            [
                *("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file="),
                *("--user=root", "--pid-file=", f"--listen-address={ADDRESSES['coord']}"),
                "--bind-interfaces",
                f"--address=/{ZONE}/{ADDRESSES['coord']}",
                f"--address=/{HOST}/{ADDRESSES['coord']}",
                *(f"--host-record={name},{address}" for name, address in self.more_names.items()),
            ],
        )
        for name in GPU_MACHINES:
            self.machines[name].start_docker(live_restore=live_restore, path_first=hook)

    def down(self) -> None:
        for machine in self.machines.values():
            machine.power_off()
        self.network.down()

    @property
    def coord(self) -> Machine:
        return self.machines["coord"]

    @property
    def desk(self) -> Machine:
        return self.machines["desk"]

    # --- coordinator -------------------------------------------------------------------------

    @property
    def state_dir(self) -> Path:
        return self.root / "coordinator"

    @property
    def configuration(self) -> Path:
        return self.root / "coordinator.toml"

    def write_configuration(self) -> None:
        self.configuration.write_text(
            f"""
name = "Studio Test"
state_dir = "{self.state_dir}"
catalogue_dir = "{self.catalogue}"

[listen]
creators = "0.0.0.0:7443"
nodes = "0.0.0.0:7444"
web = "0.0.0.0:7440"

[public]
host = "{HOST}"
web_url = "https://{HOST}:7440"

[gateway]
zone = "{ZONE}"
listen = "0.0.0.0:8443"
tunnel_listen = "0.0.0.0:7445"

[policy]
instances_per_engine = 3
unreachable_grace_seconds = {self.unreachable_grace_seconds}
node_silent_seconds = {self.node_silent_seconds}
"""
        )

    def start_coordinator(self) -> None:
        if not self.configuration.exists():
            self.write_configuration()
        ready = self.state_dir / "ready.json"
        ready.unlink(missing_ok=True)
        self.coordinator = self.coord.start(
            "coordinator",
            [AIGC, "coordinator", "serve", "--config", str(self.configuration)],
        )
        wait_until("coordinator ready", lambda: self._ready() and self._answers(), 60)

    def _answers(self) -> bool:
        done = self.coord.run(
            *("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "2"),
            f"https://{ADDRESSES['coord']}:7440/healthz",
            check=False,
        )
        return done.stdout == "200"

    def _ready(self) -> dict[str, Any] | None:
        path = self.state_dir / "ready.json"
        if self.coordinator is not None and self.coordinator.poll() is not None:
            tail = self.coord.log("coordinator").read_text()[-3000:]
            raise RuntimeError(f"the coordinator ended: {tail}")
        if not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    @property
    def ready(self) -> dict[str, Any]:
        return wait_until("coordinator ready", self._ready)

    def end_coordinator(self, number: int = signal.SIGTERM) -> None:
        assert self.coordinator is not None
        self.coord.kill(self.coordinator, number)
        self.coordinator = None

    def gateway_pid(self) -> int:
        """Process id (as the outside kernel sees it) of the studio's gateway."""
        done = self.coord.run("pgrep", "-f", "-n", "python.* -m gateway")
        inside = int(done.stdout.split()[0])
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            found = re.search(r"^NSpid:\s+(\d+)\s+(\d+)$", text, re.M)
            if found and int(found[2]) == inside:
                command = (status.parent / "cmdline").read_bytes()
                if b"gateway" in command:
                    return int(found[1])
        raise RuntimeError("no gateway process found")

    # --- accounts ----------------------------------------------------------------------------

    def first_admin(self, username: str = "it", password: str = "a long password for it") -> None:
        """What IT does once in a browser: the one-time code makes the first admin."""
        code = (self.state_dir / "first-admin-code").read_text().strip()
        script = Path(__file__).with_name("first_admin.py")
        self.coord.run(
            *(sys.executable, str(script), f"https://{HOST}:7440", code, username, password)
        )

    # --- machines ----------------------------------------------------------------------------

    def agent_state(self, name: str) -> Path:
        return self.root / "agents" / name

    def agent_configuration(self, name: str) -> Path:
        return self.agent_state(name) / "agent.toml"

    def join(self, name: str, join_command: str) -> None:
        """Run the one line that ``aigc coordinator join-command`` printed, on that machine."""
        state = self.agent_state(name)
        state.mkdir(parents=True, exist_ok=True)
        self.agent_configuration(name).write_text(
            f"""
driver = "docker"
state_dir = "{state}/state"
volume_root = "{state}/volumes"
docker_socket = "/run/docker.sock"
simulated_gpus = {self.cards}
registries = ["*"]
relist_seconds = 2
readings_seconds = 1
walls_seconds = 2
{self.agent_more}
"""
        )
        words = shlex.split(join_command)
        assert words[:3] == ["aigc", "agent", "join"], join_command
        self.machines[name].run(
            *(AIGC, "agent", "join", *words[3:], "--config", str(self.agent_configuration(name)))
        )

    def start_agent(self, name: str) -> None:
        self.agents[name] = self.machines[name].start(
            "agent", [AIGC, "agent", "run", "--config", str(self.agent_configuration(name))]
        )

    def end_agent(self, name: str, number: int = signal.SIGTERM) -> None:
        self.machines[name].kill(self.agents.pop(name), number)

    # --- the command line, on the desktop ----------------------------------------------------

    def aigc(self, *words: str, token: str, check: bool = True, seconds: float = 90) -> Any:
        """``aigc WORDS --json`` on the desktop, as whoever owns the token."""
        done = self.desk.run(
            *(AIGC, *words, "--json"),
            environment={
                "AIGC_COORDINATOR": f"{HOST}:7443",
                "AIGC_PIN": str(self.ready["pin"]),
                "AIGC_TOKEN": token,
                "XDG_CONFIG_HOME": str(self.root / "desk-config"),
            },
            check=check,
            seconds=seconds,
        )
        return json.loads(done.stdout) if done.stdout.strip() else None

    def trust_authority(self, home: Path) -> None:
        """The documented step that makes Chromium trust the studio's CA."""
        store = home / ".pki" / "nssdb"
        store.mkdir(parents=True, exist_ok=True)
        authority = home / "studio-ca.pem"
        self.desk.run(
            *("curl", "-sk", "-o", str(authority), f"https://{HOST}:7440/ca.pem"),
        )
        certutil = shutil.which("certutil")
        assert certutil is not None, "apt-get install libnss3-tools"
        for arguments in (
            ["-N", "--empty-password"],
            ["-A", "-t", "C,,", "-n", "studio-ca", "-i", str(authority)],
        ):
            subprocess.run(
                [certutil, "-d", f"sql:{store}", *arguments],
                check=True,
                capture_output=True,
                timeout=30,
            )
