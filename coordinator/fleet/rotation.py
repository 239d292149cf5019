"""Rotating the studio's authority: when each step may come, and who would be left behind.

It goes on by itself: a year before an authority ends its successor is announced; thirty days
later, when no machine is missing, the successor signs; ninety days after that the old one is
forgotten. Those times are as long as a desktop or a machine may be away without having to join
again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.fleet.authority import Authority
from coordinator.fleet.enrolment import RENEW_LATE_BY, Enrolment
from coordinator.fleet.roots import Phase, Root
from coordinator.ledger import audit

_log = logging.getLogger(__name__)

ANNOUNCED_FOR = timedelta(days=30)
TRUSTED_FOR = RENEW_LATE_BY
BEFORE_THE_END = timedelta(days=400)  # a server's certificate is good for 397 days
_LOOK_EVERY = 3600.0
_BY_ITSELF = "coordinator"


class Ledger(Protocol):
    async def transact(self, work: Callable[[Any], Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class RotationStatus:
    """What IT sees.

    Attributes:
        trusted: the authorities, the one that signs first.
        since: since when the phase holds; None while steady.
        next_step_at: when the next step comes by itself at the earliest; None: not in sight.
        waiting: machines, by name, that have not renewed their certificate since the phase began.
    """

    phase: Phase
    trusted: tuple[Root, ...]
    since: datetime | None
    next_step_at: datetime | None
    waiting: tuple[str, ...]


class Rotation:
    """See the module. Lives on the event loop.

    Args:
        renew_servers: makes server certificates anew where they must be; called in a thread.
        ask_machines: asks all connected machines to renew their certificates now.
    """

    def __init__(
        self,
        authority: Authority,
        enrolment: Enrolment,
        ledger: Ledger,
        clock: Clock,
        renew_servers: Callable[[], None],
        ask_machines: Callable[[], None],
    ) -> None:
        self._authority = authority
        self._enrolment = enrolment
        self._ledger = ledger
        self._clock = clock
        self._renew_servers = renew_servers
        self._ask_machines = ask_machines
        self._stepping = asyncio.Lock()

    def status(self) -> RotationStatus:
        """How far it is."""
        now = self._authority.roots.now
        due: datetime | None = None
        match now.phase:
            case Phase.STEADY:
                due = now.signing.ends - BEFORE_THE_END
            case Phase.ANNOUNCED:
                due = (now.since or self._clock.now()) + ANNOUNCED_FOR
            case Phase.SWITCHED:
                due = (now.since or self._clock.now()) + TRUSTED_FOR
        return RotationStatus(now.phase, now.trusted, now.since, due, self._waiting())

    async def announce(self, by: str) -> RotationStatus:
        """Make a successor known.

        Raises:
            AigcError: ``rotation-underway``.
        """
        return await self._step(by, "authority-announce", self._authority.roots.announce)

    async def cancel(self, by: str) -> RotationStatus:
        """Forget the announced successor.

        Raises:
            AigcError: ``rotation-step``.
        """
        return await self._step(by, "authority-cancel", self._authority.roots.cancel)

    async def switch(self, by: str, force: bool = False) -> RotationStatus:
        """Let the successor sign.

        Raises:
            AigcError: ``rotation-step``, or ``rotation-machines-missing`` without ``force``.
        """
        return await self._step(by, "authority-switch", self._authority.roots.switch, force)

    async def finish(self, by: str, force: bool = False) -> RotationStatus:
        """Trust the old one no longer.

        Raises:
            AigcError: ``rotation-step``, or ``rotation-machines-missing`` without ``force``.
        """
        return await self._step(by, "authority-finish", self._authority.roots.finish, force)

    async def run(self) -> None:
        """Take each step that is due, until cancelled."""
        while True:
            await self.advance()
            await self._clock.sleep(_LOOK_EVERY)

    async def advance(self) -> None:
        """Take the next step if its time has come and no machine would be left behind."""
        status = self.status()
        if status.next_step_at is None or self._clock.now() < status.next_step_at:
            return
        if status.waiting and status.phase is not Phase.STEADY:
            _log.warning(
                "the authority's rotation waits for machines", extra={"nodes": status.waiting}
            )
            return
        steps = {
            Phase.STEADY: self.announce,
            Phase.ANNOUNCED: self.switch,
            Phase.SWITCHED: self.finish,
        }
        try:
            await steps[status.phase](_BY_ITSELF)
        except (AigcError, OSError) as error:
            _log.error("the authority's rotation did not go on", extra={"why": str(error)})

    async def _step(
        self, by: str, action: str, step: Callable[[], None], force: bool = True
    ) -> RotationStatus:
        async with self._stepping:
            missing = self._waiting()
            if missing and not force:
                raise AigcError(
                    "rotation-machines-missing",
                    f"{len(missing)} machines have not renewed their certificate since the last "
                    f"step and would have to join again: {', '.join(missing[:10])}. Switch them "
                    "on, revoke them, or force the step.",
                    ErrorKind.CONFLICT,
                )
            await asyncio.to_thread(step)
            await asyncio.to_thread(self._renew_servers)
            pins = " ".join(root.pin for root in self._authority.roots.now.trusted)
            now = self._clock.now()
            await self._ledger.transact(
                lambda c: audit(c, now, by, action, "authority", "done", pins)
            )
        _log.warning("the studio's authority: %s", action, extra={"by": by})
        self._ask_machines()
        return self.status()

    def _waiting(self) -> tuple[str, ...]:
        since = self._authority.roots.now.since
        if since is None:
            return ()
        now = self._clock.now()
        return tuple(
            sorted(
                c.name
                for c in self._enrolment.credentials.values()
                # Whoever was away longer must join again in any case.
                if not c.revoked and c.issued_at < since and now - c.issued_at < TRUSTED_FOR
            )
        )
