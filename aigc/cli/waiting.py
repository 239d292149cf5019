"""Waits until an instance is ready, and shows how far it is to whoever looks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aigc.cli.instances import state_name
from aigc.cli.output import say, sentence
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2

_ENDED = ("failed", "stopped", "deleted", "lost")


async def wait_ready(
    session: CoordinatorSession, instance_id: str, timeout: float | None = None
) -> creator_pb2.Instance:
    """The instance, once its engine answers.

    Raises:
        AigcError: ``start-failed`` with the reason, ``stopped-meanwhile`` or ``wait-timeout``.
    """
    with _Stage() as stage:
        try:
            async with asyncio.timeout(timeout):
                return await _watch(session, instance_id, stage.show)
        except TimeoutError as error:
            raise AigcError(
                "wait-timeout",
                f"It was not ready within {timeout:.0f} s and goes on starting; "
                "'aigc list' shows how far it is.",
                ErrorKind.UNAVAILABLE,
            ) from error


async def _watch(
    session: CoordinatorSession,
    instance_id: str,
    show: Callable[[creator_pb2.Instance], None],
) -> creator_pb2.Instance:
    from protos.aigc.v1 import creator_pb2

    begun = False
    while True:
        try:
            async for said in session.creator.WatchInstances(creator_pb2.WatchInstancesRequest()):
                instance: creator_pb2.Instance | None = next(
                    (i for i in said.instances if i.id == instance_id), None
                )
                if instance is None:
                    raise AigcError(
                        "instance-unknown", "The instance was deleted.", ErrorKind.NOT_FOUND
                    )
                state = state_name(instance)
                if state == "ready":
                    return instance
                show(instance)
                if state in _ENDED and (begun or state == "failed"):
                    raise _ended(instance, state)
                begun = begun or state not in _ENDED
        except AigcError as error:
            if error.kind is not ErrorKind.UNAVAILABLE or error.key == "start-failed":
                raise
            say(f"{error.message} Still waiting.")
        await asyncio.sleep(1)  # the stream ended: the coordinator restarts


def _ended(instance: creator_pb2.Instance, state: str) -> AigcError:
    if state == "failed":
        code = f" (code {instance.support_code})" if instance.support_code else ""
        return AigcError("start-failed", f"{sentence(instance.line)}{code}", ErrorKind.UNAVAILABLE)
    return AigcError(
        "stopped-meanwhile",
        f"{instance.name} was stopped while it started: {sentence(instance.line)}",
        ErrorKind.CONFLICT,
    )


class _Stage:
    """A bar for people, one line per stage for a log, nothing at all when nobody looks."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
            self._task = self._progress.add_task("", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, instance: creator_pb2.Instance) -> None:
        if self._progress is None:
            return
        done = sum(p.bytes_done for p in instance.parts)
        known = bool(instance.parts) and all(p.HasField("bytes_total") for p in instance.parts)
        total = sum(p.bytes_total for p in instance.parts) if known else None
        self._progress.update(
            self._task,
            description=sentence(instance.line) or state_name(instance),
            completed=done if total else 0,
            total=total or None,
        )
