"""Marks and icons: told apart by shape, sharp at every size, seen on light and dark panels."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from desktop_client.shapes import mark, tray_icon
from desktop_client.theme import DARK, LIGHT
from desktop_client.view_model import Icon, Shape
from tests.desktop_client.qt import app as app

SIZES = (16, 18, 20, 22, 24, 28, 32, 33, 36, 40, 44, 48, 64)  # of panels, from 100 to 300 %


def picture(icon: Icon, size: int, dark: bool = False) -> QImage:
    return tray_icon(icon, dark=dark).pixmap(QSize(size, size), 1.0).toImage()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("icon", Icon)
def test_an_icon_is_painted_for_each_size_and_has_sharp_sides(
    app: QApplication, icon: Icon, size: int
) -> None:
    image = picture(icon, size)
    assert (image.width(), image.height()) == (size, size), "not scaled from another size"
    line = size // 2 + (2 if icon is Icon.OFFLINE else 0)
    alphas = [image.pixelColor(x, line).alpha() for x in range(size)]
    solid = [x for x, alpha in enumerate(alphas) if alpha == 255]
    first, last = solid[0], solid[-1]
    assert first + last == size - 1, "in the middle"
    if icon is not Icon.OFFLINE:  # whose stroke is slanted
        rim = next(alpha for alpha in alphas if alpha)
        assert set(alphas) <= {0, rim, 255}
        assert 100 < rim < 180


def test_each_state_has_a_shape_of_its_own(app: QApplication) -> None:
    for size in (16, 22, 64):
        seen = set()
        for icon in Icon:
            image = picture(icon, size)
            seen.add(
                bytes(
                    (image.pixelColor(x, y).alpha() > 128)
                    + (
                        image.pixelColor(x, y).alpha() > 128
                        and image.pixelColor(x, y).lightness() > 200
                    )
                    for x in range(size)
                    for y in range(size)
                )
            )
        assert len(seen) == len(Icon), size


def luminance(colour: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)

    return (
        0.2126 * linear(colour.redF())
        + 0.7152 * linear(colour.greenF())
        + 0.0722 * linear(colour.blueF())
    )


def contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("icon", Icon)
def test_an_icon_stands_out_from_light_and_dark_panels(
    app: QApplication, icon: Icon, dark: bool
) -> None:
    """A panel may be dark on a light desktop, so both hold for both."""
    image = picture(icon, 64, dark)
    ground = image.pixelColor(12, 26)
    assert ground.alpha() == 255
    for panel in ("#f3f3f3", "#1b1b1b"):
        assert contrast(ground, QColor(panel)) >= 2.8, panel
    assert contrast(ground, QColor("white")) >= 3, "the glyph"


def test_grey_icons_follow_the_theme(app: QApplication) -> None:
    for icon in (Icon.SIGNED_OUT, Icon.OFFLINE):
        assert picture(icon, 22) != picture(icon, 22, dark=True)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_marks_differ_by_shape_and_struck_ones_from_whole_ones(
    app: QApplication, colours: object
) -> None:
    seen = set()
    for shape in Shape:
        for struck in (False, True):
            image = mark(shape, struck, LIGHT if colours is LIGHT else DARK, 14, 2.0).toImage()
            assert image.width() == 28
            seen.add(
                bytes(image.pixelColor(x, y).alpha() > 128 for x in range(28) for y in range(28))
            )
    assert len(seen) == 2 * len(Shape)
