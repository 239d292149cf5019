"""Where the agents' tunnels arrive: mTLS, checked against the machines that we know."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from aigc.clock import Clock
from aigc.loops import create_server
from aigc.tunnel import ALPN, RECORDS, Link, TunnelError
from gateway.engine import EngineUnreachableError
from gateway.routes import Route, RouteTable

log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 10.0
_MAX_LINKS_PER_NODE = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the other end, as its certificate says."""

    node_id: str
    serial: int
    not_after: datetime


def read_caller(der: bytes | None) -> Caller | None:
    """The machine of a client certificate that our CA signed; None if it is no machine's."""
    if der is None:
        return None
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    organisations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if len(names) != 1 or [o.value for o in organisations] != ["aigc-node"]:
        return None
    return Caller(str(names[0].value), certificate.serial_number, certificate.not_valid_after_utc)


def server_context(certificate: str, key: str, ca: str) -> ssl.SSLContext:
    """TLS 1.3 with a client certificate of our own CA required (reads files; not in the loop)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols([ALPN])
    return context


class TunnelEnd:
    """The listener and the links of all machines.

    Args:
        on_change: called with a node's id when the number of its links changed.
    """

    def __init__(self, table: RouteTable, clock: Clock, on_change: Callable[[str], None]) -> None:
        self._table = table
        self._clock = clock
        self._on_change = on_change
        self._links: dict[str, dict[Link, Caller]] = {}
        self._server: asyncio.AbstractServer | None = None
        table.on_node(self.check_node)

    async def listen(self, host: str, port: int, context: ssl.SSLContext) -> tuple[str, int]:
        """Start listening; returns the bound address."""
        server: Any = await create_server(
            self._make_link,
            host,
            port,
            context,
            RECORDS,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=2.0,
        )
        self._server = server
        address: Any = server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for links in list(self._links.values()):
            for link in list(links):
                link.close("the gateway is stopping")

    def connections(self) -> dict[str, int]:
        """How many links each machine has."""
        return {node_id: len(links) for node_id, links in self._links.items()}

    def connect(self, route: Route, protocol: asyncio.Protocol, long: bool) -> None:
        """Open a stream to the route's engine.

        A page takes the link with the fewest long transfers, a long transfer the one that has
        the most of them already: pages keep a free way.

        Raises:
            EngineUnreachableError: its machine has no tunnel here.
        """
        links = [link for link in self._links.get(route.node_id, ()) if link.open_for_streams]
        if not links:
            raise EngineUnreachableError(f"{route.node_id} has no connection to the gateway")
        if len(links) > 1:
            sign = -1 if long else 1
            links.sort(key=lambda link: (sign * link.long_transfers, len(link)))
        try:
            links[0].open(route.instance_id, route.epoch, protocol)
        except (TunnelError, ValueError) as error:
            raise EngineUnreachableError(str(error)) from error

    def check_node(self, node_id: str) -> None:
        """Close the links of a machine whose certificate is not accepted any more."""
        for link, caller in list(self._links.get(node_id, {}).items()):
            why = self._why_refused(caller)
            if why is not None:
                link.close(why)

    def sweep(self) -> None:
        """Close links whose certificate ran out (TLS itself does not notice)."""
        for node_id in list(self._links):
            self.check_node(node_id)

    def _why_refused(self, caller: Caller) -> str | None:
        if not self._table.known:
            return "the gateway has not met its coordinator yet"
        access = self._table.node(caller.node_id)
        if access is None:
            return "this machine is not known here"
        if access.revoked:
            return "this machine was revoked"
        if caller.serial not in access.serials:
            return "this certificate was replaced by another one"
        if caller.not_after <= self._clock.now().astimezone(UTC):
            return "this certificate has expired"
        return None

    def _make_link(self) -> Link:
        return Link(opener=True, on_made=self._on_made, on_lost=self._on_lost)

    def _on_made(self, link: Link) -> None:
        tls = link.get_extra_info("ssl_object")
        caller = None if tls is None else read_caller(tls.getpeercert(binary_form=True))
        if caller is None or tls.selected_alpn_protocol() != ALPN:
            link.close("a machine's certificate and this version of the tunnel are needed")
            return
        why = self._why_refused(caller)
        if why is None and len(self._links.get(caller.node_id, ())) >= _MAX_LINKS_PER_NODE:
            why = "this machine has too many connections"
        if why is not None:
            log.info("tunnel refused node_id=%s: %s", caller.node_id, why)
            link.close(why)
            return
        self._links.setdefault(caller.node_id, {})[link] = caller
        log.info("tunnel up node_id=%s", caller.node_id)
        self._on_change(caller.node_id)

    def _on_lost(self, link: Link, why: str) -> None:
        for node_id, links in list(self._links.items()):
            if links.pop(link, None) is not None:
                log.info("tunnel down node_id=%s: %s", node_id, why)
                if not links:
                    del self._links[node_id]
                self._on_change(node_id)
