"""Migrations: one file per owner, m0001_core.py, m0002_identity.py, ...; applied in that order.

Each holds ``migrate(connection)``, which runs once inside the transaction that records it. A file
that was released is never edited; a later change is a new file.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

_NAME = re.compile(r"^m\d{4}_[a-z0-9_]+$")


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    migrate: Callable[[sqlite3.Connection], None]


def all_migrations() -> tuple[Migration, ...]:
    """Every migration of this package, in the order of its number."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if _NAME.match(m.name))
    return tuple(
        Migration(name, importlib.import_module(f"{__name__}.{name}").migrate) for name in names
    )
