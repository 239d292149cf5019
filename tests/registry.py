"""A real registry (Debian's docker-registry) of the tests' own, with or without passwords."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docker_engine import TestEngine, wait_until

USER, PASSWORD = "creator", "only-for-this-registry"
# bcrypt of PASSWORD, as htpasswd -B writes it (the standard library has no bcrypt).
_HTPASSWD = f"{USER}:$2b$05$tbtcbQAxXembLHEhJam.CezoCyxWpdchXk4hopLZm35VH8lM576DC\n"


@dataclass
class Registry:
    """One registry process. ``address`` is where engines find it, ``host:port``.

    Attributes:
        data: where its images are, if not in its own folder.
    """

    folder: Path
    host: str
    password: bool = False
    port: int = 0
    data: Path | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        """Start (again, on the same port and with the same images)."""
        if not self.port:
            with socket.socket() as probe:
                probe.bind((self.host, 0))
                self.port = int(probe.getsockname()[1])
        lines = [
            "version: 0.1",
            "log: {level: error, accesslog: {disabled: true}}",
            f"storage: {{filesystem: {{rootdirectory: {self.data or self.folder / 'data'}}}}}",
            f"http: {{addr: '{self.address}'}}",
        ]
        if self.password:
            (self.folder / "htpasswd").write_text(_HTPASSWD)
            lines.append(f"auth: {{htpasswd: {{realm: studio, path: {self.folder}/htpasswd}}}}")
        config = self.folder / "config.yml"
        config.write_text("\n".join(lines) + "\n")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"},
            )
        wait_until("the registry", self._listens)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(15)
            self._process = None

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
            return True
        return False

    def push(self, engine: TestEngine, image: str, name: str) -> str:
        """Push a local image as ``name:tag``; its full name here. The local tag is removed."""
        client = engine.client()
        full = f"{self.address}/{name}"
        try:
            repository, _, tag = full.rpartition(":")
            assert client.api.tag(image, repository, tag)
            auth = {"username": USER, "password": PASSWORD} if self.password else None
            for message in client.api.push(
                repository, tag=tag, stream=True, decode=True, auth_config=auth
            ):
                if "error" in message:
                    raise RuntimeError(message["error"])
            client.api.remove_image(full)
        finally:
            client.close()
        return full


@contextlib.contextmanager
def registry(
    engine: TestEngine, *, password: bool = False, data: Path | None = None
) -> Iterator[Registry]:
    """A running registry that the engine reaches, and trusts without TLS.

    ``data``: serve (and keep) the images there.
    """
    if shutil.which("docker-registry") is None:
        pytest.fail("needs docker-registry (apt-get install docker-registry)", pytrace=False)
    with tempfile.TemporaryDirectory(prefix="aigc-registry-") as folder:
        made = Registry(Path(folder), engine.host_address, password, data=data)
        made.start()
        try:
            yield made
        finally:
            made.stop()
