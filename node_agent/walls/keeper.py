"""Installs the walls, adds and removes engines' networks, verifies and repairs.

The rules outlive the agent: engines go on without it, and so do their walls. They are replaced in
one transaction, so that there is no moment without them.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from node_agent.engines.driver import Problem
from node_agent.walls import nftables, obstacles, rules
from node_agent.walls.knock import Knock, knock
from node_agent.walls.nftables import Nft, NftError
from node_agent.walls.refusals import Place, Reading, place_of
from node_agent.walls.rules import EngineNetwork, Ground, Table

log = logging.getLogger(__name__)

_INTERFACES = Path("/sys/class/net")


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look at the walls found.

    Attributes:
        trouble: why the door is not closed; None: the rules are there, and hold.
        repaired: what was not as it should be and is again; for the log.
        readings: what the kernel counted, by bridge.
        local: connections of other users of this machine that were refused since the rules were
            put there.
    """

    trouble: Problem | None
    repaired: tuple[str, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    local: int = 0


class Walls:
    """The walls of one scope on this machine. All methods block; any thread may call them.

    Args:
        scope: of agent.toml, which names the table and the bridges.
        mark: of the agent's connections; see mark.
        nft: how the kernel is spoken to.
        wanted: False: none are put up, and the door is told as open.
        interfaces: where the kernel shows network interfaces.
        try_door: tries as another user; see knock.
    """

    def __init__(
        self,
        scope: str,
        mark: int,
        nft: Nft | None = None,
        *,
        wanted: bool = True,
        interfaces: Path = _INTERFACES,
        try_door: Callable[[tuple[str, int]], Knock] = knock,
    ) -> None:
        self._nft = nft or Nft()
        self._interfaces = interfaces
        self._try_door = try_door
        self._table = Table(Ground(scope, os.geteuid(), mark))
        self._obstacle = None if wanted else obstacles.SWITCHED_OFF
        self._wanted = wanted
        self._installed = False
        self._lock = threading.Lock()
        self.trouble: Problem | None = self._obstacle or obstacles.NOT_YET

    @property
    def prefix(self) -> str:
        """How the names of all bridges must begin."""
        return rules.bridge_prefix(self._table.ground.scope)

    @property
    def engines(self) -> Mapping[str, EngineNetwork]:
        """The networks that are known, by bridge."""
        return self._table.engines

    def name_obstacle(self, problem: Problem | None) -> None:
        """Docker here is such that walls would not work; None: it is not."""
        with self._lock:
            if self._wanted:
                self._obstacle = problem
                if problem is not None:
                    self.trouble = problem

    def install(self, engines: Iterable[EngineNetwork]) -> None:
        """Put the walls up around these networks and every one that is made later.

        Rules that are there already as they should be stay, with what they counted.
        """
        with self._lock:
            self._table = replace(self._table, engines={e.bridge: e for e in engines})
            if self._obstacle is not None:
                return
            try:
                self._put_right()
                self.trouble = None
            except NftError as error:
                self._fail(error)

    def put(self, engine: EngineNetwork) -> Problem | None:
        """A network gets its own rules before its container starts; why not, if it does not."""
        with self._lock:
            known = self._table.engines.get(engine.bridge)
            before, self._table = (
                self._table,
                replace(self._table, engines={**self._table.engines, engine.bridge: engine}),
            )
            if self._obstacle is not None or known == engine:
                return self.trouble
            try:
                if self._installed and known is None:
                    self._nft.apply(rules.addition(before, engine))
                else:
                    self._put_right()
            except NftError:
                # Somebody else took our table away, or a part of it: all of it anew.
                try:
                    self._put_right()
                except NftError as error:
                    self._fail(error)
            return self.trouble

    def drop(self, bridge: str) -> None:
        """A network is gone. What cannot be taken out now is found by the next look."""
        with self._lock:
            engine = self._table.engines.get(bridge)
            if engine is None:
                return
            left = {k: v for k, v in self._table.engines.items() if k != bridge}
            self._table = replace(self._table, engines=left)
            if self._obstacle is not None or not self._installed:
                return
            try:
                self._nft.apply(rules.removal(self._table, engine))
            except NftError as error:
                log.info("rules of a network kept", extra={"bridge": bridge, "why": str(error)})

    def protect(self, addresses: Iterable[str]) -> None:
        """These addresses (the coordinator's and the gateway's) are refused to engines."""
        ours = tuple(sorted(set(addresses)))
        with self._lock:
            if ours != self._table.ground.ours:
                ground = replace(self._table.ground, ours=ours)
                self._table = replace(self._table, ground=ground)
                if self._installed and self._obstacle is None:
                    name = f"inet {self._table.name} ours"
                    fill = f"add element {name} {{ {', '.join(ours)} }}\n" if ours else ""
                    try:
                        self._nft.apply(f"flush set {name}\n{fill}")
                    except NftError as error:
                        log.info("addresses not changed yet", extra={"why": str(error)})

    def let(self, bridge: str, elements: Iterable[tuple[str, int | None]], seconds: int) -> bool:
        """A listed name has these addresses (and ports; None: all) for so long; whether it took.

        Raises nothing: what does not take is asked for again.
        """
        with self._lock:
            engine = self._table.engines.get(bridge)
            if engine is None or not engine.names or not self._installed:
                return False
            key, table = engine.key, f"inet {self._table.name}"
            script = []
            for address, port in elements:
                name = f"named_whole_{key}" if port is None else f"named_{key}"
                value = address if port is None else f"{address} . {port}"
                # An element that is there keeps its old time: added, taken away and added anew.
                script += [
                    f"add element {table} {name} {{ {value} }}",
                    f"delete element {table} {name} {{ {value} }}",
                    f"add element {table} {name} {{ {value} timeout {seconds}s }}",
                ]
            try:
                self._nft.apply("\n".join([*script, ""]))
            except NftError as error:
                log.warning("a listed name's addresses not let through", extra={"why": str(error)})
                return False
            return True

    def look(self, try_at: tuple[str, int] | None, old: str = "") -> Sight:
        """Verify everything, repair what is not as it should be, and read the counters.

        Args:
            try_at: where to try as another user; None: nowhere.
            old: an instance on a network whose bridge these rules do not know; "" if none.
        """
        with self._lock:
            if self._obstacle is not None:
                self.trouble = self._obstacle
                return Sight(self.trouble)
            try:
                listing = self._nft.listing(self._table.name)
                seen = nftables.counted(listing or [])
                repaired = self._put_right(listing) if self._installed else self._put_right()
            except NftError as error:
                self._fail(error)
                return Sight(self.trouble)
            trouble = self._missing_bridge()
            if trouble is None and old:
                trouble = obstacles.of_old_network(old)
            readings = {e.bridge: _reading(e, seen) for e in self._table.engines.values()}
        # Outside of the lock: it may take a while where something is wrong.
        if trouble is None and try_at is not None:
            outcome = self._try_door(try_at)
            if outcome in (Knock.CONNECTED, Knock.UNANSWERED):
                trouble = obstacles.of_knock(str(outcome))
        with self._lock:
            self.trouble = trouble
        return Sight(trouble, tuple(repaired), readings, seen.rules.get("to_engines", 0))

    def remove(self) -> bool:
        """Take the walls down; whether there were any.

        Raises:
            NftError: they could not be.
        """
        with self._lock:
            self._installed = False
            return self._nft.remove(self._table.name)

    # --- with the lock held ----------------------------------------------------------------------

    def _put_right(self, listing: list[dict[str, object]] | None = None) -> list[str]:
        """Replace the rules if they are not as they should be; what was not."""
        wanted = nftables.expected(self._table)
        if listing is None:
            listing = self._nft.listing(self._table.name)
        told = (
            nftables.differences(wanted, nftables.found(listing, wanted))
            if listing is not None
            else ["there is no table"]
        )
        if told:
            self._nft.apply(self._table.render())
            listing = self._nft.listing(self._table.name)
            left = nftables.differences(wanted, nftables.found(listing or [], wanted))
            if left:
                raise NftError(f"the rules read otherwise than they were written: {left[0]}")
        self._installed = True
        return told

    def _missing_bridge(self) -> Problem | None:
        """An engine's bridge that is not here: its network is somewhere else."""
        for bridge in self._table.engines:
            if not (self._interfaces / bridge).exists():
                return obstacles.ELSEWHERE
        return None

    def _fail(self, error: NftError) -> None:
        self._installed = False
        self.trouble = obstacles.of_nft(error)
        log.warning("no walls around engines", extra={"why": self.trouble.en})


def _reading(engine: EngineNetwork, seen: nftables.Counted) -> Reading:
    places: dict[Place, int] = {}
    for element, count in seen.sets.get(f"refused_{engine.key}", {}).items():
        if (place := place_of(element)) is not None and _is_address(place[0]):
            places[place] = places.get(place, 0) + count
    return Reading(seen.rules.get(f"refuse_{engine.key}", 0), places)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
