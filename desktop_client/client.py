"""Follows the coordinator and publishes what is known as one Snapshot; carries out commands.

Asyncio only. Connects, keeps a stream of instances open, reconnects with backoff, notices that
the session is over. It holds no truth of its own: each message replaces the list.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from desktop_client import conversion
from desktop_client.config import (
    ClientConfig,
    find_coordinator,
    load_client_config,
    save_client_config,
)
from desktop_client.model import Instance, Link, Problem, Snapshot
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import TokenStore, open_store
from protos.aigc.v1 import creator_pb2 as pb

log = logging.getLogger(__name__)

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0


class Client:
    """See the module. All methods run in its event loop.

    Args:
        publish: called with each new Snapshot, in the loop's thread.
        open_url: opens the system browser; called in a thread, may block.
    """

    def __init__(
        self,
        config_dir: Path,
        store_kind: str,
        clock: Clock,
        publish: Callable[[Snapshot], None],
        open_url: Callable[[str], None],
    ) -> None:
        self._config_dir = config_dir
        self._store_kind = store_kind
        self._clock = clock
        self._publish = publish
        self._open_url = open_url
        self._store: TokenStore | None = None
        self._config: ClientConfig | None = None
        self._candidate: ClientConfig | None = None
        self._session: CoordinatorSession | None = None
        self._signing_in: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._streaming = False  # the stream of instances has said something
        self._wake = asyncio.Event()
        self._saving = asyncio.Lock()
        self._snapshot = Snapshot()

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    async def run(self, coordinator: str = "") -> None:
        """Follow until cancelled.

        Args:
            coordinator: an address or join link that takes the place of the saved one.
        """
        self._store = await asyncio.to_thread(open_store, self._store_kind, self._config_dir)
        try:
            self._config = await asyncio.to_thread(load_client_config, self._config_dir)
        except AigcError as error:
            self._say(link=Link.UNCONFIGURED, problem=_problem(error))
        try:
            if coordinator and (self._config is None or not self._is_same(coordinator)):
                await self.find(coordinator)
                if self._candidate is not None:
                    self._config = None  # the person decides first
            while True:
                await self._follow()
        finally:
            if self._signing_in is not None:
                self._signing_in.cancel()
            await self._leave()

    def _is_same(self, coordinator: str) -> bool:
        """Whether a text names the saved coordinator (a link with another pin does not)."""
        config = self._config
        if config is None:
            return False
        if coordinator.startswith("aigc:"):
            return coordinator.startswith(f"aigc://join/{config.address}?pin={config.pin}")
        return coordinator in (config.address, config.address.removesuffix(":7443"))

    # -- commands -------------------------------------------------------------------------------

    async def find(self, text: str) -> None:
        """Look for a coordinator; what goes wrong is in the snapshot (see ``join``)."""
        self._say(busy=True, problem=None)
        try:
            await self.join(text)
        except AigcError as error:
            link = Link.UNCONFIGURED if self._config is None else self._snapshot.link
            self._say(link=link, busy=False, problem=_problem(error), address=text.strip())

    async def join(self, text: str) -> None:
        """Go to another coordinator. With a join link it is trusted at once, by its pin; without,
        the person compares the fingerprint first (``trust``).

        Raises:
            AigcError: it is not there, or not the one of the link; nothing changed.
        """
        found = await find_coordinator(text)
        self._candidate = found
        if text.strip().startswith("aigc:"):
            await self.trust()
        else:
            self._say(
                link=Link.UNTRUSTED, busy=False, address=found.address, pin=found.pin, studio=""
            )

    async def trust(self) -> None:
        """The person (or the link's pin) vouches for the coordinator that was found."""
        if self._candidate is None:
            return
        self._config, self._candidate = self._candidate, None
        await self._remember()
        self._begin_anew()

    async def forget(self) -> None:
        """Go to choosing a coordinator; the saved one stays until another is trusted."""
        await self.cancel_sign_in()
        self._config, self._candidate = None, None
        self._begin_anew()

    async def back(self) -> None:
        """From choosing a coordinator back to the saved one, if there is one."""
        self._candidate = None
        self._config = await asyncio.to_thread(load_client_config, self._config_dir)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._snapshot = Snapshot(memory_only=self._snapshot.memory_only)
        if self._following is not None:
            self._following.cancel()
        self.wake()

    async def _remember(self) -> None:
        """Save the settings as they are when the file's turn comes: the last choice wins."""
        async with self._saving:
            if self._config is not None:
                await asyncio.to_thread(save_client_config, self._config_dir, self._config)

    def start_sign_in(self) -> None:
        """Begin in the browser; a running attempt is given up for the new one."""
        if self._signing_in is not None:
            self._signing_in.cancel()
        self._signing_in = asyncio.create_task(self._sign_in())

    async def cancel_sign_in(self) -> None:
        if self._signing_in is not None:
            self._signing_in.cancel()
            self._signing_in = None
            self._say(link=Link.SIGNED_OUT, sign_in_url="", problem=None)

    async def sign_out(self) -> None:
        if self._session is not None:
            await self._session.sign_out()
        self._say(link=Link.SIGNED_OUT, person="", role="", engines=(), instances=(), problem=None)
        if self._following is not None:
            self._following.cancel()
        self.wake()

    async def start(self, engine_id: str, instance_id: str, version: str) -> Instance:
        """Start an instance, or the engine's first. Raises AigcError with the reason."""
        answer = await self.online().creator.StartInstance(
            pb.StartInstanceRequest(
                engine_id=engine_id if not instance_id else "",
                instance_id=instance_id,
                version=version,
            )
        )
        return self._merge(answer.instance)

    async def stop(self, instance_id: str) -> Instance:
        answer = await self.online().creator.StopInstance(
            pb.StopInstanceRequest(instance_id=instance_id)
        )
        return self._merge(answer.instance)

    async def keep(self, instance_id: str) -> Instance:
        answer = await self.online().creator.KeepRunning(
            pb.KeepRunningRequest(instance_id=instance_id)
        )
        return self._merge(answer.instance)

    async def rename(self, instance_id: str, name: str) -> Instance:
        answer = await self.online().creator.RenameInstance(
            pb.RenameInstanceRequest(instance_id=instance_id, name=name)
        )
        return self._merge(answer.instance)

    async def delete(self, instance_id: str) -> None:
        await self.online().creator.DeleteInstance(
            pb.DeleteInstanceRequest(instance_id=instance_id)
        )
        self._say(instances=tuple(i for i in self._snapshot.instances if i.id != instance_id))

    async def logs(self, instance_id: str) -> AsyncIterator[list[str]]:
        """The last lines, then what follows, until cancelled."""
        request = pb.StreamLogsRequest(instance_id=instance_id, tail=500, follow=True)
        async for message in self.online().creator.StreamLogs(request):
            yield [line.text for line in message.lines]

    async def secrets(self) -> tuple[str, ...]:
        """Whatever must be in no report: the tokens that are kept.

        Raises:
            AigcError: the store cannot be read, so nobody knows what to look for.
        """
        store = self._store
        if store is None:  # asked before the following began
            store = await asyncio.to_thread(open_store, self._store_kind, self._config_dir)
        stored = await asyncio.to_thread(store.load)
        return (stored.refresh_token, stored.session_token) if stored is not None else ()

    async def refresh_engines(self) -> None:
        """Ask for the catalogue again (a person is looking); failures are the stream's to tell."""
        if self._snapshot.link is not Link.ONLINE:
            self.wake()
            return
        with contextlib.suppress(AigcError):
            answer = await self.online().creator.ListEngines(pb.ListEnginesRequest())
            self._say(engines=tuple(conversion.engine(e) for e in answer.engines))

    def wake(self) -> None:
        """Do not wait for the backoff: a person asks."""
        self._wake.set()

    def revive(self) -> None:
        """This computer woke up, or is on another network: what looks connected may be dead.

        An attempt under way is left alone: it is new already, and may be renewing the sign-in.
        """
        if self._streaming and self._session is not None and self._following is not None:
            self._streaming = False
            self._session.dial_anew()
            self._following.cancel()
        self.wake()

    # -- following ------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """One coordinator, until another is trusted."""
        config = self._config
        if config is None:
            if self._snapshot.link not in (Link.UNTRUSTED, Link.UNCONFIGURED):
                self._say(link=Link.UNCONFIGURED)
            await self._woken()
            return
        assert self._store is not None
        endpoint = Endpoint(config.address, config.ca_pem)
        self._session = CoordinatorSession(
            endpoint, self._store, config_dir=self._config_dir, clock=self._clock
        )
        self._say(link=Link.CONNECTING, address=config.address, pin=config.pin)
        wait = _FIRST_WAIT
        while self._config is config:
            self._wake.clear()
            try:
                await self._follow_until_changed(self._session)
                wait = _FIRST_WAIT
            except AigcError as error:
                if self._config is not config:
                    break
                if self._snapshot.link is Link.ONLINE:
                    wait = _FIRST_WAIT
                if error.kind is ErrorKind.UNAUTHENTICATED:
                    await self._wait_for_sign_in(error)
                    continue
                log.info("offline", extra={"reason": error.key})
                if self._snapshot.link not in (Link.SIGNING_IN, Link.UNTRUSTED, Link.UNCONFIGURED):
                    self._say(link=Link.OFFLINE, problem=_problem(error))
                await self._woken(wait * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load
                wait = min(wait * 2, _LONGEST_WAIT)
        await self._leave()

    async def _follow_until_changed(self, session: CoordinatorSession) -> None:
        """Returns when a command cancelled the following (signed out, another coordinator)."""
        following = self._following = asyncio.create_task(self._follow_once(session))
        try:
            await asyncio.wait({following})
        finally:
            self._following = None
            self._streaming = False
            following.cancel()
        if not following.cancelled():
            following.result()

    async def _follow_once(self, session: CoordinatorSession) -> None:
        options = await session.options()
        self._say(studio=options.studio, web_url=options.web_url)
        stored = await session.stored()
        if stored is None:
            raise AigcError("signed-out", "Nobody is signed in.", ErrorKind.UNAUTHENTICATED)
        self._say(person=stored.person_name, memory_only=not session.store.persistent)
        who = await session.sessions.WhoAmI(pb.WhoAmIRequest())
        self._say(role=who.person.role)
        engines = await session.creator.ListEngines(pb.ListEnginesRequest())
        self._say(engines=tuple(conversion.engine(e) for e in engines.engines))
        async for message in session.creator.WatchInstances(pb.WatchInstancesRequest()):
            self._streaming = True
            instances = tuple(
                known for i in message.instances if (known := conversion.instance(i)) is not None
            )
            self._say(
                link=Link.ONLINE,
                instances=instances,
                heard_at=_time(message.server_time_ms),
                problem=None,
            )
        raise AigcError(
            "coordinator-closed", "The coordinator ended the connection.", ErrorKind.UNAVAILABLE
        )

    async def _wait_for_sign_in(self, error: AigcError) -> None:
        if self._snapshot.link is not Link.SIGNING_IN:
            never = error.key == "signed-out"
            self._say(
                link=Link.SIGNED_OUT,
                problem=None if never else _problem(error),
                person="",
                role="",
                instances=(),
                engines=(),
            )
        await self._woken()

    async def _sign_in(self) -> None:
        session = self._session
        if session is None:
            return
        self._say(link=Link.SIGNING_IN, problem=None, sign_in_url="")
        loop = asyncio.get_running_loop()

        def open_browser(url: str) -> None:
            loop.call_soon_threadsafe(lambda: self._say(sign_in_url=url))
            self._open_url(url)

        try:
            person = await session.sign_in(open_browser)
        except AigcError as error:
            self._say(link=Link.SIGNED_OUT, sign_in_url="", problem=_problem(error))
            return
        finally:
            if self._signing_in is asyncio.current_task():
                self._signing_in = None
        self._say(link=Link.CONNECTING, sign_in_url="", person=person.name, problem=None)
        self.wake()

    async def _woken(self, timeout: float | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout)
        self._wake.clear()

    async def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def online(self) -> CoordinatorSession:
        """The session to ask with.

        Raises:
            AigcError: ``signed-out``: there is no coordinator.
        """
        if self._session is None:
            raise AigcError(
                "signed-out", "No coordinator is connected; connect first.", ErrorKind.UNAVAILABLE
            )
        return self._session

    def _merge(self, value: pb.Instance) -> Instance:
        """Put an answer into the list at once; the stream confirms it in a moment."""
        known = conversion.instance(value)
        assert known is not None
        others = tuple(i for i in self._snapshot.instances if i.id != known.id)
        self._say(instances=(*others, known))
        return known

    def _say(self, **changes: object) -> None:
        snapshot = replace(self._snapshot, **changes)  # type: ignore[arg-type]
        if snapshot != self._snapshot:
            self._snapshot = snapshot
            self._publish(snapshot)


def _problem(error: AigcError) -> Problem:
    return Problem(error.key, error.message)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else datetime.now(UTC)
