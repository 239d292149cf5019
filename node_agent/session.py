"""The agent's one stream to its coordinator: it dials out, says hello, and keeps both sides level.

The coordinator's whole desired set comes in; the whole observed set goes out on connect and after
each timed relist, and changes in between. Losing the stream loses nothing: what matters is told
again from the reconciler's state, and results of volume orders wait on disk.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

import grpc

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError
from node_agent.enrolment import Identity, as_error, node_channel
from node_agent.log_streams import LogStreams
from node_agent.machine import MachineFacts
from node_agent.observation import Key, gpu_message, instance_message, reading_message
from node_agent.reconciler import Reconciler
from node_agent.store import Store, VolumeResult
from protos.aigc.v1 import common_pb2, node_pb2, node_pb2_grpc

log = logging.getLogger(__name__)

# A dead link is noticed within these two together, by gRPC's own pings.
_PING_EVERY_MS = 5_000
_PONG_WITHIN_MS = 5_000
_OPTIONS: tuple[tuple[str, str | int], ...] = (
    ("grpc.keepalive_time_ms", _PING_EVERY_MS),
    ("grpc.keepalive_timeout_ms", _PONG_WITHIN_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.use_local_subchannel_pool", 1),
)
_HELLO_WITHIN = 15.0
_FIRST_PAUSE = 0.3
_LONGEST_PAUSE = 4.0
_REFUSED_PAUSE = 30.0
_DUPLICATE = "node-duplicate"
_REFUSALS = {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}


class NodeSession:
    """See the module.

    Attributes:
        connected: whether the coordinator welcomed this agent on the present stream.
        last_error: why there is no stream, in a sentence; "" while there is one.
    """

    def __init__(
        self,
        identity: Callable[[], Identity],
        facts: MachineFacts,
        store: Store,
        clock: Clock,
        welcomed: Callable[[node_pb2.Welcome], None],
        noticed: Callable[[node_pb2.Notice], None],
        renewal_asked: Callable[[], None],
    ) -> None:
        """``noticed`` and ``renewal_asked``: orders about this machine itself, for others to do."""
        self._identity = identity
        self._facts = facts
        self._store = store
        self._clock = clock
        self._welcomed = welcomed
        self._noticed = noticed
        self._renewal_asked = renewal_asked
        self._reconciler: Reconciler | None = None
        self._news = asyncio.Event()
        self._changed: set[Key] = set()
        self._whole_set = False
        self._readings = False
        self._refused = False
        self._streams = LogStreams(self._news.set)
        self._orders_at_work: dict[str, asyncio.Task[None]] = {}
        self._again = asyncio.Event()
        self.connected = False
        self.last_error = ""

    def serve(self, reconciler: Reconciler) -> None:
        """Name whom the orders are for; before :meth:`run`."""
        self._reconciler = reconciler

    # --- what there is to tell ----------------------------------------------------------------

    def instance_changed(self, key: Key) -> None:
        self._changed.add(key)
        self._news.set()

    def tell_everything(self) -> None:
        """The whole observed set is due."""
        self._whole_set = True
        self._news.set()

    def tell_readings(self) -> None:
        self._readings = True
        self._news.set()

    def reconnect(self) -> None:
        """Begin a new stream, for a renewed certificate."""
        self._again.set()

    # --- the stream ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled: connect, serve, and again after a pause with jitter."""
        pause = _FIRST_PAUSE
        try:
            while True:
                refused = await self._try_one_stream()
                if self.connected:
                    self.connected, pause = False, _FIRST_PAUSE
                # Jitter: machines that lost the same coordinator do not return as one.
                wait = _REFUSED_PAUSE if refused else pause
                await self._clock.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311
                pause = min(_LONGEST_PAUSE, pause * 1.7)
        finally:
            await self._streams.close()
            for task in self._orders_at_work.values():
                task.cancel()
            await asyncio.gather(*self._orders_at_work.values(), return_exceptions=True)

    async def _try_one_stream(self) -> bool:
        """One stream from its beginning to its end; whether this machine was refused."""
        try:
            await self._serve_one_stream()
        except grpc.aio.AioRpcError as error:
            refused = as_error(error, self._identity().node_address)
            self.last_error = str(refused)
            if refused.key == _DUPLICATE:
                text = common_pb2.Sentence(en=refused.message)
                self._noticed(node_pb2.Notice(key=refused.key, text=text))
            log.warning("no coordinator", extra={"why": self.last_error})
            return error.code() in _REFUSALS
        except asyncio.InvalidStateError:
            # What gRPC raises for a write on a stream that ended a moment before.
            log.info("the coordinator ended the stream")
        except TimeoutError:
            self.last_error = "The coordinator took the connection but said nothing."
            log.warning("no coordinator", extra={"why": self.last_error})
        return False

    async def _serve_one_stream(self) -> None:
        self._again.clear()
        async with node_channel(self._identity(), _OPTIONS) as channel:
            call = node_pb2_grpc.NodeServiceStub(channel).Connect()
            tasks = []
            try:
                async with asyncio.timeout(_HELLO_WITHIN):
                    await call.write(node_pb2.NodeReport(hello=self._facts.hello()))
                    order = await call.read()
                if not isinstance(order, node_pb2.NodeOrder):
                    await _raise_end(call)
                    return
                self._begin_telling()
                await self._obey(order)
                tasks = [
                    asyncio.ensure_future(self._read(call)),
                    asyncio.ensure_future(self._write(call)),
                    asyncio.ensure_future(self._again.wait()),
                ]
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                call.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._streams.close()

    def _begin_telling(self) -> None:
        self.connected = True
        self.last_error = ""
        self._changed.clear()
        self._whole_set = True
        # What another coordinator offered is nothing to this one; its own offer comes at once.
        self._refused = False
        self._news.set()

    async def _read(self, call: grpc.aio.StreamStreamCall) -> None:
        while isinstance(order := await call.read(), node_pb2.NodeOrder):
            await self._obey(order)
        await _raise_end(call)

    async def _write(self, call: grpc.aio.StreamStreamCall) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            for report in self._due():
                await call.write(report)
                if report.HasField("volume_result"):
                    await self._store.forget_result(report.volume_result.order_id)
            for chunk in self._streams.take():
                await call.write(node_pb2.NodeReport(log_chunk=chunk))

    def _due(self) -> list[node_pb2.NodeReport]:
        """What has to be told now, each thing as it is at this moment."""
        reconciler = self._reconciler
        if reconciler is None:
            return []
        due = []
        if self._refused and (offered := reconciler.ledger.refused) is not None:
            kept = self._store.ledger
            due.append(
                node_pb2.NodeReport(
                    ledger_refused=node_pb2.LedgerRefused(
                        offered_ledger_id=offered.ledger_id,
                        offered_revision=offered.revision,
                        kept_ledger_id=kept.ledger_id,
                        kept_revision=kept.revision,
                    )
                )
            )
        if self._whole_set:
            due.append(node_pb2.NodeReport(observed=self._facts.observed(reconciler)))
            self._changed.clear()
        for key in self._changed:
            if (run := reconciler.runs.get(key)) is not None:
                message = instance_message(run, self._facts.simulated)
                due.append(node_pb2.NodeReport(instance=message))
        if self._readings:
            due.append(node_pb2.NodeReport(readings=self._readings_now(reconciler)))
        for result in self._store.volume_results.values():
            due.append(
                node_pb2.NodeReport(
                    volume_result=node_pb2.VolumeOrderResult(
                        order_id=result.order_id, ok=result.ok, error=result.error
                    )
                )
            )
        self._changed.clear()
        self._whole_set = self._readings = self._refused = False
        return due

    def _readings_now(self, reconciler: Reconciler) -> node_pb2.Readings:
        return node_pb2.Readings(
            gpus=[gpu_message(card) for card in self._facts.cards],
            instances=[reading_message(run) for run in reconciler.runs.values() if run.is_live],
            at_ms=milliseconds(self._clock.now()),
        )

    # --- orders -------------------------------------------------------------------------------

    async def _obey(self, order: node_pb2.NodeOrder) -> None:
        reconciler = self._reconciler
        if reconciler is None:
            return
        match order.WhichOneof("order"):
            case "welcome":
                self._on_welcome(order.welcome)
            case "desired":
                await self._desire(reconciler, order.desired)
            case "accept_ledger":
                await reconciler.accept_ledger(order.accept_ledger.ledger_id)
                self.tell_everything()
            case "keep_unclaimed":
                await self._keep(reconciler, order.keep_unclaimed.container_id)
            case "volume_order":
                self._take_volume_order(reconciler, order.volume_order)
            case "log_request":
                self._streams.begin(reconciler, order.log_request)
            case "log_cancel":
                self._streams.cancel(order.log_cancel.request_id)
            case "notice":
                self._noticed(order.notice)
            case "renew":
                self._renewal_asked()
            case other:
                log.warning("order of a newer coordinator left alone", extra={"order": other})

    def _on_welcome(self, welcome: node_pb2.Welcome) -> None:
        log.info(
            "connected",
            extra={"node_id": welcome.node_id, "coordinator": welcome.coordinator_version},
        )
        self._facts.heard_time(from_milliseconds(welcome.server_time_ms))
        if (problem := self._facts.clock_problem()) is not None:
            log.warning("clock", extra={"why": problem.en})
        self._welcomed(welcome)

    async def _desire(self, reconciler: Reconciler, desired: node_pb2.DesiredSet) -> None:
        try:
            if not await reconciler.desire(desired):
                self._refused = True
                self._news.set()
        except AigcError as error:
            log.error("desired set not taken", extra={"why": error.message})

    async def _keep(self, reconciler: Reconciler, container_id: str) -> None:
        try:
            await reconciler.quarantine.keep(container_id)
        except AigcError as error:
            log.error("unclaimed container not kept", extra={"why": error.message})
        self.tell_everything()

    def _take_volume_order(self, reconciler: Reconciler, order: node_pb2.VolumeOrder) -> None:
        """Beside the stream, since a purge may take long; once at a time."""
        at_work = self._orders_at_work.get(order.order_id)
        if at_work is not None and not at_work.done():
            return
        self._orders_at_work = {k: t for k, t in self._orders_at_work.items() if not t.done()}
        self._orders_at_work[order.order_id] = asyncio.create_task(
            self._do_volume_order(reconciler, order)
        )

    async def _do_volume_order(self, reconciler: Reconciler, order: node_pb2.VolumeOrder) -> None:
        try:
            await reconciler.order_volume(order)
            result = VolumeResult(order.order_id, True, "")
        except AigcError as error:
            result = VolumeResult(order.order_id, False, error.message)
        log.info(
            "volume order",
            extra={"volume_id": order.volume_id, "action": order.action, "ok": result.ok},
        )
        try:
            await self._store.save_result(result)
        except AigcError as error:
            log.error("result of a volume order not kept", extra={"why": error.message})
        self._news.set()
        await self._facts.refresh()
        self.tell_everything()


async def _raise_end(call: grpc.aio.StreamStreamCall) -> None:
    """Raise why the coordinator ended the stream, if it said so."""
    code = await call.code()
    if code is not grpc.StatusCode.OK:
        raise grpc.aio.AioRpcError(
            code,
            await call.initial_metadata(),
            await call.trailing_metadata(),
            await call.details(),
        )
