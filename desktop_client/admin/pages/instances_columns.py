"""The columns of instances: of all, of those that wait, and of who is on what. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from desktop_client.admin.pages import cells
from desktop_client.admin.pages.cells import DASH
from desktop_client.admin.tables.column import Align, Column
from desktop_client.i18n import say
from desktop_client.model import Instance, State

_ORDER = {state: index for index, state in enumerate(State)}


def _moment(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()


_STATE = Column[Instance](
    "state", "instances.state",
    text=lambda i, s: cells.state_word(i.state, s.language),
    sort=lambda i: _ORDER[i.state],
    words=lambda i: (i.state, say(f"instances.state.{i.state}", "zh")),
    mark=cells.mark_of,
    filter_names=("状态",), values=tuple(State), width=120,
)  # fmt: skip
_NAME = Column[Instance](
    "name", "instances.name", lambda i, s: i.name or DASH, filter_names=("名称",), width=140
)
_ENGINE = Column[Instance](
    "engine", "instances.engine",
    lambda i, s: i.engine_name.spoken(s.language) or i.engine_id,
    words=lambda i: (i.engine_id,), filter_names=("引擎",), width=130,
)  # fmt: skip
_VERSION = Column[Instance](
    "version", "instances.version", lambda i, s: i.version or DASH,
    filter_names=("版本",), width=70,
)  # fmt: skip
_OWNER = Column[Instance](
    "owner", "instances.owner", lambda i, s: i.owner_name or i.owner_id or DASH,
    words=lambda i: (i.owner_id,), filter_names=("所有者",), width=120,
)  # fmt: skip
_MACHINE = Column[Instance](
    "machine", "instances.machine", lambda i, s: i.node_name or DASH,
    words=lambda i: (i.node_id,), filter_names=("机器",), width=100,
)  # fmt: skip
_CARDS = Column[Instance](
    "cards", "instances.cards", lambda i, s: cells.cards(i),
    words=lambda i: tuple(text for c in i.cards for text in (c.name, c.uuid)),
    number=lambda i: float(len(i.cards)),
    filter_names=("显卡",), width=120,
)  # fmt: skip
_VRAM = Column[Instance](
    "vram", "instances.vram", lambda i, s: cells.vram(i),
    sort=lambda i: i.vram_used_bytes,
    number=lambda i: cells.memory_gigabytes(i.vram_used_bytes),
    tooltip=lambda i, s: say("instances.vram.meaning", s.language),
    filter_names=("显存",), align=Align.END, width=160,
)  # fmt: skip
_GPU = Column[Instance](
    "gpu", "instances.gpu", lambda i, s: cells.percent(i.gpu_percent),
    sort=lambda i: i.gpu_percent, number=lambda i: i.gpu_percent,
    align=Align.END, width=96,
)  # fmt: skip
_SINCE = Column[Instance](
    "since", "instances.since", lambda i, s: cells.at(i.since, s),
    sort=lambda i: _moment(i.since),
    tooltip=lambda i, s: cells.stamp(i.since, s), width=120,
)  # fmt: skip
_ACTIVITY = Column[Instance](
    "activity", "instances.activity", lambda i, s: cells.at(i.last_activity, s),
    sort=lambda i: _moment(i.last_activity),
    tooltip=lambda i, s: cells.stamp(i.last_activity, s), width=120,
)  # fmt: skip
_RELEASE = Column[Instance](
    "release", "instances.release", lambda i, s: cells.at(i.release_at, s),
    sort=lambda i: _moment(i.release_at),
    tooltip=lambda i, s: cells.both(i.release_at, s), width=90,
)  # fmt: skip
_LINE = Column[Instance](
    "reason", "instances.reason", lambda i, s: i.line.spoken(s.language) or DASH,
    words=lambda i: (i.line.en, i.line.zh, i.stop, i.fail),
    tooltip=lambda i, s: i.line.spoken(s.language),
    filter_names=("原因",), width=320,
)  # fmt: skip
_DATA = Column[Instance](
    "data", "instances.data", lambda i, s: cells.bytes_of(i.data_bytes),
    sort=lambda i: i.data_bytes, number=lambda i: cells.gigabytes(i.data_bytes),
    filter_names=("数据",), align=Align.END, width=90, shown_by_default=False,
)  # fmt: skip
_CREATED = Column[Instance](
    "created", "instances.created", lambda i, s: cells.at(i.created_at, s),
    sort=lambda i: _moment(i.created_at), width=120, shown_by_default=False,
)  # fmt: skip
_ID = Column[Instance]("id", "instances.id", lambda i, s: i.id, width=150, shown_by_default=False)
_CODE = Column[Instance](
    "code", "instances.code", lambda i, s: i.support_code or DASH,
    filter_names=("代码",), width=110, shown_by_default=False,
)  # fmt: skip

INSTANCES: tuple[Column[Instance], ...] = (
    _STATE, _NAME, _ENGINE, _VERSION, _OWNER, _MACHINE, _CARDS, _VRAM, _GPU, _SINCE, _ACTIVITY,
    _RELEASE, _LINE, _DATA, _CREATED, _ID, _CODE,
)  # fmt: skip
WORKING: tuple[Column[Instance], ...] = (
    _OWNER, _STATE, _ENGINE, replace(_NAME, shown_by_default=False), _MACHINE, _CARDS, _GPU,
    _SINCE, _ACTIVITY,
)  # fmt: skip
