"""The columns of the audit log. Pure."""

from __future__ import annotations

from desktop_client.admin.pages import cells
from desktop_client.admin.pages.cells import DASH
from desktop_client.admin.records import AuditEntry
from desktop_client.admin.tables.column import Align, Column, Mark
from desktop_client.i18n import knows, say
from desktop_client.view_model import Shape


def action_word(action: str, language: str) -> str:
    """``Disabled a person``; an action that this program does not know yet stays as it was told."""
    key = f"audit.did.{action}"
    return say(key, language) if knows(key) else action


def outcome_word(outcome: str, language: str) -> str:
    key = f"audit.outcome.{outcome}"
    return say(key, language) if knows(key) else outcome or DASH


def _mark(entry: AuditEntry) -> Mark:
    return Mark(Shape.READY if entry.outcome == "done" else Shape.ATTENTION)


AUDIT: tuple[Column[AuditEntry], ...] = (
    Column(
        "time", "audit.time", lambda e, s: cells.stamp(e.at, s),
        sort=lambda e: -e.seq, filter_names=("时间",), width=150,
    ),
    Column(
        "who", "audit.who", lambda e, s: e.actor_name or e.actor or DASH,
        words=lambda e: (e.actor,), tooltip=lambda e, s: e.actor,
        filter_names=("actor", "操作者"), width=140,
    ),
    Column(
        "what", "audit.what", lambda e, s: action_word(e.action, s.language),
        words=lambda e: (e.action,), filter_names=("action", "操作"), width=230,
    ),
    Column(
        "target", "audit.target", lambda e, s: e.target_name or e.target or DASH,
        words=lambda e: (e.target,), tooltip=lambda e, s: e.target,
        filter_names=("对象",), width=160,
    ),
    Column(
        "outcome", "audit.outcome", lambda e, s: outcome_word(e.outcome, s.language), mark=_mark,
        words=lambda e: (e.outcome,), filter_names=("结果",), values=("done", "refused"),
        width=100,
    ),
    Column(
        "detail", "audit.detail", lambda e, s: e.detail.spoken(s.language) or DASH,
        words=lambda e: (e.detail.en, e.detail.zh),
        tooltip=lambda e, s: e.detail.spoken(s.language), filter_names=("详情",), width=240,
    ),
    Column(
        "number", "audit.number", lambda e, s: str(e.seq), sort=lambda e: -e.seq,
        number=lambda e: e.seq, align=Align.END, width=80, shown_by_default=False,
    ),
)  # fmt: skip
