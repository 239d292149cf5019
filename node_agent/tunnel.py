"""The agent's end of the tunnel: dials out to the gateway, connects streams to engines here.

Nothing listens on the GPU machine. Each stream names an instance and its lease epoch; the agent
looks both up in what it runs itself, so that a stream never reaches another creator's engine on a
reused address (pitfall 7).
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aigc.clock import Clock
from aigc.errors import AigcError
from aigc.loops import create_connection, take_connection
from aigc.tls import GATEWAY_NAME, split_address
from aigc.tunnel import ALPN, RECORDS, Link, ResetCode, StreamTransport
from node_agent.walls.mark import connect

log = logging.getLogger(__name__)

CONNECTIONS = 2
_CONNECT_SECONDS = 5.0
_ENGINE_SECONDS = 5.0
_FIRST_BACKOFF = 0.25
# Short: a page must work again within seconds of the gateway's return.
_MAX_BACKOFF = 2.0
# A connection that lived so long was a good one: the next failure starts from the first backoff.
_GOOD_SECONDS = 5.0

Resolve = Callable[[str, int], tuple[str, int] | None]


@dataclass(frozen=True, slots=True)
class TunnelFiles:
    """PEM files; read anew at each dial, so that a renewed certificate is used."""

    certificate: Path
    key: Path
    ca: Path


class TunnelClient:
    """Keeps some connections to the gateway up until :meth:`run` is cancelled.

    Args:
        gateway_address: "host:port" of the gateway's tunnel listener, or a callable that gives it
            at each dial ("" while it is not known).
        files: this machine's certificate and key, and the coordinator's CA.
        resolve: instance id and epoch to the engine's address here, or None to refuse.
        clock: for backoff.
        on_change: called with the number of connections that are up.
    """

    def __init__(
        self,
        gateway_address: str | Callable[[], str],
        files: TunnelFiles,
        resolve: Resolve,
        clock: Clock,
        on_change: Callable[[int], None] | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self._address = gateway_address
        self._files = files
        self._resolve = resolve
        self._clock = clock
        self._on_change = on_change
        self._count = connections
        self._links: set[Link] = set()
        self._dialling: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many are up now."""
        return len(self._links)

    async def run(self) -> None:
        """Dial, and dial again, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._count):
                    group.create_task(self._keep_one())
        finally:
            for link in list(self._links):
                link.close("the agent is stopping")
            for task in list(self._dialling):
                task.cancel()
            await asyncio.gather(*self._dialling, return_exceptions=True)

    async def _keep_one(self) -> None:
        backoff = _FIRST_BACKOFF
        while True:
            began = self._clock.monotonic()
            try:
                link = await self._dial()
                self._tell(link, True)
                why = await asyncio.shield(link.lost)  # cancelling us must not end it unsaid
                self._tell(link, False)
                log.info("tunnel to the gateway lost: %s", why)
            except (OSError, AigcError, TimeoutError) as error:
                log.info("tunnel to the gateway not made: %s", error)
            if self._clock.monotonic() - began > _GOOD_SECONDS:
                backoff = _FIRST_BACKOFF
            # Jitter: a fleet that lost its gateway does not come back in one moment.
            await self._clock.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            backoff = min(_MAX_BACKOFF, backoff * 2)

    async def _dial(self) -> Link:
        address = self._address if isinstance(self._address, str) else self._address()
        if not address:
            raise OSError("the gateway's address is not known yet")
        host, port = split_address(address)
        context = await asyncio.to_thread(_client_context, self._files)
        async with asyncio.timeout(_CONNECT_SECONDS):
            link = await create_connection(
                lambda: Link(opener=False, on_open=self._on_open),
                host,
                port,
                context,
                RECORDS,
                server_hostname=GATEWAY_NAME,
            )
        tls = link.get_extra_info("ssl_object")
        if tls is None or tls.selected_alpn_protocol() != ALPN:
            link.close("the gateway speaks another version of the tunnel")
            raise OSError("the gateway speaks another version of the tunnel; update this agent")
        return link

    def _tell(self, link: Link, up: bool) -> None:
        if up:
            self._links.add(link)
        else:
            self._links.discard(link)
        if self._on_change is not None:
            self._on_change(len(self._links))

    def _on_open(
        self, stream: StreamTransport, instance_id: str, epoch: int
    ) -> asyncio.Protocol | None:
        address = self._resolve(instance_id, epoch)
        if address is None:
            log.info("stream refused instance_id=%s epoch=%d: not here", instance_id, epoch)
            stream.reset(ResetCode.UNKNOWN_INSTANCE, "this engine does not run here")
            return None
        side = _GatewaySide()
        # The engine is not connected yet: what comes first waits in the stream, within its credit.
        stream.pause_reading()
        task = asyncio.get_running_loop().create_task(self._join(stream, side, address))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)
        return side

    async def _join(
        self, stream: StreamTransport, side: _GatewaySide, address: tuple[str, int]
    ) -> None:
        try:
            async with asyncio.timeout(_ENGINE_SECONDS):
                engine = await connect(address)
                await take_connection(lambda: _EngineSide(stream, side), engine)
        except (OSError, TimeoutError) as error:
            log.info("engine at %s:%d does not accept connections: %s", *address, error)
            stream.reset(ResetCode.UNREACHABLE, "the engine does not accept connections")


class _GatewaySide(asyncio.Protocol):
    """What the gateway sends goes to the engine."""

    def __init__(self) -> None:
        self.engine: asyncio.Transport | None = None
        self.lost = False

    def data_received(self, data: bytes) -> None:
        if self.engine is not None:
            self.engine.write(data)

    def eof_received(self) -> bool:
        if self.engine is not None and self.engine.can_write_eof():
            self.engine.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.engine is not None:
            if exc is None:
                self.engine.close()
            else:
                self.engine.abort()

    def pause_writing(self) -> None:
        if self.engine is not None:
            self.engine.pause_reading()

    def resume_writing(self) -> None:
        if self.engine is not None and not self.engine.is_closing():
            self.engine.resume_reading()


class _EngineSide(asyncio.Protocol):
    """What the engine sends goes to the gateway."""

    def __init__(self, stream: StreamTransport, side: _GatewaySide) -> None:
        self._stream = stream
        self._side = side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        engine = cast(asyncio.Transport, transport)
        if self._side.lost:
            asyncio.get_running_loop().call_soon(engine.abort)  # soon: see aigc.loops
            return
        self._side.engine = engine
        self._stream.accept()
        self._stream.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._stream.write(data)

    def eof_received(self) -> bool:
        self._stream.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._stream.close()
        else:
            self._stream.reset(ResetCode.BROKEN, "the engine closed the connection")

    def pause_writing(self) -> None:
        self._stream.pause_reading()

    def resume_writing(self) -> None:
        self._stream.resume_reading()


def _client_context(files: TunnelFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(files.ca)
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols([ALPN])
    return context
