"""What the admin window remembers between starts: one small JSON file beside the client's own."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from desktop_client.tokens import write_private

log = logging.getLogger(__name__)

_FILE = "admin.json"
LOOKS = ("", "light", "dark")


@dataclass(frozen=True, slots=True)
class TableSettings:
    """One table: columns in their order, widths, sort and filter.

    Attributes:
        columns: keys of the shown columns, in their order; empty: as the page has them.
        widths: pixels by column key, for those that a person changed.
        sort: key of the column, empty: as the page has it.
        detail: width of the detail pane in pixels; 0: as the page has it.
    """

    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    filter: str = ""
    detail: int = 0


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """See the module. ``geometry`` is Qt's own form, in hexadecimal; no language: the tray's.
    ``look`` is light or dark, empty: as the desktop."""

    geometry: str = ""
    language: str = ""
    look: str = ""
    page: str = ""
    tables: Mapping[str, TableSettings] = field(default_factory=dict)

    def table(self, key: str) -> TableSettings:
        return self.tables.get(key, TableSettings())

    def with_table(self, key: str, table: TableSettings) -> AdminSettings:
        return replace(self, tables={**self.tables, key: table})

    def with_page(self, page: str) -> AdminSettings:
        return replace(self, page=page)

    def with_language(self, language: str) -> AdminSettings:
        return replace(self, language=language)

    def with_look(self, look: str) -> AdminSettings:
        return replace(self, look=look)

    def with_geometry(self, geometry: str) -> AdminSettings:
        return replace(self, geometry=geometry)


def load_settings(config_dir: Path) -> AdminSettings:
    """What was saved. A file that cannot be understood is as none: nothing in it is precious."""
    path = config_dir / _FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return AdminSettings(
            geometry=_text(value.get("geometry")),
            language=_text(value.get("language")),
            look=_look(value.get("look")),
            page=_text(value.get("page")),
            tables={str(k): _table(v) for k, v in value.get("tables", {}).items()},
        )
    except FileNotFoundError:
        return AdminSettings()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        log.warning("%s cannot be used, so the window begins anew: %s", path, error)
        return AdminSettings()


def save_settings(config_dir: Path, settings: AdminSettings) -> None:
    """Keep it; a crash in between leaves the old file whole. Raises OSError."""
    write_private(config_dir / _FILE, json.dumps(asdict(settings), indent=2) + "\n")


def _table(value: Any) -> TableSettings:
    return TableSettings(
        columns=tuple(str(c) for c in value.get("columns", ())),
        widths={str(k): int(v) for k, v in value.get("widths", {}).items()},
        sort=_text(value.get("sort")),
        descending=value.get("descending") is True,
        filter=_text(value.get("filter")),
        detail=int(value.get("detail") or 0),
    )


def _look(value: object) -> str:
    return _text(value) if value in LOOKS else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
