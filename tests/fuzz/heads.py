"""Targets on the heads and bodies of requests and answers: what we accept, h11 accepts, and reads
to the same end; what we pass on is read as the same message again."""

from __future__ import annotations

import re

from gateway.answer_heads import BadAnswerError, read_answer, write_answer
from gateway.bodies import BadBodyError, BodyReader, ChunkReader, LengthReader, UntilCloseReader
from gateway.door import read_cookies
from gateway.forwarding import write_request
from gateway.heads import RefusedHeadError, RequestHead, RequestReader, find_head_end
from tests.fuzz import second_reader

# h11 takes a trailer of such a name for framing, and refuses it; here trailers are dropped.
_FRAMING_IN_TRAILERS = re.compile(rb"(?i)\r\n(?:content-length|transfer-encoding):")
_NEVER_ONWARD = {
    b"forwarded", b"via", b"x-real-ip", b"te", b"keep-alive", b"proxy-connection",
    b"http2-settings", b"remote-user", b"x-original-url", b"x-user", b"x-groups",
}  # fmt: skip
_OURS = {
    b"x-aigc-user": b"lin",
    b"x-forwarded-for": b"10.0.0.1",
    b"x-forwarded-proto": b"https",
}
_NEVER_TO_BROWSERS = {
    b"clear-site-data", b"service-worker-allowed", b"alt-svc", b"strict-transport-security",
    b"public-key-pins", b"keep-alive", b"upgrade", b"proxy-authenticate",
}  # fmt: skip


def check_request(data: bytes) -> None:
    """One request: its head, and as much of its body as there is."""
    end = find_head_end(data)
    if end < 0:
        return
    reader = RequestReader()
    try:
        head = reader.read(data[:end])
        read_cookies(head.fields)
    except RefusedHeadError:
        return
    again = reader.read(data[:end])
    assert (again.method, again.target) == (head.method, head.target)
    assert (again.content_length, again.chunked) == (head.content_length, head.chunked)
    theirs = second_reader.read_request(data)
    assert theirs is not None, "h11 wants more of a head that we have whole"
    assert theirs.first == head.method
    assert head.target[:1] == b"/"
    assert theirs.target.endswith(head.target) or head.target == b"/"
    assert theirs.all(b"host") == [head.fields.raw_host]
    body = ChunkReader() if head.chunked else LengthReader(head.content_length or 0)
    _compare_bodies(body, data[end:], theirs)
    _check_onward(head)


def _check_onward(head: RequestHead) -> None:
    onward = write_request(head, "lin", b"10.0.0.1", b"https")
    assert onward.count(b"\n") == onward.count(b"\r\n") == onward.count(b"\r")
    read = second_reader.read_request(onward)
    assert read is not None
    assert (read.first, read.target) == (head.method, head.target)
    assert read.all(b"host") == [head.fields.raw_host]
    lengths, codings = read.all(b"content-length"), read.all(b"transfer-encoding")
    if head.chunked and not head.websocket:
        assert (lengths, codings) == ([], [b"chunked"])
    elif head.content_length is not None and not head.websocket:
        assert (lengths, codings) == ([b"%d" % head.content_length], [])
    else:
        assert (lengths, codings) == ([], [])
    for pair in b";".join(read.all(b"cookie")).split(b";"):
        assert not pair.strip().lower().startswith(b"__host-aigc"), "our cookie goes to the engine"
    for name, value in _OURS.items():
        assert read.all(name) == [value], name
    for name, _ in read.headers:
        plain = name.replace(b"_", b"-")
        assert plain not in _NEVER_ONWARD, name
        assert name in _OURS or plain not in _OURS, name


def check_answer(data: bytes) -> None:
    """One answer; the first byte says to which request it is."""
    if not data:
        return
    method = "HEAD" if data[0] & 1 else "GET"
    http_1_0, keep_alive = bool(data[0] & 2), bool(data[0] & 4)
    data = data[1:]
    end = find_head_end(data)
    if end < 0:
        return
    try:
        head = read_answer(data[:end])
    except BadAnswerError:
        return
    assert read_answer(data[:end]) == head, "a known line is read differently"
    assert 100 <= head.status <= 999
    if head.status < 200:
        return
    bodiless = method == "HEAD" or head.status in (204, 304)
    body: BodyReader
    if bodiless:
        body = LengthReader(0)
    elif head.chunked:
        body = ChunkReader()
    elif head.content_length is not None:
        body = LengthReader(head.content_length)
    else:
        body = UntilCloseReader()
    theirs = second_reader.read_answer(data, method)
    assert theirs is not None
    assert theirs.first == str(head.status)
    _compare_bodies(body, data[end:], theirs)
    rechunk = not http_1_0 and not bodiless and not isinstance(body, LengthReader)
    onward = write_answer(head, keep_alive, http_1_0, rechunk, bodiless)
    assert onward.count(b"\n") == onward.count(b"\r\n") == onward.count(b"\r")
    assert onward.endswith(b"\r\n\r\n")
    assert onward.count(b"\r\n\r\n") == 1
    read = second_reader.read_answer(onward, method)
    assert read is not None
    assert read.first == str(head.status)
    assert len(read.all(b"content-length")) + len(read.all(b"transfer-encoding")) <= 1
    for name, value in read.headers:
        assert name not in _NEVER_TO_BROWSERS, name
        if name == b"set-cookie":
            assert not value.lstrip(b" \t=").lower().startswith(b"__host-aigc")
            attributes = [part.split(b"=")[0].strip().lower() for part in value.split(b";")[1:]]
            assert b"domain" not in attributes


def check_chunks(data: bytes) -> None:
    """A chunked body: as h11 reads it, and the same in whatever pieces it comes."""
    if not data:
        return
    step, data = data[0] + 1, data[1:]
    whole, pieces = ChunkReader(), ChunkReader()
    try:
        found, rest = whole.feed(data)
    except BadBodyError:
        try:
            for at in range(0, len(data), step):
                if pieces.ended:
                    break
                pieces.feed(data[at : at + step])
        except BadBodyError:
            return
        assert pieces.ended or len(data) > 4096, "refused as a whole and not in pieces"
        return
    got, left = b"", b""
    for at in range(0, len(data), step):
        if pieces.ended:
            left += data[at : at + step]
            continue
        part, after = pieces.feed(data[at : at + step])
        got += b"".join(part)
        left += after
    assert (got, left, pieces.ended) == (b"".join(found), rest, whole.ended)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    theirs = second_reader.read_request(head + data)
    assert theirs is not None
    assert theirs.body == got
    if theirs.refused:
        assert _FRAMING_IN_TRAILERS.search(data), "h11 refuses chunks that we read"
        return
    if whole.ended:
        assert (theirs.whole, theirs.rest) == (True, rest)


def _compare_bodies(body: BodyReader, data: bytes, theirs: second_reader.Message) -> None:
    got, rest, whole = b"", b"", data
    try:
        while data and not body.ended:
            pieces, data = body.feed(data)
            got += b"".join(pieces)
        rest = data
    except BadBodyError:
        return
    assert theirs.body == got
    if theirs.refused:
        assert _FRAMING_IN_TRAILERS.search(whole), "h11 refuses a body that we read"
        return
    if body.ended:
        assert (theirs.whole, theirs.rest) == (True, rest)
    else:
        assert not theirs.whole
