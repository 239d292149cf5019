"""What a picture is made from. Each module beside this one that has a ``scenes()`` adds to them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

import tests.screenshots
from desktop_client.theme import Colours


@dataclass(frozen=True, slots=True)
class Scene:
    """One window in one state.

    Attributes:
        name: the end of the picture's file name, unique among all areas.
        make: called with the theme (applied already) and ``en`` or ``zh``.
        size: width and height in device-independent pixels; None: the window's own.
        then: called once the window is shown, for what needs a shown one (select a row, scroll).
    """

    name: str
    make: Callable[[Colours, str], QWidget]
    size: tuple[int, int] | None = None
    then: Callable[[QWidget], None] | None = None


def areas() -> tuple[str, ...]:
    """The names of the modules that may have scenes."""
    names = (module.name for module in pkgutil.iter_modules(tests.screenshots.__path__))
    return tuple(sorted(n for n in names if n not in ("__main__", "scene", "scenes")))


def scenes_of(area: str) -> Sequence[Scene]:
    """The scenes of one area; none where the module only helps others."""
    module = importlib.import_module(f"tests.screenshots.{area}")
    made = getattr(module, "scenes", None)
    return () if made is None else tuple(made())
