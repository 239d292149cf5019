"""Values of the core to JSON and back, by their type hints.

A field that a stored row does not have takes its default, and one that is no longer known is left
out: rows of an older version are read without a migration for each new field.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")


def encode(value: object) -> str:
    """The value as one JSON text, keys sorted."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def decode(kind: type[T], text: str) -> T:
    """The value of that dataclass.

    Raises:
        ValueError: the text is not JSON, or a field has a value that its type does not allow.
    """
    value = _typed(kind, json.loads(text))
    assert isinstance(value, kind)
    return value


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, frozenset):
        return sorted(_plain(v) for v in value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{type(value).__name__} cannot be written to the ledger")


@lru_cache(maxsize=128)
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _typed(kind: Any, plain: Any) -> Any:
    origin = typing.get_origin(kind)
    if isinstance(kind, typing.NewType):
        return _typed(kind.__supertype__, plain)
    if origin in (typing.Union, types.UnionType):
        if plain is None:
            return None
        (inner,) = (a for a in typing.get_args(kind) if a is not type(None))
        return _typed(inner, plain)
    if origin is tuple:
        inner = typing.get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_typed(inner[0], v) for v in plain)
        return tuple(_typed(k, v) for k, v in zip(inner, plain, strict=True))
    if origin is frozenset:
        (inner,) = typing.get_args(kind)
        return frozenset(_typed(inner, v) for v in plain)
    if dataclasses.is_dataclass(kind):
        hints = _hints(typing.cast(type, kind))
        known = {f.name for f in dataclasses.fields(kind)}
        fields = {k: _typed(hints[k], v) for k, v in plain.items() if k in known}
        return typing.cast(Any, kind)(**fields)
    if kind is datetime:
        return datetime.fromisoformat(plain)
    if kind is timedelta:
        return timedelta(seconds=plain)
    if kind is float and isinstance(plain, int):
        return float(plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    if not isinstance(plain, kind):
        raise ValueError(f"{plain!r} is not {kind}")
    return plain
