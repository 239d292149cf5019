"""Images with Python for tests: the base from this machine's own, the rest by the examples' own
Dockerfiles, without any registry. What was built is kept in a cache folder of this machine.

``AIGC_TEST_CACHE`` names that folder; ``~/.cache/aigc-tests`` by default.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.docker_engine import TestEngine
from tests.images import busybox_tar, import_image

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# Grows when the way of building changes.
_RECIPE = "4"
_UNUSED_SECONDS = 7 * 86400.0
_LEFT_OUT = frozenset(
    {"__pycache__", "dist-packages", "site-packages", "idlelib", "lib2to3", "test", "tests"}
    | {"tkinter", "turtledemo", "ensurepip", "EXTERNALLY-MANAGED"}
)


# What wheels for Linux may expect of every system (PEP 600).
_MANYLINUX = (
    *("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "librt.so.1", "libz.so.1"),
    *("libpthread.so.0", "libutil.so.1", "libresolv.so.2", "libc.so.6", "libnsl.so.1"),
)


def cache_folder() -> Path:
    default = Path.home() / ".cache" / "aigc-tests"
    folder = Path(os.environ.get("AIGC_TEST_CACHE") or default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _forget_unused() -> None:
    """What nobody took from the cache for a week; another clone may want what this one does not."""
    for old in cache_folder().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(old) if old.is_dir() else old.unlink()


def image_name(example: str) -> str:
    """Changes with everything that the image is made of."""
    return f"aigc-test/{example.replace('_', '-')}:{_key(EXAMPLES / example)}"


def example_image(engine: TestEngine, example: str) -> str:
    """The image of ``examples/<example>``, built by its Dockerfile or taken from the cache."""
    source = EXAMPLES / example
    key = _key(source)
    name = image_name(example)
    client = engine.client()
    try:
        if client.images.list(name=name):
            return name
        kept = cache_folder() / f"{example}-{key}.tar"
        if kept.exists():
            kept.touch()
            with kept.open("rb") as saved:
                client.images.load(saved)
            return name
        _build(engine, source, name)
        _forget_unused()
        part = kept.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as out:
            for chunk in client.api.get_image(name):
                out.write(chunk)
        part.replace(kept)
    finally:
        client.close()
    return name


def _key(source: Path) -> str:
    """Changes with the example's files, this Python and the recipe."""
    found = hashlib.sha256(f"{_RECIPE} {sys.version} {sys.base_prefix}".encode())
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(str(path.relative_to(source)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def _build(engine: TestEngine, source: Path, name: str) -> None:
    wheels = _wheels(source / "requirements.txt")
    base = f"aigc-test/python-{source.name.replace('_', '-')}:base"
    python = _python()
    import_image(
        engine,
        _root(python, wheels),
        base,
        [
            f"ENV PATH={python['scripts']}:{Path(python['executable']).parent}:/usr/bin:/bin",
            "ENV LANG=C.UTF-8",
            f'CMD ["{python["executable"]}"]',
        ],
    )
    client = engine.client()
    try:
        for message in client.api.build(
            path=str(source), tag=name, buildargs={"BASE": base}, rm=True, decode=True
        ):
            if "error" in message:
                raise RuntimeError(f"{source}: {message['error']}")
    finally:
        client.close()


def _wheels(requirements: Path) -> list[Path]:
    """Everything that the requirements need, downloaded once on this machine."""
    key = hashlib.sha256(sys.version.encode() + requirements.read_bytes()).hexdigest()[:12]
    name = f"wheels-{requirements.parent.name}"
    folder = cache_folder() / f"{name}-{key}"
    if not folder.exists():
        part = folder.with_suffix(f".{os.getpid()}.part")
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "-qq", "--only-binary=:all:"),
                *("--disable-pip-version-check", "-d", str(part), "-r", str(requirements)),
            ],
            check=True,
            timeout=600,
        )
        part.replace(folder)
    os.utime(folder)
    return sorted(folder.iterdir())


def _python() -> dict[str, str]:
    """Where the Python below this environment keeps its parts."""
    executable = getattr(sys, "_base_executable", sys.executable)
    code = (
        "import sysconfig, json, sys;"
        "print(json.dumps({**sysconfig.get_paths(), 'executable': sys.executable}))"
    )
    done = subprocess.run(
        [os.path.realpath(executable), "-I", "-c", code],
        capture_output=True,
        check=True,
        timeout=30,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _root(python: dict[str, str], wheels: list[Path]) -> bytes:
    """A root with busybox, this machine's Python at its own paths, pip, and wheels to install."""
    out = io.BytesIO(busybox_tar(python_too=True))
    binaries = [Path(python["executable"])]
    written: set[str] = set()
    with tarfile.open(fileobj=out, mode="a") as tar:

        def put(source: Path, target: str) -> None:
            if target in written:
                return
            written.add(target)
            info = tar.gettarinfo(str(source.resolve()), arcname=target.lstrip("/"))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            with source.open("rb") as file:
                tar.addfile(info, file)

        def link(name: str, to: str) -> None:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, to
            tar.addfile(info)

        def text(name: str, content: str, mode: int = 0o644) -> None:
            info = tarfile.TarInfo(name)
            info.mode, info.size = mode, len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))

        put(binaries[0], python["executable"])
        for name in {"python3", "python"} - {Path(python["executable"]).name}:
            link(f"usr/bin/{name}", python["executable"])
        for folder in {python["stdlib"], python["platstdlib"]}:
            for path in _files(Path(folder)):
                put(path, str(path))
                if path.suffix == ".so":
                    binaries.append(path)
        import pip

        pip_folder = Path(pip.__file__).parent
        for path in _files(pip_folder):
            put(path, f"{python['purelib']}/pip/{path.relative_to(pip_folder)}")
        text(
            "usr/bin/pip",
            f"#!{python['executable']}\n"
            "import sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n",
            0o755,
        )
        text("etc/pip.conf", "[global]\nno-index = true\nfind-links = /wheels\n")
        for wheel in wheels:
            put(wheel, f"/wheels/{wheel.name}")
        for library in _libraries(binaries):
            put(library, str(library))
    return out.getvalue()


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.name in _LEFT_OUT or path.name.startswith("config-"):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _libraries(binaries: list[Path]) -> list[Path]:
    """The shared libraries that these need, and those that wheels expect of every system."""
    expected = [p for p in map(_system_library, _MANYLINUX) if p]
    done = subprocess.run(
        ["ldd", *map(str, [*binaries, *expected])],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = set(re.findall(r"(?:=>\s+|^\s+)(/\S+)\s+\(0x", done.stdout, re.MULTILINE))
    return sorted({Path(name) for name in found} | set(expected))


def _system_library(name: str) -> Path | None:
    for folder in ("/usr/lib", "/lib"):
        path = Path(folder) / (sysconfig.get_config_var("MULTIARCH") or "") / name
        if path.exists():
            return path
    return None
