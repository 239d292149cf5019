"""One bridge network per instance, made ahead: making one is the slowest step of a start.

A network's labels cannot be changed later, so that a spare one does not carry its instance: the
container's label names its network, and a network that no container names is a spare.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import deque
from typing import Any

from docker import APIClient

from node_agent.engines import docker_create as terms
from node_agent.engines.docker_errors import ENGINE_ERRORS, is_gone, status_of, text_of
from node_agent.walls.rules import bridge_prefix

log = logging.getLogger(__name__)


class Networks:
    """Networks of one scope. All methods block and are called in worker threads.

    Attributes:
        ahead: how many spare networks are kept, for engines without a way to the internet; half as
            many for those with one, once there was such an engine.
    """

    def __init__(self, scope: str, ahead: int) -> None:
        self.scope = scope
        self.ahead = ahead
        # Of the bridges themselves too: the walls' rules go by it. See walls.rules.
        self.prefix = bridge_prefix(scope)
        self._spare: dict[bool, deque[str]] = {False: deque(), True: deque()}
        self._seen_egress = False
        self._lock = threading.Lock()

    def adopt(self, api: APIClient) -> None:
        """Take over what an earlier run left: spares are kept, all beyond them removed."""
        mine = api.networks(filters={"label": f"{terms.SCOPE}={self.scope}"})
        taken = {
            (c.get("Labels") or {}).get(terms.NETWORK)
            for c in api.containers(all=True, filters={"label": f"{terms.SCOPE}={self.scope}"})
        }
        with self._lock:
            for spare in self._spare.values():
                spare.clear()
        for network in mine:
            name = str(network["Name"])
            if name in taken:
                continue
            egress = (network.get("Labels") or {}).get(terms.EGRESS) == "yes"
            with self._lock:
                kept = len(self._spare[egress]) < self._target(egress)
                # One from before there were walls has a name that they do not know.
                kept = kept and name.startswith(self.prefix)
                if kept:
                    self._spare[egress].append(name)
            if not kept:
                self.remove(api, name)

    def take(self, api: APIClient, egress: bool) -> str:
        """A network that nobody else uses; made now if no spare one is left."""
        with self._lock:
            self._seen_egress = self._seen_egress or egress
            if self._spare[egress]:
                return self._spare[egress].popleft()
        return self.make(api, egress)

    def give_back(self, name: str, egress: bool) -> None:
        """An unused network returns to the spares."""
        with self._lock:
            self._spare[egress].appendleft(name)

    def lacking(self) -> bool | None:
        """Which kind of spare is missing (with egress or without); None if none is."""
        with self._lock:
            for egress in (False, True):
                if len(self._spare[egress]) < self._target(egress):
                    return egress
        return None

    def refill_one(self, api: APIClient, egress: bool) -> None:
        name = self.make(api, egress)
        with self._lock:
            self._spare[egress].append(name)

    def remove_spares(self, api: APIClient) -> None:
        with self._lock:
            names = [*self._spare[False], *self._spare[True]]
            for spare in self._spare.values():
                spare.clear()
        for name in names:
            self.remove(api, name)

    def make(self, api: APIClient, egress: bool) -> str:
        """A new network; without egress it has no way out of this machine."""
        # The same name for the bridge itself; an interface's has 15 characters.
        name = f"{self.prefix}{secrets.token_hex(4)[:7]}"
        options: dict[str, Any] = {"com.docker.network.bridge.name": name}
        api.create_network(
            name,
            driver="bridge",
            options=options,
            internal=not egress,
            check_duplicate=None,
            labels={terms.SCOPE: self.scope, terms.EGRESS: "yes" if egress else "no"},
        )
        return name

    def remove(self, api: APIClient, name: str) -> None:
        """Remove it; one that cannot be removed now is found again by :meth:`adopt`."""
        pause = threading.Event()
        for attempt in range(6):
            try:
                api.remove_network(name)
                return
            except ENGINE_ERRORS as error:
                if is_gone(error):
                    return
                # 403: an endpoint is still being taken down.
                if status_of(error) != 403 or attempt == 5:
                    log.warning("network kept name=%s reason=%s", name, text_of(error))
                    return
            pause.wait(0.1 * 2**attempt)

    def _target(self, egress: bool) -> int:
        if not egress:
            return self.ahead
        return self.ahead // 2 if self._seen_egress else 0
