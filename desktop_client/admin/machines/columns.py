"""The columns of the machines and of their graphics cards. Pure."""

from __future__ import annotations

from datetime import datetime

from desktop_client.admin.machines import rows
from desktop_client.admin.machines.rows import GpuRow, MachineRow, Standing
from desktop_client.admin.model import Door, Node
from desktop_client.admin.pages.cells import (
    DASH,
    at,
    bytes_of,
    gigabytes,
    memory,
    memory_gigabytes,
    percent,
    stamp,
)
from desktop_client.admin.tables.column import Align, Column, Speech, natural
from desktop_client.i18n import say
from desktop_client.wording import memory_size, of_memory

_ORDER = {found: index for index, found in enumerate(Standing)}


def standing_word(found: Standing, language: str) -> str:
    return say(f"machines.standing.{found}", language)


def troubles_of(node: Node, language: str) -> list[str]:
    """What is wrong with a machine as a whole, one sentence each, the gravest first."""
    said = []
    if node.ledger_refused:
        said.append(say("machines.problem.ledger", language))
    said += [problem.spoken(language) for problem in node.problems]
    if not node.can_start and node.online and not said:
        said.append(say("machines.problem.cannot_start", language))
    return said


def problems_of(node: Node, language: str) -> list[str]:
    """Everything that is wrong there: of the machine, of its cards, with its containers."""
    said = troubles_of(node, language)
    apart = [gpu for gpu in node.gpus if gpu.quarantined]
    if apart:
        names = rows.card_names(node.gpus)
        listed = say("machines.comma", language).join(names[gpu.uuid] for gpu in apart)
        said.append(say("machines.problem.quarantined", language, cards=listed))
    if node.unclaimed:
        count = len(node.unclaimed)
        key = "machines.problem.unclaimed" if count > 1 else "machines.problem.unclaimed.one"
        said.append(say(key, language, count=count))
    return said


def takes(node: Node, language: str) -> str:
    """Whether it takes engines, and if not, why."""
    found = rows.standing(node)
    if node.ledger_refused and found in (Standing.ONLINE, Standing.DRAINING):
        return say("machines.takes.ledger", language)
    if found is Standing.OFFLINE and node.draining:
        return say("machines.takes.offline_draining", language)
    return say(f"machines.takes.{found}", language)


def door_word(door: Door, language: str) -> str:
    return say(f"machines.door.{door}", language) if door is not Door.UNKNOWN else DASH


def labels_of(node: Node) -> str:
    """``room=2 team=vfx``."""
    return " ".join(f"{k}={v}" if v else k for k, v in sorted(node.labels.items()))


def memory_of(used: int | None, total: int | None) -> str:
    """``11.2 / 24.0 GB``; each may be unknown."""
    if total is None:
        return memory(used)
    return f"{DASH} / {memory_size(total)}" if used is None else of_memory(used, total)


def celsius(value: float | None) -> str:
    return DASH if value is None else f"{value:.0f} °C"


def watts(value: float | None) -> str:
    return DASH if value is None else f"{value:.0f} W"


def seen(node: Node, speech: Speech) -> str:
    """``now`` or the last moment that it was heard."""
    if node.online:
        return say("machines.seen.now", speech.language)
    return at(node.last_seen, speech)


def _seen_sort(row: MachineRow) -> float | None:
    if row.node.online:
        return float("inf")
    return _moment(row.node.last_seen)


def _moment(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()


def _problems(row: MachineRow, speech: Speech) -> str:
    said = problems_of(row.node, speech.language)
    if not said:
        return DASH
    if len(said) == 1:
        return said[0]
    return say("machines.problems.more", speech.language, first=said[0], count=len(said) - 1)


def _models(row: MachineRow, speech: Speech) -> str:
    models = rows.models_of(row.node.gpus)
    if row.simulated:
        models = say("machines.simulated.behind", speech.language, text=models)
    return models or DASH


_STANDING = Column[MachineRow](
    "state", "machines.column.state",
    text=lambda r, s: standing_word(r.standing, s.language),
    sort=lambda r: _ORDER[r.standing],
    words=lambda r: (
        r.standing,
        standing_word(r.standing, "zh"),
        *(("draining",) if r.node.draining else ()),
        *(("attention",) if r.attention else ()),
    ),
    mark=lambda r: rows.mark_of(r.standing, r.attention),
    filter_names=("状态",), values=(*Standing, "attention"), width=125,
)  # fmt: skip
_NAME = Column[MachineRow](
    "name", "machines.column.name", lambda r, s: r.node.name, sort=lambda r: natural(r.node.name),
    words=lambda r: (r.node.id,), filter_names=("machine", "机器", "名称"), width=125,
)  # fmt: skip
_POOL = Column[MachineRow](
    "pool", "machines.column.pool", lambda r, s: r.node.pool or DASH,
    filter_names=("资源池",), width=80,
)  # fmt: skip
_LABELS = Column[MachineRow](
    "labels", "machines.column.labels", lambda r, s: labels_of(r.node) or DASH,
    filter_names=("label", "标签"), width=130, shown_by_default=False,
)  # fmt: skip
_SEEN = Column[MachineRow](
    "seen", "machines.column.seen", lambda r, s: seen(r.node, s), sort=_seen_sort,
    tooltip=lambda r, s: stamp(r.node.last_seen, s), filter_names=("最后响应",), width=80,
)  # fmt: skip
_CARDS = Column[MachineRow](
    "cards", "machines.column.cards", lambda r, s: f"{r.cards_held} / {len(r.node.gpus)}",
    sort=lambda r: (r.cards_held, len(r.node.gpus)),
    number=lambda r: float(len(r.node.gpus)),
    tooltip=lambda r, s: say("machines.column.cards.meaning", s.language),
    filter_names=("gpus", "显卡"), align=Align.END, width=70,
)  # fmt: skip
_MODELS = Column[MachineRow](
    "model", "machines.column.model", _models,
    words=lambda r: (
        *(("simulated",) if r.simulated else ()),
        *(word for g in r.node.gpus for word in (g.name, g.uuid)),
    ),
    tooltip=lambda r, s: ", ".join(dict.fromkeys(g.name for g in r.node.gpus)),
    filter_names=("gpu", "型号"), width=145,
)  # fmt: skip
_USE = Column[MachineRow](
    "use", "machines.column.use", lambda r, s: percent(r.percent), sort=lambda r: r.percent,
    number=lambda r: r.percent, tooltip=lambda r, s: say("machines.column.use.meaning", s.language),
    filter_names=("利用率",), align=Align.END, width=80,
)  # fmt: skip
_VRAM = Column[MachineRow](
    "vram", "machines.column.vram", lambda r, s: memory_of(r.used_bytes, r.total_bytes),
    sort=lambda r: r.used_bytes, number=lambda r: memory_gigabytes(r.used_bytes),
    filter_names=("显存",), align=Align.END, width=120,
)  # fmt: skip
_HEAT = Column[MachineRow](
    "temperature", "machines.column.temperature", lambda r, s: celsius(r.celsius),
    sort=lambda r: r.celsius, number=lambda r: r.celsius,
    tooltip=lambda r, s: say("machines.column.temperature.meaning", s.language),
    filter_names=("温度",), align=Align.END, width=80, shown_by_default=False,
)  # fmt: skip
_INSTANCES = Column[MachineRow](
    "instances", "machines.column.instances", lambda r, s: str(len(r.instances)),
    sort=lambda r: len(r.instances), number=lambda r: float(len(r.instances)),
    words=lambda r: tuple(w for i in r.instances for w in (i.name, i.owner_name, i.id)),
    filter_names=("实例",), align=Align.END, width=80, shown_by_default=False,
)  # fmt: skip
_TAKES = Column[MachineRow](
    "takes", "machines.column.takes", lambda r, s: takes(r.node, s.language),
    sort=lambda r: _ORDER[r.standing], tooltip=lambda r, s: takes(r.node, s.language),
    filter_names=("接收",), width=190, shown_by_default=False,
)  # fmt: skip
_DISK = Column[MachineRow](
    "disk", "machines.column.disk", lambda r, s: bytes_of(r.node.disk_free_bytes),
    sort=lambda r: r.node.disk_free_bytes, number=lambda r: gigabytes(r.node.disk_free_bytes),
    filter_names=("磁盘",), align=Align.END, width=90, shown_by_default=False,
)  # fmt: skip
_DRIVER = Column[MachineRow](
    "driver", "machines.column.driver", lambda r, s: r.node.nvidia_driver or DASH,
    sort=lambda r: natural(r.node.nvidia_driver) if r.node.nvidia_driver else None,
    filter_names=("驱动",), width=100, shown_by_default=False,
)  # fmt: skip
_DOCKER = Column[MachineRow](
    "docker", "machines.column.docker", lambda r, s: docker_of(r.node, s.language),
    sort=lambda r: natural(r.node.docker_version) if r.node.docker_version else None,
    width=100, shown_by_default=False,
)  # fmt: skip
_AGENT = Column[MachineRow](
    "agent", "machines.column.agent", lambda r, s: r.node.agent_version or DASH,
    sort=lambda r: natural(r.node.agent_version) if r.node.agent_version else None,
    filter_names=("代理",), width=90, shown_by_default=False,
)  # fmt: skip
_DOOR = Column[MachineRow](
    "door", "machines.column.door", lambda r, s: door_word(r.node.door, s.language),
    words=lambda r: (r.node.door,),
    tooltip=lambda r, s: door_meaning(r.node.door, s.language),
    filter_names=("隔离",), values=("closed", "open-to-local-users"), width=140,
    shown_by_default=False,
)  # fmt: skip
_PROBLEMS = Column[MachineRow](
    "problems", "machines.column.problems", _problems,
    sort=lambda r: len(problems_of(r.node, "en")) or None,
    number=lambda r: float(len(problems_of(r.node, "en"))),
    tooltip=lambda r, s: "\n".join(problems_of(r.node, s.language)),
    filter_names=("问题",), width=200,
)  # fmt: skip
_JOINED = Column[MachineRow](
    "joined", "machines.column.joined", lambda r, s: at(r.node.joined_at, s),
    sort=lambda r: _moment(r.node.joined_at), width=110, shown_by_default=False,
)  # fmt: skip
_ID = Column[MachineRow](
    "id", "machines.column.id", lambda r, s: r.id, width=140, shown_by_default=False
)

# Those that are shown at first fit into a window of 1280, with the problems before the figures.
MACHINES: tuple[Column[MachineRow], ...] = (
    _NAME, _STANDING, _PROBLEMS, _POOL, _CARDS, _MODELS, _USE, _VRAM, _SEEN,
    _HEAT, _INSTANCES, _TAKES, _DISK, _LABELS, _DRIVER, _DOCKER, _AGENT, _DOOR, _JOINED, _ID,
)  # fmt: skip


def docker_of(node: Node, language: str) -> str:
    """Docker's version; a machine without Docker says that engines run as processes."""
    if node.driver_name == "process":
        return say("machines.docker.process", language)
    return node.docker_version or DASH


def door_meaning(door: Door, language: str) -> str:
    """What it means for the people on that machine."""
    return "" if door is Door.UNKNOWN else say(f"machines.door.{door}.meaning", language)


# -- cards ----------------------------------------------------------------------------------------


def holders_of(row: GpuRow) -> str:
    """``ComfyUI (Lin Xia)``; several share a card."""
    return ", ".join(
        f"{i.name or i.engine_id} ({i.owner_name})" if i.owner_name else i.name for i in row.holders
    )


def _gpu_state(row: GpuRow, language: str) -> str:
    if row.gpu.quarantined:
        return say("machines.gpu.quarantined", language)
    if row.standing in (Standing.OFFLINE, Standing.REVOKED):
        return standing_word(row.standing, language)
    return say("machines.gpu.held" if row.holders else "machines.gpu.free", language)


def _gpu_words(row: GpuRow) -> tuple[str, ...]:
    held = "held" if row.holders else "free"
    apart = ("quarantined",) if row.gpu.quarantined else ()
    return (held, row.standing, _gpu_state(row, "zh"), *apart)


def _gpu_model(row: GpuRow, speech: Speech) -> str:
    name = rows.model_of(row.gpu) or DASH
    if not row.gpu.simulated:
        return name
    return say("machines.simulated.behind", speech.language, text=name)


def _live(row: GpuRow, value: float | None) -> float | None:
    """A silent machine's last readings are not what its card does now."""
    return value if row.node.online else None


def _gpu_used(row: GpuRow) -> int | None:
    return row.gpu.memory_used_bytes if row.node.online else None


GPUS: tuple[Column[GpuRow], ...] = (
    Column[GpuRow](
        "machine", "machines.column.name", lambda r, s: r.node.name,
        sort=lambda r: (natural(r.node.name), r.gpu.pci_bus_id), words=lambda r: (r.node.id,),
        filter_names=("机器",), width=140,
    ),
    Column[GpuRow](
        "state", "machines.column.state", lambda r, s: _gpu_state(r, s.language),
        words=_gpu_words, mark=rows.gpu_mark, filter_names=("状态",),
        values=("free", "held", "quarantined", "offline", "draining"), width=120,
    ),
    Column[GpuRow](
        "model", "machines.column.gpu_model", _gpu_model,
        words=lambda r: (r.gpu.name, *(("simulated",) if r.gpu.simulated else ())),
        tooltip=lambda r, s: r.gpu.name,
        filter_names=("gpu", "型号"), width=170,
    ),
    Column[GpuRow](
        "holder", "machines.column.holder", lambda r, s: holders_of(r) or DASH,
        words=lambda r: tuple(w for i in r.holders for w in (i.id, i.owner_id, i.owner_name)),
        filter_names=("owner", "使用者"), width=200,
    ),
    Column[GpuRow](
        "use", "machines.column.gpu_use", lambda r, s: percent(_live(r, r.gpu.percent)),
        sort=lambda r: _live(r, r.gpu.percent), number=lambda r: _live(r, r.gpu.percent),
        filter_names=("利用率",), align=Align.END, width=70,
    ),
    Column[GpuRow](
        "vram", "machines.column.vram",
        lambda r, s: memory_of(_gpu_used(r), r.gpu.memory_total_bytes),
        sort=_gpu_used, number=lambda r: memory_gigabytes(_gpu_used(r)),
        filter_names=("显存",), align=Align.END, width=130,
    ),
    Column[GpuRow](
        "total", "machines.column.vram_total", lambda r, s: memory(r.gpu.memory_total_bytes),
        sort=lambda r: r.gpu.memory_total_bytes,
        number=lambda r: memory_gigabytes(r.gpu.memory_total_bytes),
        filter_names=("显存总量",), align=Align.END, width=90, shown_by_default=False,
    ),
    Column[GpuRow](
        "temperature", "machines.column.temperature",
        lambda r, s: celsius(_live(r, r.gpu.celsius)),
        sort=lambda r: _live(r, r.gpu.celsius), number=lambda r: _live(r, r.gpu.celsius),
        filter_names=("温度",), align=Align.END, width=80,
    ),
    Column[GpuRow](
        "power", "machines.column.power", lambda r, s: watts(_live(r, r.gpu.watts)),
        sort=lambda r: _live(r, r.gpu.watts), number=lambda r: _live(r, r.gpu.watts),
        filter_names=("功耗",), align=Align.END, width=80,
    ),
    Column[GpuRow](
        "pci", "machines.column.pci", lambda r, s: r.gpu.pci_bus_id or DASH, width=140,
    ),
    Column[GpuRow](
        "uuid", "machines.column.uuid", lambda r, s: r.gpu.uuid, width=300,
    ),
    Column[GpuRow](
        "pool", "machines.column.pool", lambda r, s: r.node.pool or DASH,
        filter_names=("资源池",), width=90, shown_by_default=False,
    ),
    Column[GpuRow](
        "labels", "machines.column.labels", lambda r, s: labels_of(r.node) or DASH,
        filter_names=("label", "标签"), width=130, shown_by_default=False,
    ),
)  # fmt: skip
