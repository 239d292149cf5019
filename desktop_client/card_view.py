"""One engine's or instance's card as a value: what it says, shows and offers. Pure.

Each card has one action that is right now; the rest is behind "more".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from desktop_client.desk import Action


class Shape(StrEnum):
    """A state's mark, so that colour is never alone."""

    READY = "ready"  # filled disc
    STARTING = "starting"  # arc
    QUEUED = "queued"  # clock
    STOPPED = "stopped"  # ring
    ATTENTION = "attention"  # triangle


@dataclass(frozen=True, slots=True)
class Offer:
    """An action with its words."""

    action: Action
    label: str
    enabled: bool = True
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """``fraction`` is None while the total is unknown."""

    fraction: float | None
    text: str


@dataclass(frozen=True, slots=True)
class PartView:
    """Image, data or models on their way.

    Attributes:
        fraction: between 0 and 1; None while the total is unknown.
        figure: the bytes.
        left: about how long it still takes; empty where nobody can say.
    """

    label: str
    fraction: float | None
    figure: str
    left: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """A reading over the last minutes.

    Attributes:
        points: at which moment which value between 0 and 1; None is a gap.
        until: the right edge; the last value holds until then.
    """

    label: str
    figure: str
    points: tuple[tuple[datetime, float | None], ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class CardView:
    """One engine or instance. ``why`` answers "why am I waiting" in full, else empty.

    Attributes:
        engine_id: a card that takes another's place (an engine's first instance) has the same.
        progress: over everything that is on its way; ``parts`` are its pieces.
        note: what the graphs are of, where that is not plain.
        tag: a word beside the state ("view only"), or empty.
        guest: somebody else's, shared with this person.
    """

    key: str
    title: str
    version: str
    icon_svg: str
    shape: Shape
    struck: bool  # offline: the last known state
    line: str
    details: tuple[str, ...] = ()
    refusal: str = ""
    progress: Progress | None = None
    action: Offer | None = None
    more: tuple[Offer, ...] = ()
    why: str = ""
    simulated: bool = False
    engine_id: str = ""
    parts: tuple[PartView, ...] = ()
    graphs: tuple[Graph, ...] = ()
    note: str = ""
    tag: str = ""
    guest: bool = False


def matches(card: CardView, text: str) -> bool:
    """Whether each word of a search is in the card's name, version or line; of somebody else's,
    in the owner's name too."""
    engine = " ".join(card.details) if card.guest else card.engine_id
    where = f"{card.title} {card.version} {engine} {card.line}".casefold()
    return all(word in where for word in text.casefold().split())


def held(shown: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """An order of the wanted cards in which nothing moves that is shown already.

    Args:
        shown: (key, engine) of the cards as they are under the pointer.
        wanted: (key, engine) of the cards as they should be.

    Returns:
        The wanted keys: those shown keep their order, the new card of an engine takes the place of
        its card that goes, other new ones come last.
    """
    keys = {key for key, _ in wanted}
    known = {key for key, _ in shown}
    fresh = [(key, engine) for key, engine in wanted if key not in known]
    order: list[str] = []
    for key, engine in shown:
        if key in keys:
            order.append(key)
            continue
        heir = next((f for f in fresh if f[1] == engine), None)
        if heir is not None:
            fresh.remove(heir)
            order.append(heir[0])
    return (*order, *(key for key, _ in fresh))
