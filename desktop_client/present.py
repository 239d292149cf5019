"""Everything that the windows are made from, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from desktop_client.desk import Desk
from desktop_client.settings import Settings
from desktop_client.theme import Colours


@dataclass(frozen=True, slots=True)
class Present:
    """``now`` is aware UTC, ``zone`` the desktop's."""

    desk: Desk
    settings: Settings
    language: str
    colours: Colours
    now: datetime
    zone: tzinfo | None
