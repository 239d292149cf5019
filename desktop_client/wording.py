"""Bytes, times and parts as people say them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo

from desktop_client.i18n import knows, say
from desktop_client.model import Part, Problem, Refusals, RefusedTarget

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size(count: int) -> str:
    """``4.1 GB``: decimal units, as disks and registries count."""
    value, unit = _scaled(count)
    return f"{value} {unit}"


def of_size(done: int, total: int) -> str:
    """``4.1 / 9.8 GB``: both in the unit of the total."""
    value, unit = _scaled(total)
    divisor = 1000 ** _UNITS.index(unit)
    return f"{_figure(min(done, total) / divisor)} / {value} {unit}"


def memory_size(count: int) -> str:
    """``24.0 GB`` for 24 GiB: memory as makers, drivers and templates count it, so that a card of
    24 GB does not turn up as one of 25.8."""
    value, unit = _scaled(count, 1024)
    return f"{value} {unit}"


def of_memory(used: int, total: int) -> str:
    """``11.2 / 24.0 GB``: both in the unit of the total, as ``memory_size``."""
    value, unit = _scaled(total, 1024)
    divisor = 1024 ** _UNITS.index(unit)
    return f"{_figure(min(used, total) / divisor)} / {value} {unit}"


def _scaled(count: int, base: int = 1000) -> tuple[str, str]:
    value, index = float(max(count, 0)), 0
    while value >= 999.5 and index < len(_UNITS) - 1:
        value /= base
        index += 1
    return (str(int(value)) if index == 0 else _figure(value)), _UNITS[index]


def _figure(value: float) -> str:
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def moment(at: datetime, now: datetime, zone: tzinfo | None, language: str) -> str:
    """``14:02``, ``yesterday 18:42``, ``20 Nov 18:42``: in the desktop's time zone."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = local.strftime("%H:%M")
    if local.date() == today:
        return clock
    if local.date() == today - timedelta(days=1):
        return say("time.yesterday", language, clock=clock)
    if language == "zh":
        return f"{local.month}月{local.day}日 {clock}"
    return f"{local.day} {local.strftime('%b')} {clock}"


def duration(span: timedelta, language: str) -> str:
    """``25 min``, ``2 h 5 min``, rounded up so that nothing is promised too early."""
    minutes = max(-(-int(span.total_seconds()) // 60), 0)
    if minutes < 1:
        return say("time.moment", language)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return say("time.minutes", language, minutes=minutes)
    if not minutes:
        return say("time.hours", language, hours=hours)
    return say("time.hours_minutes", language, hours=hours, minutes=minutes)


def elapsed(span: timedelta, language: str) -> str:
    """``25 min``, ``3 days``: how long something lasts by now, so rounded down."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes < 1:
        return say("time.under_minute", language)
    if minutes >= 2 * 24 * 60:
        return say("time.days", language, days=minutes // (24 * 60))
    return duration(timedelta(minutes=minutes), language)


def about(left: timedelta, language: str) -> str:
    """``about 3 min``: an estimate, coarser the farther it reaches."""
    if left < timedelta(minutes=1):
        return say("estimate.soon", language)
    minutes = -(-int(left.total_seconds()) // 60)
    if minutes > 60:
        minutes = -(-minutes // 15) * 15
    elif minutes > 10:
        minutes = -(-minutes // 5) * 5
    span = duration(timedelta(minutes=minutes), language)
    return say("estimate.about", language, span=span)


def part_line(part: Part, language: str) -> str:
    """``image 4.1 / 9.8 GB``; a part of unknown size says what came so far."""
    name = say(f"part.{part.kind}", language)
    if part.done:
        return say("part.done", language, part=name)
    if part.bytes_total is None:
        if not part.bytes_done:
            return say("part.begun", language, part=name)
        return f"{name} {size(part.bytes_done)}"
    return f"{name} {of_size(part.bytes_done, part.bytes_total)}"


def refused(refusals: Refusals, language: str) -> str:
    """What an engine's walls refused, in one line: how often, and where to most."""
    count = refusals.total
    key = "refused.one" if count == 1 else "refused.many"
    if not refusals.top:
        return say(f"{key}.nowhere", language, count=count)
    where = destination(refusals.top[0])
    if len(refusals.top) > 1:
        where = say("refused.and_others", language, where=where)
    return say(key, language, count=count, where=where)


def destination(target: RefusedTarget) -> str:
    """``192.168.1.7:445``, ``[fe80::1]:53``, or the name that was asked for."""
    if not target.port or target.protocol == "name":
        return target.address
    address = f"[{target.address}]" if ":" in target.address else target.address
    return f"{address}:{target.port}"


def progress(parts: Sequence[Part]) -> float | None:
    """Between 0 and 1 over all bytes; None while the total of an unfinished part is unknown."""
    open_parts = [p for p in parts if not p.done]
    if not parts or any(p.bytes_total is None for p in open_parts):
        return None
    total = sum(p.bytes_total if p.bytes_total is not None else p.bytes_done for p in parts)
    done = sum(
        (p.bytes_total if p.bytes_total is not None else p.bytes_done)
        if p.done
        else min(p.bytes_done, p.bytes_total or 0)
        for p in parts
    )
    if total <= 0:
        return 1.0 if not open_parts else None
    return min(done / total, 1.0)


def problem_text(problem: Problem | None, language: str) -> str:
    """A problem in the person's language: translated by its key where the catalogue knows it."""
    if problem is None:
        return ""
    key = f"problem.{problem.key}"
    if language == "zh" and knows(key):
        return say(key, language)
    return problem.message[:1].upper() + problem.message[1:]


def listed(names: Sequence[str]) -> Callable[[str], str]:
    """Names in a row, as each language does it."""
    return lambda language: ("、" if language == "zh" else ", ").join(names)


def grouped(pin: str) -> str:
    """A pin in groups of eight characters, easier to compare by eye."""
    kind, _, value = pin.partition(":")
    groups = [value[i : i + 8] for i in range(0, len(value), 8)]
    return f"{kind}: {' '.join(groups)}" if value else pin
