"""What a line of the audit log says beside who, what and whom: keys with values, worded when read.

Kept as JSON, so that a line can be read in either language and counted by a script, whatever
language it was written in. A detail that is only a name is kept as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from coordinator.domain.engine import Text

WORDS: dict[str, Text] = {
    "valid": Text("valid for {span}", "有效期 {span}"),
    "renamed": Text("name {before} → {after}", "名称 {before} → {after}"),
    "pool": Text("pool {before} → {after}", "资源池 {before} → {after}"),
    "labels": Text("labels {labels}", "标签 {labels}"),
    "no-labels": Text("no labels any more", "标签已清除"),
    "declared-off": Text("{reason}; leases freed: {count}", "{reason}；已释放租约：{count}"),
    "adopted": Text("running instances adopted: {count}", "已接管运行中的实例：{count}"),
    "container": Text(
        "container {container}, instance {instance}, epoch {epoch}",
        "容器 {container}，实例 {instance}，代次 {epoch}",
    ),
    "role": Text("now {role}", "现为{role}"),
    "role-from-claims": Text("now {role}, from the claims", "现为{role}（来自声明）"),
    "owner": Text("of {person}", "属于 {person}"),
    "named-of": Text("{name} of {person}", "{person} 的 {name}"),
    "restored": Text("{name}, now {instance}", "{name}，现为 {instance}"),
    "shared": Text(
        "with {whom} to {access} until {until} ({share})",
        "共享给 {whom}，权限为{access}，至 {until}（{share}）",
    ),
    "share-ended": Text("with {whom} ({share})", "与 {whom} 的共享（{share}）"),
    "linked": Text("{newcomer}, engines: {count}", "{newcomer}，引擎：{count}"),
    "sessions-ended": Text("sign-ins ended: {count}", "已结束的登录：{count}"),
    "renewed": Text("by its certificate", "凭证书"),
    "renewed-by-key": Text("by proof of its key, after its certificate ended", "证书到期后凭密钥"),
    "took-over": Text(
        "its certificate is ours and newer than this ledger", "其证书由本机构签发，且比此账本新"
    ),
    "old-key-withdrawn": Text("the old key is withdrawn", "旧密钥已撤回"),
    "link-proven": Text("with its password", "凭其密码"),
    "link-by-name": Text("by name", "凭用户名"),
    "link-same": Text("{newcomer} is {person}", "{newcomer} 即 {person}"),
}
_TERMS = {
    "creator": Text("creator", "创作者"),
    "team_lead": Text("team lead", "团队负责人"),
    "auditor": Text("auditor", "审计员"),
    "admin": Text("admin", "管理员"),
    "view": Text("view", "查看"),
    "use": Text("use", "使用"),
}
_WORDED = ("role", "access")  # values that are one of our terms
_CALLED = ("person", "newcomer", "whom")  # values that are ids, or names already
_SPANS = (
    (86400, Text("day"), Text("days", "天")),
    (3600, Text("hour"), Text("hours", "小时")),
    (60, Text("minute"), Text("minutes", "分钟")),
    (1, Text("second"), Text("seconds", "秒")),
)

Value = str | int


@dataclass(frozen=True, slots=True)
class Fact:
    """One key with its values. ``span`` is in seconds."""

    key: str
    values: Mapping[str, Value]


def detail(key: str, **values: Value) -> str:
    """As the log keeps it. KeyError for a key that has no words, or without a value of its own."""
    return details(Fact(key, values))


def details(*facts: Fact) -> str:
    """Several at once."""
    for fact in facts:
        _worded(fact, {})
    kept = [[fact.key, dict(fact.values)] for fact in facts]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def facts_of(kept: str) -> tuple[Fact, ...]:
    """What a line says, as keys and values; nothing for a plain text."""
    if not kept.startswith('[["'):
        return ()
    try:
        read = json.loads(kept)
        facts = tuple(Fact(str(key), dict(values)) for key, values in read)
    except (ValueError, TypeError):  # a plain text that only looks like it
        return ()
    return facts if all(fact.key in WORDS for fact in facts) else ()


def words_of(kept: str, names: Mapping[str, str] | None = None) -> Text:
    """What a line says, in both languages; a plain text is the same in both.

    Args:
        names: what people and things are called now, by their ids.
    """
    try:
        said = [_worded(fact, names or {}) for fact in facts_of(kept)]
    except (KeyError, ValueError):  # written by another version, with other values
        return Text(kept, kept)
    if not said:
        return Text(kept, kept)
    return Text("; ".join(t.en for t in said), "；".join(t.zh for t in said))


def span_words(span: timedelta) -> Text:
    """A length of time in the largest unit that tells it whole: ``90 minutes``, ``7 days``."""
    seconds = int(span.total_seconds())
    for length, one, many in _SPANS:
        if seconds and seconds % length == 0:
            count = seconds // length
            return Text(f"{count} {one.en if count == 1 else many.en}", f"{count} {many.zh}")
    return Text("0 seconds", "0 秒")


def _worded(fact: Fact, names: Mapping[str, str]) -> Text:
    words, en, zh = WORDS[fact.key], dict[str, Value](), dict[str, Value]()
    for name, value in fact.values.items():
        told = Text(str(value), str(value))
        if name == "span":
            told = span_words(timedelta(seconds=int(value)))
        elif name in _WORDED:
            told = _TERMS.get(str(value), told)
        elif name in _CALLED:
            called = names.get(str(value), str(value))
            told = Text(called, called)
        en[name], zh[name] = told.en, told.zh
    return Text(words.en.format_map(en), words.zh.format_map(zh))
