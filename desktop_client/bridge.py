"""Between Qt's thread and the asyncio loop: the only file that knows both.

Every method returns at once; answers come as signals, delivered in the GUI thread. The client, and
with it gRPC, is loaded beside the GUI thread once the program runs: the icon is there before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from aigc.clock import SystemClock
from aigc.errors import AigcError, ErrorKind
from desktop_client.admin_start import start_admin_window
from desktop_client.desk import Action, Do
from desktop_client.loop_thread import LoopThread
from desktop_client.model import Problem
from desktop_client.platform.notifications import Note, Notifications, Service
from desktop_client.problems import problem_of
from desktop_client.settings import Settings, save_settings

if TYPE_CHECKING:
    from desktop_client.client import Client
    from desktop_client.session import CoordinatorSession

log = logging.getLogger(__name__)

T = TypeVar("T")


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
    not_stopped(str, Problem): one of the engines that were to be stopped is not.
    stopped_all(): all engines that were to be stopped were asked to.
    not_saved(Problem): the settings could not be written.
    """

    heard = Signal(object)
    answered = Signal(object, str)
    refused = Signal(object, object)
    lines = Signal(str, object)
    lines_ended = Signal(str, str)
    chosen = Signal(str, str)
    unshown = Signal(object)
    not_opened = Signal(str)
    not_stopped = Signal(str, object)
    stopped_all = Signal()
    not_saved = Signal(object)
    _settled = Signal(object)  # a call back into the GUI thread

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
        self._config_dir = config_dir
        self._saving = asyncio.Lock()
        self._settled.connect(self._call_back)
        self._open_url = open_url
        self._store_kind = store_kind
        self._loaded: asyncio.Future[Client] = self._thread.future()
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
            client = await asyncio.to_thread(self._load)
            self._loaded.set_result(client)
            await client.run(coordinator)
        except Exception:  # nobody waits for this task: the log is where it is told
            log.exception("the connection to the coordinator ended by a defect")
            raise
        finally:
            await self._notifications.close()

    def _load(self) -> Client:
        from desktop_client.client import Client

        return Client(
            self._config_dir,
            self._store_kind,
            SystemClock(),
            self.heard.emit,
            self._open_for_sign_in,
        )

    async def _client(self) -> Client:
        return await asyncio.shield(self._loaded)

    # -- the coordinator --------------------------------------------------------------------------

    def ask(self, action: Action, engine_id: str, instance_id: str) -> None:
        """Send a request; ``answered`` or ``refused`` follows."""
        self._thread.submit(self._ask(action, engine_id, instance_id))

    async def _ask(self, action: Action, engine_id: str, instance_id: str) -> None:
        client = await self._client()
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
                case Do.LEAVE:
                    await client.leave(instance_id)
        except Exception as error:  # noqa: BLE001 - told to the person, and logged if a defect
            self.refused.emit(action, problem_of(error))
        else:
            self.answered.emit(action, instance_id)

    def stop_all(self, instance_ids: list[str]) -> None:
        """Stop these; one that cannot be stopped does not hold up the others. The snapshot shows
        each as it stops; ``not_stopped`` tells of those that do not."""
        self._thread.submit(self._stop_all(instance_ids))

    async def _stop_all(self, instance_ids: list[str]) -> None:
        client = await self._client()
        results = await asyncio.gather(
            *(client.stop(i) for i in instance_ids), return_exceptions=True
        )
        for instance_id, result in zip(instance_ids, results, strict=True):
            if isinstance(result, BaseException):
                log.warning("an engine could not be stopped: %s", result)
                self.not_stopped.emit(instance_id, problem_of(result))
        self.stopped_all.emit()

    def request(
        self,
        work: Callable[[CoordinatorSession], Coroutine[Any, Any, T]],
        receiver: QObject,
        done: Callable[[T], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """Ask the coordinator something; the answer comes back in the GUI thread, unless the
        receiver is gone by then."""

        async def ask() -> T:
            return await work((await self._client()).online())

        self._thread.submit(self._settle(ask, receiver, done, failed))

    def compute(
        self,
        work: Callable[[], T],
        receiver: QObject,
        done: Callable[[T], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """Run what blocks (files, the desktop's services) beside the loop; answers as above."""
        self._thread.submit(self._settle(lambda: asyncio.to_thread(work), receiver, done, failed))

    def inspect(
        self,
        receiver: QObject,
        done: Callable[[tuple[Service, tuple[str, ...]]], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """For the diagnostics: what shows notifications, and what must be in no report; answers as
        above."""
        self._thread.submit(self._settle(self._inspect, receiver, done, failed))

    async def _inspect(self) -> tuple[Service, tuple[str, ...]]:
        client = await self._client()
        assert self._notifications is not None
        return await self._notifications.describe(), await client.secrets()

    def join(
        self,
        text: str,
        receiver: QObject,
        done: Callable[[None], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """Go to the coordinator that a join link names; answers as above."""

        async def go() -> None:
            await (await self._client()).join(text)

        self._thread.submit(self._settle(go, receiver, done, failed))

    async def _settle(
        self,
        work: Callable[[], Coroutine[Any, Any, T]],
        receiver: QObject,
        done: Callable[[T], None],
        failed: Callable[[Problem], None],
    ) -> None:
        # Begun here, so that nothing is left unawaited where the thread ends first.
        try:
            result = await work()
        except Exception as error:  # noqa: BLE001 - told to the person, and logged if a defect
            problem = problem_of(error)
            self._settled.emit((receiver, lambda: failed(problem)))
        else:
            self._settled.emit((receiver, lambda: done(result)))

    def _call_back(self, settled: tuple[QObject, Callable[[], None]]) -> None:
        receiver, tell = settled
        if isValid(receiver):
            tell()

    def save_settings(self, settings: Settings) -> None:
        """Keep the settings; ``not_saved`` if that fails. The last ones win."""
        self._thread.submit(self._save_settings(settings))

    async def _save_settings(self, settings: Settings) -> None:
        async with self._saving:
            try:
                await asyncio.to_thread(save_settings, self._config_dir, settings)
            except AigcError as error:
                self.not_saved.emit(problem_of(error))

    def find(self, text: str) -> None:
        self._do(lambda client: client.find(text))

    def trust(self) -> None:
        self._do(lambda client: client.trust())

    def forget(self) -> None:
        self._do(lambda client: client.forget())

    def back(self) -> None:
        self._do(lambda client: client.back())

    def sign_in(self) -> None:
        self._do(_begin_sign_in)

    def cancel_sign_in(self) -> None:
        self._do(lambda client: client.cancel_sign_in())

    def sign_out(self) -> None:
        self._do(lambda client: client.sign_out())

    def look(self) -> None:
        """A person is looking: ask for the catalogue again, or reconnect now."""
        self._do(lambda client: client.refresh_engines())

    def revive(self) -> None:
        """This computer woke up, or is on another network."""
        self._do(_revive)

    def _do(self, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        self._thread.submit(self._done(work))

    async def _done(self, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(await self._client())
        except Exception as error:  # noqa: BLE001 - told to the person, and logged if a defect
            self.refused.emit(Action(Do.SHOW), problem_of(error))

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
            async for lines in (await self._client()).logs(instance_id):
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

    def open_admin(self) -> None:
        """Start the admin window, a program of its own; ``refused`` if that fails."""
        self._thread.submit(self._open_admin())

    async def _open_admin(self) -> None:
        try:
            await asyncio.to_thread(start_admin_window, self._config_dir, self._store_kind)
        except OSError as error:
            problem = Problem("admin-not-started", f"The admin window did not start: {error}.")
            self.refused.emit(Action(Do.ADMIN), problem)

    def _open_for_sign_in(self, url: str) -> None:
        """The link can be copied from the window, so a missing browser is no failure."""
        try:
            self._open_url(url)
        except AigcError as error:
            if error.kind is not ErrorKind.UNAVAILABLE:
                raise
            log.info("the browser did not open for signing in")


async def _begin_sign_in(client: Client) -> None:
    client.start_sign_in()


async def _revive(client: Client) -> None:
    client.revive()
