"""The link that a new machine or desktop is given: address, pin of the CA, and a token.

``aigc://join/aigc.studio.lan:7443?pin=sha256:...&token=...``. It holds a secret when it has a
token; show it only to whom it is meant for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from aigc.errors import AigcError
from aigc.tls import split_address

_PIN = re.compile(r"sha256:[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class JoinLink:
    """Where the coordinator is, how its CA is known, and (for machines) the single-use token."""

    address: str  # host:port of the creators' port
    pin: str
    token: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> JoinLink:
        """Read a link.

        Raises:
            AigcError: ``join-link-invalid`` says which part is wrong.
        """
        parts = urlsplit(text.strip())
        if parts.scheme != "aigc" or parts.netloc != "join":
            raise _invalid("it must begin with aigc://join/")
        address = parts.path.removeprefix("/")
        try:
            split_address(address)
        except AigcError as error:
            raise _invalid("the part after aigc://join/ must be host:port") from error
        values = parse_qs(parts.query, keep_blank_values=True)
        unknown = sorted(set(values) - {"pin", "token"})
        if unknown:
            raise _invalid(f'"{unknown[0]}" is unknown (only pin and token are)')
        if any(len(v) != 1 for v in values.values()):
            raise _invalid("pin and token may stand there only once")
        pin = values.get("pin", [""])[0]
        if not _PIN.fullmatch(pin):
            raise _invalid("its pin is missing or cut off (sha256: and 43 characters)")
        return cls(address, pin, values.get("token", [""])[0])

    def __str__(self) -> str:
        query = {"pin": self.pin} | ({"token": self.token} if self.token else {})
        return f"aigc://join/{self.address}?{urlencode(query, safe=':')}"


def _invalid(why: str) -> AigcError:
    return AigcError(
        "join-link-invalid",
        f"This is not a complete join link: {why}. Copy the whole line again, in quotes.",
    )
