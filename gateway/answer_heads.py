"""The heads of engines' answers: read strictly, written anew for the browser. No I/O.

An engine repeats most of its header lines in every answer. A line that was read once is known by
its very bytes and not read again; what it means never depends on the lines around it, except that
``Connection`` may name others.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.forwarding import header_for_browser

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)")
_DIGITS = re.compile(rb"[0-9]{1,18}")
_LENGTH, _CODING, _CONNECTION, _TYPE = 1, 2, 3, 4
_KINDS = {
    b"content-length": _LENGTH,
    b"transfer-encoding": _CODING,
    b"connection": _CONNECTION,
    b"content-type": _TYPE,
}
# Lines known to the process, whichever engine said them; longer ones are read each time, as are
# cookies, which are nobody else's business.
_MAX_KNOWN = 4096
_MAX_KNOWN_BYTES = 256
_new_head = tuple.__new__  # past the wrapper that a named tuple has in Python


class BadAnswerError(Exception):
    """An engine's answer that cannot be read for sure."""


class AnswerHead(NamedTuple):
    """One answer's head. ``content_length`` None and not chunked: until the connection closes.

    Attributes:
        lines: the status line and what of the header lines goes on to the browser.
        content_type: in lower case; empty if there is none.
    """

    status: int
    lines: bytes
    keep_alive: bool
    content_length: int | None
    chunked: bool
    content_type: bytes


class _Line(NamedTuple):
    """One header line.

    Attributes:
        onward: as the browser gets it; empty if it does not.
        kind: of those that are read here, else 0.
        value: of those that are read here, in lower case.
    """

    onward: bytes
    kind: int
    value: bytes
    name: bytes


class _Status(NamedTuple):
    code: int
    onward: bytes
    http_1_0: bool


_lines: dict[bytes, _Line] = {}
_statuses: dict[bytes, _Status] = {}


def read_answer(head: bytes) -> AnswerHead:
    """Read one complete answer head, its empty line included.

    Raises:
        BadAnswerError: it is not HTTP/1.x, or where its body ends is not certain.
    """
    first, *texts, _, _ = head.split(b"\r\n")
    status = _statuses.get(first) or _read_status(first)
    known = _lines.get
    onward = [status[1]]
    keep_alive = not status[2]
    length: int | None = None
    chunked = False
    content_type = b""
    named: list[bytes] = []
    for text in texts:
        line = known(text) or _read_line(text)
        kind = line[1]
        onward.append(line[0])
        if not kind:
            continue
        if kind == _LENGTH:
            if length is not None:
                raise BadAnswerError("a second Content-Length")
            length = int(line[2])
        elif kind == _TYPE:
            content_type = content_type or line[2]
        elif kind == _CODING:
            if chunked or status[2]:
                raise BadAnswerError("chunks twice, or in HTTP/1.0")
            chunked = True
        elif line[2] != b"keep-alive":
            named += [token.strip() for token in line[2].split(b",")]
        elif status[2]:
            keep_alive = True
    if chunked and length is not None:
        raise BadAnswerError("a Content-Length beside chunks")
    if named:
        keep_alive = b"close" not in named and (keep_alive or b"keep-alive" in named)
        kept = [_lines.get(text) or _read_line(text) for text in texts]
        onward[1:] = [line.onward for line in kept if line.name not in named]
    return _new_head(
        AnswerHead, (status[0], b"".join(onward), keep_alive, length, chunked, content_type)
    )


def write_answer(
    head: AnswerHead, keep_alive: bool, http_1_0: bool, rechunk: bool, bodiless: bool
) -> bytes:
    """The answer's head for the browser.

    Args:
        head: as the engine sent it.
        keep_alive: another request may follow on the browser's connection.
        http_1_0: the browser's side speaks HTTP/1.0.
        rechunk: the body goes out in chunks of ours.
        bodiless: no body follows, whatever the head says (HEAD, 204, 304).
    """
    status = head.status
    if status == 101:
        return head.lines + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    if status < 200:
        return head.lines + b"\r\n"
    framing = b""
    if rechunk:
        framing = b"Transfer-Encoding: chunked\r\n"
    elif head.content_length is not None and status != 204:
        framing = b"Content-Length: %d\r\n" % head.content_length
    elif bodiless and head.chunked and status == 200:
        framing = b"Transfer-Encoding: chunked\r\n"  # of HEAD: as GET would have it
    if not keep_alive:
        framing += b"Connection: close\r\n"
    elif http_1_0:
        framing += b"Connection: keep-alive\r\n"
    return b"%b%b\r\n" % (head.lines, framing)


def _read_status(text: bytes) -> _Status:
    match = _STATUS_LINE.fullmatch(text)
    if match is None:
        raise BadAnswerError("a status line that is not one of HTTP/1.x")
    onward = b"HTTP/1.1 %b %b\r\n" % (match[2], match[3] or b"")
    status = _Status(int(match[2]), onward, match[1] == b"0")
    if len(text) <= _MAX_KNOWN_BYTES:
        _make_room(_statuses)
        _statuses[text] = status
    return status


def _read_line(text: bytes) -> _Line:
    match = _HEADER_LINE.fullmatch(text)
    if match is None:
        raise BadAnswerError("a header line that is malformed, broken or folded")
    name, value = match[1].lower(), match[2].strip(b" \t")
    kind = _KINDS.get(name, 0)
    line = _Line(header_for_browser(name, match[1], value), kind, b"", name)
    if kind:
        line = line._replace(value=value.lower())
        if kind == _LENGTH and _DIGITS.fullmatch(value) is None:
            raise BadAnswerError("a Content-Length that is not one number")
        if kind == _CODING and line.value != b"chunked":
            raise BadAnswerError("a transfer coding that is not plain chunked")
    if len(text) <= _MAX_KNOWN_BYTES and name != b"set-cookie":
        _make_room(_lines)
        _lines[text] = line
    return line


def _make_room(known: dict[bytes, _Line] | dict[bytes, _Status]) -> None:
    if len(known) >= _MAX_KNOWN:
        known.clear()
