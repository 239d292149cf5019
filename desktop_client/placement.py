"""Where the flyout goes: beside the tray's icon and wholly on the screen. Pure.

All lengths are device-independent pixels of the desktop's own coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

GAP = 8  # between the icon and the flyout, where there is room for it


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; right and bottom are the first pixels outside."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def holds(self, other: Box) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def meets(self, other: Box) -> bool:
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Display:
    """A screen: all of it, and what panels and docks leave free."""

    whole: Box
    free: Box


def display_of(displays: Sequence[Display], anchor: Box) -> Display:
    """The screen that the anchor is on, else the nearest. ValueError if there is none."""
    return min(displays, key=lambda d: _distance(d.whole, anchor))


def place(width: int, height: int, anchor: Box | None, display: Display) -> Box:
    """The flyout's rectangle: always within what is free, never over the anchor where there is
    room beside it.

    Args:
        width: wanted; what is not free is cut off. So is the height.
        anchor: the icon; None if nobody knows where it is: then the corner by the panel.
    """
    free = display.free
    width, height = min(width, free.width), min(height, free.height)
    if anchor is None:
        return _in_corner(width, height, display)
    for gap in (GAP, 0):
        for box in _beside(width, height, anchor, display, gap):
            if free.holds(box) and not box.meets(anchor):
                return box
    return _kept_in(Box(_centred(anchor.x, anchor.width, width), anchor.y, width, height), free)


def panel_side(display: Display) -> str:
    """On which side of the screen the widest panel is; the bottom where there is none."""
    whole, free = display.whole, display.free
    taken = {
        "bottom": whole.bottom - free.bottom,
        "top": free.y - whole.y,
        "right": whole.right - free.right,
        "left": free.x - whole.x,
    }
    return max(taken, key=lambda side: taken[side])


def _in_corner(width: int, height: int, display: Display) -> Box:
    """Status areas are at the end of a panel: to the right, and at the bottom."""
    free, side = display.free, panel_side(display)
    x = free.x if side == "left" else free.right - width
    y = free.y if side == "top" else free.bottom - height
    inset_x = min(GAP, free.width - width)
    inset_y = min(GAP, free.height - height)
    return Box(
        x + inset_x if side == "left" else x - inset_x,
        y + inset_y if side == "top" else y - inset_y,
        width,
        height,
    )


def _beside(width: int, height: int, anchor: Box, display: Display, gap: int) -> Iterator[Box]:
    """On each side of the anchor, that away from the screen's nearest edge first."""
    free, whole = display.free, display.whole
    middle_x, middle_y = anchor.x + anchor.width // 2, anchor.y + anchor.height // 2
    edges = {
        "bottom": whole.bottom - middle_y,
        "top": middle_y - whole.y,
        "right": whole.right - middle_x,
        "left": middle_x - whole.x,
    }
    side = panel_side(display)
    for edge in sorted(edges, key=lambda e: (edges[e] > 96 or e != side, edges[e])):
        box = Box(
            _centred(anchor.x, anchor.width, width),
            _centred(anchor.y, anchor.height, height),
            width,
            height,
        )
        match edge:
            case "bottom":
                y = min(anchor.y - gap, free.bottom) - height
                box = Box(box.x, y, width, height)
            case "top":
                box = Box(box.x, max(anchor.bottom + gap, free.y), width, height)
            case "right":
                x = min(anchor.x - gap, free.right) - width
                box = Box(x, box.y, width, height)
            case _:
                box = Box(max(anchor.right + gap, free.x), box.y, width, height)
        across = edge in ("bottom", "top")
        kept = _kept_in(box, free)
        yield Box(kept.x, box.y, width, height) if across else Box(box.x, kept.y, width, height)


def _kept_in(box: Box, free: Box) -> Box:
    x = max(min(box.x, free.right - box.width), free.x)
    y = max(min(box.y, free.bottom - box.height), free.y)
    return Box(x, y, box.width, box.height)


def _centred(start: int, length: int, inner: int) -> int:
    return start + (length - inner) // 2


def _distance(one: Box, other: Box) -> int:
    """Squared, between the other's middle and the first; 0 within."""
    x, y = other.x + other.width // 2, other.y + other.height // 2
    across = max(one.x - x, 0, x - (one.right - 1))
    down = max(one.y - y, 0, y - (one.bottom - 1))
    return across * across + down * down
