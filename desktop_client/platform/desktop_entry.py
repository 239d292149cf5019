"""Desktop entries (``.desktop`` files), to the letter of the freedesktop.org specification.

Two layers of escaping: an ``Exec`` argument is quoted, then the whole value is escaped like every
string. Field codes (``%u``) are the desktop's to fill in; a percent sign of ours is doubled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aigc.errors import AigcError

GROUP = "Desktop Entry"
_BLANKS = " \t\r"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_UNESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
# An argument with one of these must be in double quotes.
_RESERVED = frozenset(" \t\n\"'\\><~|&;$*?#()`")
_QUOTED_ESCAPES = frozenset('"`$\\')


def write_entry(values: Mapping[str, str]) -> str:
    """The text of a file with one group. Values are plain text, unescaped."""
    lines = [f"[{GROUP}]"]
    for key, value in values.items():
        lines.append(f"{key}={escape(value)}")
    return "\n".join(lines) + "\n"


def read_entry(text: str) -> dict[str, str]:
    """The plain values of the group ``Desktop Entry``; what is malformed is left out."""
    values: dict[str, str] = {}
    inside = False
    for line in text.split("\n"):  # nothing else ends a line in these files
        stripped = line.strip(_BLANKS)
        if stripped.startswith("["):
            inside = stripped == f"[{GROUP}]"
        elif inside and not stripped.startswith("#") and "=" in stripped:
            key, _, value = stripped.partition("=")
            values.setdefault(key.rstrip(_BLANKS), unescape(value.lstrip(_BLANKS)))
    return values


def escape(value: str) -> str:
    """A string value as it stands in the file."""
    escaped = "".join(_ESCAPES.get(c, c) for c in value)
    # Readers trim spaces around a value.
    if escaped.startswith(" "):
        escaped = "\\s" + escaped[1:]
    return escaped[:-1] + "\\s" if escaped.endswith(" ") else escaped


def unescape(value: str) -> str:
    """The plain text of a string value."""
    plain, letters = [], iter(value)
    for letter in letters:
        if letter != "\\":
            plain.append(letter)
            continue
        following = next(letters, "")
        plain.append(_UNESCAPES.get(following, "\\" + following))
    return "".join(plain)


def exec_line(command: Sequence[str], field: str = "") -> str:
    """The plain value of ``Exec``: each argument quoted where it must be, then a field code.

    Raises:
        AigcError: ``program-path-refused``: the specification forbids ``=`` in a program's path.
    """
    if not command or "=" in command[0]:
        raise AigcError(
            "program-path-refused",
            f"The desktop cannot start {' '.join(command[:1])!r}: a path with = is not allowed in "
            "desktop entries; install the program in another folder.",
        )
    return " ".join([*(_quote(a) for a in command), *([field] if field else [])])


def _quote(argument: str) -> str:
    doubled = argument.replace("%", "%%")
    if argument and not _RESERVED.intersection(argument):
        return doubled
    return '"' + "".join("\\" + c if c in _QUOTED_ESCAPES else c for c in doubled) + '"'
