"""Between Qt's thread and the asyncio loop: the only file that knows both.

Every method returns at once; answers come as signals, delivered in the GUI thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from aigc.clock import SystemClock
from aigc.errors import AigcError, ErrorKind
from desktop_client.client import Client
from desktop_client.desk import Action, Do
from desktop_client.loop_thread import LoopThread
from desktop_client.model import Problem
from desktop_client.platform.notifications import Note, Notifications

log = logging.getLogger(__name__)


class Bridge(QObject):
    """Signals:
    heard(Snapshot): what is known changed.
    answered(Action, str): a request was agreed to; the instance's id.
    refused(Action, Problem): a request failed.
    lines(str, list): log lines of an instance.
    lines_ended(str, str): no more of them, and why.
    chosen(str, str): key and action of a notification.
    unshown(Note): the desktop has no notification service.
    not_opened(str): the browser did not open this address.
    stopped_all(): the engines that were to be stopped were asked to.
    """

    heard = Signal(object)
    answered = Signal(object, str)
    refused = Signal(object, object)
    lines = Signal(str, object)
    lines_ended = Signal(str, str)
    chosen = Signal(str, str)
    unshown = Signal(object)
    not_opened = Signal(str)
    stopped_all = Signal()

    def __init__(
        self,
        config_dir: Path,
        store_kind: str,
        application: str,
        open_url: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._thread = LoopThread()
        self._open_url = open_url
        self._client = Client(
            config_dir, store_kind, SystemClock(), self.heard.emit, self._open_for_sign_in
        )
        self._application = application
        self._notifications: Notifications | None = None
        self._logs: dict[str, Future[None]] = {}
        self._running: Future[None] | None = None

    def start(self, coordinator: str) -> None:
        """Begin to follow the coordinator; an address or join link may replace the saved one."""
        self._thread.start()
        self._running = self._thread.submit(self._run(coordinator))

    def stop(self) -> None:
        """End the loop; waits for its clean-up, a few seconds at most."""
        self._thread.stop()

    async def _run(self, coordinator: str) -> None:
        self._notifications = Notifications(self._application, self.chosen.emit)
        try:
            await self._client.run(coordinator)
        except Exception:
            log.exception("the connection to the coordinator ended by a defect")
            raise
        finally:
            await self._notifications.close()

    # -- the coordinator --------------------------------------------------------------------------

    def ask(self, action: Action, engine_id: str, instance_id: str) -> None:
        """Send a request; ``answered`` or ``refused`` follows."""
        self._thread.submit(self._ask(action, engine_id, instance_id))

    async def _ask(self, action: Action, engine_id: str, instance_id: str) -> None:
        client = self._client
        try:
            match action.do:
                case Do.START | Do.RETRY:
                    instance_id = (await client.start(engine_id, instance_id, action.value)).id
                case Do.STOP | Do.CANCEL:
                    await client.stop(instance_id)
                case Do.KEEP:
                    await client.keep(instance_id)
                case Do.RENAME:
                    await client.rename(instance_id, action.value)
                case Do.DELETE:
                    await client.delete(instance_id)
        except AigcError as error:
            self.refused.emit(action, Problem(error.key, error.message))
        except Exception as error:
            log.exception("a request ended by a defect")
            self.refused.emit(action, Problem("defect", f"{type(error).__name__}: {error}"))
        else:
            self.answered.emit(action, instance_id)

    def stop_all(self, instance_ids: list[str]) -> None:
        """Stop these, then say so; one that cannot be stopped does not hold up the others."""
        self._thread.submit(self._stop_all(instance_ids))

    async def _stop_all(self, instance_ids: list[str]) -> None:
        results = await asyncio.gather(
            *(self._client.stop(i) for i in instance_ids), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                log.warning("an engine could not be stopped: %s", result)
        self.stopped_all.emit()

    def find(self, text: str) -> None:
        self._do(self._client.find(text))

    def trust(self) -> None:
        self._do(self._client.trust())

    def forget(self) -> None:
        self._do(self._client.forget())

    def back(self) -> None:
        self._do(self._client.back())

    def set_language(self, language: str) -> None:
        self._do(self._client.set_language(language))

    def sign_in(self) -> None:
        self._thread.call(self._client.start_sign_in)

    def cancel_sign_in(self) -> None:
        self._do(self._client.cancel_sign_in())

    def sign_out(self) -> None:
        self._do(self._client.sign_out())

    def look(self) -> None:
        """A person is looking: ask for the catalogue again, or reconnect now."""
        self._do(self._client.refresh_engines())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._thread.submit(self._done(work))

    async def _done(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except AigcError as error:
            self.refused.emit(Action(Do.SHOW), Problem(error.key, error.message))
        except Exception as error:
            log.exception("a command ended by a defect")
            self.refused.emit(
                Action(Do.SHOW), Problem("defect", f"{type(error).__name__}: {error}")
            )

    # -- logs -------------------------------------------------------------------------------------

    def follow_logs(self, instance_id: str) -> None:
        """``lines`` until ``leave_logs`` or the end."""
        self.leave_logs(instance_id)
        self._logs[instance_id] = self._thread.submit(self._follow_logs(instance_id))

    def leave_logs(self, instance_id: str) -> None:
        following = self._logs.pop(instance_id, None)
        if following is not None:
            following.cancel()

    async def _follow_logs(self, instance_id: str) -> None:
        problem = ""
        try:
            async for lines in self._client.logs(instance_id):
                self.lines.emit(instance_id, lines)
        except AigcError as error:
            problem = error.message
        self.lines_ended.emit(instance_id, problem)

    # -- the desktop ------------------------------------------------------------------------------

    def notify(self, note: Note) -> None:
        self._thread.submit(self._notify(note))

    async def _notify(self, note: Note) -> None:
        assert self._notifications is not None
        if not await self._notifications.show(note):
            self.unshown.emit(note)

    def withdraw(self, key: str) -> None:
        self._thread.submit(self._withdraw(key))

    async def _withdraw(self, key: str) -> None:
        if self._notifications is not None:
            await self._notifications.withdraw(key)

    def open(self, url: str) -> None:
        """Open the browser; ``not_opened`` if that fails."""
        self._thread.submit(self._open(url))

    async def _open(self, url: str) -> None:
        try:
            await asyncio.to_thread(self._open_url, url)
        except (AigcError, OSError) as error:
            log.warning("the browser did not open: %s", error)
            self.not_opened.emit(url)

    def _open_for_sign_in(self, url: str) -> None:
        """The link can be copied from the window, so a missing browser is no failure."""
        try:
            self._open_url(url)
        except AigcError as error:
            if error.kind is not ErrorKind.UNAVAILABLE:
                raise
            log.info("the browser did not open for signing in")
