"""One line per record, context as key=value, and no secret in it."""

from __future__ import annotations

import io
import logging
import threading
import time
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
        "Cookie: a=1; session=KNOWN-SECRET-1",
        "set-cookie: sid=KNOWN-SECRET-1; HttpOnly",
        "Authorization: Token KNOWN-SECRET-1",
        "{'authorization': 'KNOWN-SECRET-1'}",
        "Proxy-Authorization: Digest username=a, response=KNOWN-SECRET-1",
        "aigc_s_KNOWN-SECRET-1-and-more-of-it",
        "-----BEGIN PRIVATE KEY-----\nKNOWN-SECRET-1\n-----END PRIVATE KEY-----",
    ],
)
def test_secrets_in_texts_are_hidden(out: io.StringIO, text: str) -> None:
    logging.getLogger("aigc.test").debug("%s", text, extra={"what": text})
    assert "KNOWN-SECRET-1" not in out.getvalue()


def test_long_lines_are_searched_in_time_that_grows_with_their_length() -> None:
    begun = time.process_time()
    for text in ("x" * 100_000, "a_" * 50_000, "token " * 20_000, "=" * 100_000):
        logs.redact(text)
    assert time.process_time() - begun < 10, "it took minutes where each letter began a search"


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


def test_the_ram_log_keeps_the_last_lines_of_every_level_without_secrets() -> None:
    ram = logs.RamLog(records=3)
    logger = logging.getLogger("aigc.ram")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(ram)
    try:
        for number in range(5):
            logger.debug("line %d", number)
        try:
            raise ValueError("code=KNOWN-SECRET-1")
        except ValueError:
            logger.exception("failed", extra={"token": "KNOWN-SECRET-1"})
        logger.info("x" * 50_000)
    finally:
        logger.removeHandler(ram)
        logger.propagate = True
    kept = ram.lines()
    assert len(kept) == 3
    assert kept[0].endswith('DEBUG aigc.ram "line 4"')
    assert "ValueError" in kept[1]
    assert "KNOWN-SECRET-1" not in "".join(kept)
    assert len(kept[2]) < 21_000


def test_the_ram_log_is_written_and_read_by_many_threads_at_once() -> None:
    ram = logs.RamLog(records=50)
    logger = logging.getLogger("aigc.threads")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(ram)
    told = threading.Event()

    def tell(name: int) -> None:
        for number in range(300):
            logger.info("thread %d line %d", name, number)

    def read() -> None:
        while not told.wait(0.005):
            assert len(ram.lines()) <= 50

    tellers = [threading.Thread(target=tell, args=(n,)) for n in range(4)]
    reader = threading.Thread(target=read)
    try:
        for thread in (reader, *tellers):
            thread.start()
        for thread in tellers:
            thread.join(30)
    finally:
        told.set()
        reader.join(30)
        logger.removeHandler(ram)
        logger.propagate = True
    assert len(ram.lines()) == 50
    assert ram.lines()[-1].endswith('line 299"')


def test_a_ram_log_hears_more_than_the_stream() -> None:
    stream, ram = io.StringIO(), logs.RamLog()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    ours = ("aigc", "coordinator", "gateway", "node_agent", "desktop_client")
    levels = {name: logging.getLogger(name).level for name in ours}
    try:
        logs.set_up_logs("INFO", stream, ram)
        logging.getLogger("aigc.x").debug("quiet")
        logging.getLogger("aigc.x").info("loud")
        logging.getLogger("foreign").info("not ours")
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, old in levels.items():
            logging.getLogger(name).setLevel(old)
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()
    assert [line.split()[-1] for line in ram.lines()] == ["quiet", "loud"]
