"""Does to machines what IT asks: asks back where it takes something away, then says what came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from aigc.errors import AigcError
from desktop_client.admin.confirm import confirm
from desktop_client.admin.machines.actions import (
    Act,
    consequence,
    pools,
    relabelled,
    shared_labels,
    subjects,
    unclaimed_name,
    wrong_labels,
    wrong_name,
    wrong_pool,
)
from desktop_client.admin.machines.dialogs import AskLabels, AskPool, AskText, DeclareOff
from desktop_client.admin.model import Node
from desktop_client.admin.page import Shell
from desktop_client.admin.requests import Requests
from desktop_client.i18n import say
from desktop_client.model import Problem


class Deeds(QObject):
    """Signals:
    changed(): something was asked for, or answered.

    Attributes:
        asked: machine -> what this window asked for and nobody answered yet.
    """

    changed = Signal()

    def __init__(self, shell: Shell, parent: QWidget) -> None:
        super().__init__(parent)
        self._shell = shell
        self._window = parent
        self.asked: dict[str, Act] = {}

    def do(self, act: Act, chosen: Sequence[Node]) -> None:
        """Begin an action on those of the machines that it changes."""
        nodes = subjects(act, chosen)
        if not nodes or not self._shell.fleet.may_change:
            return
        match act:
            case Act.UNDRAIN:
                self._ask(act, nodes, lambda r, n: r.drain(n.id, False))
            case Act.DRAIN:
                self._confirm(act, nodes, lambda r, n: r.drain(n.id, True))
            case Act.REVOKE:
                self._confirm(act, nodes, lambda r, n: r.revoke(n.id))
            case Act.ACCEPT_LEDGER:
                self._confirm(act, nodes, lambda r, n: r.accept_ledger(n.id))
            case Act.DECLARE_OFF:
                self._declare_off(nodes)
            case Act.RENAME:
                self._rename(nodes[0])
            case Act.POOL:
                self._move(nodes)
            case Act.LABELS:
                self._label(nodes)

    # -- unclaimed containers

    def keep_unclaimed(self, node: Node, container_id: str) -> None:
        """Hold it for another hold time; nothing is lost by it, so nobody is asked back."""
        self._resolve(node, container_id, keep=True)

    def stop_unclaimed(self, node: Node, container_id: str) -> None:
        """End it now, after asking."""
        found = next((u for u in node.unclaimed if u.container_id == container_id), None)
        if found is None:
            return
        language = self._shell.language
        confirm(
            self._window.window(),
            say("machines.unclaimed.stop.title", language, machine=node.name),
            [unclaimed_name(found, self._shell.fleet, language)],
            say("machines.unclaimed.stop.sentence", language),
            say("machines.unclaimed.stop.verb", language),
            True,
            lambda: self._resolve(node, container_id, keep=False),
            language,
        )

    def _resolve(self, node: Node, container_id: str, *, keep: bool) -> None:
        done = say(
            "machines.done.kept" if keep else "machines.done.stopped",
            self._shell.language,
            machine=node.name,
        )
        self._shell.bridge.ask(
            self,
            lambda r: r.resolve_unclaimed(node.id, container_id, keep=keep),
            lambda _: self._shell.tell_done(done),
        )

    # -- those that ask first

    def _confirm(
        self,
        act: Act,
        nodes: Sequence[Node],
        request: Callable[[Requests, Node], Awaitable[object]],
    ) -> None:
        language = self._shell.language
        said = consequence(act, nodes, self._shell.fleet, language)
        confirm(
            self._window.window(), said.title, said.victims, said.sentence, said.verb, said.danger,
            lambda: self._ask(act, nodes, request), language,
        )  # fmt: skip

    def _declare_off(self, nodes: Sequence[Node]) -> None:
        language = self._shell.language
        said = consequence(Act.DECLARE_OFF, nodes, self._shell.fleet, language)
        DeclareOff(
            self._window.window(),
            said,
            lambda reason: self._ask(
                Act.DECLARE_OFF, nodes, lambda r, n: r.declare_off(n.id, reason)
            ),
            language,
        ).open()

    def _rename(self, node: Node) -> None:
        language = self._shell.language
        AskText(
            self._window.window(),
            say("machines.rename.title", language, name=node.name),
            say("machines.rename.label", language),
            node.name,
            say("machines.rename.sentence", language),
            say("machines.rename.verb", language),
            lambda name: wrong_name(name, node, self._shell.fleet, language),
            lambda name: self._ask(
                Act.RENAME, [node], lambda r, n: r.update_node(n.id, name=name), name
            ),
            language,
        ).open()

    def _move(self, nodes: Sequence[Node]) -> None:
        language, names = self._shell.language, _names(nodes, self._shell.language)
        now = {node.pool for node in nodes}
        AskPool(
            self._window.window(),
            say("machines.pool.title", language, names=names),
            pools(self._shell.fleet),
            next(iter(now)) if len(now) == 1 else "",
            lambda pool: wrong_pool(pool, language),
            lambda pool: self._ask(
                Act.POOL, nodes, lambda r, n: r.update_node(n.id, pool=pool), pool
            ),
            language,
        ).open()

    def _label(self, nodes: Sequence[Node]) -> None:
        language, names = self._shell.language, _names(nodes, self._shell.language)
        before = shared_labels(nodes)

        def save(after: dict[str, str]) -> None:
            made = {n.id: relabelled(n, before, after) for n in nodes}
            others = [n for n in nodes if made[n.id] is not None]
            if others:
                self._ask(Act.LABELS, others, lambda r, n: r.update_node(n.id, labels=made[n.id]))

        AskLabels(
            self._window.window(),
            say("machines.labels.title", language, names=names),
            before,
            len(nodes),
            lambda pairs: wrong_labels(pairs, language),
            save,
            language,
        ).open()

    # -- asking

    def _ask(
        self,
        act: Act,
        nodes: Sequence[Node],
        request: Callable[[Requests, Node], Awaitable[object]],
        value: str = "",
    ) -> None:
        ids = [node.id for node in nodes]
        self.asked.update(dict.fromkeys(ids, act))
        self.changed.emit()
        language = self._shell.language
        names = _names(nodes, language)
        values = {"names": names, "value": value} if value else {"names": names}
        told = say(f"machines.done.{act}", language, **values)
        self._shell.bridge.ask(
            self,
            lambda r: _each(nodes, lambda node: request(r, node)),
            lambda _: self._answered(ids, told, None),
            lambda problem: self._answered(ids, "", problem),
        )

    def _answered(self, ids: Sequence[str], told: str, problem: Problem | None) -> None:
        for key in ids:
            self.asked.pop(key, None)
        self.changed.emit()
        if problem is None:
            self._shell.tell_done(told)
        else:
            self._shell.tell(problem)


async def _each(nodes: Sequence[Node], request: Callable[[Node], Awaitable[object]]) -> None:
    """All of them, also after one was refused; then the first refusal, with its machine."""
    first: AigcError | None = None
    for node in nodes:
        try:
            await request(node)
        except AigcError as error:
            if first is None:
                where = "" if len(nodes) == 1 else f"{node.name}: "
                first = AigcError(error.key, f"{where}{error.message}", error.kind)
    if first is not None:
        raise first


def _names(nodes: Sequence[Node], language: str) -> str:
    if len(nodes) > 3:
        return say("machines.count", language, count=len(nodes))
    return say("machines.comma", language).join(n.name for n in nodes)
