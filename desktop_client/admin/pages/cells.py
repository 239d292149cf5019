"""What cells of several tables say: times, sizes, shares. Unknown is a dash, never zero. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from desktop_client.admin.tables.column import Mark, Speech
from desktop_client.i18n import say
from desktop_client.model import SILENT, Instance, State
from desktop_client.view_model import Shape
from desktop_client.wording import duration, memory_size, moment, of_memory, size

DASH = "–"
_DAYS = timedelta(days=2)  # from there on hours tell nobody anything


def at(when: datetime | None, speech: Speech) -> str:
    """``14:02``, ``yesterday 18:42``."""
    return DASH if when is None else moment(when, speech.now, speech.zone, speech.language)


def stamp(when: datetime | None, speech: Speech) -> str:
    """``2026-11-23 14:02:09``: where the second matters."""
    return DASH if when is None else f"{when.astimezone(speech.zone):%Y-%m-%d %H:%M:%S}"


def span(length: timedelta, language: str) -> str:
    """``25 min``, ``29 h 5 min``, and from two days on ``3 days``."""
    if length < _DAYS:
        return duration(length, language)
    return say("instances.days", language, days=length // timedelta(days=1))


def ago(when: datetime | None, speech: Speech) -> str:
    """``25 min``: how long since then."""
    if when is None:
        return DASH
    return span(max(speech.now - when, timedelta()), speech.language)


def both(when: datetime | None, speech: Speech) -> str:
    """``14:02 (25 min ago)``, ``14:52 (in 15 min)``: absolute and relative."""
    if when is None:
        return DASH
    key = "instances.ago" if when <= speech.now else "instances.ahead"
    far = span(abs(speech.now - when), speech.language)
    return say(key, speech.language, at=at(when, speech), span=far)


def bytes_of(count: int | None) -> str:
    return DASH if count is None else size(count)


def memory(count: int | None) -> str:
    """Of a card or a machine."""
    return DASH if count is None else memory_size(count)


def percent(value: float | None) -> str:
    return DASH if value is None else f"{value:.0f} %"


def gigabytes(count: int | None) -> float | None:
    """Of disks and data, in the unit of comparisons: ``disk<50``."""
    return None if count is None else count / 1e9


def memory_gigabytes(count: int | None) -> float | None:
    """The same of memory: ``vram>10``."""
    return None if count is None else count / 1024**3


def vram(instance: Instance) -> str:
    """What it uses of what it may: of its reserved share, else of its whole cards."""
    limit = reserved(instance)
    used = instance.vram_used_bytes
    if limit is None:
        return memory(used)
    return f"{DASH} / {memory_size(limit)}" if used is None else of_memory(used, limit)


def reserved(instance: Instance) -> int | None:
    """Bytes of card memory that are its own; None while it has none or nobody can tell."""
    if not instance.cards:
        return None
    if instance.vram_reserved_bytes is not None:
        return instance.vram_reserved_bytes * len(instance.cards)
    totals = [c.total_bytes for c in instance.cards]
    return None if None in totals else sum(t for t in totals if t is not None)


def short(card: str) -> str:
    """``RTX 4090`` for ``NVIDIA GeForce RTX 4090``: what tells the cards of a studio apart."""
    return card.removeprefix("NVIDIA ").removeprefix("GeForce ").removesuffix(" Generation")


def cards(instance: Instance) -> str:
    """``RTX 4090``, ``2 × RTX 4090``."""
    counted: dict[str, int] = {}
    for card in instance.cards:
        counted[short(card.name)] = counted.get(short(card.name), 0) + 1
    return ", ".join(n if c == 1 else f"{c} × {n}" for n, c in counted.items()) or DASH


def shape_of(state: State) -> Shape:
    """The mark of a state, as the tray draws it."""
    match state:
        case State.READY:
            return Shape.READY
        case State.QUEUED:
            return Shape.QUEUED
        case State.STOPPED:
            return Shape.STOPPED
        case State.FAILED:
            return Shape.ATTENTION
    return Shape.ATTENTION if state in SILENT else Shape.STARTING


def mark_of(instance: Instance) -> Mark:
    """Struck where the state is only the last known one."""
    return Mark(shape_of(instance.state), struck=instance.state in SILENT)


def state_word(state: str, language: str) -> str:
    """``Ready``; what a newer coordinator calls a state that this program does not know stays."""
    try:
        known = State(state)
    except ValueError:
        return state
    return say(f"instances.state.{known}", language)
