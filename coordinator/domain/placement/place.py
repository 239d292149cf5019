"""Filters, candidates, scorers: one request against the nodes -> Chosen | NoPlacement."""

from __future__ import annotations

from coordinator.domain.engine import Text
from coordinator.domain.node import Node
from coordinator.domain.placement.filters import first_reason, suits
from coordinator.domain.placement.scorers import SCORERS
from coordinator.domain.placement.view import (
    Candidate,
    Chosen,
    FilteredOut,
    NoPlacement,
    Request,
    View,
    vram_mib,
)

_TOLD = 3  # candidates whose scores are kept for the story


def place(request: Request, view: View) -> Chosen | NoPlacement:
    """The best place, or why there is none. Deterministic: equal scores fall to the name."""
    removed: list[FilteredOut] = []
    candidates: list[Candidate] = []
    for node in sorted(view.nodes.values(), key=lambda n: (n.name, n.id)):
        out = first_reason(request, node, view)
        if out is None:
            candidates.append(_candidate(request, node, view))
        else:
            removed.append(out)
    if not candidates:
        return NoPlacement(tuple(removed), _sentence(request, removed, view))
    scored = [
        (tuple(s.score(request, c, view) for s in SCORERS), c)
        for c in candidates  # already in the order of names, which a stable sort keeps among equals
    ]
    scored.sort(key=lambda pair: pair[0], reverse=True)
    best = scored[0][1]
    names = [s.name for s in SCORERS]
    told = tuple(
        (c.node.name, tuple(zip(names, values, strict=True))) for values, c in scored[:_TOLD]
    )
    return Chosen(best, told)


def _candidate(request: Request, node: Node, view: View) -> Candidate:
    """The cards of one node that fit best: the smallest that suffice, in a fixed order."""
    need = request.spec.gpu
    fit = sorted(
        (g for g in view.free(node) if suits(g, need)),
        key=lambda g: (vram_mib(g) or 0, g.pci_bus_id or "", g.uuid),
    )
    return Candidate(node, tuple(fit[: need.count]))


# Which removal tells the person most, when machines were removed for different reasons.
_TELLING = (
    "free-cards",
    "restoring",
    "old-run",
    "ledger",
    "can-start",
    "draining",
    "answering",
    "cards",
    "memory",
    "data",
    "revoked",
)


def _sentence(request: Request, removed: list[FilteredOut], view: View) -> Text:
    if not removed:
        return Text("the studio has no machine yet", "工作室还没有机器")
    home = None if request.volume is None else request.volume.home
    if home is not None:
        at_home = next((r for r in removed if r.node_id == home), None)
        if at_home is None:
            return Text(
                f"your files are on {home}, which the studio no longer has",
                f"您的文件在 {home} 上，但工作室已没有这台机器",
            )
        if at_home.filter == "answering":
            node = view.nodes[home]
            if node.last_seen is None:
                return Text(
                    f"your files are on {node.name}, which has never answered",
                    f"您的文件在 {node.name} 上，该机器从未响应",
                )
            since = f"{node.last_seen:%H:%M}"
            return Text(
                f"your files are on {node.name}, unreachable since {since} UTC",
                f"您的文件在 {node.name} 上，自 {since} UTC 起无响应",
            )
        if at_home.capacity:
            return at_home.reason
        return Text(
            f"your files are on {at_home.node_name}: {at_home.reason.en}",
            f"您的文件在 {at_home.node_name} 上：{at_home.reason.zh}",
        )
    ranked = sorted(removed, key=lambda r: _TELLING.index(r.filter))
    best = ranked[0]
    others = len({r.node_id for r in removed}) - 1
    if others == 0:
        return best.reason
    return Text(
        f"{best.reason.en} ({others} more {'machine' if others == 1 else 'machines'} out of reach "
        "or unsuitable)"
        if not best.capacity
        else best.reason.en,
        f"{best.reason.zh}（另有 {others} 台机器不可用）" if not best.capacity else best.reason.zh,
    )
