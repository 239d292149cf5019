"""Join links: written, read back, and refused with the part that is wrong."""

from __future__ import annotations

import pytest

from aigc.errors import AigcError
from aigc.join_link import JoinLink

PIN = "sha256:" + "A" * 43


def test_a_link_reads_back_as_it_was_written() -> None:
    link = JoinLink("aigc.studio.lan:7443", PIN, "tok-en_1")
    assert str(link) == f"aigc://join/aigc.studio.lan:7443?pin={PIN}&token=tok-en_1"
    assert JoinLink.parse(f"  {link}\n") == link
    assert "tok-en_1" not in repr(link)


def test_ipv6_and_no_token() -> None:
    link = JoinLink("[fd00::1]:7443", PIN)
    assert JoinLink.parse(str(link)) == link


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("https://join/a:1", "begin"),
        (f"aigc://other/a:1?pin={PIN}", "begin"),
        (f"aigc://join/nohost?pin={PIN}", "host:port"),
        ("aigc://join/a:1", "pin"),
        (f"aigc://join/a:1?pin={PIN[:-3]}", "pin"),
        (f"aigc://join/a:1?pin={PIN}&pin={PIN}", "once"),
        (f"aigc://join/a:1?pin={PIN}&tokne=x", "tokne"),
    ],
)
def test_a_broken_link_says_what_is_wrong(text: str, part: str) -> None:
    with pytest.raises(AigcError, match=part) as caught:
        JoinLink.parse(text)
    assert caught.value.key == "join-link-invalid"
