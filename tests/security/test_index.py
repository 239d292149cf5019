"""Every attack has a test, and every test of an attack names one that is listed."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.security.attacks import ATTACKS

_TESTS = Path(__file__).parents[1]


def shown() -> dict[int, list[str]]:
    """The tests by attack, as ``file::name``; read from the sources, so that no test must run."""
    found: dict[int, list[str]] = {}
    for file in sorted(_TESTS.rglob("test_*.py")):
        source = file.read_text()
        if "mark.attack" not in source:
            continue
        tree = ast.parse(source)
        whole = [
            number
            for node in tree.body
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
            for number in _numbers(node.value)
        ]
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("test_"):
                continue
            numbers = whole + [n for d in node.decorator_list for n in _numbers(d)]
            for number in numbers:
                found.setdefault(number, []).append(f"{file.relative_to(_TESTS)}::{node.name}")
    return found


def _numbers(tree: ast.AST) -> list[int]:
    return [
        argument.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "attack"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, int)
    ]


def test_every_attack_is_shown_to_fail() -> None:
    tests = shown()
    assert not set(tests) - set(ATTACKS), "unknown attack numbers"
    missing = {number: words for number, words in ATTACKS.items() if number not in tests}
    assert not missing
