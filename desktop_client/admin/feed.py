"""Follows the whole studio over the admin window's one stream, and publishes what is known.

Asyncio only. Connects, reconnects with backoff, notices that the session or the role is gone. The
sign-in is the tray's: same settings folder, same token store, same code. It holds no truth of its
own: after a break the stream begins anew with everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aigc.clock import Clock, from_milliseconds
from aigc.errors import AigcError, ErrorKind
from desktop_client import conversion as common
from desktop_client.admin import conversion
from desktop_client.admin.fold import Known, Update, fold
from desktop_client.admin.model import EVERYTHING, Delta, Fleet, Role
from desktop_client.config import (
    ClientConfig,
    find_coordinator,
    load_client_config,
    save_client_config,
)
from desktop_client.model import Link, Problem
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import TokenStore, open_store
from protos.aigc.v1 import admin_pb2, creator_pb2

log = logging.getLogger(__name__)

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_INTERVAL_MS = 250  # between two messages of the stream


class Feed:
    """See the module. All methods run in its event loop.

    Args:
        publish: called with each new Fleet and what changed, in the loop's thread.
        open_url: opens the system browser; called in a thread, may block.
    """

    def __init__(
        self,
        config_dir: Path,
        store_kind: str,
        clock: Clock,
        publish: Callable[[Fleet, Delta], None],
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
        self._wake = asyncio.Event()
        self._fleet = Fleet()
        self._known = Known()
        self._streaming = False  # the stream has shown the whole fleet

    @property
    def fleet(self) -> Fleet:
        return self._fleet

    def session(self) -> CoordinatorSession:
        """The conversation that is open. Raises AigcError while there is none."""
        if self._session is None:
            raise AigcError(
                "not-connected",
                "No coordinator is connected; connect first.",
                ErrorKind.UNAVAILABLE,
            )
        return self._session

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
        if coordinator and not self._is_same(coordinator):
            self._config = None
            await self.find(coordinator)
        try:
            while True:
                await self._follow()
        finally:
            if self._signing_in is not None:
                self._signing_in.cancel()
            await self._leave()

    def _is_same(self, coordinator: str) -> bool:
        config = self._config
        if config is None:
            return False
        if coordinator.startswith("aigc:"):
            return coordinator.startswith(f"aigc://join/{config.address}?pin={config.pin}")
        return coordinator in (config.address, config.address.removesuffix(":7443"))

    # -- commands -------------------------------------------------------------------------------

    async def find(self, text: str) -> None:
        """Look for a coordinator. With a join link it is trusted at once, by its pin; without,
        the person compares the fingerprint first (``trust``)."""
        self._say(busy=True, problem=None, link=Link.UNCONFIGURED)
        try:
            found = await find_coordinator(text)
        except AigcError as error:
            self._say(busy=False, problem=_problem(error), address=text.strip())
            return
        self._candidate = found
        if text.strip().startswith("aigc:"):
            await self.trust()
        else:
            self._say(link=Link.UNTRUSTED, busy=False, address=found.address, pin=found.pin)

    async def trust(self) -> None:
        """The person (or the link's pin) vouches for the coordinator that was found."""
        if self._candidate is None:
            return
        self._config, self._candidate = self._candidate, None
        await asyncio.to_thread(save_client_config, self._config_dir, self._config)
        self._begin_anew()

    async def distrust(self) -> None:
        """It is another one: back to the field."""
        self._candidate = None
        self._say(link=Link.UNCONFIGURED, pin="", problem=None)

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
        """End the session, here and for the tray."""
        if self._session is not None:
            await self._session.sign_out()
        self._forget()
        self._say(link=Link.SIGNED_OUT, person="", role=Role.UNKNOWN, problem=None)
        self._begin_anew()

    def wake(self) -> None:
        """Do not wait for the backoff."""
        self._wake.set()

    def revive(self) -> None:
        """This computer woke up, or is on another network: what looks connected may be dead.

        An attempt under way is left alone: it is new already.
        """
        if self._streaming and self._session is not None and self._following is not None:
            self._streaming = False
            self._session.dial_anew()
            self._following.cancel()
        self.wake()

    def _begin_anew(self) -> None:
        if self._following is not None:
            self._following.cancel()
        self.wake()

    # -- following ------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """One coordinator, until another is trusted."""
        config = self._config
        if config is None:
            if self._fleet.link not in (Link.UNTRUSTED, Link.UNCONFIGURED):
                self._say(link=Link.UNCONFIGURED)
            await self._woken()
            return
        assert self._store is not None
        self._session = CoordinatorSession(
            Endpoint(config.address, config.ca_pem),
            self._store,
            config_dir=self._config_dir,
            clock=self._clock,
        )
        self._say(link=Link.CONNECTING, address=config.address, pin="", busy=False)
        wait = _FIRST_WAIT
        while self._config is config:
            self._wake.clear()
            try:
                await self._follow_until_changed(self._session)
                wait = _FIRST_WAIT
            except AigcError as error:
                if self._fleet.link is Link.ONLINE:
                    wait = _FIRST_WAIT
                if error.kind is ErrorKind.UNAUTHENTICATED:
                    await self._wait_for_sign_in(error)
                    continue
                log.info("offline", extra={"reason": error.key})
                if self._fleet.link is not Link.SIGNING_IN:
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
        self._say(studio=options.studio)
        if await session.stored() is None:
            raise AigcError("signed-out", "Nobody is signed in.", ErrorKind.UNAUTHENTICATED)
        person = (await session.sessions.WhoAmI(creator_pb2.WhoAmIRequest())).person
        role = conversion.role(person.role)
        self._say(person=person.name or person.email, role=role)
        if not self._fleet.may_see:
            self._forget()
            self._say(link=Link.ONLINE, problem=None)
            await self._woken()  # another role or another person, when somebody asks again
            return
        self._known = replace(self._known, pending=None)
        request = admin_pb2.WatchFleetRequest(min_interval_ms=_INTERVAL_MS)
        async for message in session.admin.WatchFleet(request):
            self._take(_update(message))
        raise AigcError(
            "coordinator-closed", "The coordinator ended the connection.", ErrorKind.UNAVAILABLE
        )

    def _take(self, update: Update) -> None:
        self._known, delta = fold(self._known, update)
        if delta is None:
            return
        self._streaming = True
        self._note(Link.ONLINE)
        self._fleet = replace(
            self._fleet,
            nodes=self._known.nodes,
            instances=self._known.instances,
            server_time=update.server_time or self._clock.now(),
            heard_at=self._clock.now(),
            link=Link.ONLINE,
            problem=None,
        )
        self._publish(self._fleet, delta)

    async def _wait_for_sign_in(self, error: AigcError) -> None:
        if self._fleet.link is not Link.SIGNING_IN:
            never = error.key == "signed-out"
            self._forget()
            self._say(
                link=Link.SIGNED_OUT,
                problem=None if never else _problem(error),
                person="",
                role=Role.UNKNOWN,
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
        self._begin_anew()

    async def _woken(self, timeout: float | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout)
        self._wake.clear()

    async def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _note(self, link: Link) -> None:
        if link is not self._fleet.link:
            log.info("the studio is now %s", link)

    def _forget(self) -> None:
        """What somebody may see is not shown to the next one."""
        self._known = Known()
        self._say(nodes=self._known.nodes, instances=self._known.instances, heard_at=None)

    def _say(self, **changes: object) -> None:
        fleet = replace(self._fleet, **changes)  # type: ignore[arg-type]
        if fleet == self._fleet:
            return
        emptied = "nodes" in changes
        self._note(fleet.link)
        self._fleet = fleet
        self._publish(fleet, EVERYTHING if emptied else Delta())


def _update(message: admin_pb2.WatchFleetResponse) -> Update:
    instances = [common.instance(i) for i in message.instances]
    deleted = [i.id for i, made in zip(message.instances, instances, strict=True) if made is None]
    return Update(
        begin=message.begin,
        more=message.more,
        nodes=tuple(conversion.node(n) for n in message.nodes),
        removed_nodes=tuple(message.removed_node_ids),
        instances=tuple(i for i in instances if i is not None),
        removed_instances=(*message.removed_instance_ids, *deleted),
        people_changed=message.people_changed,
        catalogue_changed=message.catalogue_changed,
        server_time=from_milliseconds(message.server_time_ms),
    )


def _problem(error: AigcError) -> Problem:
    return Problem(error.key, error.message)
