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
    text = messages()[key][1 if language == "zh" else 0]
    return text.format(**values) if values else text


def knows(key: str) -> bool:
    """Whether there is such a message."""
    return key in messages()


def language_of(name: str) -> str:
    """``zh`` for any Chinese locale name, else ``en``."""
    return "zh" if name.lower().startswith("zh") else "en"


@cache
def messages() -> dict[str, tuple[str, str]]:
    """id -> (English, Chinese), of all areas.

    Raises:
        ValueError: two messages have one id.
    """
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(FOLDER.glob("aigc_*_zh_CN.ts")):
        # Our own files, shipped with the program: nothing hostile to guard against.
        for message in ElementTree.parse(path).iter("message"):  # noqa: S314
            key = message.get("id", "")
            if key in found:
                raise ValueError(f"{path.name}: {key} is there twice")
            found[key] = (message.findtext("source", ""), message.findtext("translation", ""))
    return found
