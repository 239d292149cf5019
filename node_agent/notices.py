"""What the coordinator told this machine about itself, kept for whoever looks after it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aigc.clock import Clock, from_milliseconds, milliseconds
from protos.aigc.v1 import node_pb2

log = logging.getLogger(__name__)

_FILE = "notice.json"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence, and when it came."""

    key: str
    text: str
    at: datetime


def keep_notice(state_dir: Path, notice: node_pb2.Notice, clock: Clock) -> None:
    """Log it, and keep it for `aigc agent check`. Blocking."""
    log.error("the coordinator says", extra={"key": notice.key, "what": notice.text.en})
    value = {"key": notice.key, "text": notice.text.en, "at_ms": milliseconds(clock.now())}
    try:
        (state_dir / _FILE).write_text(json.dumps(value) + "\n", encoding="utf-8")
    except OSError as error:
        log.warning("the notice was not kept", extra={"why": str(error)})


def last_notice(state_dir: Path) -> Notice | None:
    """The last one since this machine joined, if any. Blocking."""
    try:
        value = json.loads((state_dir / _FILE).read_text(encoding="utf-8"))
        at = from_milliseconds(int(value["at_ms"]))
        return Notice(str(value["key"]), str(value["text"]), at) if at else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the kept notice cannot be read", extra={"why": str(error)})
        return None


def forget_notice(state_dir: Path) -> None:
    """This machine has a fresh identity: what was said of the old one is over. Blocking."""
    (state_dir / _FILE).unlink(missing_ok=True)
