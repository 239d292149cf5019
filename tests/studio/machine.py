"""One simulated computer: its own network, mounts, /run, hostname and process ids."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

from tests.studio.network import ADDRESSES, PREFIX, run

T = TypeVar("T")

_POOLS = {"gpu1": "10.201.0.0/16", "gpu2": "10.202.0.0/16"}


def wait_until(what: str, probe: Callable[[], T | None], seconds: float = 30) -> T:
    """Poll a real thing until it is there.

    Raises:
        TimeoutError: naming what did not come.
    """
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds} s")
        time.sleep(0.05)


class Machine:
    """A computer of the studio. ``power_off`` is a power cut; nothing on it survives but disks."""

    def __init__(self, name: str, state: Path) -> None:
        self.name = name
        self.address = ADDRESSES[name]
        self.namespace = PREFIX + name
        self.state = state / name
        self.logs = self.state / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._outer: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._programs: list[subprocess.Popen[bytes]] = []

    # --- power -------------------------------------------------------------------------------

    def power_on(self) -> None:
        init = Path(__file__).with_name("machine-init.sh")
        log = (self.logs / "init.log").open("ab")
        self._outer = subprocess.Popen(
            [
                *("nsenter", f"--net=/run/netns/{self.namespace}"),
                *("unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"),
                *(str(init), self.name, str(self.state), self.namespace),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        outer = psutil.Process(self._outer.pid)

        def first_process() -> int | None:
            children = outer.children(recursive=True)
            for child in children:
                with contextlib.suppress(psutil.Error):
                    if "machine-init.sh" in " ".join(child.cmdline()) and (
                        Path(f"/proc/{child.pid}/root/run/machine-ready").exists()
                    ):
                        return child.pid
            return None

        self._pid = wait_until(f"{self.name} booting", first_process, 20)

    def power_off(self) -> None:
        """Pull the plug: SIGKILL to the machine's first process takes everything with it."""
        if self._outer is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        # First what waits outside for programs inside: a dead machine's last process is theirs.
        for program in self._programs:
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            program.wait(timeout=20)
        self._programs.clear()
        self._outer.wait(timeout=20)
        self._outer = None
        self._forget_cgroups()
        # Bridges live in the named namespace and would survive a power cut.
        links = run("ip", "-n", self.namespace, "-j", "link", "show", "type", "bridge", check=False)
        for link in json.loads(links or "[]"):
            run("ip", "-n", self.namespace, "link", "del", link["ifname"], check=False)
        for table in ("filter", "nat", "raw", "mangle"):
            for action in ("-F", "-X"):
                self._in_network("iptables", "-t", table, action)
        self._in_network("iptables", "-P", "FORWARD", "ACCEPT")
        self._in_network("nft", "delete", "table", "inet", "aigc_studio")

    def _in_network(self, *command: str) -> None:
        run("ip", "netns", "exec", self.namespace, *command, check=False)

    def _forget_cgroups(self) -> None:
        roots = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").iterdir()]
        for root in roots:
            tree = root / self.namespace
            if tree.is_dir():
                for folder in sorted((p for p in tree.rglob("*") if p.is_dir()), reverse=True):
                    with contextlib.suppress(OSError):
                        folder.rmdir()
                with contextlib.suppress(OSError):
                    tree.rmdir()

    # --- programs ----------------------------------------------------------------------------

    def command(self, *command: str) -> list[str]:
        """The command line that runs this inside the machine, from outside."""
        return ["nsenter", "-t", str(self._pid), "-m", "-u", "-i", "-n", "-p", "--", *command]

    def run(
        self,
        *command: str,
        check: bool = True,
        environment: Mapping[str, str] | None = None,
        seconds: float = 60,
        text_input: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*command),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={**os.environ, **(environment or {})},
            input=text_input,
        )
        if check and done.returncode:
            raise RuntimeError(
                f"{self.name}: {' '.join(command)}: exit {done.returncode}: "
                f"{done.stderr.strip()[-2000:] or done.stdout.strip()[-2000:]}"
            )
        return done

    def start(
        self,
        log: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program in the background, its output in ``logs/LOG``."""
        with self.log(log).open("ab") as output:
            program = subprocess.Popen(
                self.command(*command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self._programs.append(program)
        return program

    def inside(self, program: subprocess.Popen[bytes]) -> psutil.Process:
        """The program itself, behind nsenter, as the kernel outside sees it."""

        def child() -> psutil.Process | None:
            found = psutil.Process(program.pid)
            if "nsenter" not in found.name():
                return found
            children = found.children()
            return children[0] if children else None

        return wait_until(f"{self.name}: a program starting", child, 10)

    def kill(self, program: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
        """Send a signal to the program itself; waits for its end unless it only pauses it."""
        self.inside(program).send_signal(number)
        if number == signal.SIGCONT:
            program.send_signal(number)  # nsenter paused itself with it
        if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            program.wait(timeout=30)
            self._programs.remove(program)

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def path(self, inside: str) -> Path:
        """A path of the machine as seen from outside."""
        return Path(f"/proc/{self._pid}/root{inside}")

    # --- Docker ------------------------------------------------------------------------------

    @property
    def docker_socket(self) -> Path:
        return self.path("/run/docker.sock")

    def start_docker(self, live_restore: bool = False, path_first: Path | None = None) -> None:
        """Start the machine's Docker Engine; ``path_first`` is put before PATH (a GPU hook)."""
        configuration = {
            "bridge": "none",
            "ip6tables": False,
            "userland-proxy": False,
            "live-restore": live_restore,
            "default-address-pools": [{"base": _POOLS[self.name], "size": 28}],
            "cgroup-parent": f"/{self.namespace}",
            "log-driver": "json-file",
        }
        (self.state / "etc-docker" / "daemon.json").write_text(json.dumps(configuration))
        # A killed daemon leaves its pid file behind, which stops the next one.
        self.path("/run/docker.pid").unlink(missing_ok=True)
        path = os.environ["PATH"]
        if path_first is not None:
            path = f"{path_first}:{path}"
        self.start("dockerd", ["dockerd"], {"PATH": path})
        wait_until(f"{self.name}: dockerd answering", self._docker_answers, 60)

    def _docker_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.docker_socket))
                connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b"200 OK" in connection.recv(200)
            except OSError:
                return False

    def end_docker(self, number: int = signal.SIGTERM) -> None:
        pid = self.path("/run/docker.pid").read_text().strip()
        self.run("kill", f"-{int(number)}", pid)
        wait_until(
            f"{self.name}: dockerd ending",
            lambda: self.run("kill", "-0", pid, check=False).returncode != 0 or None,
            30,
        )

    def docker(self, *command: str, check: bool = True, seconds: float = 120) -> str:
        done = self.run(
            "docker", "-H", "unix:///run/docker.sock", *command, check=check, seconds=seconds
        )
        return done.stdout
