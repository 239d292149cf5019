"""What a person chose for this desktop. A pure value, and its file; no secret is in here.

The file is read once before the first window and written in the event loop's thread. Keys of a
newer version are kept; a file that cannot be understood is set aside, never overwritten unseen.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from aigc.errors import AigcError
from desktop_client.i18n import language_of
from desktop_client.tokens import write_private

log = logging.getLogger(__name__)

_FILE = "settings.json"
_BROKEN = "settings.broken.json"

T = TypeVar("T", bound=StrEnum)


class Language(StrEnum):
    """Which words."""

    SYSTEM = "system"
    ENGLISH = "en"
    CHINESE = "zh"


class Look(StrEnum):
    """Which colours."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Notify(StrEnum):
    """What is worth a notification. Everything is in the Recent list either way."""

    ALL = "all"
    NEEDS_ME = "needs-me"  # a release that is near, a failure, a refusal
    NONE = "none"


class OnSleep(StrEnum):
    """What happens to running engines when this computer goes to sleep."""

    KEEP = "keep"
    ASK = "ask"  # on waking: still wanted?
    STOP = "stop"


class Snooze(StrEnum):
    """For how long notifications are silent."""

    HOUR = "hour"
    TOMORROW = "tomorrow"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Settings:
    """Attributes:
    snoozed_until: no notifications before this time (aware UTC); None: not silent.
    welcomed: whether the first run was gone through to its end.
    told_tokens: ids of the API tokens whose coming end was told.
    others: keys of a newer version, kept as they are.
    """

    language: Language = Language.SYSTEM
    look: Look = Look.SYSTEM
    notify: Notify = Notify.ALL
    on_sleep: OnSleep = OnSleep.KEEP
    snoozed_until: datetime | None = None
    welcomed: bool = False
    told_tokens: frozenset[str] = frozenset()
    others: Mapping[str, Any] = field(default_factory=dict)

    def snoozed(self, now: datetime) -> datetime | None:
        """Until when notifications are silent, or None."""
        until = self.snoozed_until
        return until if until is not None and until > now else None

    def spoken_language(self, system: str) -> str:
        """``en`` or ``zh``, given the name of the desktop's locale."""
        return language_of(system) if self.language is Language.SYSTEM else str(self.language)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found. ``problem`` says what was wrong with the file, if something was."""

    settings: Settings
    problem: AigcError | None = None


def snooze(settings: Settings, span: Snooze, now: datetime) -> Settings:
    """Silent for a while; ``now`` in the desktop's own zone, since "tomorrow" is eight o'clock
    there."""
    match span:
        case Snooze.HOUR:
            until: datetime | None = now + timedelta(hours=1)
        case Snooze.TOMORROW:
            morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
            until = morning + timedelta(days=1)
        case Snooze.OFF:
            until = None
    return replace(settings, snoozed_until=until)


def parse_settings(text: str) -> Settings:
    """From JSON. An unknown choice (of a newer version) becomes the default.

    Raises:
        ValueError: it is not a JSON object, or a value has the wrong type.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("it holds no object")
    until = value.pop("snoozed_until", None)
    at = datetime.fromisoformat(until) if until is not None else None
    if at is not None and at.tzinfo is None:
        raise ValueError("snoozed_until has no time zone")
    return Settings(
        language=_choice(Language, value.pop("language", None), Language.SYSTEM),
        look=_choice(Look, value.pop("look", None), Look.SYSTEM),
        notify=_choice(Notify, value.pop("notify", None), Notify.ALL),
        on_sleep=_choice(OnSleep, value.pop("on_sleep", None), OnSleep.KEEP),
        snoozed_until=at,
        welcomed=value.pop("welcomed", False) is True,
        told_tokens=_names(value.pop("told_tokens", [])),
        others=value,
    )


def write_settings(settings: Settings) -> str:
    """To JSON; ``parse_settings`` gives the same value back."""
    until = settings.snoozed_until
    value = dict(settings.others) | {
        "language": str(settings.language),
        "look": str(settings.look),
        "notify": str(settings.notify),
        "on_sleep": str(settings.on_sleep),
        "snoozed_until": until.isoformat() if until else None,
        "welcomed": settings.welcomed,
        "told_tokens": sorted(settings.told_tokens),
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def load_settings(config_dir: Path) -> Loaded:
    """What was saved, or the defaults. A broken file is set aside and told of, never an error."""
    path = config_dir / _FILE
    try:
        return Loaded(parse_settings(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Loaded(Settings())
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Loaded(
            Settings(),
            AigcError(
                "settings-unreadable",
                f"Your settings in {path} cannot be read ({why}); the defaults are used until its "
                "rights are mended.",
            ),
        )
    except (ValueError, TypeError) as error:
        log.warning("the settings cannot be understood: %s", type(error).__name__)
        aside = config_dir / _BROKEN
        try:
            path.replace(aside)
        except OSError as failure:
            log.warning("and cannot be set aside: %s", failure.strerror)
        return Loaded(
            Settings(),
            AigcError(
                "settings-broken",
                f"Your settings could not be understood and begin anew; the old file is {aside}.",
            ),
        )


def save_settings(config_dir: Path, settings: Settings) -> None:
    """Keep them; a crash in between leaves the old file whole. Blocks: not for the GUI thread.

    Raises:
        AigcError: ``file-unwritable``.
    """
    write_private(config_dir / _FILE, write_settings(settings))


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{value!r} is no list of names")
    return frozenset(value)


def _choice(kind: type[T], value: object, default: T) -> T:
    if value is None:
        return default
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no choice")
    try:
        return kind(value)
    except ValueError:
        return default
