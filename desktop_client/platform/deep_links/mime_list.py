"""``mimeapps.list``: which program opens what. Pure, on the file's text; all else in it is kept."""

from __future__ import annotations

from collections.abc import Callable

_DEFAULTS = "[Default Applications]"
_ADDED = "[Added Associations]"


def default_of(text: str, mime: str) -> str:
    """The first program of the default, or nothing."""
    for group, key, programs in _lines(text):
        if group == _DEFAULTS and key == mime and programs:
            return programs[0]
    return ""


def with_default(text: str, mime: str, program: str) -> str:
    """The list with this program as the default; others that were named stay behind it."""

    def first(programs: tuple[str, ...]) -> tuple[str, ...]:
        return (program, *(p for p in programs if p != program))

    changed = _changed(text, mime, (_DEFAULTS,), first)
    if default_of(changed, mime) == program:
        return changed
    lines = _split(text)
    line = f"{mime}={program};"
    if _DEFAULTS in lines:
        lines.insert(lines.index(_DEFAULTS) + 1, line)
    else:
        lines += [*([""] if lines and lines[-1] else []), _DEFAULTS, line]
    return "\n".join(lines) + "\n"


def without(text: str, mime: str, program: str) -> str:
    """The list without this program; another that took its place stays."""

    def others(programs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(p for p in programs if p != program)

    return _changed(text, mime, (_DEFAULTS, _ADDED), others)


def _lines(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """(group, type, programs) of each line; group and type empty where a line is something else."""
    group, found = "", []
    for line in _split(text):
        stripped = line.strip()
        if stripped.startswith("["):
            group = stripped
        key, equals, value = stripped.partition("=")
        if group and equals and not stripped.startswith(("#", "[")):
            programs = tuple(p.strip() for p in value.split(";") if p.strip())
            found.append((group, key.strip(), programs))
        else:
            found.append(("", "", ()))
    return found


def _changed(
    text: str,
    mime: str,
    groups: tuple[str, ...],
    change: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> str:
    """The text with the programs of one type changed in some groups; an empty line leaves."""
    lines = []
    for line, (group, key, programs) in zip(_split(text), _lines(text), strict=True):
        if key == mime and group in groups:
            if new := change(programs):
                lines.append(f"{mime}={';'.join(new)};" if new != programs else line)
        else:
            lines.append(line)
    return "\n".join(lines) + ("\n" if lines else "")


def _split(text: str) -> list[str]:
    """Lines end at a line feed, and at nothing else that Unicode has."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines
