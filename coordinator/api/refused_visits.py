"""Why a visit did not start an engine: kept for a minute, so that the waiting page can say it.

In memory alone: nothing happened to the instance, so there is nothing for the ledger. A reason
goes when its time is over or the instance's state changes, whichever comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.domain.engine import Text
from coordinator.domain.instance import Instance, InstanceId, State
from coordinator.domain.studio import Studio

KEPT_SECONDS = 60.0

# What the core and the reactor say in English only, for readers of Chinese.
_CHINESE = {
    "person-unknown": "您从未在此工作室登录，请先登录",
    "person-disabled": "{person} 的账户已停用，请联系 IT",
    "not-yours": "{name} 属于其他人",
    "instance-unknown": "{name} 可能已被删除",
    "instance-deleted": "{name} 正在删除，请启动新的引擎",
    "engine-withdrawn": "引擎 {engine} 已不在工作室的引擎目录中；数据已保留，请联系 IT",
    "version-unknown": "{engine} 没有版本 {version}，请在“我的引擎”中选择其他版本",
    "version-withdrawn": "{engine} 的版本 {version} 已撤下，请在“我的引擎”中选择其他版本",
    "limit-instances": "您的引擎数量已达个人上限，请先删除不再需要的引擎",
    "limit-engine": "您的 {engine} 数量已达上限，请先删除不再需要的引擎",
    "ledger-unavailable": "协调器无法写入账本，因此未作任何更改；运行中的引擎不受影响，请联系 IT",
    "coordinator-stopping": "协调器正在停止，请稍后再试",
}


@dataclass(frozen=True, slots=True)
class _Refusal:
    line: Text
    until: float  # monotonic seconds
    state: State
    since: datetime


class RefusedVisits:
    """See the module."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refusals: dict[InstanceId, _Refusal] = {}

    def keep(self, studio: Studio, instance: Instance, error: AigcError) -> None:
        """Remember why that visit started nothing; a later one's reason replaces it."""
        now = self._clock.monotonic()
        self._refusals = {i: r for i, r in self._refusals.items() if r.until > now}
        self._refusals[instance.id] = _Refusal(
            _line(studio, instance, error), now + KEPT_SECONDS, instance.state, instance.state_since
        )

    def forget(self, instance_id: InstanceId) -> None:
        """A visit was accepted since."""
        self._refusals.pop(instance_id, None)

    def line_of(self, instance: Instance) -> Text | None:
        """The reason, if it is still true of the instance as it is now."""
        found = self._refusals.get(instance.id)
        if found is None or found.until <= self._clock.monotonic():
            return None
        if (found.state, found.since) != (instance.state, instance.state_since):
            return None
        return found.line


def _line(studio: Studio, instance: Instance, error: AigcError) -> Text:
    said = error.message.strip().rstrip(".。")
    engine = studio.engines.get(instance.engine_id)
    name = Text(instance.engine_id) if engine is None else engine.name
    person = studio.people.get(instance.owner)
    words = _CHINESE.get(error.key)
    told = words and words.format(
        name=instance.name,
        engine=name.zh or name.en,
        version=instance.version,
        person="" if person is None else person.name,
    )
    return Text(f"Not started: {said}", f"未启动：{told or said}")
