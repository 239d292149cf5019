"""Icons come out as pictures and nothing else."""

from __future__ import annotations

import pytest

from coordinator.catalogue.icon import MAX_BYTES, sanitise

_OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'


def test_a_drawing_stays() -> None:
    clean = sanitise(f'{_OPEN}<!-- x --><path d="M0 0 L8 8" fill="url(#g)"/></svg>')
    assert clean == (
        '<svg viewBox="0 0 8 8" xmlns="http://www.w3.org/2000/svg">'
        '<path d="M0 0 L8 8" fill="url(#g)" /></svg>'
    )


def test_an_editors_notes_go() -> None:
    clean = sanitise(
        f'{_OPEN}<sodipodi:x xmlns:sodipodi="http://s"/><g data-x="1" style="fill:red"/></svg>'
    )
    assert "sodipodi" not in clean
    assert "data-x" not in clean
    assert "style" not in clean


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<g ONLOAD="alert(1)"/>',
        "<foreignObject/>",
        '<a href="#x"/>',
        '<image href="#x"/>',
        '<use href="https://evil/x.svg#a"/>',
        '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="//evil/x"/>',
        '<rect fill="url(https://evil/)"/>',
        '<rect fill="URL( //evil)"/>',
        "<style>*{}</style>",
        '<animate attributeName="href"/>',
        "<animateTransform/>",
        '<set attributeName="onload"/>',
        "&nbsp;",
        "<unclosed>",
    ],
)
def test_what_could_act_is_refused(inside: str) -> None:
    with pytest.raises(ValueError, match="must"):
        sanitise(f"{_OPEN}{inside}</svg>")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg/>',
        '<?xml-stylesheet href="x"?><svg/>',
        "<html/>",
        "",
        "<svg>" + " " * MAX_BYTES + "</svg>",
    ],
)
def test_other_documents_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        sanitise(text)
