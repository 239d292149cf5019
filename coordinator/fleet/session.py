"""One machine's stream: its observed sets in, its desired set and orders out.

One machine, one stream. A second process with the same identity gets in only when the first one
is gone or silent; while the first one lives, the second is refused and the machine is shown with
the problem, since two machines that act for one would write the same volumes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.node import NodeId, Problem
from coordinator.fleet.authority import NodeIdentity
from coordinator.fleet.enrolment import Enrolment
from protos.aigc.v1 import common_pb2, node_pb2

_log = logging.getLogger(__name__)

# A dead process's last words may still arrive: only a later word proves that it lives.
_LAST_WORDS = 2.0
_LOG_CHUNKS_HELD = 64
_MISSED = common_pb2.LogLine(stream="stderr", text="… lines are missing here: the reader is slow")


@dataclass(eq=False)
class Session:
    """One connected agent process."""

    identity: NodeIdentity
    hello: node_pb2.Hello
    heard_count: int = 0
    outbox: list[node_pb2.NodeOrder] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    why: AigcError | None = None
    send_desired: bool = True  # whatever was sent before: on connect, after AcceptLedger

    @property
    def node_id(self) -> NodeId:
        return NodeId(self.identity.node_id)

    def end(self, why: AigcError) -> None:
        """Ask the stream to end, telling the agent why; the first reason stays."""
        if self.why is None:
            self.why = why
        self.ended.set()

    def send(self, order: node_pb2.NodeOrder) -> None:
        self.outbox.append(order)
        self.wake.set()

    def note_heard(self) -> None:
        self.heard_count += 1
        self.heard.set()


class LogFeed:
    """Lines of one instance on their way to a reader; holds so many chunks and no more."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._chunks: asyncio.Queue[node_pb2.LogChunk | AigcError] = asyncio.Queue(_LOG_CHUNKS_HELD)
        self._close = close
        self._missed = False

    def put(self, chunk: node_pb2.LogChunk) -> None:
        """Never waits: a slow reader loses the oldest lines, and is told."""
        if self._chunks.full():
            lost = self._chunks.get_nowait()
            if isinstance(lost, node_pb2.LogChunk) and lost.end:
                chunk = lost
            self._missed = True
        self._chunks.put_nowait(chunk)

    def fail(self, error: AigcError) -> None:
        if self._chunks.full():
            self._chunks.get_nowait()
        self._chunks.put_nowait(error)

    async def lines(self) -> AsyncIterator[list[common_pb2.LogLine]]:
        """Batches of lines until the end.

        Raises:
            AigcError: ``logs-unavailable`` when the machine cannot give them.
        """
        try:
            while True:
                chunk = await self._chunks.get()
                if isinstance(chunk, AigcError):
                    raise chunk
                if self._missed:
                    self._missed = False
                    yield [_MISSED]
                if chunk.lines:
                    yield list(chunk.lines)
                if chunk.error:
                    raise AigcError("logs-unavailable", chunk.error, ErrorKind.UNAVAILABLE)
                if chunk.end:
                    return
        finally:
            self._close()


class Sessions:
    """All connected machines. Lives on the event loop."""

    def __init__(self, enrolment: Enrolment, clock: Clock, silent_after: float) -> None:
        self.silent_after = silent_after
        self._enrolment = enrolment
        self._clock = clock
        self._live: dict[NodeId, Session] = {}
        self._feeds: dict[int, tuple[NodeId, LogFeed]] = {}
        self._numbers = itertools.count(1)
        self._stop_listening = enrolment.listen(self._credential_changed)

    def close(self) -> None:
        """End every stream: the coordinator stops."""
        self._stop_listening()
        for session in list(self._live.values()):
            session.end(
                AigcError(
                    "coordinator-stops",
                    "The coordinator is stopping; engines go on, connect again shortly.",
                    ErrorKind.UNAVAILABLE,
                )
            )

    def get(self, node_id: NodeId) -> Session | None:
        return self._live.get(node_id)

    async def enter(self, session: Session) -> None:
        """Become this machine's one stream.

        Raises:
            AigcError: ``node-duplicate`` or ``agent-twice`` while another process lives.
        """
        while (incumbent := self._live.get(session.node_id)) is not None:
            if incumbent.hello.session_nonce != session.hello.session_nonce and (
                await self._lives(incumbent)
            ):
                raise await self._duplicate(session, incumbent)
            incumbent.end(
                AigcError(
                    "stream-replaced",
                    "The agent has connected anew; this older stream ends.",
                    ErrorKind.CONFLICT,
                )
            )
            await incumbent.gone.wait()
        self._live[session.node_id] = session
        if not await self._enrolment.note_hardware(session.node_id, session.hello.hardware):
            self.leave(session)
            raise await self._to_and_fro(session)
        credential = self._enrolment.credentials.get(session.node_id)
        if credential is not None and credential.duplicate_at is not None:
            session.send(_notice_of_duplicate(""))

    def leave(self, session: Session) -> bool:
        """The stream ended; True if it was this machine's current one."""
        session.gone.set()
        if self._live.get(session.node_id) is not session:
            return False
        del self._live[session.node_id]
        for number, (node_id, feed) in list(self._feeds.items()):
            if node_id == session.node_id:
                del self._feeds[number]
                feed.fail(_not_connected())
        return True

    def problems(self, node_id: NodeId) -> tuple[Problem, ...]:
        """What we know against a machine that it does not know itself."""
        credential = self._enrolment.credentials.get(node_id)
        if credential is None or credential.duplicate_at is None:
            return ()
        when = f"{credential.duplicate_at:%Y-%m-%d %H:%M} UTC"
        return (
            Problem(
                f"Two machines use this identity (seen {when}): revoke it, then join the right "
                "machine again.",
                f"两台机器使用同一身份（{when}）：请吊销后重新加入正确的机器。",
            ),
        )

    def open_logs(self, node_id: NodeId, instance_id: str, tail: int, follow: bool) -> LogFeed:
        """Ask a machine for the lines of an instance.

        Raises:
            AigcError: ``logs-unavailable`` while the machine is not connected.
        """
        session = self._live.get(node_id)
        if session is None:
            raise _not_connected()
        number = next(self._numbers)
        feed = LogFeed(lambda: self._close_feed(number))
        self._feeds[number] = (node_id, feed)
        request = node_pb2.LogRequest(
            request_id=number, instance_id=instance_id, tail=tail, follow=follow
        )
        session.send(node_pb2.NodeOrder(log_request=request))
        return feed

    def take_log_chunk(self, node_id: NodeId, chunk: node_pb2.LogChunk) -> None:
        """A machine answers; only the one that was asked is heard."""
        asked, feed = self._feeds.get(chunk.request_id, (None, None))
        if feed is not None and asked == node_id:
            feed.put(chunk)

    def accept_ledger(self, node_id: NodeId, ledger_id: str) -> None:
        """Tell a machine to take this ledger as the truth.

        Raises:
            AigcError: ``node-offline``.
        """
        session = self.check_connected(node_id)
        order = node_pb2.AcceptLedgerOrder(ledger_id=ledger_id)
        session.send_desired = True
        session.send(node_pb2.NodeOrder(accept_ledger=order))

    def check_can_keep(self, node_id: NodeId) -> None:
        """Whether a machine's agent knows the order to keep an unclaimed container.

        Raises:
            AigcError: ``node-offline`` or ``agent-too-old``.
        """
        hello = self.check_connected(node_id).hello
        if "keep-unclaimed" not in hello.features:
            raise AigcError(
                "agent-too-old",
                f"The agent of {hello.hostname} (version {hello.agent_version or 'unknown'}) "
                "cannot keep an unclaimed container longer: update the agent there.",
                ErrorKind.CONFLICT,
            )

    def keep_unclaimed(self, node_id: NodeId, container_id: str) -> None:
        """Tell a machine to hold an unclaimed container for another hold time.

        Raises:
            AigcError: ``node-offline``.
        """
        order = node_pb2.KeepUnclaimedOrder(container_id=container_id)
        self.check_connected(node_id).send(node_pb2.NodeOrder(keep_unclaimed=order))

    def ask_to_renew(self, node_id: NodeId | None = None) -> None:
        """Ask a connected machine, or all of them, for a fresh certificate of the present
        authority. Agents that do not know the order renew within sixteen hours by themselves."""
        order = node_pb2.NodeOrder(renew=node_pb2.RenewOrder())
        for session in list(self._live.values()):
            if node_id in (None, session.node_id) and "renew" in session.hello.features:
                session.send(order)

    def check_connected(self, node_id: NodeId) -> Session:
        """The machine's stream.

        Raises:
            AigcError: ``node-offline``.
        """
        session = self._live.get(node_id)
        if session is None:
            raise AigcError(
                "node-offline",
                "The machine is not connected: switch it on, then try again.",
                ErrorKind.UNAVAILABLE,
            )
        return session

    async def watch_over(self, session: Session) -> None:
        """End the stream when it falls silent or its certificate holds no longer.

        Seconds are counted only while this program runs, so that a pause of ours is not taken
        for the machine's silence.
        """
        silent = 0.0
        while True:
            count = session.heard_count
            await self._clock.sleep(1)
            silent = 0.0 if session.heard_count != count else silent + 1
            why = self._enrolment.standing(session.identity)
            if why is None and silent > self.silent_after:
                why = AigcError(
                    "node-silent",
                    f"The agent said nothing for {self.silent_after:g} s; connect again.",
                    ErrorKind.UNAVAILABLE,
                )
            if why is not None:
                session.end(why)
                return

    def _credential_changed(self, credential: object) -> None:
        for session in list(self._live.values()):
            why = self._enrolment.standing(session.identity)
            if why is not None:
                session.end(why)

    async def _lives(self, incumbent: Session) -> bool:
        gone: asyncio.Task[object] = asyncio.create_task(incumbent.gone.wait())
        try:
            # What it sent before it died may still arrive: give that time, then listen.
            for wait, proof in ((_LAST_WORDS, False), (self.silent_after, True)):
                incumbent.heard.clear()
                watched: list[asyncio.Task[object]] = [
                    gone,
                    asyncio.create_task(self._clock.sleep(wait)),
                ]
                if proof:
                    watched.append(asyncio.create_task(incumbent.heard.wait()))
                try:
                    await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await _cancel(watched[1:])
                if gone.done():
                    return False
            return incumbent.heard.is_set()
        finally:
            await _cancel([gone])

    async def _duplicate(self, session: Session, incumbent: Session) -> AigcError:
        mine, theirs = session.hello, incumbent.hello
        if mine.boot_id and mine.boot_id == theirs.boot_id:
            return AigcError(
                "agent-twice",
                f"Another agent process runs on {theirs.hostname} already with this identity: "
                "stop one of the two.",
                ErrorKind.CONFLICT,
            )
        _log.warning(
            "two machines use one identity",
            extra={
                "node_id": session.node_id,
                "connected": theirs.hostname,
                "refused": mine.hostname,
            },
        )
        await self._enrolment.note_duplicate(
            session.node_id, f"{theirs.hostname} is connected, {mine.hostname} was refused"
        )
        incumbent.send(_notice_of_duplicate(mine.hostname))
        return AigcError(
            "node-duplicate",
            f"Another machine ({theirs.hostname}) is connected with this machine's identity: was "
            "it copied? Delete node.key and node.crt here and join this machine anew.",
            ErrorKind.CONFLICT,
        )

    async def _to_and_fro(self, session: Session) -> AigcError:
        """This identity was on this hardware, then on another, and is here again."""
        hostname = session.hello.hostname
        _log.warning(
            "an identity goes to and fro between two machines",
            extra={"node_id": session.node_id, "refused": hostname},
        )
        await self._enrolment.note_duplicate(
            session.node_id, f"{hostname} came back after another machine had its identity"
        )
        return AigcError(
            "node-duplicate",
            "Another machine has used this machine's identity in between: was its disk copied? "
            "Ask IT to revoke it, delete node.key and node.crt here and join this machine anew.",
            ErrorKind.CONFLICT,
        )

    def _close_feed(self, number: int) -> None:
        node_id, _ = self._feeds.pop(number, (None, None))
        session = self._live.get(node_id) if node_id is not None else None
        if session is not None:
            cancel = node_pb2.LogCancel(request_id=number)
            session.send(node_pb2.NodeOrder(log_cancel=cancel))


def _notice_of_duplicate(other: str) -> node_pb2.NodeOrder:
    """For the machine that stays: it learns of the other one too."""
    text = common_pb2.Sentence(
        en=f"Another machine{f' ({other})' if other else ''} uses this machine's identity: if its "
        "disk was copied, delete node.key and node.crt on the copy and join that machine anew; "
        "IT can revoke this identity.",
        zh=f"另一台机器{f'（{other}）' if other else ''}正在使用本机的身份："
        "如果磁盘被复制过，请在副本上删除 node.key 和 node.crt 并重新加入；IT 可以吊销此身份。",
    )
    return node_pb2.NodeOrder(notice=node_pb2.Notice(key="node-duplicate", text=text))


def _not_connected() -> AigcError:
    return AigcError(
        "logs-unavailable",
        "The machine of this engine is not connected now, so its log cannot be read.",
        ErrorKind.UNAVAILABLE,
    )


async def _cancel(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
