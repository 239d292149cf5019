"""The columns of shared engines. Pure."""

from __future__ import annotations

from desktop_client.admin.pages import cells
from desktop_client.admin.pages.cells import DASH
from desktop_client.admin.records import Share
from desktop_client.admin.tables.column import Column, Speech
from desktop_client.i18n import say


def guest(share: Share, language: str) -> str:
    """A person by name, or a team as such."""
    if share.team:
        return say("shares.team", language, team=share.team)
    return share.person_name or DASH


def access_word(share: Share, language: str) -> str:
    return say("shares.view" if share.view_only else "shares.use", language)


def share_victim(share: Share, speech: Speech) -> str:
    """For a confirmation: what, whose, with whom, until when."""
    return say(
        "shares.victim",
        speech.language,
        name=share.instance_name,
        owner=share.owner_name,
        guest=guest(share, speech.language),
        at=cells.at(share.expires_at, speech),
    )


def _stamp(share: Share) -> float | None:
    return share.expires_at.timestamp() if share.expires_at else None


SHARES: tuple[Column[Share], ...] = (
    Column(
        "name", "shares.name", lambda s, _: s.instance_name, words=lambda s: (s.instance_id,),
        filter_names=("引擎", "instance"), width=190,
    ),
    Column(
        "owner", "shares.owner", lambda s, _: s.owner_name or DASH,
        words=lambda s: (s.owner_id,), filter_names=("所有者",), width=150,
    ),
    Column(
        "guest", "shares.guest", lambda s, speech: guest(s, speech.language),
        words=lambda s: (s.team,), filter_names=("共享给", "with"), width=190,
    ),
    Column(
        "access", "shares.access", lambda s, speech: access_word(s, speech.language),
        words=lambda s: ("view" if s.view_only else "use",), filter_names=("权限",),
        values=("use", "view"), width=110,
    ),
    Column(
        "until", "shares.until", lambda s, speech: cells.at(s.expires_at, speech), sort=_stamp,
        tooltip=lambda s, speech: cells.stamp(s.expires_at, speech), width=150,
    ),
    Column(
        "since", "shares.since", lambda s, speech: cells.at(s.created_at, speech),
        sort=lambda s: s.created_at.timestamp() if s.created_at else None,
        tooltip=lambda s, speech: cells.stamp(s.created_at, speech), width=130,
    ),
    Column("id", "people.id", lambda s, _: s.id, width=150, shown_by_default=False),
)  # fmt: skip
