"""Imported before everything else of a desktop program: makes imports after PySide6 cost nothing
extra.

PySide reads the source of every module that is imported after it, and keeps it, to see whether
that module might want its ``snake_case`` feature: a third of the tray's start and 7 MiB. Nothing
here uses that feature, so PySide is told at once what it would find: every module has none of it.
Where a later PySide does this in another way, imports are merely slower; a test says so.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

import PySide6.QtCore  # noqa: F401 - it is what brings the look into sources


def _reads_no_source(module: object) -> bool:
    """In the place of PySide's own look into a module's source: a feature could be chosen there,
    and is not."""
    return True


with contextlib.suppress(ImportError, AttributeError):
    _feature: Any = importlib.import_module("shibokensupport.feature")
    if callable(_feature._mod_uses_pyside):
        _feature._mod_uses_pyside = _reads_no_source
