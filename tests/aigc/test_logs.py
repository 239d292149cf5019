"""One line per record, context as key=value, and no secret in it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from aigc import logs


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.KeyValueFormatter())
    logger = logging.getLogger("aigc.test")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


def test_context_is_key_value(out: io.StringIO) -> None:
    log = logs.bind(logging.getLogger("aigc.test"), node_id="n1")
    log.info("node connected", extra={"why": 'a "b" c'})
    line = out.getvalue()
    assert line.endswith(' INFO aigc.test "node connected" node_id=n1 why="a \\"b\\" c"\n')


def test_a_line_break_does_not_forge_a_line(out: io.StringIO) -> None:
    logging.getLogger("aigc.test").info("a\n2026 INFO forged", extra={"name_": "x\ny"})
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "authorization: Bearer KNOWN-SECRET-1",
        "GET /cb?code=KNOWN-SECRET-1&state=1",
        '{"refresh_token": "KNOWN-SECRET-1"}',
        "aigc://join/a:1?pin=sha256:x&token=KNOWN-SECRET-1",
        "cookie __Host-aigc=KNOWN-SECRET-1; x",
        "aigc_s_KNOWN-SECRET-1-and-more-of-it",
        "-----BEGIN PRIVATE KEY-----\nKNOWN-SECRET-1\n-----END PRIVATE KEY-----",
    ],
)
def test_secrets_in_texts_are_hidden(out: io.StringIO, text: str) -> None:
    logging.getLogger("aigc.test").debug("%s", text, extra={"what": text})
    assert "KNOWN-SECRET-1" not in out.getvalue()


@pytest.mark.parametrize("key", ["password", "session_token", "authorization", "cookie", "token"])
def test_secrets_by_their_key_are_hidden(out: io.StringIO, key: str) -> None:
    logging.getLogger("aigc.test").info("x", extra={key: "hunter2"})
    assert "hunter2" not in out.getvalue()


def test_secrets_in_tracebacks_are_hidden(out: io.StringIO) -> None:
    try:
        raise ValueError("token=KNOWN-SECRET-1")
    except ValueError:
        logging.getLogger("aigc.test").exception("failed")
    assert "KNOWN-SECRET-1" not in out.getvalue()
    assert "ValueError" in out.getvalue()
