"""Between the admin window's Qt thread and its asyncio loop: the only file here that knows both.

Every method returns at once; answers come in the GUI thread. The fleet's signal waits for its
receiver: while the window is busy, changes gather in one Delta instead of queueing up.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from aigc.clock import SystemClock
from aigc.errors import AigcError, ErrorKind
from desktop_client.admin.feed import Feed
from desktop_client.admin.model import Delta, Fleet, merge
from desktop_client.admin.requests import Requests
from desktop_client.admin.settings import AdminSettings, save_settings
from desktop_client.loop_thread import LoopThread
from desktop_client.model import Problem
from desktop_client.problems import problem_of

log = logging.getLogger(__name__)

T = TypeVar("T")


class AdminBridge(QObject):
    """Signals:
    fleet(Fleet, Delta): what is known changed.
    refused(Problem): a request failed whose asker said nothing about that.
    lines(str, list): log lines of an instance.
    lines_ended(str, object): no more of them; the Problem, or None.
    """

    fleet = Signal(object, object)
    refused = Signal(object)
    lines = Signal(str, object)
    lines_ended = Signal(str, object)
    _something = Signal()
    _answer = Signal(object)

    def __init__(
        self,
        config_dir: Path,
        store_kind: str,
        open_url: Callable[[str], None],
        parent: QObject | None = None,
        thread: LoopThread | None = None,
    ) -> None:
        super().__init__(parent)
        self._config_dir = config_dir
        self._open_url = open_url
        self._thread = LoopThread() if thread is None else thread
        self._feed = Feed(
            config_dir, store_kind, SystemClock(), self._publish, self._open_for_sign_in
        )
        self._requests = Requests(self._feed.online)
        self._lock = threading.Lock()
        self._waiting: tuple[Fleet, Delta] | None = None
        self._logs: dict[str, Future[None]] = {}
        self._something.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)
        self._answer.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def start(self, coordinator: str = "") -> None:
        """Begin to follow the coordinator; an address or join link may replace the saved one."""
        self._thread.start()
        self._thread.submit(self._run(coordinator))

    def stop(self) -> None:
        """End the loop; waits for its clean-up, a few seconds at most."""
        self._thread.stop()

    async def _run(self, coordinator: str) -> None:
        try:
            await self._feed.run(coordinator)
        except Exception:  # nobody waits for this task: the log is where it is told
            log.exception("the connection to the coordinator ended by a defect")
            raise

    # -- the fleet ------------------------------------------------------------------------------

    def _publish(self, fleet: Fleet, delta: Delta) -> None:
        """In the loop's thread."""
        with self._lock:
            first = self._waiting is None
            self._waiting = (fleet, delta if first else merge(self._waiting[1], delta))  # type: ignore[index]
        if first:
            self._something.emit()

    def _hand_over(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.fleet.emit(*waiting)

    # -- requests -------------------------------------------------------------------------------

    def ask(
        self,
        receiver: QObject,
        request: Callable[[Requests], Coroutine[Any, Any, T]],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Problem], None] | None = None,
    ) -> Future[None]:
        """Run a request in the loop's thread: ``bridge.ask(self, lambda r: r.stop(id), done)``.

        ``done`` or ``failed`` is called in the GUI thread, and neither once the receiver is gone
        or the returned future was cancelled. Without ``failed`` the window shows the refusal.
        """
        return self._thread.submit(self._asked(receiver, request(self._requests), done, failed))

    def work(
        self,
        receiver: QObject,
        function: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Problem], None] | None = None,
    ) -> Future[None]:
        """The same for a plain function that takes time (files, thousands of rows)."""
        return self._thread.submit(self._asked(receiver, asyncio.to_thread(function), done, failed))

    async def _asked(
        self,
        receiver: QObject,
        work: Coroutine[Any, Any, T],
        done: Callable[[T], None] | None,
        failed: Callable[[Problem], None] | None,
    ) -> None:
        try:
            result = await work
        except Exception as error:  # noqa: BLE001 - told to the person, and logged if a defect
            problem = problem_of(error)
        else:
            if done is not None:
                self._answer.emit((receiver, done, result))
            return
        self._answer.emit((receiver, failed or self.refused.emit, problem))

    def _call(self, answer: tuple[QObject, Callable[[Any], None], Any]) -> None:
        receiver, function, value = answer
        if isValid(receiver):
            function(value)

    # -- logs -----------------------------------------------------------------------------------

    def follow_logs(self, instance_id: str) -> None:
        """``lines`` until ``leave_logs`` or ``lines_ended``."""
        self.leave_logs(instance_id)
        self._logs[instance_id] = self._thread.submit(self._follow_logs(instance_id))

    def leave_logs(self, instance_id: str) -> None:
        following = self._logs.pop(instance_id, None)
        if following is not None:
            following.cancel()

    async def _follow_logs(self, instance_id: str) -> None:
        problem = None
        try:
            async for lines in self._requests.logs(instance_id):
                self.lines.emit(instance_id, lines)
        except AigcError as error:
            problem = problem_of(error)
        self.lines_ended.emit(instance_id, problem)

    # -- the connection -------------------------------------------------------------------------

    def find(self, text: str) -> None:
        self._do(self._feed.find(text))

    def trust(self) -> None:
        self._do(self._feed.trust())

    def distrust(self) -> None:
        self._do(self._feed.distrust())

    def sign_in(self) -> None:
        self._thread.call(self._feed.start_sign_in)

    def cancel_sign_in(self) -> None:
        self._do(self._feed.cancel_sign_in())

    def sign_out(self) -> None:
        self._do(self._feed.sign_out())

    def wake(self) -> None:
        """A person looks: try now."""
        self._thread.call(self._feed.wake)

    def revive(self) -> None:
        """This computer woke up, or is on another network."""
        self._thread.call(self._feed.revive)

    def keep_settings(self, settings: AdminSettings) -> None:
        """Write them down; a failure is logged and bothers nobody."""
        self._thread.submit(self._keep_settings(settings))

    async def _keep_settings(self, settings: AdminSettings) -> None:
        try:
            await asyncio.to_thread(save_settings, self._config_dir, settings)
        except OSError as error:
            log.warning("the window's settings could not be saved: %s", error)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._thread.submit(self._asked(self, work, None, None))

    def _open_for_sign_in(self, url: str) -> None:
        """The link can be copied from the window, so a missing browser is no failure."""
        try:
            self._open_url(url)
        except AigcError as error:
            if error.kind is not ErrorKind.UNAVAILABLE:
                raise
            log.info("the browser did not open for signing in")
