"""Which nodes cannot take a request, each rule with its sentence. The first that says no counts."""

from __future__ import annotations

from typing import Protocol

from coordinator.domain.engine import Text
from coordinator.domain.gpu import Gpu, GpuNeed
from coordinator.domain.node import Node
from coordinator.domain.placement.view import MIB, FilteredOut, Request, View, vram_mib
from coordinator.domain.volume import Volume

GIB = 1 << 30


class Filter(Protocol):
    """A rule that removes a node; None lets it pass."""

    name: str
    capacity: bool

    def reason(self, request: Request, node: Node, view: View) -> Text | None: ...


class NotRevoked:
    name = "revoked"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        if not node.revoked:
            return None
        return Text(f"{node.name} was removed from the studio", f"{node.name} 已被移出工作室")


class DataAtHome:
    """A local volume is reachable on its home machine alone."""

    name = "data"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        volume = request.volume
        if volume is None or volume.home is None or volume.home == node.id:
            return None
        home = view.nodes.get(volume.home)
        where = volume.home if home is None else home.name
        return Text(f"your files are on {where}", f"您的文件在 {where} 上")


class Answering:
    name = "answering"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        if node.online:
            return None
        if node.last_seen is None:
            return Text(f"{node.name} has never answered", f"{node.name} 从未响应")
        since = f"{node.last_seen:%H:%M}"
        return Text(
            f"{node.name} has been unreachable since {since} UTC",
            f"{node.name} 自 {since} UTC 起无响应",
        )


class DataRestored:
    """Out of the trash for us is not yet out of it on its machine."""

    name = "restoring"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        volume = request.volume
        if volume is None or not volume.restoring:
            return None
        return restoring_reason(volume)


def restoring_reason(volume: Volume) -> Text:
    """Why the data is not there yet, or could not be brought back."""
    if volume.restore_error:
        detail = volume.restore_error.strip().rstrip(".。")
        return Text(
            f"they could not be brought back from the trash: {detail}. Tell IT",
            f"无法从回收站恢复：{detail}。请告知 IT",
        )
    return Text("they are being brought back from the trash", "正在从回收站恢复")


class LedgerAgrees:
    name = "ledger"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        if not node.ledger_refused and node.id not in view.elsewhere:
            return None
        return Text(
            f"{node.name} remembers a newer ledger than the coordinator's; IT has to decide",
            f"{node.name} 记录的账本比协调器更新，需由 IT 决定",
        )


class NotDraining:
    name = "draining"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        if not node.draining:
            return None
        return Text(
            f"{node.name} is being drained by IT and takes no new engine",
            f"{node.name} 正在维护，不接受新的引擎",
        )


class CanStart:
    name = "can-start"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        if node.can_start:
            return None
        if node.problems:
            problem = node.problems[0]
            return Text(
                f"{node.name} cannot start engines: {problem.en}",
                f"{node.name} 无法启动引擎：{problem.zh or problem.en}",
            )
        return Text(
            f"{node.name} has not yet said what it can start",
            f"{node.name} 尚未报告其可启动的内容",
        )


class OldRunGone:
    """An old run on this data must be gone first, wherever it was seen (one writer)."""

    name = "old-run"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        mine = request.kin | {request.instance.id}
        if not mine & view.concerned:
            return None
        for (node_id, instance_id), residue in view.residues.items():
            if instance_id not in mine or node_id != node.id:
                continue
            if instance_id != request.instance.id or residue.epoch <= request.instance.epoch:
                return Text(
                    f"an earlier run of it is still ending on {node.name}",
                    f"它之前的运行仍在 {node.name} 上结束中",
                )
        for node_id, sightings in view.sightings.items():
            if any(s.instance_id in mine for s in sightings):
                seen = view.nodes.get(node_id)
                where = node_id if seen is None else seen.name
                return Text(
                    f"{where} shows a run of it that this ledger does not know; IT has to decide",
                    f"{where} 上有账本中没有记录的运行，需由 IT 决定",
                )
        for other in view.nodes.values():
            if any(u.instance_id in mine for u in other.unclaimed):
                return Text(
                    f"{other.name} keeps an unclaimed container of it; IT has to decide",
                    f"{other.name} 上有它的未认领容器，需由 IT 决定",
                )
        return None


class EnoughMemory:
    """Memory figures are caps, not reservations: only what can never fit is removed."""

    name = "memory"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        need = request.spec.memory_bytes
        if node.memory_bytes == 0 or need <= node.memory_bytes:
            return None
        return Text(
            f"needs {_gib(need)} GB of memory; {node.name} has {_gib(node.memory_bytes)} GB",
            f"需要 {_gib(need)} GB 内存；{node.name} 有 {_gib(node.memory_bytes)} GB",
        )


class SuitableCards:
    """The machine has enough cards of the right kind, whoever uses them now."""

    name = "cards"
    capacity = False

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        need = request.spec.gpu
        if need.count == 0:
            return None
        good = [g for g in node.gpus if suits(g, need) and g.uuid not in node.quarantined_gpus]
        if len(good) >= need.count:
            return None
        wanted = describe(need)
        if len([g for g in node.gpus if suits(g, need)]) >= need.count:
            return Text(
                f"a card of {node.name} is set aside: its memory is not proven free",
                f"{node.name} 的一张显卡已被隔离：其显存未确认释放",
            )
        if not node.gpus:
            return Text(f"{wanted.en}; {node.name} has none", f"{wanted.zh}；{node.name} 没有显卡")
        sizes = [size for g in node.gpus if (size := vram_mib(g)) is not None]
        if need.vram_mib and sizes and max(sizes) < need.vram_mib:
            best = _mib(max(sizes))
            return Text(
                f"{wanted.en}; the largest card of {node.name} has {best} GB",
                f"{wanted.zh}；{node.name} 上最大的显卡有 {best} GB",
            )
        return Text(
            f"{wanted.en}; {node.name} has {len(good)} such",
            f"{wanted.zh}；{node.name} 有 {len(good)} 张",
        )


class FreeCards:
    """Enough of them are free now."""

    name = "free-cards"
    capacity = True

    def reason(self, request: Request, node: Node, view: View) -> Text | None:
        need = request.spec.gpu
        if need.count == 0:
            return None
        free = [g for g in view.free(node) if suits(g, need)]
        if len(free) >= need.count:
            return None
        wanted = describe(need)
        busy = len([g for g in node.gpus if suits(g, need)]) - len(free)
        if view.reserved.get(node.id):
            return Text(
                f"{wanted.en}; {len(free)} free on {node.name}, "
                "where cards are kept for somebody who waits longer",
                f"{wanted.zh}；{node.name} 上空闲 {len(free)} 张，部分已为等待更久的人保留",
            )
        return Text(
            f"{wanted.en}; on {node.name} {len(free)} free, {busy} in use",
            f"{wanted.zh}；{node.name} 上空闲 {len(free)} 张，使用中 {busy} 张",
        )


FILTERS: tuple[Filter, ...] = (
    NotRevoked(),
    DataAtHome(),
    Answering(),
    DataRestored(),
    LedgerAgrees(),
    NotDraining(),
    CanStart(),
    OldRunGone(),
    EnoughMemory(),
    SuitableCards(),
    FreeCards(),
)


def first_reason(request: Request, node: Node, view: View) -> FilteredOut | None:
    """The first filter that removes the node, or None if it may take the request."""
    for rule in FILTERS:
        reason = rule.reason(request, node, view)
        if reason is not None:
            return FilteredOut(rule.name, node.id, node.name, reason, rule.capacity)
    return None


def suits(gpu: Gpu, need: GpuNeed) -> bool:
    """Whether one card is good enough. A card that cannot tell its memory has none to promise."""
    size = vram_mib(gpu)
    if need.vram_mib and (size is None or size < need.vram_mib):
        return False
    if need.models and not any(m.casefold() in gpu.name.casefold() for m in need.models):
        return False
    if need.min_compute_capability is None:
        return True
    has = gpu.compute_capability
    return has is not None and _version(has) >= _version(need.min_compute_capability)


def describe(need: GpuNeed) -> Text:
    """What is needed, in words: ``needs 20 GB on one card``."""
    cards_en = "one card" if need.count == 1 else f"each of {need.count} cards"
    cards_zh = "一张显卡" if need.count == 1 else f"{need.count} 张显卡（每张）"
    if need.vram_mib:
        size = _mib(need.vram_mib)
        en, zh = f"needs {size} GB on {cards_en}", f"需要{cards_zh} {size} GB 显存"
    else:
        plural = "one card" if need.count == 1 else f"{need.count} cards"
        en, zh = f"needs {plural}", f"需要 {need.count} 张显卡"
    if need.models:
        en += f" ({' or '.join(need.models)})"
        zh += f"（{' 或 '.join(need.models)}）"
    if need.min_compute_capability is not None:
        en += f" of compute capability {need.min_compute_capability}"
        zh += f"（计算能力 {need.min_compute_capability} 以上）"
    return Text(en, zh)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in text.split("."))


def _gib(size: int) -> str:
    return f"{size / GIB:.1f}".removesuffix(".0")


def _mib(size: int) -> str:
    return _gib(size * MIB)
