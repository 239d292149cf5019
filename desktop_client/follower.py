"""Keeps to one coordinator: finds it, trusts it, signs in, follows it, comes back after a break.

Asyncio only. What the tray and the admin window have in common; each says what it follows there
and where what is known goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from desktop_client.config import (
    ClientConfig,
    find_coordinator,
    load_client_config,
    save_client_config,
)
from desktop_client.model import Link
from desktop_client.problems import problem_of
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import TokenStore, open_store

log = logging.getLogger(__name__)

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_STANDING = (Link.SIGNING_IN, Link.UNTRUSTED, Link.UNCONFIGURED)  # a person is busy with it


class Follower(ABC):
    """See the module. All methods run in its event loop.

    Args:
        open_url: opens the system browser; called in a thread, may block.
    """

    def __init__(
        self, config_dir: Path, store_kind: str, clock: Clock, open_url: Callable[[str], None]
    ) -> None:
        self._config_dir = config_dir
        self._store_kind = store_kind
        self._clock = clock
        self._open_url = open_url
        self._store: TokenStore | None = None
        self._config: ClientConfig | None = None
        self._candidate: ClientConfig | None = None
        self._session: CoordinatorSession | None = None
        self._signing_in: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._streaming = False  # the stream has said something
        self._wake = asyncio.Event()
        self._saving = asyncio.Lock()

    # -- what each has for itself -----------------------------------------------------------------

    @property
    @abstractmethod
    def _link(self) -> Link:
        """How things stand, as it was published last."""

    @abstractmethod
    def _say(self, **changes: object) -> None:
        """Publish: link, problem, busy, address, pin, studio, person, sign_in_url."""

    @abstractmethod
    def _without_person(self) -> Mapping[str, object]:
        """The changes after which nothing is known that only this person may see."""

    @abstractmethod
    async def _follow_once(self, session: CoordinatorSession) -> None:
        """Follow until the connection ends; ``_streaming`` is set once the stream speaks.

        Raises:
            AigcError: why it ended; ``signed-out`` where nobody is signed in.
        """

    # -- commands ---------------------------------------------------------------------------------

    async def run(self, coordinator: str = "") -> None:
        """Follow until cancelled.

        Args:
            coordinator: an address or join link that takes the place of the saved one.
        """
        self._store = await asyncio.to_thread(open_store, self._store_kind, self._config_dir)
        try:
            self._config = await asyncio.to_thread(load_client_config, self._config_dir)
        except AigcError as error:
            self._say(link=Link.UNCONFIGURED, problem=problem_of(error))
        try:
            if coordinator and not self._is_same(coordinator):
                self._config = None  # never another one than was asked for
                await self.find(coordinator)
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

    async def find(self, text: str) -> None:
        """Look for a coordinator; what goes wrong is published (see ``join``)."""
        self._say(busy=True, problem=None)
        try:
            await self.join(text)
        except AigcError as error:
            link = Link.UNCONFIGURED if self._config is None else self._link
            self._say(link=link, busy=False, problem=problem_of(error), address=text.strip())

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

    async def _remember(self) -> None:
        """Save the settings as they are when the file's turn comes: the last choice wins."""
        async with self._saving:
            if self._config is not None:
                await asyncio.to_thread(save_client_config, self._config_dir, self._config)

    def _begin_anew(self) -> None:
        """Another coordinator, or another person there."""
        if self._following is not None:
            self._following.cancel()
        self.wake()

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
        """End the session, for the tray and the admin window."""
        if self._session is not None:
            await self._session.sign_out()
        self._say(link=Link.SIGNED_OUT, person="", problem=None, **self._without_person())
        if self._following is not None:
            self._following.cancel()
        self.wake()

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

    def online(self) -> CoordinatorSession:
        """The session to ask with.

        Raises:
            AigcError: ``not-connected``: there is no coordinator.
        """
        if self._session is None:
            raise AigcError(
                "not-connected",
                "No coordinator is connected; connect first.",
                ErrorKind.UNAVAILABLE,
            )
        return self._session

    # -- following --------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """One coordinator, until another is trusted."""
        config = self._config
        if config is None:
            if self._link not in (Link.UNTRUSTED, Link.UNCONFIGURED):
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
        self._say(link=Link.CONNECTING, address=config.address, pin=config.pin, busy=False)
        wait = _FIRST_WAIT
        while self._config is config:
            self._wake.clear()
            try:
                await self._follow_until_changed(self._session)
                wait = _FIRST_WAIT
            except AigcError as error:
                if self._config is not config:
                    break
                if self._link is Link.ONLINE:
                    wait = _FIRST_WAIT
                if error.kind is ErrorKind.UNAUTHENTICATED:
                    await self._wait_for_sign_in(error)
                    continue
                log.info("offline", extra={"reason": error.key})
                if self._link not in _STANDING:
                    self._say(link=Link.OFFLINE, problem=problem_of(error))
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

    async def _wait_for_sign_in(self, error: AigcError) -> None:
        if self._link is not Link.SIGNING_IN:
            never = error.key == "signed-out"
            self._say(
                link=Link.SIGNED_OUT,
                problem=None if never else problem_of(error),
                person="",
                **self._without_person(),
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
            self._say(link=Link.SIGNED_OUT, sign_in_url="", problem=problem_of(error))
            return
        finally:
            if self._signing_in is asyncio.current_task():
                self._signing_in = None
        self._say(link=Link.CONNECTING, sign_in_url="", person=person.name, problem=None)
        if self._following is not None:  # it may be another person than before
            self._following.cancel()
        self.wake()

    async def _woken(self, timeout: float | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout)
        self._wake.clear()

    async def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
