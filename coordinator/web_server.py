"""The web pages' socket and server, inside the coordinator's own loop."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from aigc.errors import AigcError, ErrorKind
from aigc.tls import split_address
from coordinator.api.web.app import server_config
from coordinator.config import CoordinatorConfig
from coordinator.fleet.authority import Files


class WebServer(uvicorn.Server):
    """Uvicorn inside our loop: signals are ours, and its end is told by :meth:`end`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def end(self) -> None:
        self.should_exit = True


def bind_web(config: CoordinatorConfig, before: int) -> socket.socket:
    """The web pages' socket; port 0 takes the one it had before if that is free."""
    address = config.listen.web
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    failure: OSError | None = None
    for candidate in [port] if port else [before, 0] if before else [0]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, candidate))
        except OSError as error:
            listener.close()
            failure = error
        else:
            return listener
    assert failure is not None
    raise AigcError(
        "port-taken",
        f"The coordinator cannot listen on {address} (listen.web): "
        f"{failure.strerror or failure}. Stop the program that uses it, or give another port.",
        ErrorKind.UNAVAILABLE,
    ) from failure


def web_config(app: Any, tls: Files | None) -> uvicorn.Config:
    if tls is None:
        return server_config(app)
    config = server_config(app, str(tls.certificate), str(tls.key))
    config.load()
    return config
