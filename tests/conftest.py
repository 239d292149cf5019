"""Rules that hold for every test: nothing blocks the event loop, nothing is left running.

Real parts (Docker, Chromium, a virtual screen, network namespaces) are asked for by markers. On a
contributor's machine a missing one is a plain skip with its reason; in CI (``CI=true``) it fails.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import re
import sys
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator
from functools import cache
from pathlib import Path

import grpc.aio
import psutil
import pytest
import pytest_asyncio
from blockbuster import BlockBuster

from tests.parts import missing_part


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-with",
        metavar="MARK",
        default="",
        help="leave out test files in which MARK is not written: nothing of them is imported",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    mark = str(config.getoption("--only-with"))
    if not mark or not collection_path.name.startswith("test_") or collection_path.is_dir():
        return None
    return None if _is_written(mark, collection_path) else True


@cache
def _is_written(mark: str, path: Path) -> bool:
    return re.search(rf"\bpytest\.mark\.{mark}\b", path.read_text("utf-8")) is not None


_MARKS_OF_GROUPS = ("docker", "browser", "desktop", "studio", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in _MARKS_OF_GROUPS:
            if item.get_closest_marker(mark) and not _is_written(mark, item.path):
                # Its group would not find it. See tests.groups.
                raise pytest.UsageError(f"{item.path}: write out pytest.mark.{mark}")
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.fixturenames.insert(0, "_loop_never_blocks")
        for mark in ("docker", "browser", "desktop", "studio", "node"):
            if item.get_closest_marker(mark) is None:
                continue
            reason = missing_part(mark)
            if reason is None:
                continue
            if os.environ.get("CI"):
                item.add_marker(pytest.mark.usefixtures("_missing_real_part"))
                item.user_properties.append(("missing", reason))
            else:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish() -> None:
    """What was collected and imported stays to the end: no collection looks at it again.

    Some tests collect garbage when they end; with thousands of tests in memory that took longer
    than most tests.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def _missing_real_part(request: pytest.FixtureRequest) -> None:
    reasons = [str(v) for k, v in request.node.user_properties if k == "missing"]
    pytest.fail("; ".join(reasons), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped for a program that ``make test`` installs has failed."""
    report = yield
    if report.skipped and os.environ.get("CI") and sys.platform == "linux":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if "not installed" in reason:
            report.outcome = "failed"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What failed is told at once to whoever runs the group; see tests.groups."""
    told = os.environ.get("AIGC_TESTS_FAILED_FILE")
    if told and report.failed:
        with Path(told).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid} ({report.when})\n")


_grpc_loop: asyncio.AbstractEventLoop | None = None


def pytest_configure() -> None:
    """gRPC's asyncio side stays up from the first test to the last.

    Between tests it would shut down, and its shutdown waits for a thread, in a destructor.
    """
    global _grpc_loop
    _grpc_loop = asyncio.new_event_loop()

    async def hold() -> None:
        grpc.aio.init_grpc_aio()

    _grpc_loop.run_until_complete(hold())


def pytest_unconfigure() -> None:
    if _grpc_loop is not None:
        _grpc_loop.run_until_complete(asyncio.to_thread(grpc.aio.shutdown_grpc_aio))
        _grpc_loop.close()


# Package under test whose own code must not block a running event loop.
_OURS = ["aigc", "coordinator", "gateway", "node_agent", "desktop_client"]


@pytest_asyncio.fixture
async def _loop_never_blocks(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fails a test whose event loop runs a blocking call of ours; leftover tasks fail it too.

    ``@pytest.mark.blocking_allowed("reason")`` switches the guard off, with its reason.
    """
    if request.node.get_closest_marker("blocking_allowed") is not None:
        yield
        return
    guard = BlockBuster(scanned_modules=_OURS)
    for function in guard.functions.values():
        # Once Qt is imported, its import hook reads the source of whoever imports next.
        function.can_block_in("shibokensupport/feature.py", "_mod_uses_pyside")
    guard.activate()
    before = asyncio.all_tasks()
    try:
        yield
        me = asyncio.current_task()
        left = [t for t in asyncio.all_tasks() - before if t is not me and not t.done()]
        for _ in range(200):
            if not left:
                break
            await asyncio.sleep(0.01)
            left = [t for t in left if not t.done()]
        assert not left, f"tasks left running: {left}"
    finally:
        guard.deactivate()


@pytest.fixture(autouse=True)
def _nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Threads and child processes that a test started must be gone when it ends.

    Not in a studio of namespaces: its machines run on from test to test, and end with it.
    """
    if request.node.get_closest_marker("studio") is not None:
        yield
        return
    me = psutil.Process()
    threads_before = set(threading.enumerate())
    children_before = {p.pid for p in me.children(recursive=True)}
    yield
    deadline = time.monotonic() + 5
    while True:
        threads = [
            t
            for t in threading.enumerate()
            if t not in threads_before
            and not t.daemon
            and t.is_alive()
            # The event loop's own executor (to_thread), which ends with the loop after this.
            and not t.name.startswith("asyncio_")
        ]
        children = [
            p
            for p in me.children(recursive=True)
            if p.pid not in children_before and p.status() != psutil.STATUS_ZOMBIE
        ]
        if not threads and not children:
            return
        if time.monotonic() > deadline:
            pytest.fail(f"left running: threads {threads}, processes {children}", pytrace=False)
        time.sleep(0.02)
