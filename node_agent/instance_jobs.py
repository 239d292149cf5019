"""The work on one epoch of an instance: begin it, find out that it is ready, end it.

Each is a coroutine that the reconciler runs as the epoch's only job. Failures become FAILED with a
reason and a sentence; nothing of a failed epoch is left behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError
from node_agent import limits, readiness
from node_agent.config import AgentConfig
from node_agent.engines.driver import (
    Container,
    DriverError,
    EngineDriver,
    FailReason,
    InstanceSpec,
    MountSpec,
    Progress,
    RegistryCredential,
)
from node_agent.gpu_work import GpuWatch
from node_agent.observation import Phase, Run
from node_agent.store import Store
from node_agent.volumes import Volumes, safe_subpath
from protos.aigc.v1 import node_pb2

log = logging.getLogger(__name__)

DEFAULT_READY_TIMEOUT = 300.0
DEFAULT_PREPARE_TIMEOUT = 7200.0
DEFAULT_GRACE = 20.0
# How long an end waits for the proof that its cards are free, before it says that it has none.
PROOF_WITHIN = 15.0
PROOF_AGAIN_AFTER = 2.0
_PROOF_PAUSES = (0.0, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the jobs work with. ``changed`` tells the session that a run has news."""

    driver: EngineDriver
    gpu: GpuWatch
    volumes: Volumes
    store: Store
    config: AgentConfig
    clock: Clock
    changed: Callable[[Run], None]
    pulls: asyncio.Semaphore
    starts: asyncio.Semaphore


async def begin(
    run: Run,
    desired: node_pb2.DesiredInstance,
    machine: limits.Machine,
    left: Callable[[float], float],
    tools: Tools,
) -> None:
    """Prepare, start and wait until it is ready.

    Args:
        left: seconds that remain of so many since the start; see the reconciler.
    """
    try:
        limits.check(desired, tools.config, machine)
        spec = await _prepare(run, desired, machine, tools)
        await _start(run, spec, tools)
        await probe(run, spec.ready_timeout, left, tools)
    except limits.LimitError as error:
        await fail(run, DriverError(FailReason.PREPARE, error.told), tools)
    except AigcError as error:
        await fail(run, DriverError(FailReason.PREPARE, error.message), tools)
    except DriverError as error:
        await fail(run, error, tools)


async def _prepare(
    run: Run, desired: node_pb2.DesiredInstance, machine: limits.Machine, tools: Tools
) -> InstanceSpec:
    asked = desired.spec
    timeout = asked.prepare_timeout_seconds or DEFAULT_PREPARE_TIMEOUT
    spec = instance_spec(desired, tools.config, machine)

    def report(progress: Progress) -> None:
        run.parts[progress.part] = progress
        tools.changed(run)

    async with tools.pulls:
        try:
            async with asyncio.timeout(timeout):
                digest = await tools.driver.prepare(spec, report)
        except TimeoutError as error:
            raise DriverError(
                FailReason.PREPARE,
                f"The image {spec.image} was not here within {timeout:g} s: the network or the "
                "registry is too slow, or the limit of the template too low.",
            ) from error
    run.image_digest = digest or spec.image_digest
    mounts = []
    for mount in desired.mounts:
        if mount.library:
            folder = limits.library_folder(mount.library, tools.config)
            if not await asyncio.to_thread(folder.is_dir):
                raise DriverError(
                    FailReason.PREPARE,
                    f'The library "{mount.library}" is not there: {folder} is not a folder of this '
                    "machine (is it mounted?).",
                )
            mounts.append(MountSpec(folder, mount.path, True, mount.environment))
        else:
            subpath = safe_subpath(mount.subpath, _image_key(spec, digest), _abi(spec))
            source = await tools.volumes.mount(mount.volume_id, subpath)
            mounts.append(MountSpec(source, mount.path, mount.read_only, mount.environment))
    for part, there in (("data", desired.mounts), ("models", spec.gpu_uuids)):
        if there:
            report(Progress(part, 0, 0, finished=True))
    return replace(spec, mounts=tuple(mounts), image_digest=digest or spec.image_digest)


async def _start(run: Run, spec: InstanceSpec, tools: Tools) -> None:
    async with tools.starts:
        before = await tools.gpu.memory_used(spec.gpu_uuids)
        # On disk first: an agent killed in between must not think that it never began.
        await tools.store.update_run(
            run.key,
            lambda r: replace(r, gpu_uuids=spec.gpu_uuids, memory_before=before),
        )
        run.phase = Phase.STARTING
        run.gpu_uuids = spec.gpu_uuids
        tools.changed(run)
        # Never cut in half: a start that goes on unseen would be a container nobody waits for.
        starting = asyncio.ensure_future(tools.driver.start(spec, run.image_digest))
        try:
            container = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait([starting])
            if not starting.cancelled() and starting.exception() is None:
                await took(run, starting.result(), tools)
            raise
    await took(run, container, tools)


async def took(run: Run, container: Container, tools: Tools) -> None:
    """Remember that this container is this run's."""
    run.container = container
    run.gpu_uuids = container.gpu_uuids or run.gpu_uuids
    run.image_digest = container.image_digest or run.image_digest
    started = round((container.started_at or tools.clock.now().timestamp()) * 1000)
    run.started_at_ms = run.started_at_ms or started
    await tools.store.update_run(
        run.key,
        lambda r: replace(
            r,
            container_seen=True,
            gpu_uuids=run.gpu_uuids,
            started_at_ms=r.started_at_ms or run.started_at_ms,
        ),
    )


async def probe(run: Run, timeout: float, left: Callable[[float], float], tools: Tools) -> None:
    """Until its ready path answers.

    Raises:
        DriverError: PROBE_TIMEOUT.
    """
    run.phase = Phase.STARTING
    tools.changed(run)
    path = run.container.ready_path if run.container is not None else "/"
    await readiness.wait_ready(
        lambda: run.container.address if run.container is not None else None,
        path or "/",
        lambda: left(timeout),
        timeout,
    )
    run.phase = Phase.READY
    run.ready_at_ms = milliseconds(tools.clock.now())
    tools.changed(run)
    log.info("instance ready", extra={"instance_id": run.key[0], "epoch": run.key[1]})
    await tools.store.update_run(run.key, lambda r: replace(r, ready_at_ms=run.ready_at_ms))


async def probe_adopted(
    run: Run, timeout: float, left: Callable[[float], float], tools: Tools
) -> None:
    """The probe of a container that was found running."""
    try:
        await probe(run, timeout, left, tools)
    except DriverError as error:
        await fail(run, error, tools)


async def fail(run: Run, error: DriverError, tools: Tools) -> None:
    """End what there is of it, then say FAILED with the reason."""
    log.warning(
        "instance failed",
        extra={"instance_id": run.key[0], "reason": str(error.reason), "why": error.message},
    )
    run.fail_reason, run.error = error.reason, error.message
    run.job_is_stop = True  # from here on it ends: nothing may cancel that
    # On disk first: the epoch is over, whatever happens to the agent while it clears up.
    await tools.store.update_run(
        run.key, lambda r: replace(r, fail_reason=str(error.reason), error=error.message)
    )
    if run.container is not None:
        await _remove(run, run.container, DEFAULT_GRACE, tools)
    await settle(run, tools)


async def end(run: Run, container: Container, grace: float, tools: Tools) -> None:
    """SIGTERM, grace, SIGKILL; gone. The reconciler confirms it after the next relist."""
    run.phase = Phase.STOPPING
    run.container = container
    tools.changed(run)
    log.info("instance stops", extra={"instance_id": run.key[0], "epoch": run.key[1]})
    await _remove(run, container, grace, tools)


async def _remove(run: Run, container: Container, grace: float, tools: Tools) -> None:
    try:
        run.pids = await tools.driver.processes(container) or run.pids
    except DriverError as error:
        log.info("processes unknown", extra={"instance_id": run.key[0], "why": error.message})
    await tools.driver.stop(container, grace)
    run.container = None


async def settle(run: Run, tools: Tools) -> None:
    """GONE (or FAILED) once its cards are proven free of it; GPU_QUARANTINED until then."""
    record = tools.store.runs.get(run.key)
    before = record.memory_before if record is not None else None
    uuids = run.gpu_uuids or (record.gpu_uuids if record is not None else ())
    run.gpu_uuids = uuids
    if run.phase is Phase.GPU_QUARANTINED:
        await tools.clock.sleep(PROOF_AGAIN_AFTER)
    waited = 0.0
    pauses = iter(_PROOF_PAUSES)
    pause = 0.0
    while True:
        proof = await tools.gpu.prove_free(uuids, run.pids, before)
        if proof is not None:
            run.free_proof = proof
            run.phase = Phase.FAILED if run.fail_reason is not None else Phase.GONE
            break
        if run.phase is Phase.GPU_QUARANTINED or waited >= PROOF_WITHIN:
            run.phase = Phase.GPU_QUARANTINED
            run.free_proof = ""
            break
        pause = next(pauses, pause)
        waited += pause
        await tools.clock.sleep(pause)
    tools.changed(run)
    if run.phase is Phase.GONE:
        instance_id, epoch = run.key
        for key in [k for k in tools.store.runs if k[0] == instance_id and k[1] <= epoch]:
            await tools.store.forget_run(key)


def instance_spec(
    desired: node_pb2.DesiredInstance, config: AgentConfig, machine: limits.Machine
) -> InstanceSpec:
    """What the driver needs to know, within this machine's limits; mounts are added later."""
    asked = desired.spec
    return InstanceSpec(
        instance_id=desired.instance_id,
        epoch=desired.epoch,
        owner_id=desired.owner_id,
        engine_id=desired.engine_id,
        version=desired.version,
        image=asked.image,
        image_digest=asked.image_digest,
        command=tuple(asked.command),
        environment=dict(asked.environment),
        secrets=dict(asked.secrets),
        port=asked.port,
        ready_path=asked.ready_path,
        ready_timeout=float(asked.ready_timeout_seconds or DEFAULT_READY_TIMEOUT),
        prepare_timeout=float(asked.prepare_timeout_seconds or DEFAULT_PREPARE_TIMEOUT),
        cpus=limits.bounded_cpus(asked, config, machine),
        memory_bytes=limits.bounded_memory(asked, config, machine),
        pids=limits.bounded_pids(asked),
        shm_bytes=asked.shm_bytes,
        capabilities=tuple(c.removeprefix("CAP_") for c in asked.capabilities),
        user=asked.user,
        stop_grace=float(asked.stop_grace_seconds or DEFAULT_GRACE),
        gpu_uuids=tuple(desired.gpu_uuids),
        mounts=(),
        process_command=tuple(asked.process_command),
        registry=RegistryCredential(
            asked.registry.server, asked.registry.username, asked.registry.password
        )
        if asked.HasField("registry")
        else None,
        egress=asked.egress,
        egress_to=limits.destinations(asked, config),
        read_only_root=asked.read_only_root,
    )


def _image_key(spec: InstanceSpec, digest: str) -> str:
    """Names an image in a path; a process has none, so its engine and version stand for it."""
    if digest:
        return digest.removeprefix("sha256:")[:12]
    return hashlib.sha256(f"{spec.engine_id} {spec.version}".encode()).hexdigest()[:12]


def _abi(spec: InstanceSpec) -> str:
    """The template's AIGC_ABI (such as cp312); at least the machine's architecture."""
    named = "".join(c for c in spec.environment.get("AIGC_ABI", "") if c.isalnum() or c in "_-")
    return f"{named}-{platform.machine()}" if named else platform.machine()
