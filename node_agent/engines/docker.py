"""Engines as containers of the local Docker Engine.

The SDK blocks, so every call runs in a worker thread; the loop only waits. One container per
instance, by name, on a network of its own, with no port published: the agent connects to the
container's own address. Labels carry all that a restarted agent needs to adopt what runs.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import math
import os
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from docker import APIClient
from docker.auth import encode_header
from docker.errors import DockerException
from docker.utils import parse_repository_tag, version_lt

from node_agent.engines import docker_create as terms
from node_agent.engines import docker_errors as words
from node_agent.engines.docker_client import connect, daemon_version
from node_agent.engines.docker_networks import Networks
from node_agent.engines.docker_processes import pids_in, pids_of
from node_agent.engines.docker_streams import (
    DaemonStream,
    Pump,
    StreamRefused,
    json_lines,
    log_lines,
)
from node_agent.engines.docker_walls import DockerWalls
from node_agent.engines.driver import (
    Container,
    ContainerState,
    DriverError,
    DriverEvent,
    FailReason,
    Fingerprint,
    InstanceSpec,
    LogLine,
    Problem,
    Progress,
)
from node_agent.engines.pull_progress import PullState, fold

log = logging.getLogger(__name__)
T = TypeVar("T")

# Any of these is there when an NVIDIA driver is loaded (the last one: on WSL).
NVIDIA_SIGNS = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
_OLDEST_API = "1.40"
_ANSWER = 30.0  # seconds the daemon has for an ordinary answer
_QUICK = 5.0  # seconds it has to say that it is there
_REPORT_EVERY = 0.1  # seconds between two reports of a pull's bytes


class DockerDriver:
    """Implements EngineDriver; see there for what each call promises.

    Args:
        socket_path: of the Docker Engine on this machine.
        scope: containers and networks of another scope are not ours (two agents on one engine).
        real_gpus: instances get this machine's NVIDIA cards (False: its GPUs are simulated).
        networks_ahead: how many networks are made before anybody asks.
        publish: publish ports on the host's loopback, for engines whose network the agent cannot
            reach (Docker Desktop); None finds out.
        walls: around the engines' networks; by default none.
    """

    name = "docker"

    def __init__(
        self,
        socket_path: str = "/var/run/docker.sock",
        *,
        scope: str = "studio",
        real_gpus: bool = False,
        networks_ahead: int = 6,
        publish: bool | None = None,
        walls: DockerWalls | None = None,
    ) -> None:
        self._socket_path = socket_path
        self._scope = scope
        self._real_gpus = real_gpus
        self._publish = publish
        self._networks = Networks(scope, networks_ahead)
        self._walls = walls or DockerWalls(None)
        self._api: APIClient | None = None
        self._ground = terms.Ground(scope=scope, cpus=os.cpu_count() or 1, pass_gpus=real_gpus)
        self._connecting = asyncio.Lock()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._workers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="docker")
        # A stop waits for the engine's grace; it must not hold up a start.
        self._stoppers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="docker-stop")
        self._streams: set[DaemonStream] = set()
        # As last inspected; a relist asks again only about those that changed.
        self._running: dict[str, Container] = {}
        self._starting = 0
        self._refilling: asyncio.Task[None] | None = None
        self._unloaded = False

    # --- life ------------------------------------------------------------------------------------

    async def load(self) -> None:
        try:
            await self._client()
        except DriverError as error:
            log.warning("docker not ready reason=%s", error.message)

    async def unload(self) -> None:
        self._unloaded = True
        for stream in list(self._streams):
            stream.close()
        if self._refilling is not None:
            await asyncio.gather(self._refilling, return_exceptions=True)
        api = self._api
        if api is not None:
            try:
                await self._run(lambda: self._networks.remove_spares(api))
            except words.ENGINE_ERRORS as error:
                log.warning("spare networks kept reason=%s", words.text_of(error))
            api.close()
        self._workers.shutdown(wait=False)
        self._stoppers.shutdown(wait=False)

    async def fingerprint(self) -> Fingerprint:
        version, can_start = "", False
        problems: tuple[Problem, ...]
        try:
            version, problems = await self._run(self._find_out)
            if not problems:
                await self._client()
                can_start = True
        except words.ENGINE_ERRORS as error:
            self._forget()
            problems = (words.connection_problem(error, self._socket_path),)
        except DriverError as error:
            problems = (Problem(error.message, error.message),)
        if can_start and (trouble := self._walls.keeps_from_starting()) is not None:
            can_start, problems = False, (trouble,)
        door, reason = self._walls.door()
        return Fingerprint(self.name, version, can_start, door, problems, reason)

    def _find_out(self) -> tuple[str, tuple[Problem, ...]]:
        version = daemon_version(self._socket_path, _QUICK)
        name, level = str(version.get("Version", "")), str(version["ApiVersion"])
        if version_lt(level, _OLDEST_API):
            return name, (words.too_old(name, level),)
        api = connect(self._socket_path, level, _QUICK)
        try:
            info = api.info()
        finally:
            api.close()
        if self._real_gpus and _has_nvidia() and not _gives_gpus(info):
            return name, (words.toolkit_missing(),)
        return name, ()

    async def _client(self, reason: FailReason = FailReason.START) -> APIClient:
        """The connected SDK; on the first connection our networks are taken over.

        Raises:
            DriverError: nobody answers.
        """
        async with self._connecting:
            if self._api is None:
                try:
                    self._api = await self._run(self._connect)
                except words.ENGINE_ERRORS as error:
                    problem = words.connection_problem(error, self._socket_path)
                    raise DriverError(reason, problem.en) from error
                self._refill()
            return self._api

    def _connect(self) -> APIClient:
        version = daemon_version(self._socket_path, _QUICK)
        level = str(version["ApiVersion"])
        if version_lt(level, _OLDEST_API):
            raise DockerException(f"its version {version.get('Version')} is too old")
        api = connect(self._socket_path, level, _ANSWER)
        try:
            info = api.info()
            publish = self._publish
            if publish is None:
                publish = "docker desktop" in str(info.get("OperatingSystem", "")).lower()
            self._ground = terms.Ground(
                scope=self._scope,
                cpus=int(info.get("NCPU") or os.cpu_count() or 1),
                publish=publish,
                pass_gpus=self._real_gpus,
            )
            self._walls.begin(api, info, self._socket_path, self._ground)
            self._networks.adopt(api)
        except BaseException:
            api.close()
            raise
        return api

    def _forget(self) -> None:
        """After a broken connection: connect anew, perhaps to another version, on the next call."""
        api, self._api = self._api, None
        if api is not None:
            api.close()

    # --- what runs -------------------------------------------------------------------------------

    async def relist(self) -> list[Container]:
        return await self._ask(self._list, FailReason.START)

    def _list(self, api: APIClient) -> list[Container]:
        found = []
        for summary in api.containers(
            all=True, filters={"label": [f"{terms.SCOPE}={self._scope}", terms.INSTANCE]}
        ):
            known = self._running.get(str(summary["Id"]))
            if known is not None and terms.is_still(summary, known):
                found.append(known)
                continue
            try:
                found.append(terms.container_of(api.inspect_container(summary["Id"])))
            except words.ENGINE_ERRORS as error:
                if not words.is_gone(error):
                    raise
        if any(c.state is ContainerState.EXITED for c in found):
            # A daemon that shuts down ends containers itself, and answers all the while on the
            # connections that it has; it takes no new one. So whoever ended these, a daemon that
            # answers anew was not it: else nothing is known before the next one is there.
            daemon_version(self._socket_path, _ANSWER)
        self._running = {c.container_id: c for c in found if c.address is not None}
        return found

    async def events(self) -> AsyncIterator[DriverEvent]:
        filters = {
            "type": ["container"],
            "event": ["start", "die", "oom", "destroy"],
            "label": [f"{terms.SCOPE}={self._scope}"],
        }
        stream = self._open_stream()
        path = "/events?" + urlencode({"filters": json.dumps(filters)})
        pump = Pump(stream, lambda: json_lines(stream.chunks("GET", path)))
        try:
            async for message in pump.run():
                actor = message.get("Actor") or {}
                yield DriverEvent(
                    container_id=str(actor.get("ID", "")),
                    instance_id=str((actor.get("Attributes") or {}).get(terms.INSTANCE, "")),
                    what=str(message.get("Action", "")).partition(":")[0],
                )
        except (OSError, http.client.HTTPException, StreamRefused, ValueError) as error:
            log.info("docker events ended reason=%s", error)
        finally:
            self._close_stream(stream)
            # The daemon may come back as another version.
            self._forget()

    async def logs(self, container: Container, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        query = {"stdout": 1, "stderr": 1, "timestamps": 1, "tail": tail, "follow": int(follow)}
        path = f"/containers/{quote(container.container_id)}/logs?{urlencode(query)}"
        stream = self._open_stream()
        pump = Pump(stream, lambda: log_lines(stream.chunks("GET", path)))
        try:
            async for source, line in pump.run():
                stamp, _, text = line.partition(" ")
                at = terms.parse_time(stamp)
                yield LogLine(at, source, line if at is None else text.rstrip("\r"))
        except (OSError, http.client.HTTPException, StreamRefused) as error:
            # Its container is gone, or the daemon is: there are no more lines.
            log.info("logs ended instance_id=%s reason=%s", container.instance_id, error)
        finally:
            self._close_stream(stream)

    async def processes(self, container: Container) -> frozenset[int]:
        return await self._ask(lambda api: _pids(api, container.container_id), FailReason.START)

    # --- prepare ---------------------------------------------------------------------------------

    async def prepare(self, spec: InstanceSpec, report: Callable[[Progress], None]) -> str:
        repository, tag = parse_repository_tag(spec.image)
        tag = tag or "latest"
        pinned = spec.image_digest or (tag if tag.startswith("sha256:") else "")
        name = f"{repository}@{pinned}" if pinned else f"{repository}:{tag}"
        here = await self._inspect_image(name)
        if here is not None and (pinned or not here.get("RepoDigests")):
            # A pinned image never changes; one built on this machine has no registry to ask.
            _report_finished(report, here)
            return pinned
        try:
            async with asyncio.timeout(spec.prepare_timeout):
                state = await self._pull(spec, repository, pinned or tag, report)
        except TimeoutError as error:
            raise DriverError(
                FailReason.PREPARE,
                f"The image {spec.image} was not here after {spec.prepare_timeout:g} s: the "
                f"registry {words.registry_of(spec.image)} or the network is slow; raise the "
                "template's prepare_timeout or pull it beforehand.",
            ) from error
        except DriverError as error:
            digest = _digest_of(here, repository)
            if not digest:
                raise
            log.warning("image kept image=%s reason=%s", spec.image, error.message)
            _report_finished(report, here or {})
            return digest
        report(state.progress(finished=True))
        pulled = await self._inspect_image(name)
        return pinned or _digest_of(pulled, repository) or state.digest

    async def _inspect_image(self, name: str) -> dict[str, Any] | None:
        def inspect(api: APIClient) -> dict[str, Any] | None:
            try:
                found: dict[str, Any] = api.inspect_image(name)
            except words.ENGINE_ERRORS as error:
                if words.is_gone(error):
                    return None
                raise
            return found

        return await self._ask(inspect, FailReason.PREPARE)

    async def _pull(
        self, spec: InstanceSpec, repository: str, tag: str, report: Callable[[Progress], None]
    ) -> PullState:
        query = urlencode({"fromImage": repository, "tag": tag})
        headers = {}
        credential = spec.registry
        # Credentials go to the registry that they are for, and to no other.
        if credential is not None and credential.server == words.registry_of(spec.image):
            headers["X-Registry-Auth"] = encode_header(
                {
                    "username": credential.username,
                    "password": credential.password,
                    "serveraddress": credential.server,
                }
            ).decode()
        stream = self._open_stream()
        pump = Pump(
            stream,
            lambda: json_lines(stream.chunks("POST", f"/images/create?{query}", headers)),
        )
        state, told = PullState(), 0.0
        try:
            async for message in pump.run():
                state = fold(state, message)
                if state.error:
                    break
                if time.monotonic() - told >= _REPORT_EVERY and state.layers:
                    told = time.monotonic()
                    report(state.progress())
        except StreamRefused as refused:
            state = fold(state, {"error": refused.text})
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._forget()
            raise DriverError(
                FailReason.PREPARE,
                f"Docker broke off while it pulled {spec.image}; it is tried again when Docker "
                f"answers ({words.text_of(error)}).",
            ) from error
        finally:
            self._close_stream(stream)
        if state.error:
            raise DriverError(FailReason.PREPARE, words.pull_sentence(state.error, spec.image))
        return state

    # --- start -----------------------------------------------------------------------------------

    async def start(self, spec: InstanceSpec, image_digest: str) -> Container:
        refused = terms.refused_capabilities(spec)
        if refused:
            raise DriverError(
                FailReason.START,
                f"The template asks for the capability {', '.join(refused)}: only "
                f"{', '.join(sorted(terms.CAPABILITIES))} may be asked for.",
            )
        async with self._locks[spec.instance_id]:
            api = await self._client()
            self._starting += 1
            given_up = threading.Event()
            try:
                return await self._undivided(
                    lambda: self._start(api, spec, image_digest, given_up), given_up
                )
            except words.ENGINE_ERRORS as error:
                raise self._start_error(error, spec) from error
            finally:
                self._starting -= 1
                self._refill()

    def _start(
        self, api: APIClient, spec: InstanceSpec, digest: str, given_up: threading.Event
    ) -> Container:
        """Create, start, look. Leaves nothing behind when it fails or is given up."""
        image = f"{parse_repository_tag(spec.image)[0]}@{digest}" if digest else spec.image
        egress = spec.egress or bool(spec.egress_to) or self._ground.publish
        for last in (False, True):
            network = self._networks.take(api, egress)
            container_id = ""
            try:
                servers = self._walls.open(api, spec, network)
                arguments = terms.create_arguments(
                    spec, self._ground, image, digest, network, servers
                )
                running = self._create(api, spec, arguments)
                if isinstance(running, Container):
                    self._walls.close(network)
                    self._networks.give_back(network, egress)
                    return running
                container_id = running
                _check(given_up)
                api.start(container_id)
                _check(given_up)
                return terms.container_of(api.inspect_container(container_id))
            except BaseException as error:
                self._undo_start(api, container_id, network)
                network_lost = words.is_gone(error) and network in words.text_of(error)
                if last or not network_lost:
                    raise
                log.info("spare network vanished name=%s", network)
        raise AssertionError("unreachable")

    def _create(
        self, api: APIClient, spec: InstanceSpec, arguments: dict[str, Any]
    ) -> Container | str:
        """The new container's id, or the one that runs this very epoch already.

        Raises:
            DriverError: another epoch still runs: two writers on one volume must never be.
        """
        for _ in range(3):
            try:
                return str(api.create_container(**arguments)["Id"])
            except words.ENGINE_ERRORS as error:
                if words.status_of(error) != 409:
                    raise
                try:
                    inspected = api.inspect_container(arguments["name"])
                except words.ENGINE_ERRORS as vanished:
                    if words.is_gone(vanished):
                        continue
                    raise
            there = terms.container_of(inspected)
            if there.instance_id != spec.instance_id:
                break
            if there.state is ContainerState.RUNNING:
                if there.epoch == spec.epoch:
                    return there
                break
            self._remove(api, inspected)
        raise DriverError(
            FailReason.START,
            f"A container named {arguments['name']} runs on this machine already and is not this "
            f"run (epoch {spec.epoch}) of {spec.instance_id}: it must be stopped first.",
        )

    def _undo_start(self, api: APIClient, container_id: str, network: str) -> None:
        try:
            if container_id:
                _remove_container(api, container_id)
            self._walls.close(network)
            self._networks.remove(api, network)
        except words.ENGINE_ERRORS as error:
            # The relist finds the container by its labels and it is stopped then.
            log.warning("half-made container kept id=%s reason=%s", container_id, error)

    def _start_error(self, error: BaseException, spec: InstanceSpec) -> DriverError:
        text = words.text_of(error)
        if words.status_of(error) is None:
            self._forget()
            problem = words.connection_problem(error, self._socket_path)
            return DriverError(FailReason.START, problem.en)
        if spec.gpu_uuids and self._ground.pass_gpus and words.is_gpu_lost(text):
            return DriverError(FailReason.GPU_LOST, words.gpu_sentence(spec.gpu_uuids, text))
        return DriverError(FailReason.START, words.start_sentence(text, spec.image))

    # --- stop ------------------------------------------------------------------------------------

    async def stop(self, container: Container, grace: float) -> None:
        async with self._locks[container.instance_id]:
            api = await self._client()
            try:
                await self._undivided(lambda: self._stop(api, container, grace), stopping=True)
            except words.ENGINE_ERRORS as error:
                if words.status_of(error) is None:
                    self._forget()
                raise DriverError(
                    FailReason.CRASHED,
                    f"The container of {container.instance_id} could not be stopped: "
                    f"{words.text_of(error)}; it is tried again.",
                ) from error

    def _stop(self, api: APIClient, container: Container, grace: float) -> None:
        try:
            inspected = api.inspect_container(container.container_id)
            if inspected["State"].get("Running"):
                api.stop(container.container_id, timeout=math.ceil(grace))
            self._remove(api, inspected)
        except words.ENGINE_ERRORS as error:
            if not words.is_gone(error):
                raise

    def _remove(self, api: APIClient, inspected: dict[str, Any]) -> None:
        """The container and the network that its label names."""
        _remove_container(api, str(inspected["Id"]))
        network = (inspected["Config"].get("Labels") or {}).get(terms.NETWORK)
        if network:
            # Its rules first: a network that is not known is closed, one that is gone is missed.
            self._walls.close(network)
            self._networks.remove(api, network)

    # --- threads ---------------------------------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work)

    async def _ask(self, question: Callable[[APIClient], T], reason: FailReason) -> T:
        """One question to the daemon; what it cannot answer becomes a sentence."""
        api = await self._client(reason)
        try:
            return await self._run(lambda: question(api))
        except words.ENGINE_ERRORS as error:
            if words.status_of(error) is not None:
                text = f"Docker refused: {words.text_of(error)}."
                raise DriverError(reason, text) from error
            self._forget()
            problem = words.connection_problem(error, self._socket_path)
            raise DriverError(reason, problem.en) from error

    async def _undivided(
        self,
        work: Callable[[], T],
        given_up: threading.Event | None = None,
        *,
        stopping: bool = False,
    ) -> T:
        """Run it to its end even when the caller is cancelled, so that nothing is half done."""
        pool = self._stoppers if stopping else self._workers
        future = asyncio.get_running_loop().run_in_executor(pool, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if given_up is not None:
                given_up.set()
            await asyncio.wait([future])
            if not future.cancelled() and future.exception() is not None:
                log.info("cancelled call ended with %s", future.exception())
            raise

    def _open_stream(self) -> DaemonStream:
        stream = DaemonStream(self._socket_path)
        self._streams.add(stream)
        return stream

    def _close_stream(self, stream: DaemonStream) -> None:
        stream.close()
        self._streams.discard(stream)

    # --- networks made ahead ---------------------------------------------------------------------

    def _refill(self) -> None:
        """Make spare networks while nobody waits for a start."""
        if self._unloaded or (self._refilling is not None and not self._refilling.done()):
            return
        self._refilling = asyncio.get_running_loop().create_task(
            self._make_spares(), name="docker-networks"
        )

    async def _make_spares(self) -> None:
        while not self._unloaded and self._starting == 0:
            egress = self._networks.lacking()
            api = self._api
            if egress is None or api is None:
                return
            try:
                await self._run(lambda: self._networks.refill_one(api, egress))  # noqa: B023 - awaited
            except words.ENGINE_ERRORS as error:
                log.warning("no spare network reason=%s", words.text_of(error))
                return


class GivenUpError(Exception):
    """The caller was cancelled; what was made is removed again."""


def _check(given_up: threading.Event) -> None:
    if given_up.is_set():
        raise GivenUpError


def _remove_container(api: APIClient, container_id: str) -> None:
    """Remove it, running or not; returns when the daemon does not know it any more."""
    pause = threading.Event()
    for attempt in range(8):
        try:
            api.remove_container(container_id, force=True, v=True)
            return
        except words.ENGINE_ERRORS as error:
            if words.is_gone(error):
                return
            # 409: its removal is in progress already.
            if words.status_of(error) != 409 or attempt == 7:
                raise
        pause.wait(0.05 * 2**attempt)


def _pids(api: APIClient, container_id: str) -> frozenset[int]:
    try:
        first = int(api.inspect_container(container_id)["State"].get("Pid") or 0)
        if not first:
            return frozenset()
        found = pids_of(first, container_id)
        if found is not None:
            return found
        return pids_in(api.top(container_id, ps_args="-eo pid"))
    except words.ENGINE_ERRORS as error:
        # 409: it ended between the two questions.
        if words.is_gone(error) or words.status_of(error) == 409:
            return frozenset()
        raise


def _has_nvidia() -> bool:
    """Whether an NVIDIA driver is loaded here."""
    return any(path.exists() for path in NVIDIA_SIGNS)


def _gives_gpus(info: dict[str, Any]) -> bool:
    """Whether the engine can hand out NVIDIA cards: by its hook, its runtime, or by CDI."""
    if "nvidia" in (info.get("Runtimes") or {}):
        return True
    devices = info.get("DiscoveredDevices") or []
    if any("nvidia.com/gpu" in str(device.get("ID", "")) for device in devices):
        return True
    return shutil.which("nvidia-container-runtime-hook") is not None


def _digest_of(image: dict[str, Any] | None, repository: str) -> str:
    """The digest under which this repository knows an image."""
    for name in (image or {}).get("RepoDigests") or []:
        known, _, digest = str(name).partition("@")
        if known == repository or known.removeprefix("docker.io/") == repository.removeprefix(
            "docker.io/"
        ).removeprefix("library/"):
            return digest
    return ""


def _report_finished(report: Callable[[Progress], None], image: dict[str, Any]) -> None:
    size = int(image.get("Size") or 0)
    report(Progress(part="image", done=size, total=size, finished=True))
