"""The targets by name."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import door, heads, tunnel

TARGETS: dict[str, Callable[[bytes], None]] = {
    "requests": heads.check_request,
    "answers": heads.check_answer,
    "chunks": heads.check_chunks,
    "door": door.check_door,
    "tunnel": tunnel.check_bytes,
    "dialogue": tunnel.check_dialogue,
    "websocket": tunnel.check_websocket,
}
