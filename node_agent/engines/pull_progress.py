"""How many bytes of an image are here: a pure fold over Docker's pull messages.

Each message names a layer and what happens to it. Sizes become known one by one, as layers start,
so the total is None until every layer of the image has told its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from node_agent.engines.driver import Progress

_HERE = ("Verifying Checksum", "Download complete", "Extracting", "Pull complete")


@dataclass(frozen=True, slots=True)
class Layer:
    """Bytes of one layer; ``size`` is None while unknown."""

    done: int = 0
    size: int | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class PullState:
    """What the messages so far have said.

    Attributes:
        layers: by layer id, in the order in which they were first named.
        digest: of the image, "" until the daemon says it (at the end).
        error: what the daemon said went wrong, "" if nothing did.
    """

    layers: Mapping[str, Layer] = field(default_factory=dict)
    digest: str = ""
    error: str = ""

    def progress(self, finished: bool = False) -> Progress:
        """The sum of all layers; a finished pull has its total in any case."""
        done = sum(layer.done for layer in self.layers.values())
        # A layer that ended without telling a size counts for what was seen of it.
        sizes = [x.done if x.complete else x.size for x in self.layers.values()]
        known = [size for size in sizes if size is not None]
        total = sum(known) if sizes and len(known) == len(sizes) else None
        if finished:
            total = done = max(done, total or 0)
        return Progress(part="image", done=done, total=total, finished=finished)


def fold(state: PullState, message: Mapping[str, Any]) -> PullState:
    """The state after one message; messages that say nothing about bytes change nothing."""
    if "error" in message:
        detail = message.get("errorDetail")
        text = detail.get("message") if isinstance(detail, Mapping) else None
        return replace(state, error=str(text or message["error"]))
    status = str(message.get("status", ""))
    if status.startswith("Digest: "):
        return replace(state, digest=status.removeprefix("Digest: ").strip())
    layer_id = str(message.get("id", ""))
    # "Pulling from library/x" carries the tag as its id; it is not a layer.
    if not layer_id or status.startswith("Pulling from"):
        return state
    layer = _fold_layer(state.layers.get(layer_id, Layer()), status, message)
    return replace(state, layers={**state.layers, layer_id: layer})


def _fold_layer(layer: Layer, status: str, message: Mapping[str, Any]) -> Layer:
    current, size = _detail(message)
    if status == "Already exists":
        return replace(layer, size=layer.size or 0, complete=True)
    if status == "Downloading" and not layer.complete:
        # A retried layer begins again at nothing; what a person sees never goes back.
        size = size or layer.size
        done = max(layer.done, current or 0)
        return replace(layer, done=done if size is None else min(done, size), size=size)
    if status in _HERE:
        # A small layer arrives without ever telling its size, until it is extracted.
        known = layer.size or (size if status == "Extracting" else None)
        if known is None:
            return replace(layer, complete=layer.complete or status == "Pull complete")
        return replace(layer, done=known, size=known, complete=True)
    return layer


def _detail(message: Mapping[str, Any]) -> tuple[int | None, int | None]:
    detail = message.get("progressDetail")
    if not isinstance(detail, Mapping):
        return None, None
    current, total = detail.get("current"), detail.get("total")
    return (
        current if isinstance(current, int) else None,
        total if isinstance(total, int) and total > 0 else None,
    )
