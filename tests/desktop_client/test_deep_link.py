"""Links from outside: exactly two kinds, everything else is refused."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc.errors import AigcError
from desktop_client.deep_link import StartLink, StudioLink, is_link, parse_link

PIN = "sha256:" + "a" * 43
ENGINES = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True)


@given(ENGINES)
def test_a_start_link_names_an_engine(engine: str) -> None:
    link = parse_link(f"aigc://start/{engine}")
    assert link == StartLink(engine)
    assert parse_link(str(link)) == link


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,5})?", fullmatch=True), st.integers(1, 65535))
def test_a_join_link_names_a_studio(host: str, port: int) -> None:
    link = parse_link(f"aigc://join/{host}:{port}?pin={PIN}")
    assert link == StudioLink(f"{host}:{port}", PIN)
    assert parse_link(str(link)) == link


@given(st.text(max_size=60) | st.text(string.printable, max_size=60).map("aigc://".__add__))
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    try:
        link = parse_link(text)
    except AigcError as refused:
        error = refused
    else:
        assert parse_link(str(link)) == link
        return
    assert error.key == "link-refused"
    assert error.message.endswith(".")
    assert "\n" not in error.message


@pytest.mark.parametrize(
    "text",
    [
        "aigc://start/",
        "aigc://start/../admin",
        "aigc://start/comfyui?version=1",
        "aigc://start/comfyui#x",
        "aigc://start/ComfyUI",
        "aigc://start/a b",
        "aigc://stop/comfyui",
        "AIGC://start/comfyui",
        "aigc:start/comfyui",
        "https://start/comfyui",
        "aigc://start/" + "a" * 2000,
        "aigc://start/c\u043emfyui",  # a Cyrillic letter that looks like an o
        f"aigc://join/studio.lan?pin={PIN}",
        "aigc://join/studio.lan:7443",
        "aigc://join/studio.lan:7443?pin=sha256:short",
        f"aigc://join/studio.lan:7443?pin={PIN}&token=secret",
        f"aigc://join/user@studio.lan:7443?pin={PIN}",
        f"aigc://join/studio%2elan:7443?pin={PIN}",
        f"aigc://join/<b>studio</b>:7443?pin={PIN}",
        f"aigc://join/studio.lan:7443?pin={PIN}#x",
        f"aigc://join/studio.lan:7443?pin={PIN}&pin={PIN}",
        f"aigc://join/studio.lan:7443?pin={PIN}\n",
    ],
)
def test_what_only_looks_like_a_link_is_refused(text: str) -> None:
    with pytest.raises(AigcError) as caught:
        parse_link(text)
    assert caught.value.key == "link-refused"
    assert "secret" not in caught.value.message


def test_what_means_to_be_a_link() -> None:
    assert is_link("aigc://x")
    assert is_link("AIGC://x")
    assert not is_link("aigc.studio.lan:7443")
