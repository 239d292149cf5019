"""Images for tests, made here without any registry on the internet."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.docker_engine import TestEngine

BUSYBOX = "aigc-test/busybox:1"


def busybox_tar(python_too: bool = False) -> bytes:
    """A root with nothing but busybox, its names, an index page and the user nobody: 2 MB.

    ``python_too``: more is added to it that wants the usual folders.
    """
    program = shutil.which("busybox", path="/bin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.fail("needs busybox (apt-get install busybox-static)", pytrace=False)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in ("bin", "etc", "proc", "sys", "dev", "root", "www"):
            _add(tar, folder, kind=tarfile.DIRTYPE)
        for folder in ("usr", "usr/bin", "opt", "var", "var/tmp", "home") if python_too else ():
            _add(tar, folder, kind=tarfile.DIRTYPE)
        _add(tar, "tmp", kind=tarfile.DIRTYPE, mode=0o1777)
        _add(tar, "bin/busybox", Path(program).read_bytes(), mode=0o755)
        for name in _APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        _add(tar, "www/index.html", b"ready\n")
        _add(tar, "etc/passwd", b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
        _add(tar, "etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    return out.getvalue()


_APPLETS = (
    *("sh", "httpd", "sleep", "echo", "cat", "ls", "id", "env", "dd", "nc", "chown"),
    *(
        "mount",
        "ping",
        "grep",
        "head",
        "kill",
        "mkdir",
        "printf",
        "rm",
        "seq",
        "touch",
        "df",
        "ip",
        "true",
    ),
)


def _add(
    tar: tarfile.TarFile,
    name: str,
    data: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    mode: int | None = None,
) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    info.mode = mode if mode is not None else (0o755 if kind == tarfile.DIRTYPE else 0o644)
    tar.addfile(info, io.BytesIO(data))


def import_image(engine: TestEngine, tar: bytes, name: str, changes: list[str]) -> None:
    """An image of one layer; ``changes`` are Dockerfile lines such as ``CMD``."""
    client = engine.client()
    try:
        repository, _, tag = name.rpartition(":")
        client.api.import_image_from_data(tar, repository=repository, tag=tag, changes=changes)
    finally:
        client.close()


def busybox_image(engine: TestEngine) -> str:
    """The name of a tiny image on this engine whose command serves "ready" on port 8000."""
    client = engine.client()
    try:
        if not client.images.list(name=BUSYBOX):
            import_image(
                engine,
                busybox_tar(),
                BUSYBOX,
                ['ENV PATH="/bin"', 'CMD ["httpd", "-f", "-p", "8000", "-h", "/www"]'],
            )
    finally:
        client.close()
    return BUSYBOX
