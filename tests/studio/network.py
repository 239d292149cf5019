"""Switch, router, cables and addresses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Of every namespace made here. By process, so that two runs on one computer do not meet.
PREFIX = f"aigc-t{os.getpid()}-"
LAN = PREFIX + "lan"
INTERNET = PREFIX + "inet"
ADDRESSES = {
    "coord": "10.77.0.10",
    "gpu1": "10.77.0.21",
    "gpu2": "10.77.0.22",
    "desk": "10.77.0.30",
}
ROUTER = "10.77.0.1"
INTERNET_HOST = "203.0.113.10"


def run(*command: str, check: bool = True) -> str:
    """Run one command and return its output; a failure carries what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def namespaces() -> set[str]:
    return {line.split()[0] for line in run("ip", "netns", "list").splitlines() if line.strip()}


@dataclass(frozen=True, slots=True)
class Network:
    """The studio's wires. ``unplug`` pulls the cable at the switch, as a person would."""

    def up(self) -> None:
        self.down()
        for name in (LAN, INTERNET, *(PREFIX + m for m in ADDRESSES)):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", LAN, "link", "add", "br0", "type", "bridge", "stp_state", "0")
        run("ip", "-n", LAN, "addr", "add", f"{ROUTER}/24", "dev", "br0")
        run("ip", "-n", LAN, "link", "set", "br0", "up")
        for machine, address in ADDRESSES.items():
            self._plug_in(PREFIX + machine, "p-" + machine, f"{address}/24")
            run("ip", "-n", LAN, "link", "set", "p-" + machine, "master", "br0")
            run("ip", "-n", PREFIX + machine, "route", "add", "default", "via", ROUTER)
            # A new namespace inherits ip_forward; a fresh machine does not forward.
            self._sysctl(PREFIX + machine, "net.ipv4.ip_forward=0")
            etc = Path("/etc/netns") / (PREFIX + machine)
            etc.mkdir(parents=True, exist_ok=True)
            (etc / "resolv.conf").write_text(f"nameserver {ADDRESSES['coord']}\n")
        self._plug_in(INTERNET, "p-inet", f"{INTERNET_HOST}/24")
        run("ip", "-n", LAN, "addr", "add", "203.0.113.1/24", "dev", "p-inet")
        run("ip", "-n", INTERNET, "route", "add", "default", "via", "203.0.113.1")
        # What engines must never reach: an intranet host and the cloud's metadata address.
        for address in ("192.168.50.1/32", "169.254.169.254/32"):
            run("ip", "-n", LAN, "addr", "add", address, "dev", "lo")
        self._sysctl(LAN, "net.ipv4.ip_forward=1")

    def down(self) -> None:
        """This run's namespaces, and those of runs that were killed."""
        for name in sorted(namespaces()):
            found = re.match(r"aigc-t(\d+)-", name)
            if found and (name.startswith(PREFIX) or not Path("/proc", found[1]).exists()):
                run("ip", "netns", "del", name, check=False)
                shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)

    def unplug(self, machine: str) -> None:
        run("ip", "-n", LAN, "link", "set", "p-" + machine, "down")

    def plug_in_again(self, machine: str) -> None:
        run("ip", "-n", LAN, "link", "set", "p-" + machine, "up")

    @staticmethod
    def _plug_in(namespace: str, port: str, address: str) -> None:
        run(
            *("ip", "-n", namespace, "link", "add", "eth0", "type", "veth"),
            *("peer", "name", port, "netns", LAN),
        )
        run("ip", "-n", namespace, "addr", "add", address, "dev", "eth0")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")
        run("ip", "-n", LAN, "link", "set", port, "up")

    @staticmethod
    def _sysctl(namespace: str, setting: str) -> None:
        run("ip", "netns", "exec", namespace, "sysctl", "-qw", setting)
