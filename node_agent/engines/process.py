"""The process driver: engines as plain processes of this machine, for demo and development only.

There is no wall between such an engine and the machine, and its port is open to every local user;
the fingerprint says so. Each instance is a session of its own that survives the agent. Its folder
below the state directory holds what a restarted agent needs to adopt it: ``spec.json`` (written
before the start), ``stat`` (the leader's identity, written by the leader itself), ``exit`` (its
exit code) and its logs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from node_agent.engines import process_table
from node_agent.engines.driver import (
    Container,
    ContainerState,
    Door,
    DriverError,
    DriverEvent,
    FailReason,
    Fingerprint,
    InstanceSpec,
    LogLine,
    Problem,
    Progress,
)
from node_agent.engines.process_files import (
    Plan,
    container_of,
    environment_of,
    exit_code_of,
    fill,
    has_ended,
    marker_of,
    read_leader,
    read_plan,
    remove_folder,
    search_path,
    write_plan,
)
from node_agent.engines.process_logs import bound_logs, follow_logs
from node_agent.engines.process_table import Leader
from node_agent.walls.obstacles import PROCESSES

# The leader: tells who it is, waits for the engine, and leaves its exit code where an agent that
# was not its parent can read it. SIGTERM is meant for the engine (it is sent to all); a trap that
# does nothing keeps the leader until the engine is done, and is not inherited.
_LEADER = """
run=$1; work=$2; shift 2
trap : TERM INT HUP
read -r line < /proc/$$/stat && printf '%s\\n' "$line" > "$run/stat.new" \
  && mv "$run/stat.new" "$run/stat" && cd "$work" || exit 125
"$@"
code=$?
printf '%s\\n' "$code" > "$run/exit.new" && mv "$run/exit.new" "$run/exit"
exit $code
"""
_KEY = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,62})\.(\d+)")
_KILLED_AFTER = 5.0


class ProcessDriver:
    """Implements EngineDriver. ``root``: its folder below the agent's state directory."""

    name = "process"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._boot_id = ""
        self._starting: dict[str, asyncio.Task[Container]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._watched: dict[str, int] = {}  # container id -> pidfd of its leader
        self._listeners: set[asyncio.Queue[DriverEvent | None]] = set()

    async def load(self) -> None:
        await asyncio.to_thread(self._make_root)

    async def unload(self) -> None:
        loop = asyncio.get_running_loop()
        for handle in self._watched.values():
            loop.remove_reader(handle)
            os.close(handle)
        self._watched.clear()
        for listener in self._listeners:
            listener.put_nowait(None)

    async def fingerprint(self) -> Fingerprint:
        problems = [
            Problem(
                "Engines run as plain processes (process driver, demo only): nothing separates "
                "them from this machine and its other users.",
                "引擎以普通进程运行（进程驱动，仅供演示）：与本机及其他用户之间没有隔离。",
            )
        ]
        able = sys.platform == "linux" and hasattr(os, "pidfd_open")
        if not able:
            problems.append(
                Problem(
                    "The process driver needs Linux 5.3 or newer; use Docker on this machine.",
                    "进程驱动需要 Linux 5.3 或更新版本；请在此机器上使用 Docker。",
                )
            )
        return Fingerprint(
            "process", "", able, Door.OPEN_TO_LOCAL_USERS, tuple(problems), PROCESSES
        )

    async def relist(self) -> list[Container]:
        try:
            found = await asyncio.to_thread(self._read_all)
        except OSError as error:
            raise DriverError(
                FailReason.START, f"Cannot read the processes' state below {self._root}: {error}."
            ) from error
        for container, leader in found:
            if container.state is ContainerState.RUNNING and leader is not None:
                self._watch(container, leader)
        return [container for container, _ in found]

    async def prepare(self, spec: InstanceSpec, report: Callable[[Progress], None]) -> str:
        """Nothing is fetched; only the program must exist."""
        await asyncio.to_thread(self._program, spec, FailReason.PREPARE)
        report(Progress("image", 0, 0, finished=True))
        return ""

    async def start(self, spec: InstanceSpec, image_digest: str) -> Container:
        key = f"{spec.instance_id}.{spec.epoch}"
        if _KEY.fullmatch(key) is None:
            raise DriverError(FailReason.START, f'"{spec.instance_id}" is not an instance id.')
        work = self._starting.get(key)
        if work is None:
            work = self._starting[key] = asyncio.create_task(self._launch(key, spec))
            work.add_done_callback(lambda done: self._started(key, done))
        # Shielded: a start cut in half would leave a process that nobody watches.
        return await asyncio.shield(work)

    def _started(self, key: str, work: asyncio.Task[Container]) -> None:
        del self._starting[key]
        if not work.cancelled():
            work.exception()  # whoever asked was told, unless it was cancelled meanwhile

    async def stop(self, container: Container, grace: float) -> None:
        if (starting := self._starting.get(container.container_id)) is not None:
            await asyncio.wait([starting])
        async with self._locks[container.container_id]:
            await self._end(container, grace)
        self._locks.pop(container.container_id, None)

    async def _end(self, container: Container, grace: float) -> None:
        folder = self._root / container.container_id
        marker = marker_of(container.container_id)
        leader = await asyncio.to_thread(read_leader, folder)
        if leader is not None and not await asyncio.to_thread(process_table.is_alive, leader):
            leader = None  # its id may be another's by now
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _KILLED_AFTER)):
            deadline = time.monotonic() + patience
            while pids := await asyncio.to_thread(process_table.family, leader, marker):
                process_table.send(pids, number)
                try:
                    async with asyncio.timeout_at(
                        asyncio.get_running_loop().time() + max(0.0, deadline - time.monotonic())
                    ):
                        await process_table.wait_gone(pids)
                except TimeoutError:
                    break
        left = await asyncio.to_thread(process_table.family, leader, marker)
        if left:
            raise DriverError(
                FailReason.START,
                f"Processes {sorted(left)} of {container.instance_id} do not end, "
                "even when killed.",
            )
        self._forget(container.container_id)
        await asyncio.to_thread(remove_folder, folder)
        self._tell(DriverEvent(container.container_id, container.instance_id, "destroy"))

    async def events(self) -> AsyncIterator[DriverEvent]:
        queue: asyncio.Queue[DriverEvent | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._listeners.discard(queue)

    async def logs(self, container: Container, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        folder = self._root / container.container_id
        async for line in follow_logs(folder, tail, follow, lambda: has_ended(folder)):
            yield line

    async def processes(self, container: Container) -> frozenset[int]:
        folder = self._root / container.container_id
        leader = await asyncio.to_thread(read_leader, folder)
        return await asyncio.to_thread(
            process_table.family, leader, marker_of(container.container_id)
        )

    # --- starting ------------------------------------------------------------------------

    async def _running(self, key: str) -> Container | None:
        return next(
            (
                c
                for c in await self.relist()
                if c.container_id == key and c.state is ContainerState.RUNNING
            ),
            None,
        )

    async def _launch(self, key: str, spec: InstanceSpec) -> Container:
        running = await self._running(key)
        if running is not None:
            return running
        try:
            leader = await asyncio.to_thread(self._spawn, key, spec)
            await self._wait_for_identity(key, leader)
        except OSError as error:
            await asyncio.to_thread(remove_folder, self._root / key)
            raise DriverError(
                FailReason.START, f"Cannot start {spec.engine_id}: {error.strerror or error}."
            ) from error
        found = await asyncio.to_thread(self._read_one, key)
        if found is None:
            await asyncio.to_thread(remove_folder, self._root / key)
            raise DriverError(
                FailReason.START, f"The process of {spec.engine_id} ended before it began."
            )
        container, identity = found
        if container.state is ContainerState.RUNNING and identity is not None:
            self._watch(container, identity)
        self._tell(DriverEvent(key, spec.instance_id, "start"))
        return container

    async def _wait_for_identity(self, key: str, pid: int) -> None:
        """Until the leader told who it is, or ended."""
        told = self._root / key / "stat"
        ended = asyncio.ensure_future(process_table.wait_gone([pid]))
        try:
            while not ended.done() and not await asyncio.to_thread(told.exists):
                await asyncio.wait([ended], timeout=0.002)
        finally:
            ended.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ended

    def _spawn(self, key: str, spec: InstanceSpec) -> int:
        program = self._program(spec, FailReason.START)
        folder = self._root / key
        remove_folder(folder)
        (folder / "work").mkdir(mode=0o700, parents=True)
        port = process_table.reserve_port()
        plan = Plan(
            spec.instance_id,
            spec.epoch,
            port,
            spec.ready_path,
            spec.gpu_uuids,
            self._boot_id,
            time.time(),
        )
        write_plan(folder, plan)
        values = {
            "{port}": str(port),
            "{python}": sys.executable,
            "{home}": str(folder / "work"),
        }
        values |= {f"{{{mount.target}}}": str(mount.source) for mount in spec.mounts}
        command = [fill(part, values) for part in spec.process_command]
        command[0] = program
        out = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", _LEADER, "sh", str(folder), str(folder / "work"), *command],
            environment_of(key, spec, values),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(folder / "stdout.log"), out, 0o600),
                (os.POSIX_SPAWN_OPEN, 2, str(folder / "stderr.log"), out, 0o600),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )

    def _program(self, spec: InstanceSpec, reason: FailReason) -> str:
        if not spec.process_command:
            raise DriverError(
                reason,
                f"{spec.engine_id} {spec.version} names no process_command: it runs with Docker "
                "only.",
            )
        name = fill(spec.process_command[0], {"{python}": sys.executable})
        program = shutil.which(name, path=spec.environment.get("PATH") or search_path())
        if program is None:
            raise DriverError(
                reason,
                f'{spec.engine_id} {spec.version}: there is no program "{name}" on this machine.',
            )
        return program

    # --- state on disk ----------------------------------------------------------------------

    def _make_root(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._boot_id = process_table.boot_id()

    def _read_all(self) -> list[tuple[Container, Leader | None]]:
        if not self._root.is_dir():
            return []
        found = []
        for name in sorted(os.listdir(self._root)):
            if _KEY.fullmatch(name) and (one := self._read_one(name)) is not None:
                bound_logs(self._root / name)
                found.append(one)
        return found

    def _read_one(self, key: str) -> tuple[Container, Leader | None] | None:
        folder = self._root / key
        plan = read_plan(folder)
        if plan is None:
            if key not in self._starting:
                remove_folder(folder)  # cut off before anything was started
            return None
        leader = read_leader(folder)
        if leader is None:
            if key in self._starting or process_table.family(None, marker_of(key)):
                return container_of(key, plan, ContainerState.CREATED, None), None
            remove_folder(folder)
            return None
        if plan.boot_id == self._boot_id and process_table.is_alive(leader):
            return container_of(key, plan, ContainerState.RUNNING, None), leader
        return container_of(key, plan, ContainerState.EXITED, exit_code_of(folder)), leader

    # --- events -----------------------------------------------------------------------------

    def _watch(self, container: Container, leader: Leader) -> None:
        if container.container_id in self._watched:
            return
        try:
            handle = os.pidfd_open(leader.pid)
        except ProcessLookupError:
            self._tell(DriverEvent(container.container_id, container.instance_id, "die"))
            return
        self._watched[container.container_id] = handle
        asyncio.get_running_loop().add_reader(handle, self._on_exit, container, leader.pid)

    def _on_exit(self, container: Container, pid: int) -> None:
        self._forget(container.container_id)
        process_table.reap(pid)
        self._tell(DriverEvent(container.container_id, container.instance_id, "die"))

    def _forget(self, container_id: str) -> None:
        handle = self._watched.pop(container_id, None)
        if handle is not None:
            asyncio.get_running_loop().remove_reader(handle)
            os.close(handle)

    def _tell(self, event: DriverEvent) -> None:
        for listener in self._listeners:
            listener.put_nowait(event)
