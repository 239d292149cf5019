"""Makes this machine's containers what the coordinator desires, and tells what they are.

The relist is the truth: at each hint and on a timer everything with our labels is listed, the
pure plan says what to do, and jobs do it. When the coordinator is away, everything runs on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

from aigc.clock import Clock
from aigc.errors import AigcError
from node_agent import instance_jobs, limits, plan
from node_agent.config import AgentConfig
from node_agent.engines.driver import (
    Container,
    ContainerState,
    DriverError,
    EngineDriver,
    FailReason,
    LogLine,
    Problem,
)
from node_agent.gpu_work import GpuWatch, Sample
from node_agent.instance_jobs import DEFAULT_READY_TIMEOUT, Tools
from node_agent.ledger_gate import LedgerGate
from node_agent.observation import Key, Phase, Run, recorded
from node_agent.prepull import Prepuller
from node_agent.quarantine import Quarantine
from node_agent.store import Store
from node_agent.volumes import Volumes
from node_agent.walls.guard import Watched
from node_agent.walls.refusals import Refusals
from protos.aigc.v1 import node_pb2

log = logging.getLogger(__name__)

_TELL_PROGRESS_EVERY = 0.25
_EVENTS_AGAIN_AFTER = 1.0


class Reconciler:
    """See the module.

    Attributes:
        runs: what is known of each epoch; read by the session, changed here alone.
        ledger: which ledger is obeyed.
        quarantine: containers that it does not know.
        prepuller: fetches images before anybody asks.
        problem: why nothing is known of the containers, while the driver does not answer.
        looked: set once the first relist was tried; before it nothing true can be told.
    """

    def __init__(
        self,
        driver: EngineDriver,
        gpu: GpuWatch,
        volumes: Volumes,
        store: Store,
        config: AgentConfig,
        machine: Callable[[], limits.Machine],
        clock: Clock,
        changed: Callable[[Key], None],
        relisted: Callable[[], None],
    ) -> None:
        self._driver = driver
        self._store = store
        self._config = config
        self._machine = machine
        self._clock = clock
        self._changed = changed
        self._relisted = relisted
        self._volumes = volumes
        self._wake = asyncio.Event()
        self._desired: dict[str, node_pb2.DesiredInstance] = {}
        self._plan_for: plan.Desired | None = None
        self._told_at: dict[Key, float] = {}
        self.runs: dict[Key, Run] = {
            key: recorded(record)
            for key, record in store.runs.items()
            if record.container_seen or record.fail_reason
        }
        self.ledger = LedgerGate(store)
        self.quarantine = Quarantine(store, config, clock, self._end_unclaimed)
        self.prepuller = Prepuller(driver, config, machine, clock)
        self.problem: Problem | None = None
        self.looked = asyncio.Event()
        # The container engine went away since the last pass: what ended meanwhile, it ended.
        self._driver_was_away = False
        self._tools = Tools(
            driver,
            gpu,
            volumes,
            store,
            config,
            clock,
            self._tell,
            asyncio.Semaphore(config.pulls),
            asyncio.Semaphore(config.starts),
        )

    # --- what the coordinator says ----------------------------------------------------------

    async def desire(self, desired: node_pb2.DesiredSet) -> bool:
        """Take a whole desired set; False if it is of another or an older ledger and was refused.

        Raises:
            AigcError: ``agent-state-broken``: it could not be remembered, so it was not taken.
        """
        if not await self.ledger.offer(desired):
            return False
        self._desired = {d.instance_id: d for d in sorted(desired.run, key=lambda d: d.epoch)}
        self._plan_for = plan.Desired(
            {
                i: plan.Wanted(i, d.epoch, float(d.spec.stop_grace_seconds))
                for i, d in self._desired.items()
            },
            {
                e.instance_id: plan.Over(e.instance_id, e.epoch, float(e.grace_seconds))
                for e in sorted(desired.ended, key=lambda e: e.epoch)
            },
        )
        self.prepuller.want(desired.prepull)
        self._wake.set()
        return True

    async def accept_ledger(self, ledger_id: str) -> None:
        """An admin decided: obey that ledger from its next set on, whatever its revision."""
        offered = await self.ledger.accept(ledger_id)
        if offered is not None:
            await self.desire(offered)

    async def order_volume(self, order: node_pb2.VolumeOrder) -> None:
        """Move a volume to or from the trash, or delete it there.

        Raises:
            AigcError: why it was not done.
        """
        action = node_pb2.VolumeOrder
        if order.action in (action.ACTION_TRASH, action.ACTION_PURGE):
            self._check_unused(order.volume_id)
        if order.action == action.ACTION_TRASH:
            await self._volumes.trash(order.volume_id)
        elif order.action == action.ACTION_RESTORE:
            await self._volumes.restore(order.volume_id)
        elif order.action == action.ACTION_PURGE:
            await self._volumes.purge(order.volume_id)
        else:
            raise AigcError("volume-order-unknown", "This agent does not know that volume order.")

    def _check_unused(self, volume_id: str) -> None:
        for desired in self._desired.values():
            if any(m.volume_id == volume_id for m in desired.mounts):
                run = self.runs.get((desired.instance_id, desired.epoch))
                if run is None or run.phase not in {Phase.GONE, Phase.FAILED}:
                    raise AigcError(
                        "volume-in-use",
                        f"Volume {volume_id} is mounted in {desired.instance_id}, so it stays.",
                    )

    # --- what others ask --------------------------------------------------------------------

    def resolve(self, instance_id: str, epoch: int) -> tuple[str, int] | None:
        """Where that epoch of an instance listens, if it may be reached now (for the tunnel)."""
        run = self.runs.get((instance_id, epoch))
        if run is None or not run.is_live or run.container is None:
            return None
        return run.container.address

    async def logs(self, instance_id: str, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        """Lines of an instance's newest container; none if it has none."""
        mine = [r.container for r in self.runs.values() if r.container and r.key[0] == instance_id]
        if mine:
            newest = max(mine, key=lambda c: c.epoch)
            async for line in self._driver.logs(newest, tail, follow):
                yield line

    def measured(self, sample: Sample) -> None:
        """Note what the instances do on their cards."""
        for key, work in sample.work.items():
            if key in self.runs:
                self.runs[key].work = work

    def refused(self, found: Mapping[Key, Refusals]) -> None:
        """Note what the walls refused each instance."""
        for key, refusals in found.items():
            if key in self.runs:
                self.runs[key].refusals = refusals

    def networks(self) -> list[Watched]:
        """The engines that run, with their networks, for the walls."""
        return [
            Watched(run.key, run.container.network, run.container.address)
            for run in self.runs.values()
            if run.container is not None and run.container.state is ContainerState.RUNNING
        ]

    async def watched(self) -> Mapping[Key, tuple[tuple[str, ...], frozenset[int]]]:
        """Cards and processes of each instance that runs."""
        found = {}
        for run in list(self.runs.values()):
            container = run.container
            if container is None or container.state is not ContainerState.RUNNING:
                continue
            if run.gpu_uuids:
                with contextlib.suppress(DriverError):  # gone meanwhile: the relist will tell
                    run.pids = await self._driver.processes(container) or run.pids
            found[run.key] = (run.gpu_uuids, run.pids)
        return found

    def wake(self) -> None:
        """Relist soon."""
        self._wake.set()

    # --- the loop ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled; jobs are cancelled with it, containers run on."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen())
                group.create_task(self.prepuller.run())
                group.create_task(self._tick())
                while True:
                    self._wake.clear()
                    await self._pass()
                    self.looked.set()
                    self._relisted()
                    await self._wake.wait()
        finally:
            jobs: list[asyncio.Future[None]] = [r.job for r in self.runs.values() if r.job]
            jobs += self.quarantine.jobs
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def stop_engines(self) -> None:
        """End everything with our labels on this machine (for the demo, when it ends)."""
        for container in await self._driver.relist():
            with contextlib.suppress(DriverError):
                await self._driver.stop(container, instance_jobs.DEFAULT_GRACE)

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(self._config.relist_seconds)
            self._wake.set()

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(DriverError):  # it does not answer: the relist tells it
                async for _ in self._driver.events():
                    self._wake.set()
            self._driver_was_away = True
            await self._clock.sleep(_EVENTS_AGAIN_AFTER)
            self._wake.set()

    async def _pass(self) -> None:
        # What is worked on while the list is made may have begun or ended since: not judged by it.
        working = self._at_work()
        try:
            containers = await self._driver.relist()
            self.problem = None
        except DriverError as error:
            self.problem = Problem(error.message, f"容器引擎没有响应：{error.message}")
            self._driver_was_away = True
            return
        # Taken before anything is awaited: it may go away again while this list is carried out.
        was_away, self._driver_was_away = self._driver_was_away, False
        try:
            await self._carry_out(containers, working, was_away)
        except AigcError as error:
            self._driver_was_away |= was_away
            # The agent's own state cannot be written: nothing new is begun until it can.
            log.error("reconciliation stopped", extra={"why": error.message})
            self.problem = Problem(error.message, f"代理程序无法保存自己的状态：{error.message}")

    def _at_work(self) -> set[Key]:
        return {run.key for run in self.runs.values() if run.working}

    async def _carry_out(
        self, containers: list[Container], worked_on: set[Key], was_away: bool
    ) -> None:
        # All three together: another set may be taken while this one is carried out.
        desired, accepted, wanted = self._plan_for, self._store.ledger, self._desired
        await self._drop_superseded()
        working = self._at_work() | worked_on
        quarantined: list[Container] = []
        for action in plan.decide(desired, containers, self._store.runs, working):
            match action:
                case plan.Begin(key):
                    self._begin(key, wanted[key[0]])
                case plan.Adopt(container):
                    await self._adopt(container)
                case plan.MarkExited(key, container):
                    await self._mark_exited(key, container, was_away)
                case plan.Stop(container, grace):
                    await self._stop(container, grace)
                case plan.ConfirmGone(key):
                    await self._confirm(key)
                case plan.ConfirmFailed(key):
                    self._confirm_failed(key)
                case plan.Quarantine(container):
                    quarantined.append(container)
        for run in self.runs.values():
            if run.phase is Phase.GPU_QUARANTINED and not run.working:
                self._work(run, instance_jobs.settle(run, self._tools), stop=True)
        if desired is not None:
            await self._hold(quarantined)
            await self._forget(desired, containers)
            self.ledger.applied = accepted

    async def _drop_superseded(self) -> None:
        """Cancel beginnings that are not desired any more."""
        if self._plan_for is None:
            return
        for run in list(self.runs.values()):
            wanted = self._plan_for.run.get(run.key[0])
            if run.working and not run.job_is_stop and (not wanted or wanted.epoch != run.key[1]):
                await self._cancel(run)

    async def _cancel(self, run: Run) -> None:
        if run.job is not None:
            run.job.cancel()
            await asyncio.wait([run.job])

    def _begin(self, key: Key, desired: node_pb2.DesiredInstance) -> None:
        if (known := self.runs.get(key)) is not None and known.working:
            return
        run = self.runs[key] = Run(key, Phase.PREPARING)
        self._tell(run)
        self._work(
            run,
            instance_jobs.begin(run, desired, self._machine(), self._left(run), self._tools),
        )

    async def _adopt(self, container: Container) -> None:
        key = (container.instance_id, container.epoch)
        run = self.runs.get(key)
        if run is not None:
            if run.container is not None or not run.working:
                run.container = container
            if run.working or run.phase is Phase.READY:
                return
        record = self._store.runs.get(key)
        if record is not None and record.fail_reason:
            await self._stop(container, instance_jobs.DEFAULT_GRACE)  # cut off while failing
            return
        run = self.runs[key] = Run(key, Phase.STARTING, container=container)
        run.started_at_ms = record.started_at_ms if record is not None else 0
        await instance_jobs.took(run, container, self._tools)
        log.info("instance adopted", extra={"instance_id": key[0], "epoch": key[1]})
        if record is not None and record.ready_at_ms:
            # It was ready once: an engine too busy to answer now must not be ended for it.
            run.phase, run.ready_at_ms = Phase.READY, record.ready_at_ms
            self._tell(run)
            return
        self._work(
            run,
            instance_jobs.probe_adopted(
                run, self._ready_timeout(key), self._left(run), self._tools
            ),
        )

    async def _mark_exited(self, key: Key, container: Container | None, was_away: bool) -> None:
        run = self.runs.get(key)
        if run is not None and run.working:
            if run.job_is_stop or run.container is None:
                return
            await self._cancel(run)  # its probe
        record = self._store.runs.get(key)
        if record is not None and record.fail_reason:
            if container is not None:
                await self._stop(container, instance_jobs.DEFAULT_GRACE)
            return
        if run is None or run.phase is not Phase.EXITED:
            old = run
            run = self.runs[key] = Run(key, Phase.EXITED)
            if record is not None:
                run.gpu_uuids = record.gpu_uuids
                run.started_at_ms, run.ready_at_ms = record.started_at_ms, record.ready_at_ms
            if old is not None:
                run.pids, run.image_digest = old.pids, old.image_digest
        changed = run.container != container or run.fail_reason is None
        run.container = container
        if container is not None:
            await instance_jobs.took(run, container, self._tools)
            run.exit_code = container.exit_code
        if changed and container is not None and was_away:
            run.ended_by_machine = not container.out_of_memory
        run.fail_reason, run.error = _why_exited(container, run.ended_by_machine)
        if changed:
            self._tell(run)

    async def _stop(self, container: Container, grace: float) -> None:
        key = (container.instance_id, container.epoch)
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = Run(key, Phase.STOPPING)
            await instance_jobs.took(run, container, self._tools)
        if run.working:
            if run.job_is_stop:
                return
            await self._cancel(run)
        self._work(run, instance_jobs.end(run, container, grace, self._tools), stop=True)

    async def _confirm(self, key: Key) -> None:
        """Nothing is left of it: GONE as soon as its cards are proven free."""
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = Run(key, Phase.STOPPING)
        if run.working or run.phase in {Phase.GONE}:
            return
        earlier = [r for k, r in self.runs.items() if k[0] == key[0] and k[1] < key[1]]
        records = [r for k, r in self._store.runs.items() if k[0] == key[0] and k[1] <= key[1]]
        uuids = {u for r in records for u in r.gpu_uuids} | set(run.gpu_uuids)
        run.gpu_uuids = tuple(sorted(uuids))
        run.pids = run.pids.union(*(r.pids for r in earlier))
        run.container = None
        if run.phase in {Phase.EXITED, Phase.FAILED}:
            run.fail_reason, run.error = None, ""
            run.phase = Phase.STOPPING
        self._work(run, instance_jobs.settle(run, self._tools), stop=True)

    def _confirm_failed(self, key: Key) -> None:
        """Said already, or cut off before it could be: by a stop, or the agent's own end."""
        run = self.runs.get(key) or recorded(self._store.runs[key])
        self.runs[key] = run
        if run.working or run.phase in {Phase.FAILED, Phase.GPU_QUARANTINED}:
            return
        record = self._store.runs[key]
        run.container = None
        run.fail_reason, run.error = FailReason(record.fail_reason), record.error
        self._work(run, instance_jobs.settle(run, self._tools), stop=True)

    async def _hold(self, found: list[Container]) -> None:
        for container in found:
            run = self.runs.get((container.instance_id, container.epoch))
            if run is not None and not run.working:
                del self.runs[run.key]
        await self.quarantine.hold(found)

    async def _forget(self, desired: plan.Desired, containers: list[Container]) -> None:
        """Drop epochs that are neither desired, nor over, nor here: they were confirmed."""
        here = {(c.instance_id, c.epoch) for c in containers}
        for key in {*self.runs, *self._store.runs}:
            wanted, over = desired.run.get(key[0]), desired.ended.get(key[0])
            if (
                key in here
                or (wanted and wanted.epoch == key[1])
                or (over and over.epoch >= key[1])
            ):
                continue
            if (run := self.runs.get(key)) is not None and run.working:
                continue
            self.runs.pop(key, None)
            self._told_at.pop(key, None)
            await self._store.forget_run(key)

    async def _end_unclaimed(self, container: Container) -> None:
        await self._guarded(self._driver.stop(container, instance_jobs.DEFAULT_GRACE))

    # --- jobs -------------------------------------------------------------------------------

    def _work(self, run: Run, job: Coroutine[None, None, None], stop: bool = False) -> None:
        run.job_is_stop = stop
        run.job = asyncio.create_task(self._guarded(job))

    async def _guarded(self, job: Awaitable[None]) -> None:
        """A job's own failures are told; what the driver refuses is tried again at the relist."""
        try:
            await job
        except (DriverError, AigcError) as error:
            log.warning("job failed, will be tried again", extra={"why": str(error)})
            self.problem = Problem(str(error), f"操作失败，将重试：{error}")
            await self._clock.sleep(1)
        except Exception:
            # A defect of ours in one instance's job must not end the service of the others.
            log.exception("job broke, will be tried again")
            await self._clock.sleep(1)
        finally:
            self._wake.set()

    def _ready_timeout(self, key: Key) -> float:
        desired = self._desired.get(key[0])
        if desired is None or desired.epoch != key[1]:
            return DEFAULT_READY_TIMEOUT
        return float(desired.spec.ready_timeout_seconds or DEFAULT_READY_TIMEOUT)

    def _left(self, run: Run) -> Callable[[float], float]:
        """Seconds left of a limit that begins with the first question.

        Without a desired set nothing is ever given up: the limit is not known yet.
        """
        began: list[float] = []

        def left(timeout: float) -> float:
            if not began:
                began.append(self._clock.monotonic())
            spent = self._clock.monotonic() - began[0]
            return timeout - spent if self._plan_for is not None else max(1.0, timeout - spent)

        return left

    def _tell(self, run: Run) -> None:
        """Tell the session, but not every byte of a pull."""
        now = self._clock.monotonic()
        if run.phase is Phase.PREPARING and not all(p.finished for p in run.parts.values()):
            if now - self._told_at.get(run.key, -1.0) < _TELL_PROGRESS_EVERY:
                return
            self._told_at[run.key] = now
        self._changed(run.key)


def _why_exited(container: Container | None, by_machine: bool) -> tuple[FailReason, str]:
    if by_machine:
        return (
            FailReason.CRASHED,
            "The container engine of this machine was restarted and ended it.",
        )
    if container is None:
        return FailReason.CRASHED, (
            "The engine is not there any more: the machine was restarted, or somebody removed it."
        )
    if container.out_of_memory and container.exit_code != 0:
        return FailReason.OUT_OF_MEMORY, (
            "The engine needed more memory than it may have and was ended; its log tells what it "
            "was doing."
        )
    if container.exit_code is None:
        return FailReason.CRASHED, (
            "The engine was killed, or ended while this machine was down; nobody saw its exit code."
        )
    return FailReason.CRASHED, (
        f"The engine ended by itself with exit code {container.exit_code}; see its log."
    )
