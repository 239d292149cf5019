"""A connected Docker SDK, and one question asked without it: which version is there.

The SDK leaves a socket open when nobody answers, which for an agent whose daemon is away is once
every few seconds; its connections are replaced by ones that close.
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from docker import APIClient
from docker.errors import DockerException
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = open_socket(self._path, self.timeout)


def open_socket(path: str, timeout: float | None) -> socket.socket:
    """A connected Unix socket; closed again when nobody is there.

    Raises:
        OSError: nobody is there.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout)
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def daemon_version(path: str, timeout: float) -> dict[str, Any]:
    """What the daemon says of its version (``Version``, ``ApiVersion``).

    Raises:
        OSError, DockerException: nobody answers, or not as Docker does.
    """
    connection = UnixConnection(path, timeout)
    try:
        connection.request("GET", "/version", headers={"Connection": "close"})
        with connection.getresponse() as answer:
            found = json.loads(answer.read())
        if not isinstance(found, dict) or "ApiVersion" not in found:
            raise ValueError("no ApiVersion")
    except (http.client.HTTPException, ValueError) as error:
        raise DockerException(f"what listens there does not answer as Docker: {error}") from error
    finally:
        connection.close()
    return found


def connect(path: str, api_version: str, timeout: float, connections: int = 64) -> APIClient:
    """The SDK for a daemon of this API version; makes no call yet."""
    api = APIClient(base_url=f"unix://{path}", version=api_version, timeout=timeout)
    # Proxies of the environment are not for a socket of this machine.
    api.trust_env = False
    api.mount(
        "http+docker://",
        _Adapter(f"http+unix://{path}", timeout=timeout, max_pool_size=connections),
    )
    return api


class _Connection(UnixHTTPConnection):  # type: ignore[misc]
    def connect(self) -> None:
        self.sock = open_socket(self.unix_socket, self.timeout)


class _Pool(UnixHTTPConnectionPool):  # type: ignore[misc]
    def _new_conn(self) -> _Connection:
        return _Connection(self.base_url, self.socket_path, self.timeout)


class _Adapter(UnixHTTPAdapter):  # type: ignore[misc]
    def get_connection(self, url: str, proxies: object = None) -> _Pool:
        with self.pools.lock:
            pool = self.pools.get(url)
            if pool is None:
                pool = _Pool(url, self.socket_path, self.timeout, maxsize=self.max_pool_size)
                self.pools[url] = pool
        found: _Pool = pool
        return found
