"""The flyout is always wholly on its screen, and beside the icon: by properties."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client.placement import GAP, Box, Display, display_of, panel_side, place

corner = st.integers(-4000, 4000)


@st.composite
def displays(draw: st.DrawFn) -> Display:
    """A screen at any place, with a panel at any of its sides."""
    whole = Box(
        draw(corner), draw(corner), draw(st.integers(320, 3840)), draw(st.integers(240, 2160))
    )
    panel = draw(st.integers(0, 120))
    free = {
        "none": whole,
        "bottom": Box(whole.x, whole.y, whole.width, whole.height - panel),
        "top": Box(whole.x, whole.y + panel, whole.width, whole.height - panel),
        "left": Box(whole.x + panel, whole.y, whole.width - panel, whole.height),
        "right": Box(whole.x, whole.y, whole.width - panel, whole.height),
    }[draw(st.sampled_from(["none", "bottom", "top", "left", "right"]))]
    return Display(whole, free)


@st.composite
def anchors(draw: st.DrawFn, display: Display) -> Box:
    """An icon somewhere on a screen."""
    size = draw(st.integers(1, 64))
    return Box(
        draw(st.integers(display.whole.x, display.whole.right - size)),
        draw(st.integers(display.whole.y, display.whole.bottom - size)),
        size,
        size,
    )


sizes = st.tuples(st.integers(200, 800), st.integers(100, 900))


@settings(deadline=None)
@given(display=displays(), size=sizes, data=st.data())
def test_wholly_in_what_is_free_and_beside_the_icon_where_there_is_room(
    display: Display, size: tuple[int, int], data: st.DataObject
) -> None:
    anchor = data.draw(st.none() | anchors(display))
    placed = place(*size, anchor, display)
    free = display.free
    assert free.holds(placed)
    assert (placed.width, placed.height) == (min(size[0], free.width), min(size[1], free.height))
    if anchor is None:
        return
    room = (
        anchor.y - free.y >= placed.height
        or free.bottom - anchor.bottom >= placed.height
        or anchor.x - free.x >= placed.width
        or free.right - anchor.right >= placed.width
    )
    assert not (room and placed.meets(anchor))


@settings(deadline=None)
@given(places=st.lists(displays(), min_size=1, max_size=4), data=st.data())
def test_on_the_screen_that_the_icon_is_on(places: list[Display], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(places))
    anchor = data.draw(anchors(chosen))
    found = display_of(places, anchor)
    middle = Box(anchor.x + anchor.width // 2, anchor.y + anchor.height // 2, 1, 1)
    assert found.whole.holds(middle)
    assert found.free.holds(place(360, 640, anchor, found))


FULL_HD = Box(0, 0, 1920, 1080)


def test_above_a_panel_at_the_bottom_and_below_one_at_the_top() -> None:
    bottom = Display(FULL_HD, Box(0, 0, 1920, 1040))
    icon = Box(1700, 1048, 24, 24)
    placed = place(360, 500, icon, bottom)
    assert placed.bottom == 1040
    assert placed.x == 1700 + 12 - 180
    assert panel_side(bottom) == "bottom"
    top = Display(FULL_HD, Box(0, 32, 1920, 1048))
    assert place(360, 500, Box(1880, 4, 24, 24), top) == Box(1560, 36, 360, 500)


def test_beside_a_panel_at_the_side() -> None:
    left = Display(FULL_HD, Box(64, 0, 1856, 1080))
    placed = place(360, 500, Box(20, 900, 24, 24), left)
    assert placed.x == 64
    assert placed.bottom == 1080 or placed.y == 900 + 12 - 250


def test_in_the_panels_corner_where_nobody_knows_the_icon() -> None:
    for free, expected in (
        (Box(0, 0, 1920, 1040), Box(1560 - GAP, 540 - GAP, 360, 500)),
        (Box(0, 40, 1920, 1040), Box(1560 - GAP, 40 + GAP, 360, 500)),
        (Box(60, 0, 1860, 1080), Box(60 + GAP, 580 - GAP, 360, 500)),
        (FULL_HD, Box(1560 - GAP, 580 - GAP, 360, 500)),
    ):
        assert place(360, 500, None, Display(FULL_HD, free)) == expected


def test_a_screen_smaller_than_the_flyout_is_filled() -> None:
    small = Display(Box(0, 0, 320, 240), Box(0, 0, 320, 200))
    assert place(360, 640, Box(300, 210, 16, 16), small) == Box(0, 0, 320, 200)
