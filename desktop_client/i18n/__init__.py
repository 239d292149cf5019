"""Every word that a person reads in the desktop client, in English and Simplified Chinese.

The words live beside this file in Qt Linguist's own form (``aigc_AREA_zh_CN.ts``): a message has an
id, the English text as its source, and the Chinese translation. They are read here without Qt, so
that the pure view models and the browser's last page speak the same words as the windows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

LANGUAGES = ("en", "zh")
FOLDER = Path(__file__).parent


def say(key: str, language: str, /, **values: object) -> str:
    """A message in a language, with its values filled in. KeyError for an unknown key."""
    found = _find(key)
    if found is None:
        raise KeyError(key)
    text = found[1 if language == "zh" else 0]
    return text.format(**values) if values else text


def knows(key: str) -> bool:
    """Whether there is such a message."""
    return _find(key) is not None


def language_of(name: str) -> str:
    """``zh`` for any Chinese locale name, else ``en``."""
    return "zh" if name.lower().startswith("zh") else "en"


def messages() -> dict[str, tuple[str, str]]:
    """id -> (English, Chinese), of all areas.

    Raises:
        ValueError: two messages have one id.
    """
    tray, admin = _read("tray"), _read("admin")
    if twice := tray.keys() & admin.keys():
        raise ValueError(f"there twice: {', '.join(sorted(twice))}")
    return tray | admin


def _find(key: str) -> tuple[str, str] | None:
    """The admin window's words, which are most of them, are read once one of them is asked for.

    Problems are all among the others: one that a newer coordinator names is in no file, and the
    tray must not read them all in its GUI thread to find that out.
    """
    found = _read("tray").get(key)
    return _read("admin").get(key) if found is None and not key.startswith("problem.") else found


@cache
def _read(program: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(FOLDER.glob("aigc_*_zh_CN.ts")):
        if path.name.startswith("aigc_admin") is not (program == "admin"):
            continue
        # Our own files, shipped with the program: nothing hostile to guard against.
        for message in ElementTree.parse(path).iter("message"):  # noqa: S314
            key = message.get("id", "")
            if key in found:
                raise ValueError(f"{path.name}: {key} is there twice")
            texts = {part.tag: part.text or "" for part in message}
            found[key] = (texts["source"], texts["translation"])
    return found
