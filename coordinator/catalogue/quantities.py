"""Sizes and durations as people write them: "16GiB", "90s", "15m"."""

from __future__ import annotations

import re
from datetime import timedelta

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_size(value: object) -> int:
    """Bytes of a size such as "16GiB".

    Raises:
        ValueError: in words, with what is allowed.
    """
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        unit = _UNITS.get(match[2])
        if unit is not None:
            return round(float(match[1]) * unit)
    raise ValueError(f'must be a size with its unit, such as "16GiB" or "512MiB", not {value!r}')


def parse_duration(value: object) -> timedelta:
    """The length of time of, for example, "15m".

    Raises:
        ValueError: in words, with what is allowed.
    """
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    raise ValueError(
        f'must be a length of time with its unit, such as "90s", "15m" or "24h", not {value!r}'
    )
