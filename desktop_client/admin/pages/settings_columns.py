"""The columns of the studio's settings. Pure."""

from __future__ import annotations

from desktop_client.admin.pages.cells import DASH
from desktop_client.admin.records import Setting
from desktop_client.admin.tables.column import Column, Mark
from desktop_client.i18n import say
from desktop_client.view_model import Shape


def setting_id(setting: Setting) -> str:
    return f"{setting.section}.{setting.key}"


def _origin(setting: Setting) -> str:
    return "default" if setting.is_default else "set"


SETTINGS: tuple[Column[Setting], ...] = (
    Column(
        "section", "studio.section",
        lambda r, s: r.section or say("studio.section.top", s.language),
        sort=lambda r: r.section,
        filter_names=("部分",), width=120,
    ),
    Column("key", "studio.key", lambda r, s: r.key, filter_names=("键",), width=220),
    Column(
        "value", "studio.value", lambda r, s: r.value or DASH, tooltip=lambda r, s: r.value,
        filter_names=("值",), width=260,
    ),
    Column(
        "origin", "studio.origin", lambda r, s: say(f"studio.origin.{_origin(r)}", s.language),
        mark=lambda r: Mark(Shape.STOPPED if r.is_default else Shape.READY),
        words=lambda r: (_origin(r),), filter_names=("来源",), values=("default", "set"), width=100,
    ),
    Column(
        "meaning", "studio.meaning", lambda r, s: r.meaning.spoken(s.language) or DASH,
        tooltip=lambda r, s: r.meaning.spoken(s.language), width=320,
    ),
)  # fmt: skip
