"""A real Docker Engine of the tests' own: own data, own socket, own network namespace.

Several suites may each have one at the same time. The engine's container networks are routed to
the machine's own namespace over a veth pair, so that a test process reaches containers by address
as an agent on the engine's machine would. What a killed run left behind is cleaned up by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
import psutil
import pytest

_SLOTS = Path(tempfile.gettempdir()) / "aigc-test-engines"
_HOOK = Path(__file__).parent / "standins" / "gpu_hook" / "nvidia-container-runtime-hook"


def wait_until(what: str, done: Callable[[], bool], seconds: float = 30) -> None:
    """Until it is so, or fail saying what was waited for."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s for {what}", pytrace=False)
        time.sleep(0.02)


def _run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@dataclass
class TestEngine:
    """One dockerd. Slot n (0-63) has the container networks 100.(64+n).0.0/17.

    Attributes:
        gpus: UUIDs that the stand-in GPU hook knows; see :meth:`know_gpus`.
        path_first: folders before all others on dockerd's PATH (the GPU hook's own is there).
    """

    __test__ = False

    folder: Path
    slot: int
    live_restore: bool = False
    insecure_registries: tuple[str, ...] = ()
    path_first: tuple[str, ...] = ()
    _lock: int = field(default=-1, repr=False)

    @property
    def socket(self) -> str:
        return str(self.folder / "docker.sock")

    @property
    def namespace(self) -> str:
        return f"aigc-test-{self.slot}"

    @property
    def host_address(self) -> str:
        """Of this machine as the engine sees it (a registry may listen there)."""
        return f"100.{64 + self.slot}.255.1"

    @property
    def enter(self) -> list[str]:
        """What to put before a command so that it runs in the engine's network namespace."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}"]

    @property
    def pid(self) -> int | None:
        try:
            return int((self.folder / "dockerd.pid").read_text())
        except (OSError, ValueError):
            return None

    def client(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=f"unix://{self.socket}", version="auto", timeout=60)

    # --- network ---------------------------------------------------------------------------------

    def _network_up(self) -> None:
        n, ns = self.slot, self.namespace
        ours, theirs = f"aigct{n}", f"aigct{n}p"
        _run("ip", "netns", "add", ns)
        _run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", ns)
        _run("ip", "addr", "add", f"{self.host_address}/30", "dev", ours)
        _run("ip", "link", "set", ours, "up")
        _run("ip", "-n", ns, "addr", "add", f"100.{64 + n}.255.2/30", "dev", theirs)
        _run("ip", "-n", ns, "link", "set", "lo", "up")
        _run("ip", "-n", ns, "link", "set", theirs, "up")
        _run("ip", "-n", ns, "route", "add", "default", "via", self.host_address)
        _run("ip", "route", "add", f"100.{64 + n}.0.0/17", "via", f"100.{64 + n}.255.2")
        # The test process stands for one on the engine's machine: let it in, also to networks
        # without a way out, with an address that they know.
        tables = [*self.enter, "iptables"]
        _run(*self.enter, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        _run(*tables, "-N", "DOCKER-USER")
        _run(*tables, "-A", "DOCKER-USER", "-i", theirs, "-j", "ACCEPT")
        answers = ("-m", "conntrack", "--ctstate", "ESTABLISHED")
        _run(*tables, "-A", "DOCKER-USER", "-o", theirs, *answers, "-j", "ACCEPT")
        _run(
            *(*tables, "-t", "nat", "-A", "POSTROUTING"),
            *("-s", f"100.{64 + n}.255.0/30", "!", "-o", theirs, "-j", "MASQUERADE"),
        )

    def _network_down(self) -> None:
        _run("ip", "link", "del", f"aigct{self.slot}", check=False)
        _run("ip", "netns", "del", self.namespace, check=False)

    # --- daemon ----------------------------------------------------------------------------------

    def know_gpus(self, *uuids: str) -> None:
        """From now on the GPU hook refuses all other cards; without arguments it knows none."""
        (self.folder / "hook" / "known").write_text("".join(f"{u}\n" for u in uuids))

    def start(self) -> None:
        """Start dockerd and wait until it answers."""
        (self.folder / "dockerd.pid").unlink(missing_ok=True)
        options: dict[str, object] = {
            "default-address-pools": [{"base": f"100.{64 + self.slot}.0.0/17", "size": 28}],
            "bridge": "none",
            "live-restore": self.live_restore,
            "ip6tables": False,
            "userland-proxy": False,
            "storage-driver": "overlay2",
            "insecure-registries": [f"{self.host_address}/32", *self.insecure_registries],
            "shutdown-timeout": 5,
            "max-download-attempts": 1,
        }
        if _docker_version() >= (28, 2):
            options["allow-direct-routing"] = True
        config = self.folder / "daemon.json"
        config.write_text(json.dumps(options))
        path = os.pathsep.join([*self.path_first, str(self.folder / "hook"), os.environ["PATH"]])
        # A child of nobody: it outlives restarts in the middle of a test, and is found by pidfile.
        with (self.folder / "dockerd.log").open("ab") as output:
            subprocess.run(
                [
                    *("setsid", "--fork", *self.enter, "unshare", "--uts", "dockerd"),
                    *("--config-file", str(config), "--data-root", str(self.folder / "data")),
                    *("--exec-root", str(self.folder / "exec"), "-H", f"unix://{self.socket}"),
                    *("--pidfile", str(self.folder / "dockerd.pid"), "-l", "warn"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": path},
                check=True,
                timeout=30,
            )
        try:
            wait_until("dockerd", self.answers, 60)
        except BaseException:
            print((self.folder / "dockerd.log").read_text()[-3000:])
            raise
        # A dockerd that starts again puts its isolation before the rules that let tests in.
        tables = [*self.enter, "iptables"]
        _run(*tables, "-D", "FORWARD", "-j", "DOCKER-USER", check=False)
        _run(*tables, "-I", "FORWARD", "-j", "DOCKER-USER")

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("docker", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(5)
        try:
            connection.sock.connect(self.socket)
            connection.request("GET", "/_ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def signal(self, number: signal.Signals) -> None:
        pid = self.pid
        assert pid is not None, "dockerd does not run"
        os.kill(pid, number)

    def kill(self) -> None:
        """kill -9 of the daemon; containers live or die by its live-restore."""
        pid = self.pid
        self.signal(signal.SIGKILL)
        wait_until("dockerd's death", lambda: not _alive(pid))
        # Its containerd dies with it. The next dockerd would take even a zombie for alive.
        listed = self.folder / "exec" / "containerd" / "containerd.pid"
        with contextlib.suppress(OSError, ValueError):
            below = int(listed.read_text())
            wait_until("containerd's death", lambda: not _alive(below))
            listed.unlink()

    def stop(self, seconds: float = 60) -> None:
        """An orderly end, as by systemctl stop."""
        pid = self.pid
        if pid is None or not _alive(pid):
            return
        os.kill(pid, signal.SIGTERM)
        wait_until("dockerd's end", lambda: not _alive(pid), seconds)

    def restart(self, *, kill: bool = False, live_restore: bool | None = None) -> None:
        if kill:
            self.kill()
        else:
            self.stop()
        if live_restore is not None:
            self.live_restore = live_restore
        self.start()

    def empty(self) -> None:
        """Remove every container and every network of ours; images stay."""
        client = self.client()
        try:
            for container in client.api.containers(all=True):
                with contextlib.suppress(docker.errors.NotFound):
                    client.api.remove_container(container["Id"], force=True, v=True)
            for network in client.api.networks():
                if network["Name"] not in ("bridge", "host", "none"):
                    with contextlib.suppress(docker.errors.APIError):
                        client.api.remove_network(network["Id"])
        finally:
            client.close()

    # --- whole -----------------------------------------------------------------------------------

    def up(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "hook").mkdir()
        shutil.copy2(_HOOK, self.folder / "hook" / _HOOK.name)
        self._network_up()
        self.start()

    def down(self) -> None:
        """Stop all that it started and remove what it wrote."""
        if self.answers():
            self.empty()
        _end_left_over(self.folder)
        self._network_down()
        for mount in reversed(_mounts_below(self.folder)):
            _run("umount", "-l", mount, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def _docker_version() -> tuple[int, int]:
    match = re.search(r"version (\d+)\.(\d+)", _run("dockerd", "--version"))
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _alive(pid: int | None) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _end_left_over(folder: Path) -> None:
    """dockerd, its containerd and the shims, which all name the folder; and what the shims run."""

    def ours() -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                line = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf8", "replace")
                )
                if f"{folder}/" in line and ("dockerd" in line or "containerd" in line):
                    found.append(int(entry.name))
        return found

    run_by_them = []
    for pid in ours():
        with contextlib.suppress(psutil.Error):
            shim = psutil.Process(pid)
            if "shim" in shim.name():
                run_by_them += shim.children(recursive=True)
    for number, seconds in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 10.0)):
        for process in run_by_them:
            with contextlib.suppress(psutil.Error):
                process.kill()
        for pid in ours():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while ours() and time.monotonic() < deadline:
            time.sleep(0.05)


def _mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [p for p in (line.split()[1] for line in lines) if p.startswith(f"{folder}/")]


@contextlib.contextmanager
def engine(*, live_restore: bool = False) -> Iterator[TestEngine]:
    """A running engine in a free slot; gone afterwards."""
    _SLOTS.mkdir(exist_ok=True)
    for slot in range(64):
        lock = os.open(_SLOTS / f"{slot}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        made = TestEngine(_SLOTS / str(slot), slot, live_restore)
        try:
            # What a killed run left in this slot.
            made.down()
            made.up()
            yield made
        finally:
            made.down()
            os.close(lock)
        return
    pytest.fail("all 64 slots for Docker Engines are taken", pytrace=False)


@contextlib.contextmanager
def small_disk(made: TestEngine, mebibytes: int) -> Iterator[None]:
    """The engine on an empty data folder of so many MiB; then on its own again."""
    made.stop()
    data = made.folder / "data"
    _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(data))
    try:
        made.start()
        yield
    finally:
        made.stop()
        for mount in reversed(_mounts_below(made.folder)):
            if mount.startswith(str(data)):
                _run("umount", "-l", mount)
        made.start()


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[TestEngine]:
    """One engine for the whole session; see :func:`clean_engine`."""
    with engine() as made:
        yield made


@pytest.fixture
def clean_engine(docker_engine: TestEngine) -> Iterator[TestEngine]:
    """The session's engine without any container, before and after."""
    if not docker_engine.answers():
        docker_engine.start()
    docker_engine.empty()
    (docker_engine.folder / "hook" / "known").unlink(missing_ok=True)
    yield docker_engine
    if not docker_engine.answers():
        docker_engine.start()
    docker_engine.empty()
