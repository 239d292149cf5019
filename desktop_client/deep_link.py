"""Links that other programs may give us: ``aigc://start/ENGINE`` and ``aigc://join/HOST:PORT?pin=…``.

Pure, and strict: a web page can make a browser offer any such link, so everything that is not
exactly of these two forms is refused with one sentence, and what a link asks for happens only
after the person agreed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aigc.errors import AigcError
from aigc.join_link import JoinLink

SCHEME = "aigc"
_LONGEST = 1024  # characters
_START = re.compile(r"aigc://start/([a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)/?")
_ADDRESS = re.compile(r"[A-Za-z0-9.:\[\]-]{1,261}")
_PLAIN = re.compile(r"[\x21-\x7e]+")  # no blanks, no controls, nothing that only looks like ASCII


@dataclass(frozen=True, slots=True)
class StartLink:
    """Start (or open) one's instance of an engine."""

    engine_id: str

    def __str__(self) -> str:
        return f"aigc://start/{self.engine_id}"


@dataclass(frozen=True, slots=True)
class StudioLink:
    """Make this coordinator the one of this desktop."""

    address: str  # host:port
    pin: str

    def __str__(self) -> str:
        return str(JoinLink(self.address, self.pin))


DeepLink = StartLink | StudioLink


def is_link(text: str) -> bool:
    """Whether a text means to be one of our links at all."""
    return text[: len(SCHEME) + 1].lower() == f"{SCHEME}:"


def parse_link(text: str) -> DeepLink:
    """Read a link.

    Raises:
        AigcError: ``link-refused`` with the reason in one sentence.
    """
    if len(text) > _LONGEST:
        raise _refused(f"it is longer than {_LONGEST} characters")
    if not _PLAIN.fullmatch(text):
        raise _refused("it holds blanks or other characters that no such link has")
    if match := _START.fullmatch(text):
        return StartLink(match[1])
    if text.startswith("aigc://start/"):
        raise _refused("what follows aigc://start/ is not the name of an engine")
    if not text.startswith("aigc://join/"):
        raise _refused("only aigc://start/… and aigc://join/… are known")
    if "#" in text or "@" in text or "%" in text:
        raise _refused("a join link is an address and a pin, nothing more")
    try:
        link = JoinLink.parse(text)
    except AigcError as error:
        raise _refused(error.message.removeprefix("This is not a complete join link: ")) from error
    if not _ADDRESS.fullmatch(link.address):
        raise _refused("the part after aigc://join/ is not host:port")
    if link.token:
        raise _refused("it holds a token and so joins a GPU machine; ask IT for the desktop's link")
    return StudioLink(link.address, link.pin)


def _refused(why: str) -> AigcError:
    return AigcError("link-refused", f"This link was not followed: {why.rstrip('.')}.")
