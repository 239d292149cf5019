"""The gateway as a child that outlives us: started once, adopted after a crash of ours.

The door must not close because the coordinator dies. So the gateway runs in a session of its own,
with its output in a file; a coordinator that starts finds it by a record of its process id, start
time and configuration, and goes on with it. Only a clean stop ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aigc import __version__
from aigc.clock import Clock
from aigc.door_limits import DoorLimits, write_door_limits
from aigc.errors import AigcError, ErrorKind
from aigc.tls import split_address

_log = logging.getLogger(__name__)
_READY_SECONDS = 30.0
_STOP_SECONDS = 10.0
_FIRST_BACKOFF = 0.2
_MAX_BACKOFF = 10.0
_STEADY_SECONDS = 60.0
# Ended by itself so often without ever listening: something is wrong that waiting does not mend.
_VAIN_STARTS = 3
_LOG_BYTES_MAX = 20 << 20


@dataclass(frozen=True, slots=True)
class GatewayPlan:
    """How to start it. Addresses with port 0 take a free port and keep it for later starts."""

    state_dir: Path
    socket: Path
    listen: str
    tunnel_listen: str
    tunnel_certificate: Path
    tunnel_key: Path
    ca: Path
    certificate: Path | None = None
    key: Path | None = None
    log_level: str = "INFO"
    limits: DoorLimits = field(default_factory=DoorLimits)

    @property
    def record(self) -> Path:
        return self.state_dir / "gateway.pid"

    @property
    def ready_file(self) -> Path:
        return self.state_dir / "gateway-ready.json"

    @property
    def ports_file(self) -> Path:
        return self.state_dir / "gateway-ports.json"

    @property
    def log_file(self) -> Path:
        return self.state_dir / "gateway.log"

    def arguments(self, listen: str, tunnel_listen: str) -> list[str]:
        command = [
            *(sys.executable, "-m", "gateway"),
            *("--socket", str(self.socket)),
            *("--listen", listen),
            *("--tunnel-listen", tunnel_listen),
            *("--tunnel-certificate", str(self.tunnel_certificate)),
            *("--tunnel-key", str(self.tunnel_key)),
            *("--ca", str(self.ca)),
            *("--ready-file", str(self.ready_file)),
        ]
        if self.certificate is not None and self.key is not None:
            command += ["--certificate", str(self.certificate), "--key", str(self.key)]
        for limit in write_door_limits(self.limits):
            command += ["--limit", limit]
        return command

    def fingerprint(self) -> str:
        """Another one: a running gateway must be replaced. It follows its files itself."""
        digest = hashlib.sha256(__version__.encode())
        digest.update("\0".join(self.arguments(self.listen, self.tunnel_listen)).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class GatewayReady:
    """Where it listens, host:port."""

    public: str
    tunnel: str


@dataclass(slots=True)
class _Running:
    pid: int
    pidfd: int
    child: subprocess.Popen[bytes] | None  # None: adopted

    async def ended(self) -> None:
        """Return when the process is gone."""
        loop = asyncio.get_running_loop()
        gone = loop.create_future()

        def note() -> None:
            if not gone.done():
                gone.set_result(None)

        loop.add_reader(self.pidfd, note)
        try:
            await gone
        finally:
            loop.remove_reader(self.pidfd)

    def forget(self) -> None:
        os.close(self.pidfd)
        if self.child is not None:
            self.child.wait()  # it ended: this only collects its status


class GatewayProcess:
    """Keeps one gateway running. ``on_ready`` is called whenever it listens.

    Attributes:
        ready: set while it listens.
        in_vain: set once it ended by itself several times without ever having listened.
    """

    def __init__(
        self, plan: GatewayPlan, clock: Clock, on_ready: Callable[[GatewayReady], None]
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._on_ready = on_ready
        self._running: _Running | None = None
        self._starting: asyncio.Future[_Running] | None = None
        self._fingerprint = ""
        self.ready = asyncio.Event()
        self.in_vain = asyncio.Event()

    async def run(self) -> None:
        """Supervise until cancelled; a cancelled supervision leaves the gateway running."""
        self._fingerprint = await asyncio.to_thread(self._plan.fingerprint)
        self._running = await self._adopt()
        backoff = _FIRST_BACKOFF
        keep_ports = True
        vain = 0
        while True:
            began = self._clock.monotonic()
            if self._running is None:
                self._starting = asyncio.ensure_future(asyncio.to_thread(self._start, keep_ports))
                # A cancelled supervision must not forget a child that is being started.
                self._running = await asyncio.shield(self._starting)
                self._starting = None
            running = self._running
            listened = await self._wait_ready(running)
            if listened:
                await running.ended()
            self.ready.clear()
            self._running = None
            await asyncio.to_thread(running.forget)
            lived = self._clock.monotonic() - began
            vain = 0 if listened else vain + 1
            if vain >= _VAIN_STARTS:
                self.in_vain.set()
            # A taken port is given up for the configured one, if it was only kept from before.
            keep_ports = listened or not keep_ports
            backoff = _FIRST_BACKOFF if listened and lived > _STEADY_SECONDS else backoff
            _log.error(
                "the gateway ended by itself; starting it again",
                extra={"lived_seconds": round(lived, 1), "log": str(self._plan.log_file)},
            )
            await self._clock.sleep(backoff)
            backoff = min(backoff * 2, _MAX_BACKOFF)

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL. Call after :meth:`run` was cancelled."""
        if self._starting is not None:
            self._running, self._starting = await self._starting, None
        running, self._running = self._running, None
        if running is None:
            return
        await _end(running, self._clock)
        await asyncio.to_thread(self._plan.record.unlink, True)
        await asyncio.to_thread(self._plan.ready_file.unlink, True)

    def end_of_log(self) -> str:
        """The last line that it wrote, for an error message. Reads a file."""
        try:
            lines = self._plan.log_file.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""

    async def _wait_ready(self, running: _Running) -> bool:
        """True once it listens; False when it ended (or was ended) before that."""
        ended = asyncio.create_task(running.ended())
        try:
            deadline = self._clock.monotonic() + _READY_SECONDS
            while not ended.done() and self._clock.monotonic() < deadline:
                ready = await asyncio.to_thread(_read_ready, self._plan.ready_file)
                if ready is not None:
                    await asyncio.to_thread(_remember_ports, self._plan, ready)
                    self.ready.set()
                    self._on_ready(ready)
                    return True
                pause = asyncio.create_task(self._clock.sleep(0.05))
                await asyncio.wait({ended, pause}, return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                await asyncio.gather(pause, return_exceptions=True)
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)
        tail = await asyncio.to_thread(self.end_of_log)
        _log.error("the gateway does not come up", extra={"last_line": tail})
        if not ended.done() or ended.cancelled():
            await _end(running, self._clock, forget=False)
        return False

    async def _adopt(self) -> _Running | None:
        """The gateway of a coordinator that crashed, if it still is the one we want."""
        found = await asyncio.to_thread(_find, self._plan.record, self._plan.socket)
        if found is None:
            return None
        running, fingerprint = found
        ready = await asyncio.to_thread(_read_ready, self._plan.ready_file)
        if fingerprint == self._fingerprint and ready is not None:
            _log.info("adopted the running gateway", extra={"pid": running.pid})
            return running
        _log.info("replacing a gateway of another configuration", extra={"pid": running.pid})
        await _end(running, self._clock)
        return None

    def _start(self, keep_ports: bool) -> _Running:
        plan = self._plan
        before = _read_ready(plan.ports_file)
        listen, tunnel = plan.listen, plan.tunnel_listen
        if keep_ports and before is not None:
            listen = _same_port(listen, before.public)
            tunnel = _same_port(tunnel, before.tunnel)
        plan.ready_file.unlink(missing_ok=True)
        if plan.log_file.exists() and plan.log_file.stat().st_size > _LOG_BYTES_MAX:
            plan.log_file.replace(plan.log_file.with_suffix(".log.1"))
        with plan.log_file.open("ab") as log:
            child = subprocess.Popen(
                plan.arguments(listen, tunnel),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        pidfd = os.pidfd_open(child.pid)
        record = {
            "socket": str(plan.socket),
            "pid": child.pid,
            "started": _start_time(child.pid),
            "fingerprint": self._fingerprint,
        }
        plan.record.write_text(json.dumps(record), "utf-8")
        return _Running(child.pid, pidfd, child)


async def _end(running: _Running, clock: Clock, *, forget: bool = True) -> None:
    ended = asyncio.create_task(running.ended())
    try:
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(running.pidfd, kind)
            pause = asyncio.create_task(clock.sleep(_STOP_SECONDS))
            await asyncio.wait({ended, pause}, return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            await asyncio.gather(pause, return_exceptions=True)
            if ended.done():
                break
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
    if forget:
        await asyncio.to_thread(running.forget)


def _find(record: Path, socket: Path) -> tuple[_Running, str] | None:
    try:
        values = json.loads(record.read_text("utf-8"))
        pid, started, fingerprint = values["pid"], values["started"], values["fingerprint"]
        if values["socket"] != str(socket):
            return None  # of another folder, which this one is a copy of
        pidfd = os.pidfd_open(pid)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none was started, or it is gone
    if _start_time(pid) != started or not started:
        os.close(pidfd)  # somebody else's process by now
        return None
    return _Running(pid, pidfd, None), str(fingerprint)


def _start_time(pid: int) -> str:
    """When a process began, in clock ticks since boot; empty if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _read_ready(file: Path) -> GatewayReady | None:
    try:
        values = json.loads(file.read_text("utf-8"))
        return GatewayReady(values["public"], values["tunnel"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there yet, or half written


def _remember_ports(plan: GatewayPlan, ready: GatewayReady) -> None:
    values = {"public": ready.public, "tunnel": ready.tunnel}
    plan.ports_file.write_text(json.dumps(values), "utf-8")


def _same_port(configured: str, before: str) -> str:
    if split_address(configured)[1] != 0:
        return configured
    return f"{configured.rpartition(':')[0]}:{split_address(before)[1]}"


def not_ready(process: GatewayProcess) -> AigcError:
    """Why the start of the coordinator fails when the door does not open."""
    return AigcError(
        "gateway-not-ready",
        f"The gateway did not start: {process.end_of_log() or 'it wrote nothing'}. Its log is "
        "gateway.log in the state folder.",
        ErrorKind.UNAVAILABLE,
    )
