"""A whole studio on this machine, for the demo: its folder, its programs, and their end.

Every program is a child in a process group of its own; what a killed demo leaves behind is found
again by its folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aigc.errors import AigcError, ErrorKind

READY_SECONDS = 60.0
STOP_SECONDS = 15.0

_PORTS = {"creators": 7443, "nodes": 7444, "web": 7440, "gateway": 8443, "tunnel": 7445}
_AIGC = (sys.executable, "-m", "aigc.cli")


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo is to be.

    Attributes:
        runtime: "docker" or "process"; decided before.
        release_after: how long an engine stays without anybody ("15m").
        fixed_ports: take the usual ports where they are free, so that addresses stay the same.
    """

    folder: Path
    runtime: str
    engine_folder: Path
    image: str = "aigc-demo-engine:1.0"  # another name where one is made
    docker_socket: str = "/var/run/docker.sock"
    release_after: str = "15m"
    grace_after_start: str = "5m"
    simulated_gpus: int = 2
    fixed_ports: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """What the coordinator wrote once it listened."""

    creators: str
    web_url: str
    gateway_url: str
    pin: str


@dataclass(slots=True)
class DemoStudio:
    """The running programs. ``start_*`` in this order; ``stop`` ends whatever was started."""

    plan: DemoPlan
    children: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def write(self) -> None:
        """The folder with both configurations and the catalogue. Blocks; existing state stays.

        Raises:
            AigcError: the folder cannot be written.
        """
        folder = self.plan.folder
        try:
            self._write(folder)
        except OSError as error:
            raise AigcError(
                "data-dir-unusable",
                f"The demo cannot write its folder {folder}: {error.strerror or error}. Make room "
                "on its disk, or give another folder with --data-dir.",
                ErrorKind.UNAVAILABLE,
            ) from error

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("engines", "logs", "coordinator", "agent", "volumes", "desktop"):
            (folder / name).mkdir(exist_ok=True, mode=0o700)
        ports = _free_ports() if self.plan.fixed_ports else dict.fromkeys(_PORTS, 0)
        (folder / "coordinator.toml").write_text(_coordinator_toml(folder, ports), "utf-8")
        (folder / "agent.toml").write_text(_agent_toml(self.plan), "utf-8")
        (folder / "engines" / "demo.yaml").write_text(_catalogue(self.plan), "utf-8")

    async def start_coordinator(self) -> Ready:
        """Returns when it listens on all its ports.

        Raises:
            AigcError: it ended, or was not ready in time; with the end of its log.
        """
        told = self.plan.folder / "coordinator" / "ready.json"
        await asyncio.to_thread(told.unlink, True)
        await self.spawn(
            "coordinator",
            [
                *_AIGC,
                "coordinator",
                "serve",
                "--config",
                str(self.plan.folder / "coordinator.toml"),
            ],
        )
        values = await self._until("coordinator", lambda: _read_json(told))
        return Ready(
            creators=str(values["creators"]),
            web_url=str(values["web_url"]),
            gateway_url=str(values["gateway_url"]),
            pin=str(values["pin"]),
        )

    async def join_agent(self, command: str) -> None:
        """Run the line that the coordinator gave for this machine, as IT would.

        Raises:
            AigcError: it failed; with what it said.
        """
        words = shlex.split(command)
        if words[:2] == ["sudo", "aigc"]:
            words = words[1:]
        if words[0] != "aigc":
            raise AigcError(
                "demo-join", f"The join command is not one of aigc: {words[0]}.", ErrorKind.INTERNAL
            )
        arguments = [*words[1:], "--config", str(self.plan.folder / "agent.toml")]
        process = await asyncio.create_subprocess_exec(
            *_AIGC,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(READY_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            raise AigcError(
                "demo-join",
                f"The machine could not join: {output.decode(errors='replace').strip()[-500:]}",
                ErrorKind.INTERNAL,
            )

    async def start_agent(self) -> None:
        config = str(self.plan.folder / "agent.toml")
        await self.spawn("agent", [*_AIGC, "agent", "run", "--stop-engines", "--config", config])

    async def spawn(self, name: str, command: Sequence[str]) -> asyncio.subprocess.Process:
        """Start one program in a process group of its own, with a log of its own."""
        log = await asyncio.to_thread((self.plan.folder / "logs" / f"{name}.log").open, "ab")
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        finally:
            await asyncio.to_thread(log.close)
        self.children[name] = process
        return process

    def check_alive(self, name: str) -> None:
        """Raise with the end of its log if a program ended by itself."""
        process = self.children[name]
        if process.returncode is not None:
            raise AigcError(
                "demo-ended",
                f"The {name} ended by itself with exit code {process.returncode}:\n"
                f"{self.log_tail(name)}",
                ErrorKind.INTERNAL,
            )

    def log_tail(self, name: str, lines: int = 12) -> str:
        path = self.plan.folder / "logs" / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            tail = "\n".join(path.read_text("utf-8", "replace").splitlines()[-lines:])
            return tail or f"(it could write nothing to {path}: is that disk full?)"
        return "(it left no log)"

    async def stop(self) -> None:
        """End every program, the agent before the coordinator, and any engine left over."""
        for name in [n for n in reversed(self.children) if n != "coordinator"] + ["coordinator"]:
            process = self.children.get(name)
            if process is not None:
                await _end(process)
                del self.children[name]
        await asyncio.to_thread(end_engines, self.plan.folder)

    def kill(self) -> None:
        """End at once whatever :meth:`stop` did not."""
        for process in self.children.values():
            _kill_group(process)
        if self.children:
            end_engines(self.plan.folder)
        self.children.clear()

    async def _until(self, name: str, look: Any) -> dict[str, Any]:
        """Poll for what a program tells, as long as it lives."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    found = await asyncio.to_thread(look)
                    if found is not None:
                        return dict(found)
                    self.check_alive(name)
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise AigcError(
                "demo-slow",
                f"The {name} was not ready within {READY_SECONDS:.0f} s:\n{self.log_tail(name)}",
                ErrorKind.UNAVAILABLE,
            ) from error


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM to the program, then SIGKILL to its whole group."""
    if process.returncode is None:
        process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
    _kill_group(process)
    await process.wait()


def _kill_group(process: asyncio.subprocess.Process) -> None:
    """At once, with what it started (Windows has no groups to kill, nor the programs)."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def end_engines(folder: Path) -> int:
    """Kill the processes that work in a demo's folder (engines outlive their agent)."""
    import psutil

    inside = str(folder.resolve()) + os.sep
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and (process.cwd() + os.sep).startswith(inside):
                left.append(process)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return len(left)


def _environment() -> dict[str, str]:
    """This environment without what would lead our programs to another coordinator."""
    return {k: v for k, v in os.environ.items() if not k.startswith("AIGC_")} | {
        "PYTHONUNBUFFERED": "1"
    }


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    assert isinstance(value, dict)
    return value


def _free_ports() -> dict[str, int]:
    """The usual ports; 0 (any) in place of one that somebody has."""
    ports = {}
    for name, port in _PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                port = 0
        ports[name] = port
    return ports


def _coordinator_toml(folder: Path, ports: Mapping[str, int]) -> str:
    return f"""\
# The demo's coordinator: everything on this machine's loopback.
name = "Demo studio"
state_dir = {_quoted(folder / "coordinator")}
catalogue_dir = {_quoted(folder / "engines")}

[listen]
creators = "127.0.0.1:{ports["creators"]}"
nodes = "127.0.0.1:{ports["nodes"]}"
web = "127.0.0.1:{ports["web"]}"
web_tls = false

[public]
host = "127.0.0.1"

[gateway]
zone = "localhost"
listen = "127.0.0.1:{ports["gateway"]}"
tls = false
tunnel_listen = "127.0.0.1:{ports["tunnel"]}"
"""


def _agent_toml(plan: DemoPlan) -> str:
    return f"""\
# The demo's agent.
driver = "{plan.runtime}"
process_allowed = {"true" if plan.runtime == "process" else "false"}
state_dir = {_quoted(plan.folder / "agent")}
volume_root = {_quoted(plan.folder / "volumes")}
docker_socket = {_quoted(plan.docker_socket)}
docker_scope = "demo-{hashlib.sha256(str(plan.folder).encode()).hexdigest()[:12]}"
simulated_gpus = {plan.simulated_gpus}
registries = ["*"]
relist_seconds = 5
readings_seconds = 1
"""


def _quoted(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)  # a TOML basic string is a JSON string


def _catalogue(plan: DemoPlan) -> str:
    """The demo engine's own template, with this demo's command, image and times."""
    from ruamel.yaml import YAML

    source = plan.engine_folder.parent / "engines" / "demo.yaml"
    yaml = YAML(typ="safe", pure=True)
    template = yaml.load(source.read_text("utf-8"))
    template["idle"] |= {
        "release_after": plan.release_after,
        "grace_after_start": plan.grace_after_start,
        "warn_before": "1s" if plan.release_after.endswith("s") else "5m",
    }
    version = template["versions"][0]
    version["image"] = plan.image
    version["process_command"] = [
        "{python}", str(plan.engine_folder), "--host=127.0.0.1",
    ]  # fmt: skip
    return json.dumps(template, ensure_ascii=False, indent=2) + "\n"  # JSON is YAML


def engine_folder() -> Path:
    """Where the demo engine's source is.

    Raises:
        AigcError: ``demo-engine-missing`` in an installation without the examples.
    """
    folder = Path(__file__).resolve().parents[2] / "examples" / "demo_engine"
    if not (folder / "__main__.py").is_file():
        raise AigcError(
            "demo-engine-missing",
            f"The demo engine is not at {folder}: 'aigc demo' runs from a clone of the "
            "repository (git clone, then make demo).",
            ErrorKind.UNAVAILABLE,
        )
    return folder
