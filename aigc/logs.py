"""Logs of all programs: one line each, ``key=value``, with secrets taken out.

Use the standard library's loggers and give context as ``extra``::

    log.info("node connected", extra={"node_id": node_id})

or bind it once: ``log = logs.bind(logging.getLogger(__name__), node_id=node_id)``.
"""

from __future__ import annotations

import logging
import re
import sys
from collections import deque
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SECRET_KEY = re.compile(
    r"password|passwd|secret|authorization|cookie|credential|private_key|(^|_)token$|(^|_)code$",
    re.IGNORECASE,
)
_HIDDEN = "[hidden]"
_LONGEST_LINE = 20_000  # characters that the RAM log keeps of one record
# What a secret looks like inside a text, whoever wrote it: the group before it is kept.
_SECRETS_IN_TEXT = (
    re.compile(
        r"()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
    ),
    re.compile(r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),  # a JWT
    re.compile(r"(\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
    # Headers as such, to the line's end: whatever scheme or cookies they carry.
    re.compile(
        r"(\b(?:proxy-)?(?:authorization|authentication)[\"']?\s*[:=]\s*)[^\r\n]{4,}",
        re.IGNORECASE,
    ),
    re.compile(r"(\b(?:set-)?cookie[\"']?\s*[:=]\s*)[^\r\n]{4,}", re.IGNORECASE),
    re.compile(
        # From the word's beginning, so that a long word is read once and not from each letter.
        r"(\b\w*(?:password|passwd|secret|token|code|code_verifier)"
        r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}]{6,}",
        re.IGNORECASE,
    ),
    re.compile(r"(__Host-[A-Za-z0-9_-]+=)[^\s;\"']+"),
    re.compile(r"()\baigc_[a-z0-9]{1,8}_[A-Za-z0-9_-]{16,}"),  # our own tokens say what they are
)


def redact(text: str) -> str:
    """The text without anything that looks like a secret."""
    for pattern in _SECRETS_IN_TEXT:
        text = pattern.sub(rf"\g<1>{_HIDDEN}", text)
    return text


class KeyValueFormatter(logging.Formatter):
    """``2026-11-02T09:00:00.000Z INFO coordinator.fleet "node connected" node_id=...``"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
        parts = [stamp, record.levelname, record.name, _quote(redact(record.getMessage()))]
        for key, value in record.__dict__.items():
            if key in _STANDARD or key.startswith("_"):
                continue
            shown = _HIDDEN if _SECRET_KEY.search(key) else redact(str(value))
            parts.append(f"{key}={_quote(shown)}")
        line = " ".join(parts)
        if record.exc_info:
            line += "\n" + redact(self.formatException(record.exc_info))
        if record.stack_info:
            line += "\n" + redact(record.stack_info)
        return line


class BoundLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines all carry some context."""

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def bind(logger: logging.Logger, **context: object) -> BoundLog:
    """A logger that adds the given keys to each of its lines."""
    return BoundLog(logger, context)


class RamLog(logging.Handler):
    """The last lines in memory, already redacted, for a report that a person sends.

    A line is made when it is logged, so that no object (and no secret) is kept alive; any thread
    may log and read.

    Args:
        records: how many are kept; the oldest go.
    """

    def __init__(self, records: int = 2000) -> None:
        super().__init__()
        self.setFormatter(KeyValueFormatter())
        self._lines: deque[str] = deque(maxlen=records)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as every handler: a bad format string must not end us
            self.handleError(record)
            return
        shown = line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " [cut]"
        self._lines.append(shown)  # under the handler's lock

    def lines(self) -> tuple[str, ...]:
        """What is kept, oldest first; a record with a traceback is one entry of several lines."""
        lock = self.lock
        assert lock is not None
        with lock:
            return tuple(self._lines)


def set_up_logs(
    level: str = "INFO", stream: TextIO | None = None, ram: RamLog | None = None
) -> None:
    """Send this program's logs to a stream (standard error by default), redacted.

    Libraries are kept at WARNING, since some tell tokens at DEBUG.

    Args:
        ram: keeps our own records of every level, whatever the stream's is.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    handler.setLevel(level.upper())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    if ram is not None:
        root.addHandler(ram)
    root.setLevel(logging.WARNING)
    for ours in ("aigc", "coordinator", "gateway", "node_agent", "desktop_client"):
        logging.getLogger(ours).setLevel(level.upper() if ram is None else logging.DEBUG)
    logging.captureWarnings(True)


setup = set_up_logs


def _quote(text: str) -> str:
    if text and not re.search(r"[\s\"=]", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped.replace(chr(13), "")}"'
