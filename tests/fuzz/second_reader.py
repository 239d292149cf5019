"""HTTP/1.1 as h11 reads it: the other opinion on where each message ends."""

from __future__ import annotations

from dataclasses import dataclass

import h11

_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Message:
    """One message as h11 has it.

    Attributes:
        whole: False: more bytes would have to come, or:
        refused: its body is malformed from here on.
    """

    first: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    rest: bytes
    whole: bool
    refused: bool

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]


def read_request(data: bytes) -> Message | None:
    """The first request of these bytes; None while its head is not there.

    Raises:
        h11.RemoteProtocolError: h11 refuses it.
    """
    return _read(h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST), data)


def read_answer(data: bytes, method: str) -> Message | None:
    """The first answer of these bytes to a request with this method; interim ones are passed over.

    Raises:
        h11.RemoteProtocolError: h11 refuses it.
    """
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    reader.send(h11.EndOfMessage())
    return _read(reader, data)


def read_requests(data: bytes) -> list[Message]:
    """As many whole requests as h11 finds before it refuses or wants more."""
    found: list[Message] = []
    while data := _after_empty_lines(data):
        try:
            message = read_request(data)
        except h11.RemoteProtocolError:
            break
        if message is None or not message.whole:
            break
        found.append(message)
        data = message.rest
    return found


def _after_empty_lines(data: bytes) -> bytes:
    while data.startswith(b"\r\n"):
        data = data[2:]
    return data


def _read(reader: h11.Connection, data: bytes) -> Message | None:
    reader.receive_data(data)
    head: h11.Request | h11.Response | None = None
    body = b""
    while True:
        try:
            event = reader.next_event()
        except h11.RemoteProtocolError:
            if head is None:
                raise
            return _message(head, body, b"", whole=False, refused=True)
        if isinstance(event, h11.Request | h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.InformationalResponse):
            continue
        else:
            if head is None:
                return None
            whole = isinstance(event, h11.EndOfMessage)
            rest = reader.trailing_data[0] if whole else b""
            return _message(head, body, rest, whole, refused=False)


def _message(
    head: h11.Request | h11.Response, body: bytes, rest: bytes, whole: bool, refused: bool
) -> Message:
    first, target = "", b""
    if isinstance(head, h11.Request):
        first, target = head.method.decode(), head.target
    else:
        first = str(head.status_code)
    return Message(first, target, tuple(head.headers), body, rest, whole, refused)
