"""Every word that a person reads in the desktop client, in English and Simplified Chinese.

One catalogue, plain values: no Qt, so that the pure view model and the browser's last page speak
the same words as the windows.
"""

from __future__ import annotations

from desktop_client.i18n.catalogue import MESSAGES

LANGUAGES = ("en", "zh")


def say(key: str, language: str, /, **values: object) -> str:
    """A message in a language, with its values filled in. KeyError for an unknown key."""
    text = MESSAGES[key][1 if language == "zh" else 0]
    return text.format(**values) if values else text


def knows(key: str) -> bool:
    """Whether the catalogue has such a message."""
    return key in MESSAGES


def language_of(name: str) -> str:
    """``zh`` for any Chinese locale name, else ``en``."""
    return "zh" if name.lower().startswith("zh") else "en"
