"""The desktop's benchmark runs and says what it promises; its times are not judged here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.desktop import table, tray
from benchmarks.desktop.figures import Figure
from benchmarks.desktop.figures import table as as_lines

_REAL = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed("reads what the kernel counts"),
]


def test_a_figure_is_met_under_its_aim() -> None:
    met = Figure("start_seconds", "start", "s", 0.42, 0.6, {"bare": 0.2})
    missed = Figure("rss_mib", "memory", "MiB", 100.0, 100.0)
    assert (met.met, missed.met) == (True, False)
    lines = as_lines([met, missed]).splitlines()
    assert "bare 0.2" in lines[0]
    assert "MISSED" in lines[1]
    assert json.loads(json.dumps(met.as_json())) == {
        "figure": "start_seconds", "value": 0.42, "aim": 0.6, "met": True, "beside": {"bare": 0.2},
    }  # fmt: skip


class TestReal:
    pytestmark = _REAL

    async def test_the_tray_beside_a_bare_one(self, tmp_path: Path) -> None:
        found = {f.figure: f for f in await tray.measure(tmp_path, starts=1, idle_seconds=1)}
        assert set(found) == {"start_seconds", "rss_mib", "pss_mib", "idle_percent"}
        assert all(f.value >= 0 and f.beside["bare"] >= 0 for f in found.values())
        assert found["pss_mib"].value <= found["rss_mib"].value

    async def test_the_live_table(self, tmp_path: Path) -> None:
        (found,) = await table.measure(tmp_path, seconds=2)
        assert found.figure == "table_blocked_ms_p99"
        assert "10,000" in found.words
        assert 0 < found.value <= found.beside["longest"]
