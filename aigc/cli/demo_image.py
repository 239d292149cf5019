"""The demo engine's image, made from this machine's own Python: no registry, no internet.

For engines of one's own the Dockerfile beside the demo engine shows the usual way.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_NEEDED = ("starlette", "uvicorn", "websockets")
_LEFT_OUT = frozenset(
    {"__pycache__", "dist-packages", "ensurepip", "idlelib", "lib2to3", "site-packages", "test"}
    | {"tests", "tkinter", "turtledemo"}
)
_SITE = "/opt/engine/site"
_ENGINE = "/opt/engine/demo_engine"
_IMPORT_SECONDS = 120.0


def image_name(engine_folder: Path) -> str:
    """A name that changes with the engine's source, so that an old image is never taken."""
    sources = hashlib.sha256()
    for path in _files(engine_folder):
        sources.update(str(path.relative_to(engine_folder)).encode() + b"\0" + path.read_bytes())
    return f"aigc-demo-engine:1.0-{sources.hexdigest()[:8]}"


def make_image(name: str, engine_folder: Path, docker: list[str]) -> None:
    """Import the image under that name with ``docker import``. Blocks for some seconds.

    Raises:
        RuntimeError: why it cannot be done here, in a few words.
    """
    if not sys.platform.startswith("linux"):
        raise RuntimeError("this machine's Python is not Linux's")
    python = Path(sys.executable).resolve()
    changes = [
        f"ENV PYTHONPATH={_SITE} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1",
        f'CMD ["{python}", "{_ENGINE}"]',
        "EXPOSE 8188",
    ]
    command = [*docker, "import", *(part for c in changes for part in ("--change", c)), "-", name]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    try:
        with process.stdin, tarfile.open(fileobj=process.stdin, mode="w|") as tar:
            _fill(tar, python, engine_folder)
    except BrokenPipeError:
        pass  # docker ended early; it says why below
    process.stdin = None  # closed: communicate would flush it
    _, output = process.communicate(timeout=_IMPORT_SECONDS)
    if process.returncode != 0:
        raise RuntimeError(output.decode(errors="replace").strip()[-200:] or "docker import failed")


def _fill(tar: tarfile.TarFile, python: Path, engine_folder: Path) -> None:
    written: set[str] = set()

    def put(source: Path, target: str) -> None:
        if target in written:
            return
        written.add(target)
        info = tar.gettarinfo(str(source.resolve()), arcname=target.lstrip("/"))
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        with source.open("rb") as file:
            tar.addfile(info, file)

    for folder, mode in (("tmp", 0o1777), ("data", 0o777), ("proc", 0o755), ("sys", 0o755)):
        info = tarfile.TarInfo(folder)
        info.type, info.mode = tarfile.DIRTYPE, mode
        tar.addfile(info)
    nobody = b"root:x:0:0::/root:/bin/false\nnobody:x:65534:65534::/:/bin/false\n"
    info = tarfile.TarInfo("etc/passwd")
    info.size = len(nobody)
    tar.addfile(info, io.BytesIO(nobody))

    binaries = [python]
    put(python, str(python))
    for name in ("stdlib", "platstdlib"):
        root = Path(sysconfig.get_path(name, vars={"base": sys.base_prefix}))
        for path in _files(root):
            put(path, str(path))
            if path.suffix == ".so":
                binaries.append(path)
    for path, inside in _packages(_NEEDED):
        put(path, f"{_SITE}/{inside}")
        if path.suffix == ".so":
            binaries.append(path)
    for path in _files(engine_folder):
        put(path, f"{_ENGINE}/{path.relative_to(engine_folder)}")
    for library in _libraries(binaries):
        put(library, str(library))


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.name in _LEFT_OUT or path.name.startswith("config-"):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _packages(names: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """The files of some installed distributions and of all that they require."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name in names:
                raise RuntimeError(f"the package {name} is not installed") from None
            continue  # for another Python or platform
        for requirement in found.requires or ():
            if "extra ==" not in requirement:
                match = re.match(r"[A-Za-z0-9._-]+", requirement)
                assert match is not None
                waiting.append(match[0])
        for file in found.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                path = Path(str(file.locate()))
                if path.is_file():
                    yield path, str(file)


def _libraries(binaries: list[Path]) -> list[Path]:
    """The shared libraries that the dynamic loader would take for some programs."""
    done = subprocess.run(
        ["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60, check=False
    )
    found = set(re.findall(r"(?:=>\s+|^\s+)(/\S+)\s+\(0x", done.stdout, re.MULTILINE))
    if not found:
        raise RuntimeError("the libraries of this machine's Python cannot be found (ldd)")
    return sorted(Path(name) for name in found)
