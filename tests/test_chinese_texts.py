"""Chinese sentences have Chinese punctuation, wherever they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_PLACES = (
    *("aigc", "coordinator", "gateway", "node_agent", "desktop_client"),
    *("examples", "docs", "README.zh-CN.md"),
)
_CHINESE = "[\u4e00-\u9fff\u3001\u3002]"
_ASCII_BESIDE_CHINESE = re.compile(f"{_CHINESE}[,:;!?(]|[,:;!?]{_CHINESE}")


def _texts(place: str) -> list[Path]:
    path = _ROOT / place
    found = [path] if path.is_file() else sorted(path.rglob("*.*"))
    return [p for p in found if p.suffix in {".py", ".js", ".yaml", ".md"} and p.is_file()]


@pytest.mark.parametrize("place", _PLACES)
def test_no_ascii_punctuation_beside_chinese(place: str) -> None:
    wrong = [
        f"{path.relative_to(_ROOT)}:{number}: {line.strip()}"
        for path in _texts(place)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _ASCII_BESIDE_CHINESE.search(line)
    ]
    assert wrong == []
