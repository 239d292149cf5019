"""Icons: inline SVG, taken apart and put together again from what is known to be harmless."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

MAX_BYTES = 32 * 1024

_SVG = "http://www.w3.org/2000/svg"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"

_ELEMENTS = frozenset(
    [
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "defs",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
        "mask",
        "title",
        "desc",
        "use",
        "symbol",
        "text",
        "tspan",
    ]
)
_REFUSED_ELEMENTS = frozenset(
    ["script", "foreignObject", "iframe", "image", "a", "animate", "set", "style", "handler"]
)
_ATTRIBUTES = frozenset(
    [
        "viewBox",
        "width",
        "height",
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "d",
        "points",
        "transform",
        "fill",
        "fill-opacity",
        "fill-rule",
        "stroke",
        "stroke-width",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "stroke-dasharray",
        "stroke-dashoffset",
        "stroke-opacity",
        "opacity",
        "offset",
        "stop-color",
        "stop-opacity",
        "gradientUnits",
        "gradientTransform",
        "spreadMethod",
        "fx",
        "fy",
        "clip-path",
        "clip-rule",
        "mask",
        "id",
        "href",
        "preserveAspectRatio",
        "font-size",
        "font-weight",
        "font-family",
        "text-anchor",
        "dominant-baseline",
        "role",
        "aria-hidden",
    ]
)
_URL = re.compile(r"url\(\s*(?!#)", re.IGNORECASE)


def sanitise(svg: str) -> str:
    """The same picture, holding only shapes, paint and references into itself.

    Raises:
        ValueError: it is no SVG, too large, or holds something that could act; in words.
    """
    if len(svg.encode()) > MAX_BYTES:
        raise ValueError(f"must be at most {MAX_BYTES // 1024} KiB of SVG")
    if "<!" in re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL) or "<?xml-stylesheet" in svg:
        raise ValueError("must hold no document type, entities or style sheets")
    try:
        root = ET.fromstring(svg.strip())  # noqa: S314  see above
    except ET.ParseError as error:
        raise ValueError(f"must be well-formed SVG ({error})") from error
    if root.tag not in ("svg", f"{{{_SVG}}}svg"):
        raise ValueError('must be one <svg xmlns="http://www.w3.org/2000/svg"> element')
    clean = _clean(root)
    clean.set("xmlns", _SVG)
    return ET.tostring(clean, encoding="unicode")


def _clean(element: ET.Element) -> ET.Element:
    result = ET.Element(_local(element.tag))
    result.text = element.text
    for name, value in element.attrib.items():
        local = "href" if name == _XLINK_HREF else name
        if local.lower().startswith("on"):
            raise ValueError(f"must hold no script: remove the attribute {local}")
        if local == "href" and not value.startswith("#"):
            raise ValueError("must refer to nothing outside itself: remove href")
        if _URL.search(value):
            raise ValueError(f"must refer to nothing outside itself: remove url() from {local}")
        if local in _ATTRIBUTES:
            result.set(local, value)
    for child in element:
        if not isinstance(child.tag, str):
            continue  # comments and processing instructions
        if child.tag.startswith("{") and not child.tag.startswith(f"{{{_SVG}}}"):
            continue  # an editor's own notes
        local = _local(child.tag)
        if local in _REFUSED_ELEMENTS or local.startswith("animate"):
            raise ValueError(f"must be a plain drawing: remove the element <{local}>")
        if local in _ELEMENTS:
            kept = _clean(child)
            kept.tail = child.tail
            result.append(kept)
    return result


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
