"""Creators' data on this machine: folders by id below the volume root, and their trash.

An engine may leave anything in its volume, links included. So every step below the root goes by
file descriptor, never follows a link and never leaves the file system it began on. Nothing here
deletes data but :meth:`Volumes.purge`, and that only out of the trash.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind

VOLUME_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MEASURE_AGAIN = 300.0
# Folders in folders: an engine may make a tree deeper than any stack or table of open files.
_DEEPEST = 128
# Below a parent that only the agent may enter, a volume is open to whichever user the image runs
# as: which one that is, only the image knows.
_PARENT_MODE = 0o700
_VOLUME_MODE = 0o777


@dataclass(frozen=True, slots=True)
class VolumeFact:
    """A volume that is here; ``bytes`` is None until it was measured."""

    volume_id: str
    bytes: int | None
    in_trash: bool = False


class Volumes:
    """All volumes of this machine. ``root``: the volume root of agent.toml."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._live = root / "volumes"
        self._trash = root / "trash"
        self._clock = clock
        self._sizes: dict[str, tuple[float, int]] = {}  # folder -> when measured, bytes
        self._one_at_a_time = asyncio.Lock()

    async def load(self) -> None:
        """Make the root's folders.

        Raises:
            AigcError: ``volume-root-broken``.
        """
        try:
            await asyncio.to_thread(self._make_folders)
        except OSError as error:
            raise AigcError(
                "volume-root-broken",
                f"Cannot use the volume root {self._live.parent}: {error.strerror}. Set "
                "volume_root in agent.toml to a folder that the agent may write.",
            ) from error

    async def mount(self, volume_id: str, subpath: str = "") -> Path:
        """The folder to mount; made if it is not there.

        Raises:
            AigcError: ``volume-invalid`` (a bad id or subpath, or a link in its way),
                ``volume-in-trash`` (an empty folder in its stead would look like lost data),
                ``volume-broken`` (the disk refused).
        """
        _check_id(volume_id)
        parts = _parts(subpath)
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(self._open_and_make, volume_id, parts)
            except OSError as error:
                raise _broken(volume_id, error) from error

    async def trash(self, volume_id: str) -> None:
        """Move a volume to the trash, by rename. Doing it again changes nothing.

        One that was never mounted goes there empty, so that it can be told from one that is lost
        when its owner wants it back.

        Raises:
            AigcError: ``volume-invalid`` or ``volume-broken``.
        """
        _check_id(volume_id)
        stamp = round(self._clock.now().timestamp() * 1000)
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._move_to_trash, volume_id, stamp)
            except OSError as error:
                raise _broken(volume_id, error) from error

    async def restore(self, volume_id: str) -> None:
        """Bring back the newest of its copies in the trash; nothing if the volume is there.

        Raises:
            AigcError: ``volume-not-in-trash``, ``volume-invalid`` or ``volume-broken``.
        """
        _check_id(volume_id)
        async with self._one_at_a_time:
            try:
                found = await asyncio.to_thread(self._move_back, volume_id)
            except OSError as error:
                raise _broken(volume_id, error) from error
        if not found:
            raise AigcError(
                "volume-not-in-trash",
                f"Volume {volume_id} is not in this machine's trash (any more).",
                ErrorKind.NOT_FOUND,
            )

    async def purge(self, volume_id: str) -> None:
        """Delete its copies in the trash for good. A volume that is not in the trash is kept.

        Raises:
            AigcError: ``volume-not-in-trash`` (it is in use, not in the trash),
                ``volume-invalid`` or ``volume-broken``.
        """
        _check_id(volume_id)
        async with self._one_at_a_time:
            try:
                done = await asyncio.to_thread(self._purge, volume_id)
            except OSError as error:
                raise _broken(volume_id, error) from error
        if not done:
            raise AigcError(
                "volume-not-in-trash",
                f"Volume {volume_id} is not in the trash, so it was not deleted: order its move "
                "to the trash first.",
                ErrorKind.CONFLICT,
            )

    async def facts(self) -> tuple[VolumeFact, ...]:
        """What is here, with the sizes known so far (see :meth:`measure`)."""
        live, trashed = await asyncio.to_thread(self._list)
        here = [VolumeFact(name, self._size("v/" + name)) for name in live]
        gone = [
            VolumeFact(name.rpartition(".")[0], self._size("t/" + name), in_trash=True)
            for name in trashed
        ]
        return (*here, *gone)

    async def measure(self, only: str | None = None) -> None:
        """Sum up what was not measured lately (of one volume: in any case). Slow, off the loop."""
        live, trashed = await asyncio.to_thread(self._list)
        now = self._clock.monotonic()
        names = [("v/" + n, self._live / n, n) for n in live]
        names += [("t/" + n, self._trash / n, n) for n in trashed]
        for key, path, name in names:
            known = self._sizes.get(key)
            due = known is None or now - known[0] >= _MEASURE_AGAIN
            if (only is None and due) or name == only:
                self._sizes[key] = (now, await asyncio.to_thread(_bytes_below, path))
        self._sizes = {k: v for k, v in self._sizes.items() if k in {key for key, _, _ in names}}

    def _size(self, key: str) -> int | None:
        known = self._sizes.get(key)
        return None if known is None else known[1]

    # --- blocking, in a thread ----------------------------------------------------------------

    def _make_folders(self) -> None:
        for folder in (self._live, self._trash):
            folder.mkdir(mode=_PARENT_MODE, parents=True, exist_ok=True)
            folder.chmod(_PARENT_MODE)

    def _open_and_make(self, volume_id: str, parts: tuple[str, ...]) -> Path:
        with _opened(self._live) as at, _opened(self._trash) as trash:
            if not _exists(at, volume_id) and _copies(trash, volume_id):
                raise AigcError(
                    "volume-in-trash",
                    f"Volume {volume_id} is in this machine's trash, so it is not mounted: "
                    "restore it first.",
                    ErrorKind.CONFLICT,
                )
            here = os.dup(at)
            try:
                for part in (volume_id, *parts):
                    deeper = _enter(here, part, volume_id)
                    os.close(here)
                    here = deeper
            finally:
                os.close(here)
        return self._live.joinpath(volume_id, *parts)

    def _move_to_trash(self, volume_id: str, stamp: int) -> None:
        with _opened(self._live) as live, _opened(self._trash) as trash:
            while _exists(trash, f"{volume_id}.{stamp}"):
                stamp += 1
            if _exists(live, volume_id):
                os.rename(volume_id, f"{volume_id}.{stamp}", src_dir_fd=live, dst_dir_fd=trash)
                os.fsync(live)
                os.fsync(trash)
            elif not _copies(trash, volume_id):
                os.close(_enter(trash, f"{volume_id}.{stamp}", volume_id))
                os.fsync(trash)

    def _move_back(self, volume_id: str) -> bool:
        with _opened(self._live) as live, _opened(self._trash) as trash:
            if _exists(live, volume_id):
                return True
            copies = _copies(trash, volume_id)
            if not copies:
                return False
            os.rename(copies[-1], volume_id, src_dir_fd=trash, dst_dir_fd=live)
            os.fsync(trash)
            os.fsync(live)
            return True

    def _purge(self, volume_id: str) -> bool:
        with _opened(self._live) as live, _opened(self._trash) as trash:
            copies = _copies(trash, volume_id)
            if not copies:
                return not _exists(live, volume_id)
            for name in copies:
                _delete(trash, name, os.fstat(trash).st_dev)
            os.fsync(trash)
            return True

    def _list(self) -> tuple[list[str], list[str]]:
        live = [n for n in sorted(os.listdir(self._live)) if VOLUME_ID.fullmatch(n)]
        return live, [n for n in sorted(os.listdir(self._trash)) if "." in n]


def safe_subpath(subpath: str, image_key: str, abi: str) -> str:
    """A template's subpath with ``{image}`` and ``{abi}`` put in, so that add-ons of one image or
    Python never meet another's."""
    return subpath.replace("{image}", image_key).replace("{abi}", abi)


def _check_id(volume_id: str) -> None:
    if VOLUME_ID.fullmatch(volume_id) is None:
        raise AigcError("volume-invalid", f'"{volume_id}" is not a volume id.')


def _parts(subpath: str) -> tuple[str, ...]:
    parts = tuple(subpath.split("/")) if subpath else ()
    if any(p in {"", ".", ".."} or "\0" in p or len(p) > 255 for p in parts):
        raise AigcError(
            "volume-invalid",
            f'The subpath "{subpath}" must be relative, without empty parts, "." and "..".',
        )
    return parts


def _broken(volume_id: str, error: OSError) -> AigcError:
    return AigcError(
        "volume-broken",
        f"Cannot use volume {volume_id} on this machine: {error.strerror or error}.",
        ErrorKind.UNAVAILABLE,
    )


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, _FOLDER)
    try:
        yield handle
    finally:
        os.close(handle)


def _enter(parent: int, name: str, volume_id: str) -> int:
    """Open a folder below another, making it if need be; a link there is refused."""
    try:
        os.mkdir(name, _VOLUME_MODE, dir_fd=parent)
    except FileExistsError:
        pass
    else:
        handle = os.open(name, _FOLDER, dir_fd=parent)
        os.fchmod(handle, _VOLUME_MODE)  # whatever the umask took away
        return handle
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            raise
        what = "a link" if stat.S_ISLNK(mode) else "not a folder"
        raise AigcError(
            "volume-invalid",
            f'In volume {volume_id}, "{name}" is {what}, so nothing is mounted there: remove or '
            "rename it.",
        ) from error


def _exists(parent: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _copies(trash: int, volume_id: str) -> list[str]:
    """Its copies in the trash, oldest first."""
    stamped = [n for n in os.listdir(trash) if n.rpartition(".")[0] == volume_id]
    return sorted(stamped, key=lambda n: int(n.rpartition(".")[2]))


def _delete(parent: int, name: str, device: int) -> None:
    """Delete a tree: links themselves, never what they point to; no other file system."""
    info = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISDIR(info.st_mode):
        os.unlink(name, dir_fd=parent)
        return
    top = os.open(name, _FOLDER, dir_fd=parent)
    try:
        while children := os.listdir(top):
            for child in children:
                _delete_below(top, child, device, top, 1)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=parent)


def _delete_below(parent: int, name: str, device: int, top: int, depth: int) -> None:
    """What is too deep for the stack and the open files is brought up to the top first."""
    info = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISDIR(info.st_mode):
        os.unlink(name, dir_fd=parent)
        return
    if depth >= _DEEPEST:
        os.rename(name, f".deep-{secrets.token_hex(8)}", src_dir_fd=parent, dst_dir_fd=top)
        return
    handle = os.open(name, _FOLDER, dir_fd=parent)
    try:
        if os.fstat(handle).st_dev != device:
            raise OSError(0, f'"{name}" is another file system mounted there; unmount it first')
        for child in os.listdir(handle):
            _delete_below(handle, child, device, top, depth + 1)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=parent)


def _bytes_below(path: Path) -> int:
    """What a tree takes on the disk; hard links count once, links are not followed, and what lies
    deeper than any tree that a person makes is left out."""
    try:
        top = os.open(path, _FOLDER)
    except OSError:
        return 0  # gone meanwhile, or no folder any more
    seen: set[tuple[int, int]] = set()
    total = 0
    device = os.fstat(top).st_dev
    open_folders = [(top, iter(os.listdir(top)))]
    try:
        while open_folders:
            at, names = open_folders[-1]
            name = next(names, None)
            if name is None:
                os.close(open_folders.pop()[0])
                continue
            try:
                info = os.stat(name, dir_fd=at, follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode):
                    if info.st_dev == device and len(open_folders) < _DEEPEST:
                        handle = os.open(name, _FOLDER, dir_fd=at)
                        open_folders.append((handle, iter(os.listdir(handle))))
                    continue
            except OSError:
                continue  # the engine runs, and moves things while they are counted
            if (info.st_dev, info.st_ino) not in seen:
                seen.add((info.st_dev, info.st_ino))
                total += info.st_size
    finally:
        for handle, _ in open_folders:
            os.close(handle)
    return total
