"""macOS: the installed app's bundle names the scheme (``CFBundleURLTypes``, the installer's part).

Here the bundle is only asked, and made the default among several programs that take the scheme.
Links arrive in the running program: see :mod:`desktop_client.platform.deep_links.opened`.
"""

from __future__ import annotations

import plistlib
import sys
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from aigc.errors import AigcError, ErrorKind
from desktop_client.platform.deep_links import SCHEME


class BundleLinks:
    """The bundle that this program runs from, if it runs from one.

    Args:
        executable: the running program; its bundle is the ``.app`` folder around it.
    """

    def __init__(self, executable: Path | None = None) -> None:
        self._info = _read(info_path(executable or Path(sys.executable)))

    def is_registered(self) -> bool:
        ours = self._bundle_id().lower()  # macOS answers in lower case
        return takes(self._info, SCHEME) and default_bundle(SCHEME).lower() == ours

    def register(self) -> None:
        if not takes(self._info, SCHEME):
            raise AigcError(
                "links-need-the-app",
                "On macOS only the installed app opens aigc:// links: install it, or paste the "
                "link into the window.",
                ErrorKind.UNAVAILABLE,
            )
        if not choose_bundle(SCHEME, self._bundle_id()):
            raise AigcError(
                "links-refused",
                "macOS refused to open aigc:// links with this app; paste links into the window.",
                ErrorKind.UNAVAILABLE,
            )

    def unregister(self) -> None:
        """The bundle keeps naming the scheme as long as it is installed: nothing to undo."""

    def _bundle_id(self) -> str:
        return str(self._info.get("CFBundleIdentifier", ""))


def url_types(name: str = "AIGC Gateway") -> list[dict[str, Any]]:
    """What the installer puts into the bundle's ``Info.plist`` as ``CFBundleURLTypes``."""
    return [
        {
            "CFBundleURLName": name,
            "CFBundleTypeRole": "Viewer",
            "CFBundleURLSchemes": [SCHEME],
        }
    ]


def info_path(executable: Path) -> Path | None:
    """``X.app/Contents/Info.plist`` of the bundle around a program, or None."""
    for folder in executable.parents:
        if folder.suffix == ".app":
            return folder / "Contents" / "Info.plist"
    return None


def takes(info: dict[str, Any], scheme: str) -> bool:
    """Whether a bundle says that it opens this scheme."""
    types = info.get("CFBundleURLTypes", [])
    return any(scheme in kind.get("CFBundleURLSchemes", []) for kind in types)


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        value = plistlib.loads(path.read_bytes())
    except (OSError, plistlib.InvalidFileException, ExpatError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


if sys.platform == "darwin":
    from ctypes import c_int32, c_void_p, cdll, util

    from rubicon.objc import ObjCInstance, at

    def _services() -> Any:
        library = cdll.LoadLibrary(util.find_library("CoreServices") or "CoreServices")
        library.LSCopyDefaultHandlerForURLScheme.restype = c_void_p
        library.LSCopyDefaultHandlerForURLScheme.argtypes = [c_void_p]
        library.LSSetDefaultHandlerForURLScheme.restype = c_int32
        library.LSSetDefaultHandlerForURLScheme.argtypes = [c_void_p, c_void_p]
        return library

    def default_bundle(scheme: str) -> str:
        """The identifier of the bundle that opens a scheme, or nothing."""
        found = _services().LSCopyDefaultHandlerForURLScheme(at(scheme).ptr)
        return str(ObjCInstance(found)) if found else ""

    def choose_bundle(scheme: str, bundle_id: str) -> bool:
        """Whether the system took a bundle as the one that opens a scheme."""
        status: int = _services().LSSetDefaultHandlerForURLScheme(at(scheme).ptr, at(bundle_id).ptr)
        return status == 0
else:

    def default_bundle(scheme: str) -> str:
        """Only macOS has bundles."""
        return ""

    def choose_bundle(scheme: str, bundle_id: str) -> bool:
        """Only macOS has bundles."""
        return False
