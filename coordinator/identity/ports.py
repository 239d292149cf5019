"""What identity needs of its neighbours: the ledger, and the people that the reactor keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from coordinator.domain.events import Event
from coordinator.domain.instance import Instance, InstanceId
from coordinator.domain.people import Person, PersonId
from coordinator.domain.sharing import Share, ShareId

T = TypeVar("T")


class Rows(Protocol):
    """The part of a database cursor that is used here."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """The part of a database connection that is used here."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Rows: ...


class Ledger(Protocol):
    """Runs work on a connection in the ledger's own threads."""

    async def transact(self, work: Callable[[Any], T]) -> T:
        """One immediate transaction; rolled back when ``work`` raises."""
        ...

    async def read(self, work: Callable[[Any], T]) -> T:
        """The same, for reading."""
        ...


class Changes(Protocol):
    """What changed in the studio since the last look."""

    @property
    def people(self) -> bool: ...


class ChangeWatch(Protocol):
    """An asynchronous iterator of changes that coalesce."""

    def __aiter__(self) -> ChangeWatch: ...
    async def __anext__(self) -> Changes: ...
    def close(self) -> None: ...


class Studio(Protocol):
    @property
    def people(self) -> Mapping[PersonId, Person]: ...
    @property
    def instances(self) -> Mapping[InstanceId, Instance]: ...
    @property
    def shares(self) -> Mapping[ShareId, Share]: ...
    def shares_at(self, instance_id: InstanceId) -> Iterable[Share]: ...


class Reactor(Protocol):
    """The one place where people change."""

    @property
    def studio(self) -> Studio: ...
    async def ask(self, event: Event) -> object: ...
    def watch(self) -> ChangeWatch: ...
