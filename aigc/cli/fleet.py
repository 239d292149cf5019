"""The whole studio as the admin window knows it, for commands that find, filter and confirm."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from aigc.cli.output import language
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.admin.model import Fleet
    from desktop_client.admin.tables.column import Column, Speech
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, creator_pb2

Row = TypeVar("Row")

_KEYED = re.compile(r"(-?\w[\w-]*(?:<=|>=|[:=<>]))(.*)", re.DOTALL)


async def list_nodes(session: CoordinatorSession) -> list[admin_pb2.Node]:
    """Every machine, as the coordinator knows it."""
    from protos.aigc.v1 import admin_pb2

    return list((await session.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes)


async def list_instances(session: CoordinatorSession) -> list[creator_pb2.Instance]:
    """Every instance of everybody."""
    from protos.aigc.v1 import admin_pb2

    said = await session.admin.ListAllInstances(admin_pb2.ListAllInstancesRequest())
    return list(said.instances)


def fleet_of(nodes: Iterable[admin_pb2.Node], instances: Iterable[creator_pb2.Instance]) -> Fleet:
    """The same values that the admin window is made of."""
    from desktop_client import conversion
    from desktop_client.admin import conversion as admin
    from desktop_client.admin.model import Fleet, Role
    from desktop_client.model import Link

    known = [conversion.instance(i) for i in instances]
    now = datetime.now(UTC)
    return Fleet(
        nodes={n.id: admin.node(n) for n in nodes},
        instances={i.id: i for i in known if i is not None},
        link=Link.ONLINE,
        heard_at=now,
        role=Role.ADMIN,
    )


def find_node(nodes: Sequence[admin_pb2.Node], name: str) -> admin_pb2.Node:
    """By id or name; of those with one name the one that is not revoked.

    Raises:
        AigcError: ``node-unknown`` with the nearest name, or ``node-ambiguous`` with the ids.
    """
    matching = [n for n in nodes if name in (n.id, n.name)]
    if len(matching) > 1:
        matching = [n for n in matching if not n.revoked] or matching
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(n.id for n in matching)
        raise AigcError(
            "node-ambiguous",
            f"{len(matching)} machines are called {name}: use an id ({ids}).",
            ErrorKind.CONFLICT,
        )
    near = difflib.get_close_matches(name, [n.name for n in nodes], n=1)
    hint = f"did you mean {near[0]}?" if near else "'aigc nodes list' shows all."
    raise AigcError("node-unknown", f"There is no machine {name}; {hint}", ErrorKind.NOT_FOUND)


def find_nodes(nodes: Sequence[admin_pb2.Node], names: Sequence[str]) -> list[admin_pb2.Node]:
    """Each once, in the order of their names."""
    found = {node.id: node for node in (find_node(nodes, name) for name in names)}
    return list(found.values())


def passes(words: Sequence[str], columns: Sequence[Column[Row]]) -> Callable[[Row], bool]:
    """The filter of the admin window's tables: ``machine:render-04 state:ready,starting``.

    Raises:
        AigcError: ``filter-wrong``: what is wrong with it, and what would be right.
    """
    from desktop_client.admin.tables.filters import FilterError, matcher, parse

    try:
        return matcher(parse(" ".join(_quoted(w) for w in words)), columns, speech())
    except FilterError as error:
        raise AigcError("filter-wrong", error.sentence(language())) from error


def _quoted(word: str) -> str:
    """A shell takes the quotation marks away: ``owner:"Lin Xia"`` arrives without them."""
    if not any(c.isspace() for c in word) or '"' in word:
        return word
    keyed = _KEYED.fullmatch(word)
    return f'{keyed[1]}"{keyed[2]}"' if keyed else f'"{word}"'


def speech() -> Speech:
    """In this terminal's words, now."""
    from desktop_client.admin.tables.column import Speech

    now = datetime.now(UTC)
    return Speech(language(), now, now.astimezone().tzinfo)
