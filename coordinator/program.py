"""The coordinator's composition root: everything is made and joined here, once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from aigc import __version__
from aigc.clock import Clock, SystemClock, milliseconds
from aigc.join_link import JoinLink
from aigc.tls import join_address, split_address
from coordinator import state_folder
from coordinator.api import server as servers
from coordinator.api.administration import AdminServicer
from coordinator.api.enrolment import EnrolmentServicer
from coordinator.api.gateway_link import GatewayServicer
from coordinator.api.guard import Guard
from coordinator.api.instances import CreatorServicer
from coordinator.api.office import Office
from coordinator.api.policy import Policy as Access
from coordinator.api.sessions import SessionServicer
from coordinator.api.web.app import create_web_app
from coordinator.catalogue import Loaded, Watcher
from coordinator.config import CoordinatorConfig, is_loopback
from coordinator.domain.events import DoorLost
from coordinator.fleet.enrolment import Addresses, Enrolment
from coordinator.fleet.rotation import Rotation
from coordinator.fleet.service import NodeServicer
from coordinator.fleet.session import Sessions
from coordinator.gateway_process import GatewayPlan, GatewayProcess, GatewayReady, not_ready
from coordinator.identity import Identity, identity_settings
from coordinator.materials import Materials, make_certificates, prepare, studio_policy
from coordinator.parts import parts
from coordinator.reactor import Reactor
from coordinator.readings import Readings, ReadingsStore
from coordinator.refusals import Refusals
from coordinator.web_server import WebServer, bind_web, web_config
from protos.aigc.v1 import (
    admin_pb2_grpc,
    creator_pb2_grpc,
    gateway_pb2_grpc,
    node_pb2_grpc,
)

_log = logging.getLogger(__name__)
_GATEWAY_WITHIN = 60.0
_STOP_GRACE = 2.0
_CERTIFICATES_EVERY = 6 * 3600.0


async def serve(
    config: CoordinatorConfig, *, clock: Clock | None = None, stop: asyncio.Event | None = None
) -> None:
    """Run the coordinator, with its gateway, until SIGTERM, SIGINT or ``stop``.

    Raises:
        AigcError: what keeps it from starting, in one sentence.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    lock = await asyncio.to_thread(state_folder.FolderLock.take, config.state_dir)
    try:
        await asyncio.to_thread(state_folder.clear_ready, config.state_dir)
        await _Coordinator(config, clock or SystemClock()).run(stop)
    finally:
        await asyncio.to_thread(state_folder.clear_ready, config.state_dir)
        lock.release()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _Coordinator:
    def __init__(self, config: CoordinatorConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._ports: dict[str, int] = {}
        self._gateway: GatewayReady | None = None
        self._web_url = ""
        self._first_admin: Path | None = None
        self._announced: dict[str, object] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        try:
            materials = await asyncio.to_thread(prepare, self._config, self._clock)
        except OSError as error:
            raise state_folder.unusable(self._config.state_dir, error) from error
        try:
            await self._run(materials, stop)
        finally:
            await asyncio.to_thread(materials.ledger.close)

    async def _run(self, materials: Materials, stop: asyncio.Event) -> None:
        config, clock, ledger = self._config, self._clock, materials.ledger
        web_socket = bind_web(config, materials.ports.get("web", 0))
        self._ports["web"] = web_socket.getsockname()[1]
        self._web_url = self._derive_web_url()
        loaded = materials.catalogue
        reactor = Reactor(ledger, loaded.engines, studio_policy(config), clock)
        await reactor.load()
        refusals = Refusals(ledger, clock)
        enrolment = Enrolment(ledger, materials.authority, reactor, clock, self._addresses)
        await enrolment.load()
        roots = materials.authority.roots
        settings = await asyncio.to_thread(identity_settings, config, self._web_url)
        identity = Identity(ledger, reactor, settings, clock)
        sessions = Sessions(enrolment, clock, config.policy.node_silent_seconds)
        readings = Readings(
            ReadingsStore(config.state_dir / "readings.sqlite"), lambda: reactor.studio, clock
        )
        loaded_at = milliseconds(clock.now())

        def take_catalogue(fresh: Loaded) -> None:
            nonlocal loaded_at
            loaded_at = milliseconds(clock.now())
            reactor.set_engines(fresh.engines)

        watcher = Watcher(
            config.catalogue_dir,
            clock,
            take_catalogue,
            loaded=loaded,
            registries=set(config.registries),
            secrets=set(config.secrets),
        )
        app = await asyncio.to_thread(
            lambda: create_web_app(
                identity,
                reactor,
                url_of=self._url_of,
                refusals=refusals,
                clock=clock,
                trusted=lambda: roots.now.trusted,
            )
        )
        web = WebServer(await asyncio.to_thread(web_config, app, materials.web_tls))
        rotation = Rotation(
            materials.authority,
            enrolment,
            ledger,
            clock,
            lambda: self._renew_certificates(materials, web),
            sessions.ask_to_renew,
        )
        gateway_link = GatewayServicer(
            reactor,
            identity,
            enrolment,
            refusals,
            lambda: self._web_url,
            config.gateway.zone,
            clock,
        )
        reactor.post(DoorLost())  # until the gateway connects

        def add_creators(server: Any) -> None:
            creator_pb2_grpc.add_SessionServiceServicer_to_server(
                SessionServicer(identity, clock, lambda: roots.now.bundle_pem), server
            )
            creator_pb2_grpc.add_CreatorServiceServicer_to_server(
                CreatorServicer(
                    reactor, identity, sessions, refusals, readings, self._url_of, clock
                ),
                server,
            )
            admin_pb2_grpc.add_AdminServiceServicer_to_server(
                AdminServicer(
                    Office(
                        reactor=reactor,
                        ledger=ledger,
                        identity=identity,
                        enrolment=enrolment,
                        sessions=sessions,
                        readings=readings,
                        catalogue=lambda: (watcher.loaded, loaded_at),
                        pin=lambda: materials.authority.pin,
                        rotation=rotation,
                        config=config,
                        started_at=clock.now(),
                        url_of=self._url_of,
                        clock=clock,
                    )
                ),
                server,
            )
            node_pb2_grpc.add_EnrolmentServiceServicer_to_server(
                EnrolmentServicer(enrolment, lambda: roots.now.bundle_pem, clock), server
            )

        def add_nodes(server: Any) -> None:
            node_pb2_grpc.add_NodeServiceServicer_to_server(
                NodeServicer(
                    enrolment, sessions, reactor, materials.confidential, readings.take, clock
                ),
                server,
            )

        def add_gateway(server: Any) -> None:
            gateway_pb2_grpc.add_GatewayServiceServicer_to_server(gateway_link, server)

        people = frozenset({Access.PUBLIC, Access.SIGNED_IN, Access.AUDITOR, Access.ADMIN})
        creators = servers.make_server(
            Guard(people, clock, refusals, identity=identity), add_creators
        )
        nodes = servers.make_server(
            Guard(frozenset({Access.NODE}), clock, refusals, enrolment=enrolment), add_nodes
        )
        door = servers.make_server(Guard(frozenset({Access.GATEWAY}), clock, refusals), add_gateway)
        supervisor = self._supervisor(materials)

        async with contextlib.AsyncExitStack() as stack:
            running = await stack.enter_async_context(parts(stop))
            running.start("reactor", reactor.run())
            await identity.load()
            stack.push_async_callback(identity.close)
            self._first_admin = await identity.bootstrap(config.state_dir)
            running.start("identity", identity.run())
            running.start("catalogue", watcher.run())
            running.start("readings", readings.run())
            running.start("certificates", self._keep_certificates(materials, web))
            running.start("rotation", rotation.run())
            # The gateway's socket comes first: routes and sessions are rebuilt, so it may ask.
            await asyncio.to_thread(self._socket.unlink, True)
            await asyncio.to_thread(servers.listen_socket, door, self._socket)
            await self._listen(creators, nodes, materials)
            stack.push_async_callback(_stop_servers, sessions, creators, nodes, door)
            for server in (door, creators, nodes):
                await server.start()
            running.start("web", web.serve(sockets=[web_socket]))
            stack.push_async_callback(web.end)
            if supervisor is not None:
                task = running.start("gateway", supervisor.run())
                stack.push_async_callback(_end_gateway, supervisor, task)
            await self._wait_for_gateway(supervisor, stop)
            if not stop.is_set():
                await self._announce(materials)
            await stop.wait()
            _log.info("stopping")
        running.raise_first()

    # --- addresses ---------------------------------------------------------------------------

    @property
    def _socket(self) -> Path:
        return self._config.state_dir / "gateway.sock"

    def _url_of(self, host: str) -> str:
        return self._gateway_url().replace("{host}", host)

    def _gateway_url(self) -> str:
        gateway = self._config.gateway
        if gateway.public_url:
            return gateway.public_url
        address = self._gateway.public if self._gateway else gateway.listen
        scheme, usual = ("https", 443) if gateway.tls else ("http", 80)
        port = split_address(address)[1]
        return f"{scheme}://{{host}}.{gateway.zone}" + ("" if port == usual else f":{port}")

    def _derive_web_url(self) -> str:
        if self._config.public.web_url:
            return self._config.public.web_url
        scheme, usual = ("https", 443) if self._config.listen.web_tls else ("http", 80)
        host = _reached_at(self._config, self._config.listen.web)
        port = self._ports["web"]
        return f"{scheme}://" + (host if port == usual else join_address(host, port))

    def _addresses(self) -> Addresses:
        config = self._config
        tunnel = self._gateway.tunnel if self._gateway else config.gateway.tunnel_listen
        explicit = "host" in config.public.model_fields_set
        return Addresses(
            configured_host=config.public.host if explicit else "",
            fallback_host=_reached_at(config, config.listen.nodes),
            nodes_port=self._ports["nodes"],
            tunnel_port=split_address(tunnel)[1],
        )

    # --- starting ----------------------------------------------------------------------------

    async def _listen(self, creators: Any, nodes: Any, materials: Materials) -> None:
        tls = servers.TlsFiles(materials.coordinator_tls, materials.authority.roots.bundle_file)
        before, listen = materials.ports, self._config.listen

        def bind() -> None:
            self._ports["creators"] = servers.listen(
                creators,
                "creators",
                listen.creators,
                before.get("creators", 0),
                tls.credentials(clients_need_certificate=False),
            )
            self._ports["nodes"] = servers.listen(
                nodes,
                "nodes",
                listen.nodes,
                before.get("nodes", 0),
                tls.credentials(clients_need_certificate=True),
            )
            state_folder.write_ports(self._config.state_dir, self._ports)

        await asyncio.to_thread(bind)

    def _supervisor(self, materials: Materials) -> GatewayProcess | None:
        gateway = self._config.gateway
        if not gateway.spawn:
            return None
        wildcard = materials.wildcard
        plan = GatewayPlan(
            state_dir=self._config.state_dir,
            socket=self._socket,
            listen=gateway.listen,
            tunnel_listen=gateway.tunnel_listen,
            tunnel_certificate=materials.gateway_tls.certificate,
            tunnel_key=materials.gateway_tls.key,
            ca=materials.authority.roots.bundle_file,
            certificate=wildcard.certificate if wildcard else None,
            key=wildcard.key if wildcard else None,
            limits=gateway.limits.as_door_limits(),
        )

        def listens(ready: GatewayReady) -> None:
            self._gateway = ready

        return GatewayProcess(plan, self._clock, listens)

    async def _wait_for_gateway(
        self, supervisor: GatewayProcess | None, stop: asyncio.Event
    ) -> None:
        if supervisor is None:
            return
        waits = [
            asyncio.create_task(event.wait())
            for event in (supervisor.ready, supervisor.in_vain, stop)
        ]
        try:
            await asyncio.wait(waits, timeout=_GATEWAY_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if not supervisor.ready.is_set() and not stop.is_set():
            raise await asyncio.to_thread(not_ready, supervisor)

    async def _keep_certificates(self, materials: Materials, web: WebServer) -> None:
        """Certificates of servers are made anew two months before they end, without a restart."""
        while True:
            await self._clock.sleep(_CERTIFICATES_EVERY)
            await asyncio.to_thread(self._renew_certificates, materials, web)

    def _renew_certificates(self, materials: Materials, web: WebServer) -> None:
        """Make them anew where they must be; gRPC's ports and the gateway follow the files."""
        make_certificates(self._config, materials.authority)
        tls, context = materials.web_tls, web.config.ssl
        if tls is not None and context is not None:
            context.load_cert_chain(tls.certificate, tls.key)
        if self._announced is not None:
            self._announced = {**self._announced, "pin": materials.authority.pin}
            state_folder.write_ready(self._config.state_dir, self._announced)

    async def _announce(self, materials: Materials) -> None:
        config = self._config
        gateway = self._gateway.public if self._gateway else config.gateway.listen
        tunnel = self._gateway.tunnel if self._gateway else config.gateway.tunnel_listen
        creators = join_address(
            _reached_at(config, config.listen.creators), self._ports["creators"]
        )
        values = {
            "creators": creators,
            "nodes": join_address(_reached_at(config, config.listen.nodes), self._ports["nodes"]),
            "web": join_address(_reached_at(config, config.listen.web), self._ports["web"]),
            "web_url": self._web_url,
            "gateway": _with_reachable_host(config, gateway),
            "gateway_url": self._gateway_url(),
            "tunnel": _with_reachable_host(config, tunnel),
            "pin": materials.authority.pin,
            "pid": os.getpid(),
        }
        await asyncio.to_thread(state_folder.write_ready, config.state_dir, values)
        self._announced = values
        link = JoinLink(creators, materials.authority.pin)
        lines = [
            f"AIGC Gateway {__version__}: {config.name} is running.",
            f"  My engines      {self._web_url}",
            f"  Tray, aigc      aigc login '{link}'",
        ]
        if self._first_admin is not None:
            lines.append(
                f"  First admin     {self._web_url}/setup with the code in {self._first_admin}"
            )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        _log.info("coordinator ready", extra={"creators": creators, "web_url": self._web_url})


async def _end_gateway(supervisor: GatewayProcess, task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await supervisor.stop()


async def _stop_servers(sessions: Sessions, *running: Any) -> None:
    sessions.close()
    await asyncio.gather(*(server.stop(_STOP_GRACE) for server in running))


def _reached_at(config: CoordinatorConfig, listens: str) -> str:
    """The host by which others reach what listens there."""
    host = split_address(listens)[0]
    if is_loopback(host) and not is_loopback(config.public.host):
        return host
    return config.public.host


def _with_reachable_host(config: CoordinatorConfig, address: str) -> str:
    return join_address(_reached_at(config, address), split_address(address)[1])
