"""Speaks to the kernel's nftables through the program nft: scripts in, a listing out.

The listing is JSON, the scripts are what an administrator reads with ``nft list table``: one
program of the distribution, no library of another version than its kernel.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from node_agent.walls.rules import Table

_WITHIN = 20.0
_PATHS = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"


class NftError(Exception):
    """nft is not there, or refused. ``missing``: there is no such program."""

    def __init__(self, message: str, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class Nft:
    """``before``: words before the program's name (to enter a network namespace, in tests)."""

    def __init__(self, before: Sequence[str] = ()) -> None:
        self._before = tuple(before)

    def apply(self, script: str) -> None:
        """Carry out a script in one transaction: all of it or nothing.

        Raises:
            NftError
        """
        self._run("-f", "-", text=script)

    def listing(self, table: str) -> list[dict[str, Any]] | None:
        """What the kernel has of that table; None if it has none.

        Raises:
            NftError
        """
        try:
            text = self._run("-j", "list", "table", "inet", table)
        except NftError as error:
            if "No such file or directory" in str(error):
                return None
            raise
        try:
            entries = [e for e in json.loads(text)["nftables"] if isinstance(e, dict)]
            # Read once here, so that what cannot be read is nft's failure and nobody else's.
            found(entries, Shape({}, {}))
            counted(entries)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise NftError(f"nft answers in a way that cannot be read: {error!r}") from error
        return entries

    def remove(self, table: str) -> bool:
        """Take a table away; whether there was one.

        Raises:
            NftError
        """
        if self.listing(table) is None:
            return False
        self.apply(f"delete table inet {table}\n")
        return True

    def _run(self, *arguments: str, text: str = "") -> str:
        program = shutil.which("nft") or shutil.which("nft", path=_PATHS)
        if program is None:
            raise NftError("the program nft is not installed", missing=True)
        try:
            done = subprocess.run(
                [*self._before, program, *arguments],
                input=text,
                capture_output=True,
                text=True,
                timeout=_WITHIN,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NftError(f"nft could not be run: {error}") from error
        if done.returncode:
            said = " ".join(done.stderr.split()) or f"exit {done.returncode}"
            raise NftError(said[:600])
        return done.stdout


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a table must be as it should: chains with their rules' comments in order, and the
    elements of sets that are ours to fill."""

    chains: Mapping[str, tuple[tuple[str, str, int] | None, tuple[str, ...]]]
    sets: Mapping[str, frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the kernel counted.

    Attributes:
        rules: packets by chain, of its last rule that counts.
        sets: packets by element of each set that counts.
    """

    rules: Mapping[str, int] = field(default_factory=dict)
    sets: Mapping[str, Mapping[tuple[str, ...], int]] = field(default_factory=dict)


def expected(table: Table) -> Shape:
    """What a listing must show of it."""
    return Shape(
        {c.name: (c.base, tuple(r.comment for r in c.rules)) for c in table.chains()},
        {
            s.name: None if s.elements is None else frozenset(_bare(e) for e in s.elements)
            for s in table.sets()
        },
    )


def _bare(element: str) -> str:
    key, _, verdict = element.partition(" : ")
    return f"{key.strip(chr(34))} : {verdict}" if verdict else key


def found(listing: Sequence[Mapping[str, Any]], wanted: Shape) -> Shape:
    """The same of what the kernel has. Sets that fill themselves are only looked for."""
    chains: dict[str, tuple[tuple[str, str, int] | None, list[str]]] = {}
    sets: dict[str, frozenset[str] | None] = {}
    for entry in listing:
        if (chain := entry.get("chain")) is not None:
            base = None
            if "hook" in chain:
                base = (str(chain["type"]), str(chain["hook"]), int(chain["prio"]))
            chains[chain["name"]] = (base, [])
        elif (rule := entry.get("rule")) is not None:
            chains[rule["chain"]][1].append(str(rule.get("comment", "")))
        elif (one := entry.get("set") or entry.get("map")) is not None:
            filled = wanted.sets.get(one["name"], frozenset()) is not None
            elements = one.get("elem") or []
            sets[one["name"]] = frozenset(_element(e) for e in elements) if filled else None
    return Shape({name: (base, tuple(rules)) for name, (base, rules) in chains.items()}, sets)


def _element(element: Any) -> str:
    if isinstance(element, list):  # of a map
        key, verdict = element
        ((how, where),) = verdict.items()
        return f"{_element(key)} : {how} {where['target']}"
    if isinstance(element, dict):
        if "elem" in element:
            return _element(element["elem"]["val"])
        if "prefix" in element:
            return f"{element['prefix']['addr']}/{element['prefix']['len']}"
        return json.dumps(element, sort_keys=True)
    return str(element)


def differences(wanted: Shape, there: Shape) -> list[str]:
    """What is not as it should be, in words for the log; empty if all is."""
    told = []
    for name, (base, rules) in wanted.chains.items():
        known = there.chains.get(name)
        if known is None:
            told.append(f"chain {name} is gone")
        elif known[0] != base:
            told.append(f"chain {name} is hooked elsewhere")
        elif known[1] != rules:
            told.append(f"the rules of chain {name} were changed")
    told += [f"chain {name} is not ours" for name in there.chains if name not in wanted.chains]
    for name, elements in wanted.sets.items():
        if name not in there.sets:
            told.append(f"set {name} is gone")
        elif elements is not None and there.sets[name] != elements:
            told.append(f"set {name} was changed")
    return told


def counted(listing: Sequence[Mapping[str, Any]]) -> Counted:
    """What the kernel counted in a table."""
    rules: dict[str, int] = {}
    sets: dict[str, dict[tuple[str, ...], int]] = {}
    for entry in listing:
        if (rule := entry.get("rule")) is not None:
            for expression in rule.get("expr", ()):
                if isinstance(counter := expression.get("counter"), dict):
                    rules[rule["chain"]] = int(counter["packets"])
        elif (one := entry.get("set")) is not None:
            elements = {}
            for element in one.get("elem") or ():
                inner = element.get("elem") if isinstance(element, dict) else None
                if isinstance(inner, dict) and isinstance(inner.get("counter"), dict):
                    value = inner["val"]
                    key = value.get("concat", ()) if isinstance(value, dict) else (value,)
                    elements[tuple(map(str, key))] = int(inner["counter"]["packets"])
            if elements:
                sets[one["name"]] = elements
    return Counted(rules, sets)
