"""What AdminService works with, in one value, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aigc.clock import Clock
from coordinator.api.conversion import UrlOf
from coordinator.api.guard import caller
from coordinator.catalogue import Loaded
from coordinator.config import CoordinatorConfig
from coordinator.domain.people import PersonId
from coordinator.fleet.enrolment import Enrolment
from coordinator.fleet.rotation import Rotation
from coordinator.fleet.session import Sessions
from coordinator.identity.identity import Identity
from coordinator.ledger import Ledger
from coordinator.reactor import Reactor
from coordinator.readings import Readings


@dataclass(frozen=True, slots=True)
class Office:
    """See the module.

    Attributes:
        catalogue: what is loaded, and since when (UTC milliseconds).
        pin: of the coordinator's CA, for join commands.
    """

    reactor: Reactor
    ledger: Ledger
    identity: Identity
    enrolment: Enrolment
    sessions: Sessions
    readings: Readings
    catalogue: Callable[[], tuple[Loaded, int]]
    pin: Callable[[], str]
    rotation: Rotation
    config: CoordinatorConfig
    started_at: datetime
    url_of: UrlOf
    clock: Clock


def who() -> PersonId:
    """The admin who asks."""
    return caller.get().person.id
