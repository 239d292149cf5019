"""The Docker driver's side of the walls: which networks there are, and where each may go."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from docker import APIClient

from node_agent.engines import docker_create as terms
from node_agent.engines.docker_errors import ENGINE_ERRORS, text_of
from node_agent.engines.driver import Door, DriverError, FailReason, InstanceSpec, Problem
from node_agent.walls import obstacles
from node_agent.walls.keeper import Walls
from node_agent.walls.rules import EngineNetwork

log = logging.getLogger(__name__)

_RESOLV_CONF = Path("/etc/resolv.conf")
# Where systemd-resolved names the real servers behind its own on the loopback address.
_RESOLVED = Path("/run/systemd/resolve/resolv.conf")
_MOST_SERVERS = 3


class NameService(Protocol):
    """Who answers an engine's questions for names; see walls.resolver."""

    def open(self, engine: EngineNetwork) -> None: ...

    def close(self, bridge: str) -> None: ...


class DockerWalls:
    """All calls block and are made in worker threads.

    Args:
        walls: None: nobody keeps any; the door is told as open.
        names: answers for engines whose template lists names.
        name_servers: that engines with the internet ask; none: this machine's own.
        required: no engine starts while the walls do not hold.
    """

    def __init__(
        self,
        walls: Walls | None,
        names: NameService | None = None,
        name_servers: tuple[str, ...] = (),
        required: bool = False,
    ) -> None:
        self._walls = walls
        self._names = names
        self._name_servers = name_servers
        self._required = required
        self._publishes = False

    def door(self) -> tuple[Door, Problem | None]:
        """As last verified, and why it is not closed."""
        trouble = obstacles.SWITCHED_OFF if self._walls is None else self._walls.trouble
        return (Door.CLOSED if trouble is None else Door.OPEN_TO_LOCAL_USERS), trouble

    def keeps_from_starting(self) -> Problem | None:
        """Why no engine may start here for the walls' sake; None if they may."""
        return self.door()[1] if self._required else None

    def begin(
        self, api: APIClient, info: Mapping[str, Any], socket_path: str, ground: terms.Ground
    ) -> None:
        """Put the walls up around what runs, before anything else is started."""
        self._publishes = ground.publish
        if self._walls is None:
            return
        self._walls.name_obstacle(obstacles.of_docker(info, socket_path, ground.publish))
        engines = list(self._running(api, ground.scope))
        self._walls.install(engines)
        for engine in engines:
            if engine.names and self._names is not None and self._walls.trouble is None:
                try:
                    self._names.open(engine)
                except OSError as error:
                    log.warning("names not answered", extra={"why": str(error)})

    def open(self, api: APIClient, spec: InstanceSpec, network: str) -> tuple[str, ...]:
        """Before its container is made: the network's own rules.

        Returns the name servers for the container; none: Docker's choice.

        Raises:
            DriverError: it must not start without walls that hold.
        """
        if self._publishes:
            return ()
        listed = bool(spec.egress_to)
        engine = EngineNetwork(
            network,
            gateway=_gateway(api, network) if any(d.name for d in spec.egress_to) else "",
            internet=spec.egress,
            resolvers=self._servers() if spec.egress else (),
            destinations=spec.egress_to,
        )
        trouble = obstacles.SWITCHED_OFF if self._walls is None else self._walls.put(engine)
        if trouble is not None and (listed or self._required):
            raise DriverError(
                FailReason.START,
                ("Its template lists what it may reach, which needs walls: " if listed else "")
                + trouble.en,
            )
        if not engine.names:
            return engine.resolvers if spec.egress else (terms.NO_NAME_SERVER,)
        if self._names is not None:
            try:
                self._names.open(engine)
            except OSError as error:
                raise DriverError(
                    FailReason.START,
                    f"The agent cannot answer its questions for names ({error}).",
                ) from error
        return (engine.gateway,)

    def close(self, network: str) -> None:
        """Its network is gone."""
        if self._names is not None:
            self._names.close(network)
        if self._walls is not None:
            self._walls.drop(network)

    def _servers(self) -> tuple[str, ...]:
        return self._name_servers or machine_name_servers()

    def _running(self, api: APIClient, scope: str) -> Iterable[EngineNetwork]:
        for container in api.containers(all=True, filters={"label": f"{terms.SCOPE}={scope}"}):
            labels = container.get("Labels") or {}
            bridge = labels.get(terms.NETWORK, "")
            if self._walls is None or not bridge.startswith(self._walls.prefix):
                continue
            internet, listed = terms.egress_of(labels.get(terms.EGRESS, ""))
            gateway = ""
            if any(d.name for d in listed):
                try:
                    gateway = _gateway(api, bridge)
                except ENGINE_ERRORS as error:
                    log.warning("network unknown", extra={"name": bridge, "why": text_of(error)})
            servers = self._servers() if internet else ()
            yield EngineNetwork(bridge, gateway, internet, servers, listed)


def _gateway(api: APIClient, network: str) -> str:
    """This machine's address on a network."""
    configuration = (api.inspect_network(network).get("IPAM") or {}).get("Config") or []
    for one in configuration:
        try:
            return str(ipaddress.IPv4Address(str(one.get("Gateway", "")).partition("/")[0]))
        except ValueError:
            continue
    return ""


def machine_name_servers(plain: Path = _RESOLV_CONF, behind: Path = _RESOLVED) -> tuple[str, ...]:
    """The IPv4 name servers that a container can ask as this machine does.

    None where they listen on this machine's loopback address only: then Docker asks for it.
    """
    for file in (plain, behind):
        found = _name_servers(file)
        if found:
            return found
    return ()


def _name_servers(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    found = []
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                address = ipaddress.IPv4Address(words[1])
            except ValueError:
                continue
            if not address.is_loopback:
                found.append(str(address))
    return tuple(found[:_MOST_SERVERS])
