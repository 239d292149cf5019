"""The one line that says what is going on with an instance and why, in both languages.

The same words everywhere: tray, command line, web pages, notifications. Times are told in the
time zone of ``now``, so the caller chooses whose clock people read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coordinator.domain.engine import Text
from coordinator.domain.idle import IdleWhy
from coordinator.domain.instance import FailReason, Instance, Part, PartKind, State, StopReason
from coordinator.domain.lifecycle import shall_run
from coordinator.domain.node import NodeId
from coordinator.domain.studio import Studio
from coordinator.domain.timers import verdict_of
from coordinator.domain.trash import Trashed
from coordinator.domain.volume import Volume

_GB = 1e9
_MB = 1e6


def release_at(studio: Studio, instance: Instance, now: datetime) -> datetime | None:
    """When it will be released if nothing happens from now on; None: not in sight."""
    verdict = verdict_of(studio, instance)
    if verdict is None or verdict.release_at is None:
        return None
    return max(verdict.release_at, now)


def instance_line(studio: Studio, instance: Instance, now: datetime) -> Text:
    """The line; see the module. Never empty, never without its cause where there is one."""
    if instance.delete_wanted and instance.state is not State.DELETED:
        return _deleting(studio, instance, now)
    match instance.state:
        case State.REQUESTED:
            return Text("Asked for; looking for a machine", "已请求，正在寻找机器")
        case State.QUEUED:
            return _queued(studio, instance)
        case State.PLACED:
            node = _node(studio, instance)
            return Text(f"Preparing on {node.en}", f"正在 {node.zh} 上准备")
        case State.PREPARING:
            return _preparing(studio, instance)
        case State.STARTING:
            node = _node(studio, instance)
            return Text(f"Starting on {node.en}", f"正在 {node.zh} 上启动")
        case State.READY:
            return _ready(studio, instance, now)
        case State.STOPPING:
            return _stopping(studio, instance)
        case State.STOPPED:
            return _stopped(studio, instance, now)
        case State.FAILED:
            return _failed(instance)
        case State.UNREACHABLE | State.LOST:
            return _silent(studio, instance, now)
        case State.DELETED:
            return Text("Deleted; its data is in the trash", "已删除，数据在回收站中")


_REASONS: dict[StopReason | FailReason, Text] = {
    StopReason.BY_CREATOR: Text("you stopped it", "由您停止"),
    StopReason.BY_ADMIN: Text("IT stopped it", "由 IT 停止"),
    StopReason.IDLE: Text("released because nobody used it", "因无人使用而释放"),
    StopReason.LIFETIME: Text("released at its maximum running time", "已达最长运行时间而释放"),
    StopReason.BUDGET: Text("the budget is used up", "预算已用完"),
    StopReason.NODE_DRAINED: Text("its machine was drained by IT", "所在机器已由 IT 设为维护"),
    StopReason.UPDATED: Text("stopped for an update", "因更新而停止"),
    FailReason.PREPARE: Text("Could not be prepared", "准备失败"),
    FailReason.START: Text("Could not start", "启动失败"),
    FailReason.PROBE_TIMEOUT: Text("Did not answer in time after its start", "启动后未按时响应"),
    FailReason.CRASHED: Text("Crashed", "已崩溃"),
    FailReason.OUT_OF_MEMORY: Text("Ran out of memory", "内存不足"),
    FailReason.GPU_LOST: Text("Lost its graphics card", "与显卡失去连接"),
}

_ORDINALS = {
    1: "you are next",
    2: "second in line",
    3: "third in line",
    4: "fourth in line",
    5: "fifth in line",
    6: "sixth in line",
    7: "seventh in line",
    8: "eighth in line",
    9: "ninth in line",
    10: "tenth in line",
}


def _queued(studio: Studio, instance: Instance) -> Text:
    entry = studio.queue_entry(instance.id)
    if entry is None:
        return Text("Waiting for a machine", "排队中")
    place = _ORDINALS.get(entry.position, f"number {entry.position} in line")
    return Text(
        f"Waiting, {place}: {entry.reason.en}",
        f"排队中，第 {entry.position} 位：{entry.reason.zh or entry.reason.en}",
    )


_PARTS = {
    PartKind.IMAGE: Text("image", "镜像"),
    PartKind.DATA: Text("your data", "您的数据"),
    PartKind.MODELS: Text("models", "模型"),
}


def _preparing(studio: Studio, instance: Instance) -> Text:
    open_parts = [p for p in instance.parts if not p.done]
    if not open_parts:
        node = _node(studio, instance)
        return Text(f"Preparing on {node.en}", f"正在 {node.zh} 上准备")
    told = [_part(p) for p in open_parts]
    return Text(
        "Preparing · " + " · ".join(t.en for t in told),
        "准备中 · " + " · ".join(t.zh for t in told),
    )


def _part(part: Part) -> Text:
    name = _PARTS[part.kind]
    done, total = part.bytes_done, part.bytes_total
    if total is None:
        if done == 0:
            return name
        return Text(f"{name.en} {_size(done)} so far", f"{name.zh} 已 {_size(done)}")
    unit, word = (_GB, "GB") if total >= _GB else (_MB, "MB")
    figures_en = f"{done / unit:.1f} of {total / unit:.1f} {word}"
    return Text(
        f"{name.en} {figures_en}", f"{name.zh} {done / unit:.1f} / {total / unit:.1f} {word}"
    )


def _ready(studio: Studio, instance: Instance, now: datetime) -> Text:
    node, cards = _node(studio, instance), _cards(studio, instance)
    where = Text(
        ", ".join([node.en, *(card.en for card in cards)]),
        "，".join([node.zh, *(card.zh for card in cards)]),
    )
    verdict = verdict_of(studio, instance)
    ready = Text(f"Ready · {where.en}", f"就绪 · {where.zh}")
    if verdict is None:
        return ready
    if verdict.release_at is not None and verdict.warn_at is not None and now >= verdict.warn_at:
        left = _minutes(verdict.release_at - now)
        if verdict.reason is StopReason.LIFETIME:
            return Text(
                f"Released in {left} min: its maximum running time ends then",
                f"{left} 分钟后释放：已达最长运行时间",
            )
        last = _at(verdict.last_at, now)
        return Text(
            f"Released in {left} min: nothing happened since {last.en}",
            f"{left} 分钟后释放：自 {last.zh} 起没有活动",
        )
    if verdict.why is IdleWhy.TRAFFIC_UNSEEN:
        return Text(
            f"{ready.en} · the gateway is away, so nobody's use is seen and it is not released",
            f"{ready.zh} · 网关暂不可用，无法得知是否有人使用，因此不会释放",
        )
    if verdict.why is IdleWhy.SIGNAL_FAILED:
        return Text(
            f"{ready.en} · its GPU work cannot be read, so it is not released",
            f"{ready.zh} · 无法读取其 GPU 使用情况，因此不会释放",
        )
    if verdict.why is IdleWhy.NO_WORK_SIGNAL:
        if verdict.release_at is None:
            return Text(
                f"{ready.en} · not released by itself: this machine cannot tell when it is idle",
                f"{ready.zh} · 不会自动释放：此机器无法判断其是否空闲",
            )
        end = _at(verdict.release_at, now)
        return Text(
            f"{ready.en} · this machine cannot tell when it is idle; it runs until {end.en}",
            f"{ready.zh} · 此机器无法判断其是否空闲，将运行至 {end.zh}",
        )
    return ready


def _stopping(studio: Studio, instance: Instance) -> Text:
    if not instance.restart_wanted:
        return Text("Stopping, saving your data", "正在停止并保存数据")
    if instance.stop_reason is None:
        node = _node(studio, instance)
        return Text(
            f"Starting again: {node.en} was restarted, or the earlier run is still ending there",
            f"正在重新启动：{node.zh} 已重启，或之前的运行仍在结束",
        )
    return Text("Stopping, then starting again as you asked", "正在停止，随后将按您的要求重新启动")


def trash_line(studio: Studio, trashed: Trashed, now: datetime) -> Text:
    """When it was deleted, how long it is kept, how much it is and where."""
    deleted, until = _at(trashed.deleted_at, now), _at(trashed.kept_until, now)
    en = f"Deleted {deleted.en}, kept until {until.en}"
    zh = f"已删除，{deleted.zh}；保留至 {until.zh}"
    volume = trashed.volume
    if volume.bytes is not None:
        en, zh = f"{en} · {_size(volume.bytes)}", f"{zh} · {_size(volume.bytes)}"
    if volume.home is not None:
        where = _name(studio, volume.home)
        en, zh = f"{en} · on {where}", f"{zh} · 位于 {where}"
    return Text(en, zh)


def _restoring(studio: Studio, volume: Volume) -> Text:
    """Its machine has not brought the data back yet, or could not."""
    if volume.restore_error:
        detail = volume.restore_error.strip().rstrip(".。")
        return Text(
            f"Your files could not be brought back from the trash: {detail}. Tell IT",
            f"无法从回收站恢复您的文件：{detail}。请告知 IT",
        )
    assert volume.home is not None
    where, node = _name(studio, volume.home), studio.nodes.get(volume.home)
    if node is None or not node.online:
        return Text(
            f"Restored; your files come back as soon as {where} answers",
            f"已恢复；{where} 恢复响应后将取回您的文件",
        )
    return Text(
        f"Restored; your files are being brought back on {where}",
        f"已恢复；正在 {where} 上取回您的文件",
    )


def _stopped(studio: Studio, instance: Instance, now: datetime) -> Text:
    since = _at(instance.state_since, now)
    volume = studio.volumes.get(instance.volume_id)
    if volume is not None and volume.restoring:
        return _restoring(studio, volume)
    if instance.restored_from is not None and instance.placed_at is None:
        return Text(f"Restored {since.en} with your files", f"已恢复，{since.zh}；文件已取回")
    if instance.stop_reason is None or instance.stop_reason is StopReason.BY_CREATOR:
        return Text(f"Stopped {since.en}; your files are kept", f"已停止，{since.zh}；文件已保留")
    why = _REASONS[instance.stop_reason]
    return Text(
        f"Stopped {since.en}: {why.en}; your files are kept",
        f"已停止，{since.zh}：{why.zh}；文件已保留",
    )


def _failed(instance: Instance) -> Text:
    why = _REASONS[instance.fail_reason or FailReason.START]
    detail = instance.fail_detail.strip().rstrip(".。")
    tell = Text(
        f"Tell IT the code {instance.support_code}" if instance.support_code else "Tell IT",
        f"请将代码 {instance.support_code} 告知 IT" if instance.support_code else "请告知 IT",
    )
    if not detail:
        return Text(f"{why.en}. {tell.en}", f"{why.zh}。{tell.zh}")
    return Text(f"{why.en}: {detail}. {tell.en}", f"{why.zh}：{detail}。{tell.zh}")


def _silent(studio: Studio, instance: Instance, now: datetime) -> Text:
    name = _node(studio, instance)
    node = None
    if instance.placement is not None:
        node = studio.nodes.get(instance.placement.node_id)
    last = instance.state_since if node is None or node.last_seen is None else node.last_seen
    since = _at(last, now)
    en = f"{name.en} has not answered since {since.en}; "
    zh = f"{name.zh} 自 {since.zh} 起无响应；"
    if not shall_run(instance) and not instance.restart_wanted:
        return Text(en + "it will be stopped as soon as it answers", zh + "恢复响应后将停止")
    if instance.restart_wanted:
        return Text(
            en + "it starts again as soon as the machine answers or IT says that it is off",
            zh + "机器恢复响应或 IT 确认其已关机后将重新启动",
        )
    return Text(en + "your engine may still be running", zh + "您的引擎可能仍在运行")


def _deleting(studio: Studio, instance: Instance, now: datetime) -> Text:
    if instance.state in (State.UNREACHABLE, State.LOST):
        node = _node(studio, instance)
        return Text(
            f"Deleted as soon as {node.en} answers; its data goes to the trash",
            f"{node.zh} 恢复响应后将删除；数据将移入回收站",
        )
    return Text("Stopping, then its data goes to the trash", "正在停止，随后数据将移入回收站")


def _node(studio: Studio, instance: Instance) -> Text:
    if instance.placement is None:
        return Text("its machine", "所在机器")
    name = _name(studio, instance.placement.node_id)
    return Text(name, name)


def _name(studio: Studio, node_id: NodeId) -> str:
    node = studio.nodes.get(node_id)
    return node_id if node is None else node.name


def _short(card: str) -> str:
    """``RTX 4090`` for ``NVIDIA GeForce RTX 4090``: what tells the cards of a studio apart."""
    return card.removeprefix("NVIDIA ").removeprefix("GeForce ").removesuffix(" Generation")


def _cards(studio: Studio, instance: Instance) -> list[Text]:
    where = instance.placement
    if where is None or where.node_id not in studio.nodes:
        return []
    by_uuid = {g.uuid: g for g in studio.nodes[where.node_id].gpus}
    cards = [by_uuid[u] for u in where.gpu_uuids if u in by_uuid]
    counted: dict[Text, int] = {}
    for card in cards:
        short = _short(card.name)
        name = Text(short, short)
        if card.simulated and "simulated" not in short.casefold():
            name = Text(f"{short} (simulated)", f"{short}（模拟）")
        counted[name] = counted.get(name, 0) + 1
    return [
        name if n == 1 else Text(f"{n} × {name.en}", f"{n} × {name.zh}")
        for name, n in counted.items()
    ]


def _minutes(left: timedelta) -> int:
    return max(1, -(-int(left.total_seconds()) // 60))


def _size(amount: int) -> str:
    return f"{amount / _GB:.1f} GB" if amount >= _GB else f"{amount / _MB:.1f} MB"


def _at(at: datetime, now: datetime) -> Text:
    """A moment for people, in the time zone of ``now``: the day only where it is another one."""
    local = at.astimezone(now.tzinfo)
    zone = " UTC" if now.tzinfo is UTC else ""
    clock = f"{local:%H:%M}{zone}"
    days = (now.date() - local.date()).days
    if days == 0:
        return Text(clock, clock)
    if days == 1:
        return Text(f"yesterday {clock}", f"昨天 {clock}")
    if days == -1:
        return Text(f"tomorrow {clock}", f"明天 {clock}")
    return Text(f"{local:%Y-%m-%d} {clock}", f"{local:%Y-%m-%d} {clock}")
