"""The coordinator's gRPC servers: creators and joining, machines, the gateway's socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from aigc.errors import AigcError, ErrorKind
from aigc.tls import split_address
from coordinator.api.guard import Guard
from coordinator.fleet.authority import Files

_OPTIONS: list[tuple[str, int]] = [
    # A silent network is noticed; quiet clients may ping every few seconds.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 4_000),
    ("grpc.http2.max_ping_strikes", 0),
    # Oversized bearers are refused by us, in words, instead of at random by the library.
    ("grpc.max_metadata_size", 64 << 10),
    ("grpc.absolute_max_metadata_size", 128 << 10),
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    # Two coordinators on one port would share connections at random.
    ("grpc.so_reuseport", 0),
]


class TlsFiles:
    """Files that may be made anew while the server runs: read again when one changed.

    Args:
        trusted: the authorities whose client certificates are taken.
    """

    def __init__(self, files: Files, trusted: Path) -> None:
        self._files = files
        self._trusted = trusted

    def _now(self) -> tuple[int, int]:
        both = (self._files.certificate, self._trusted)
        return both[0].stat().st_mtime_ns, both[1].stat().st_mtime_ns

    def _read(self) -> Any:
        pair = (self._files.key.read_bytes(), self._files.certificate.read_bytes())
        return grpc.ssl_server_certificate_configuration(
            [pair], root_certificates=self._trusted.read_bytes()
        )

    def credentials(self, *, clients_need_certificate: bool) -> Any:
        """Server credentials that follow the files; each port needs its own."""
        served = self._now()

        def changed() -> Any:
            """Called by gRPC in a thread of its own, at each handshake."""
            nonlocal served
            stamp = self._now()
            if stamp == served:
                return None
            fresh = self._read()
            served = stamp
            return fresh

        return grpc.dynamic_ssl_server_credentials(
            self._read(), changed, require_client_authentication=clients_need_certificate
        )


def make_server(guard: Guard, add: Callable[[Any], None]) -> Any:
    """A server behind a guard, with the servicers that ``add`` adds."""
    server = grpc.aio.server(interceptors=[guard], options=_OPTIONS)
    add(server)
    return server


def listen(server: Any, what: str, address: str, before: int, credentials: Any) -> int:
    """Bind; port 0 takes the port it had before if that is free. Returns the port.

    Raises:
        AigcError: ``port-taken``.
    """
    host, port = split_address(address)
    base = address.rpartition(":")[0]
    candidates = [port] if port else [before, 0] if before else [0]
    why = ""
    for candidate in candidates:
        why = _refusal(host, candidate)
        if why:
            continue
        try:
            bound = int(server.add_secure_port(f"{base}:{candidate}", credentials))
        except RuntimeError:
            bound = 0
        if bound:
            return bound
    raise AigcError(
        "port-taken",
        f"The coordinator cannot listen on {address} (listen.{what}): "
        f"{why or 'the port is taken or not allowed'}. Stop the program that uses it, or give "
        "another port.",
        ErrorKind.UNAVAILABLE,
    )


def _refusal(host: str, port: int) -> str:
    """Why the system would not let us have that address; gRPC does not tell. Empty: it would."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def listen_socket(server: Any, path: Path) -> None:
    """Bind a Unix socket that only this user may open. The folder is 0700 already.

    Raises:
        AigcError: ``socket-path``.
    """
    try:
        bound = server.add_insecure_port(f"unix:{path}")
    except RuntimeError:
        bound = 0
    if not bound:
        raise AigcError(
            "socket-path",
            f"The coordinator cannot open the gateway's socket {path}: a path may have at most "
            "107 characters, and the folder must be writable. Choose a shorter state_dir.",
            ErrorKind.UNAVAILABLE,
        )
    os.chmod(path, 0o600)
