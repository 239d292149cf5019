"""A reading in ten bytes: what memory and file hold, so that thousands of cards fit."""

from __future__ import annotations

import math

from coordinator.domain.gpu import Gpu
from coordinator.readings.series import Point

MIB = 1 << 20
NONE_16 = 0xFFFF
NONE_32 = 0xFFFFFFFF

# Utilisation in hundredths of a per cent, memory in MiB, tenths of a degree above -100, tenths of
# a watt.
Packed = tuple[int, int, int, int]
NOTHING: Packed = (NONE_16, NONE_32, NONE_16, NONE_16)


def pack(gpu: Gpu) -> Packed:
    return (
        _small(gpu.utilisation_percent, 100),
        _mib(gpu.memory_used_bytes),
        _small(None if gpu.temperature_celsius is None else gpu.temperature_celsius + 100, 10),
        _small(gpu.power_watts, 10),
    )


def pack_point(point: Point) -> Packed:
    return (
        _small(point.percent, 100),
        _mib(point.memory_bytes),
        _small(None if point.celsius is None else point.celsius + 100, 10),
        _small(point.watts, 10),
    )


def unpack(at_ms: int, packed: Packed) -> Point:
    percent, mib, celsius, watts = packed
    return Point(
        at_ms,
        None if percent == NONE_16 else percent / 100,
        None if mib == NONE_32 else mib * MIB,
        None if celsius == NONE_16 else (celsius - 1000) / 10,
        None if watts == NONE_16 else watts / 10,
    )


def _small(value: float | None, scale: int) -> int:
    if value is None or not math.isfinite(value) or value < 0:
        return NONE_16
    return min(round(value * scale), NONE_16 - 1)


def _mib(value: int | None) -> int:
    if value is None or value < 0:
        return NONE_32
    return min(round(value / MIB), NONE_32 - 1)
