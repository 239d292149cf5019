"""The Windows registry, this person's half of it: the one place that calls ``winreg``.

What is to be written is made elsewhere as plain values, so that it is tested on every system; here
are only the calls.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from aigc.errors import AigcError, ErrorKind


@dataclass(frozen=True, slots=True)
class Write:
    """A text value below HKEY_CURRENT_USER; the name ``""`` is the key's default value."""

    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A value goes; ``name`` None: the whole key with all below it."""

    key: str
    name: str | None


Change: TypeAlias = Write | Removal


class Registry(Protocol):
    """Keys below HKEY_CURRENT_USER."""

    def text(self, key: str, name: str) -> str | None:
        """A text value, or None."""
        ...

    def data(self, key: str, name: str) -> bytes | None:
        """A binary value, or None."""
        ...

    def change(self, changes: Sequence[Change]) -> None:
        """In this order; what is gone already is no error.

        Raises:
            AigcError: ``registry-refused``.
        """
        ...


def open_registry() -> Registry:
    """This system's.

    Raises:
        AigcError: ``registry-missing`` on any other system than Windows.
    """
    if sys.platform == "win32":
        return UserRegistry()
    raise AigcError("registry-missing", "Only Windows has a registry.", ErrorKind.UNAVAILABLE)


if sys.platform == "win32":
    import winreg

    class UserRegistry:
        """HKEY_CURRENT_USER itself."""

        def text(self, key: str, name: str) -> str | None:
            value = self._value(key, name)
            return value if isinstance(value, str) else None

        def data(self, key: str, name: str) -> bytes | None:
            value = self._value(key, name)
            return value if isinstance(value, bytes) else None

        def change(self, changes: Sequence[Change]) -> None:
            for change in changes:
                try:
                    self._make(change)
                except OSError as error:
                    raise AigcError(
                        "registry-refused",
                        f"The registry key {change.key} cannot be changed ({error.strerror}): a "
                        "policy of IT's may forbid it.",
                    ) from error

        def _value(self, key: str, name: str) -> object:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as handle:
                    return winreg.QueryValueEx(handle, name)[0]
            except OSError:
                return None  # not there, or not ours to read: to us it is not set

        def _make(self, change: Change) -> None:
            match change:
                case Write(key, name, text):
                    with winreg.CreateKeyEx(
                        winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE
                    ) as handle:
                        winreg.SetValueEx(handle, name, 0, winreg.REG_SZ, text)
                case Removal(key, None):
                    self._remove_key(key)
                case Removal(key, str(name)):
                    try:
                        with winreg.OpenKey(
                            winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE
                        ) as handle:
                            winreg.DeleteValue(handle, name)
                    except FileNotFoundError:
                        return

        def _remove_key(self, key: str) -> None:
            """Windows deletes only keys without keys below them."""
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as handle:
                    count = winreg.QueryInfoKey(handle)[0]
                    below = [winreg.EnumKey(handle, index) for index in range(count)]
            except FileNotFoundError:
                return
            for name in below:
                self._remove_key(rf"{key}\{name}")
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
