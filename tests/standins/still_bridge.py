"""The admin window's bridge without a loop: what is asked is answered at once, from what is given.

For pictures and for tests of one widget, where no coordinator is to be there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject

from aigc.errors import AigcError, ErrorKind
from desktop_client.admin.bridge import AdminBridge
from desktop_client.admin.requests import Requests
from desktop_client.admin.settings import AdminSettings
from desktop_client.loop_thread import LoopThread
from desktop_client.model import Problem

T = TypeVar("T")


class StillBridge(AdminBridge):
    """Attributes:
    answers: method of Requests -> its answer, or an AigcError. Others are never answered.
    asked: (method, arguments) of everything that was asked.
    """

    def __init__(self, answers: Mapping[str, object] | None = None) -> None:
        super().__init__(Path("/nonexistent"), "memory", lambda url: None, thread=_NoThread())
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.kept: list[AdminSettings] = []

    def ask(
        self,
        receiver: QObject,
        request: Callable[[Requests], Coroutine[Any, Any, T]],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Problem], None] | None = None,
    ) -> Future[None]:
        said: Future[None] = Future()
        try:
            request(_Prepared(self)).send(None)
        except StopIteration as ended:
            if done is not None:
                done(ended.value)
        except AigcError as error:
            (failed or self.refused.emit)(Problem(error.key, error.message))
        except _UnansweredError:
            pass
        return said

    def work(
        self,
        receiver: QObject,
        function: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Problem], None] | None = None,
    ) -> Future[None]:
        result = function()
        if done is not None:
            done(result)
        return Future()

    def follow_logs(self, instance_id: str) -> None:
        self.asked.append(("logs", (instance_id,), {}))

    def leave_logs(self, instance_id: str) -> None:
        self.asked.append(("leave_logs", (instance_id,), {}))

    def sign_in(self) -> None:
        self.asked.append(("sign_in", (), {}))

    def sign_out(self) -> None:
        self.asked.append(("sign_out", (), {}))

    def cancel_sign_in(self) -> None:
        self.asked.append(("cancel_sign_in", (), {}))

    def find(self, text: str) -> None:
        self.asked.append(("find", (text,), {}))

    def trust(self) -> None:
        self.asked.append(("trust", (), {}))

    def distrust(self) -> None:
        self.asked.append(("distrust", (), {}))

    def wake(self) -> None:
        self.asked.append(("wake", (), {}))

    def keep_settings(self, settings: AdminSettings) -> None:
        self.kept.append(settings)


class _NoThread(LoopThread):
    """Nothing runs in it, so it has no loop that somebody would have to close."""

    def __init__(self) -> None:
        pass

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class _UnansweredError(Exception):
    """Nobody prepared an answer: as a coordinator that thinks it over."""


class _Prepared(Requests):
    def __init__(self, bridge: StillBridge) -> None:
        super().__init__(_nobody)
        self._bridge = bridge

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return super().__getattribute__(name)
        bridge = super().__getattribute__("_bridge")

        async def answer(*arguments: Any, **named: Any) -> Any:
            bridge.asked.append((name, arguments, named))
            if name not in bridge.answers:
                raise _UnansweredError
            found = bridge.answers[name]
            if isinstance(found, AigcError):
                raise found
            return found

        return answer


def _nobody() -> Any:
    raise AigcError("not-connected", "No coordinator is connected.", ErrorKind.UNAVAILABLE)
