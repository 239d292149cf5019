"""One queue: drain it, decide, commit the batch once, then answer and tell.

Nobody is told anything that is not on the disk. If the disk refuses, the studio stays as it was
committed, people get one sentence, and what machines said is kept and tried again.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.decide import conclude, decide
from coordinator.domain.draft import Draft, Outcome
from coordinator.domain.engine import Engine, EngineId
from coordinator.domain.events import (
    ActivitySeen,
    CatalogueLoaded,
    ClockJumped,
    Event,
    InstanceObserved,
    NodeObserved,
    ReadingsTaken,
    Ticked,
)
from coordinator.domain.instance import Instance
from coordinator.domain.policy import Policy
from coordinator.domain.refusal import Refused
from coordinator.domain.studio import Studio
from coordinator.domain.timers import next_deadline
from coordinator.ledger.records import (
    batch_of,
    begin_term,
    ledger_identity,
    read_studio,
    write,
)
from coordinator.ledger.store import Connection, Ledger, LedgerError
from coordinator.watch import Changed, Watch

__all__ = ["Changed", "Outcome", "Reactor", "Watch"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
# A timer that is due is looked at no more often than this.
SHORTEST_SLEEP_SECONDS = 0.005
# A wall clock that leaves the monotonic one by more at once was set, or the machine slept.
CLOCK_JUMP = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Item:
    event: Event
    answer: asyncio.Future[Outcome] | None


class Reactor:
    """The coordinator's one place where the studio changes.

    Attributes:
        studio: the committed studio; a new value after each batch.
    """

    def __init__(
        self,
        ledger: Ledger,
        engines: Mapping[EngineId, Engine],
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._engines = dict(engines)
        self._policy = policy
        self._clock = clock
        self._queue: deque[_Item] = deque()
        self._kept: list[Event] = []  # what machines said and the ledger did not take yet
        self._wake = asyncio.Event()
        self._watches: set[Watch] = set()
        self._studio: Studio | None = None
        self._ended = False
        self._acted_for: datetime | None = None
        self._clock_began = self._began()

    @property
    def studio(self) -> Studio:
        if self._studio is None:
            raise RuntimeError("Reactor.load() comes first")
        return self._studio

    async def load(self) -> None:
        """Rebuild the studio from the ledger.

        Raises:
            AigcError: the ledger's content cannot be understood.
        """
        now = self._clock.now()
        fresh_id, fresh_term = uuid.uuid4().hex, uuid.uuid4().hex

        def work(connection: Connection) -> Studio:
            ledger_id, _ = ledger_identity(connection, fresh_id)
            revision, terms = begin_term(connection, fresh_term)
            return read_studio(connection, ledger_id, revision, self._policy, terms)

        try:
            studio = await self._ledger.transact(work)
        except ValueError as error:
            raise AigcError(
                "ledger-damaged",
                f"a row of the ledger {self._ledger.path} cannot be understood ({error}); "
                "put back the last backup",
                ErrorKind.INTERNAL,
            ) from error
        except LedgerError as error:
            raise self._unavailable(error) from error
        self._studio = replace(studio, engines=dict(self._engines), loaded_at=now)
        # The queue is not stored: it is worked out anew.
        self.post(CatalogueLoaded(tuple(self._engines)))

    def post(self, event: Event) -> None:
        """Say what happened; never blocks, and nothing is lost if the ledger is busy or full."""
        self._queue.append(_Item(event, None))
        self._wake.set()

    async def ask(self, event: Event) -> Outcome:
        """Say what is wanted, and return what came of it once that is committed.

        Raises:
            AigcError: refused, or the ledger is unavailable; nothing was changed.
        """
        if self._ended:
            raise _stopping()
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append(_Item(event, answer))
        self._wake.set()
        return await answer

    def set_engines(self, engines: Mapping[EngineId, Engine]) -> None:
        """Put another catalogue in force, from the next batch on."""
        self._engines = dict(engines)
        self.post(CatalogueLoaded(tuple(engines)))

    def watch(self, concerns: Callable[[Changed], bool] | None = None) -> Watch:
        """Be told of changes (that concern you), from now on; close it when done.

        ``concerns`` is called after each batch, when ``studio`` is the new one: keep it cheap.
        """
        watch = Watch(self._watches.discard, concerns)
        self._watches.add(watch)
        return watch

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                await self._wait()
                await self._turn()
        finally:
            self._ended = True
            for item in self._queue:
                if item.answer is not None and not item.answer.done():
                    item.answer.set_exception(_stopping())
            self._queue.clear()
            for watch in list(self._watches):
                watch.close()

    # --- one turn ------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until somebody says something or a timer is due; otherwise nothing runs."""
        if self._queue:
            return
        self._wake.clear()
        seconds = self._seconds_to_next()
        if seconds is not None and seconds <= 0 and self._acted_for != next_deadline(self.studio):
            self._acted_for = next_deadline(self.studio)
            return  # overdue already: it came due while something else was committed
        if seconds is None:
            await self._wake.wait()
            return
        waker = asyncio.ensure_future(self._wake.wait())
        timer = asyncio.ensure_future(self._clock.sleep(max(seconds, SHORTEST_SLEEP_SECONDS)))
        try:
            await asyncio.wait({waker, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waker.cancel()
            timer.cancel()
            await asyncio.gather(waker, timer, return_exceptions=True)

    def _seconds_to_next(self) -> float | None:
        if self._kept:
            return RETRY_SECONDS
        due = next_deadline(self.studio)
        return None if due is None else (due - self._clock.now()).total_seconds()

    async def _turn(self) -> None:
        items = [_Item(event, None) for event in self._kept] + list(self._queue)
        self._kept = []
        self._queue.clear()
        jump = self._jump()
        if jump:
            log.warning("the clock jumped seconds=%.0f", jump.total_seconds())
            items.insert(0, _Item(ClockJumped(jump), None))
        if not items:
            items = [_Item(Ticked(), None)]
        try:
            await self._batch(items)
        except BaseException:
            for item in items:
                if item.answer is not None and not item.answer.done():
                    item.answer.set_exception(_stopping())
            raise

    async def _batch(self, items: list[_Item]) -> None:
        draft, answers = self._decide(items)
        if draft.must_commit():
            batch = batch_of(draft)
            try:
                await self._ledger.transact(lambda connection: write(connection, batch))
            except (LedgerError, OSError) as error:
                self._roll_back(items, error)
                return
        self._studio = draft.finished()
        for item, answer in answers:
            if item.answer is None or item.answer.done():
                continue
            if isinstance(answer, Outcome):
                item.answer.set_result(self._fresh(answer))
            else:
                item.answer.set_exception(answer)
        changed = _changed(draft)
        if changed:
            for watch in list(self._watches):
                watch.tell(changed)

    def _decide(self, items: list[_Item]) -> tuple[Draft, list[tuple[_Item, Outcome | Exception]]]:
        """The draft of a batch. An event that shows a defect of ours is left out, and logged."""
        base = replace(self.studio, engines=dict(self._engines))
        broken: set[int] = set()
        while True:
            draft = Draft(base, self._clock.now())
            answers: list[tuple[_Item, Outcome | Exception]] = []
            failed: tuple[int, Exception] | None = None
            for index, item in enumerate(items):
                if index in broken:
                    answers.append((item, _defect(item.event)))
                    continue
                try:
                    answers.append((item, decide(draft, item.event)))
                except Refused as refused:
                    answers.append((item, _told(refused)))
                # One defect must neither stop the studio nor lose what others asked: it is
                # logged with its traceback, and the batch is decided again without its event.
                except Exception as error:  # noqa: BLE001
                    failed = (index, error)
                    break
            if failed is None:
                conclude(draft)
                return draft, answers
            index, defect = failed
            broken.add(index)
            log.error("event left out event=%r", items[index].event, exc_info=defect)

    def _roll_back(self, items: list[_Item], error: Exception) -> None:
        told = self._unavailable(error)
        log.error("batch refused by the ledger events=%d error=%s", len(items), error)
        for item in items:
            if item.answer is not None and not item.answer.done():
                item.answer.set_exception(told)
        self._kept = worth_keeping([item.event for item in items if item.answer is None])

    def _began(self) -> datetime:
        """When the monotonic clock stood at zero, by the wall clock."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())

    def _jump(self) -> timedelta | None:
        """By how much the wall clock jumped since it was last looked at, if it did."""
        before, self._clock_began = self._clock_began, self._began()
        jump = self._clock_began - before
        return jump if abs(jump) >= CLOCK_JUMP else None

    def _unavailable(self, error: Exception) -> AigcError:
        return AigcError(
            "ledger-unavailable",
            f"the coordinator cannot write its ledger {self._ledger.path} ({error}), so nothing "
            "was changed; running engines go on; IT should check the free space of that disk",
            ErrorKind.UNAVAILABLE,
        )

    def _fresh(self, outcome: Outcome) -> Outcome:
        """With the instance as it is at the end of the batch, places and all."""
        if outcome.instance is None:
            return outcome
        latest: Instance = self.studio.instances[outcome.instance.id]
        return replace(outcome, instance=latest)


def worth_keeping(events: list[Event]) -> list[Event]:
    """What to try again: of facts that are told whole, only the newest of each machine."""
    kept: list[Event] = []
    covered: set[tuple[object, ...]] = set()
    for event in reversed(events):
        keys: tuple[tuple[object, ...], ...] = ()
        match event:
            case Ticked():
                continue
            case NodeObserved():
                keys = (("observed", event.node_id),)
            case InstanceObserved():
                if ("observed", event.node_id) in covered:
                    continue
            case ReadingsTaken():
                keys = (("readings", event.node_id),)
            case ActivitySeen():
                person, body = event.person_at is not None, event.bodies_in_flight_at is not None
                keys = (("activity", event.instance_id, event.epoch, person, body),)
            case _:
                pass
        if any(key in covered for key in keys):
            continue
        covered.update(keys)
        kept.append(event)
    kept.reverse()
    return kept


def _changed(draft: Draft) -> Changed:
    nodes = draft.changed_nodes | draft.touched_nodes
    for instance_id in draft.changed_instances:
        for source in (draft.studio.instances, draft.instances):
            instance = source.get(instance_id)
            if instance is not None and instance.placement is not None:
                nodes = nodes | {instance.placement.node_id}
    nodes = nodes | {key[0] for key in draft.changed_residues}
    homes = (draft.volumes[v].home for v in draft.changed_volumes)
    nodes = nodes | {home for home in homes if home is not None}
    return Changed(
        instances=frozenset(draft.changed_instances | draft.touched_instances),
        nodes=frozenset(nodes),
        people=bool(draft.changed_people),
        catalogue=draft.catalogue_changed,
        shares=bool(draft.changed_shares),
    )


def _told(refused: Refused) -> AigcError:
    return AigcError(refused.key, refused.message, ErrorKind(refused.kind.value))


def _stopping() -> AigcError:
    return AigcError(
        "coordinator-stopping",
        "the coordinator is stopping; try again in a moment",
        ErrorKind.UNAVAILABLE,
    )


def _defect(event: Event) -> AigcError:
    return AigcError(
        "defect",
        f"the coordinator could not handle {type(event).__name__}: a defect of ours, in its log; "
        "please report it",
        ErrorKind.INTERNAL,
    )
