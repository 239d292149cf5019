"""The gateway's composition root: everything is made and joined here, once."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path

from aigc.clock import Clock, SystemClock
from aigc.door_limits import DoorLimits, read_door_limits
from aigc.errors import AigcError, ErrorKind
from aigc.loops import loop_factory, prepare_loop
from aigc.tls import join_address, split_address
from gateway.activity import Activity
from gateway.certificates import Certificates
from gateway.edge import Edge
from gateway.engine import Engines
from gateway.limits import Limits
from gateway.own import Own
from gateway.pages import load_pages
from gateway.routes import RouteTable
from gateway.session import CoordinatorSession
from gateway.tunnel_end import TunnelEnd

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 5.0
_LOOK_AT_CERTIFICATES_EVERY = 10.0
_TELL_REFUSALS_EVERY = 60.0
_OTHER_FILES = 512  # tunnels, the coordinator's socket, certificates


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that a gateway is told. Addresses are "host:port"; port 0 takes a free one.

    Attributes:
        socket: the coordinator's Unix socket.
        listen: where browsers come. Plain HTTP (no ``certificate``) on loopback only.
        tunnel_listen: where agents dial in, with the gateway's own certificate and the CA that
            signs machines.
        public_scheme: how browsers see us if a proxy in front ends TLS; by default as we listen.
        ready_file: written once everything listens: {"public": "host:port", "tunnel": ...}.
        limits: how much one person, one engine and one address may take.
    """

    socket: str
    listen: str
    tunnel_listen: str
    tunnel_certificate: str
    tunnel_key: str
    ca: str
    certificate: str = ""
    key: str = ""
    public_scheme: str = ""
    ready_file: str = ""
    limits: DoorLimits = field(default_factory=DoorLimits)


async def serve(
    options: Options, clock: Clock | None = None, stop: asyncio.Event | None = None
) -> None:
    """Run a gateway until cancelled or ``stop`` is set.

    Raises:
        AigcError: an address, a certificate or a combination of options that cannot work.
    """
    clock = clock or SystemClock()
    prepare_loop()
    pages = await asyncio.to_thread(load_pages)
    certificates = await asyncio.to_thread(Certificates, options)
    public_tls, tunnel_tls = certificates.public, certificates.tunnel
    table = RouteTable()
    activity = Activity(clock)
    tunnel = TunnelEnd(table, clock, lambda node_id: session.tunnel_changed(node_id))
    session = CoordinatorSession(options.socket, table, activity, clock, tunnel.connections)
    engines = Engines(tunnel.connect, clock)
    own = Own(pages, table, session, activity, clock)
    behind_proxy = bool(options.public_scheme)
    scheme = options.public_scheme or ("https" if public_tls else "http")
    limits = Limits(options.limits.without_addresses() if behind_proxy else options.limits)
    edge = Edge(table, engines, activity, own, clock, scheme.encode("ascii"), limits)
    activity.on_first_act = session.wake
    try:
        public = await _listen("listen", options.listen, edge, public_tls)
        tunnels = await _listen("tunnel-listen", options.tunnel_listen, tunnel, tunnel_tls)
        if options.ready_file:
            ready = {"public": join_address(*public), "tunnel": join_address(*tunnels)}
            await asyncio.to_thread(_write_ready, options.ready_file, ready)
        log.info("gateway listens: browsers %s:%d, tunnels %s:%d", *public, *tunnels)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(session.run(), name="coordinator session"),
                group.create_task(edge.sweep_forever(), name="edge sweep"),
                group.create_task(_sweep(engines, tunnel, clock), name="sweep"),
                group.create_task(_follow(certificates, clock), name="certificates"),
                group.create_task(_tell_refusals(limits, session, clock), name="refusals"),
            ]
            if stop is not None:
                await stop.wait()
                for task in tasks:
                    task.cancel()
    finally:
        await edge.close()
        await tunnel.close()


async def _sweep(engines: Engines, tunnel: TunnelEnd, clock: Clock) -> None:
    while True:
        await clock.sleep(_SWEEP_SECONDS)
        engines.sweep()
        tunnel.sweep()


async def _tell_refusals(limits: Limits, session: CoordinatorSession, clock: Clock) -> None:
    while True:
        await clock.sleep(_TELL_REFUSALS_EVERY)
        session.refused(limits.take_refusals())


async def _follow(certificates: Certificates, clock: Clock) -> None:
    """A renewed certificate is used from the next connection on; open ones are not cut off."""
    while True:
        await clock.sleep(_LOOK_AT_CERTIFICATES_EVERY)
        await asyncio.to_thread(certificates.follow)


async def _listen(
    name: str, address: str, what: Edge | TunnelEnd, context: ssl.SSLContext | None
) -> tuple[str, int]:
    host, port = split_address(address)
    try:
        if isinstance(what, Edge):
            return await what.listen(host, port, context)
        assert context is not None
        return await what.listen(host, port, context)
    except OSError as error:
        raise AigcError(
            "cannot-listen",
            f"The gateway cannot listen on {address} (--{name}): {error.strerror or error}. "
            "Stop the program that uses this port, or give another address.",
            ErrorKind.UNAVAILABLE,
        ) from error


def _write_ready(path: str, ready: dict[str, str]) -> None:
    target = Path(path)
    partial = target.with_name(target.name + ".part")
    partial.write_text(json.dumps(ready), encoding="utf-8")
    os.replace(partial, target)


def parse_arguments(arguments: list[str]) -> Options:
    """The command line of ``python -m gateway``."""
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--tunnel-listen", required=True)
    parser.add_argument("--tunnel-certificate", required=True)
    parser.add_argument("--tunnel-key", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--certificate", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--public-scheme", default="", choices=["", "http", "https"])
    parser.add_argument("--ready-file", default="")
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER")
    found = vars(parser.parse_args(arguments))
    limits = read_door_limits(found.pop("limit"))
    return Options(**found, limits=limits)


def run(options: Options) -> int:
    """Run a gateway in this process until SIGTERM or SIGINT; returns the exit code."""
    _raise_file_limit(options.limits.connections)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve_until_signal(options))
    except AigcError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_code
    except BaseExceptionGroup as group:
        log.error("the gateway failed", exc_info=group)
        return 1
    return 0


def _raise_file_limit(connections: int) -> None:
    """Each connection is an open file; many systems allow 1,024 unless a program asks for more."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    wanted = (connections or 65_536) + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        log.warning(
            "this system allows %d open files, too few for %d connections: raise LimitNOFILE",
            hard,
            connections,
        )
        wanted = hard
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve_until_signal(options: Options) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(options, stop=stop)


__all__ = ["Options", "parse_arguments", "run", "serve"]
