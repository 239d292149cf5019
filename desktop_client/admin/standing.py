"""How things stand between the admin window and the studio, in words. Pure.

Before there is anything to show, a :class:`Gate` says what is missing and offers the one step that
is right now; afterwards a :class:`Status` says who looks at what, and how old it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from desktop_client.admin.model import Fleet, Role
from desktop_client.card_view import Shape
from desktop_client.i18n import say
from desktop_client.model import Link
from desktop_client.wording import grouped, moment, problem_text


class Step(StrEnum):
    """What a person can do at the gate."""

    FIND = "find"
    TRUST = "trust"
    DISTRUST = "distrust"
    SIGN_IN = "sign-in"
    CANCEL = "cancel"
    SIGN_OUT = "sign-out"
    WAKE = "wake"


@dataclass(frozen=True, slots=True)
class Gate:
    """One page instead of the studio.

    Attributes:
        field: an address is asked for; what stands in it at first.
        code: to compare or to copy (a fingerprint, a link), or empty.
        busy: something is under way.
        first, second: the steps, the one that is right now first; None: nothing to do but wait.
    """

    title: str
    text: str
    problem: str = ""
    field: str | None = None
    code: str = ""
    busy: bool = False
    first: Step | None = None
    second: Step | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The line at the window's foot.

    Attributes:
        banner: one sentence above the pages while they show the past, or empty.
    """

    studio: str
    where: str
    who: str
    shape: Shape
    struck: bool
    live: str
    banner: str = ""


def gate(fleet: Fleet, language: str) -> Gate | None:
    """What stands before the pages; None when they may be shown."""
    problem = problem_text(fleet.problem, language)
    studio = fleet.studio or fleet.address

    def made(key: str, **more: object) -> Gate:
        title = say(f"admin.gate.{key}.title", language, studio=studio, person=fleet.person)
        text = say(f"admin.gate.{key}.text", language, studio=studio, address=fleet.address)
        return Gate(title, text, **more)  # type: ignore[arg-type]

    match fleet.link:
        case Link.UNCONFIGURED:
            return made(
                "find", problem=problem, field=fleet.address, busy=fleet.busy, first=Step.FIND
            )
        case Link.UNTRUSTED:
            return made("trust", code=grouped(fleet.pin), first=Step.TRUST, second=Step.DISTRUST)
        case Link.SIGNED_OUT:
            return made("signed_out", problem=problem, first=Step.SIGN_IN)
        case Link.SIGNING_IN:
            return made("signing_in", code=fleet.sign_in_url, busy=True, second=Step.CANCEL)
    if fleet.role is not Role.UNKNOWN and not fleet.may_see:
        return made("no_role", first=Step.SIGN_OUT, second=Step.WAKE)
    if fleet.heard_at is not None:
        return None
    if fleet.link is Link.OFFLINE:
        return made("unreachable", problem=problem, first=Step.WAKE)
    return made("connecting", busy=True)


def status(fleet: Fleet, now: datetime, zone: tzinfo | None, language: str) -> Status:
    """Who looks at what, and how old it is."""
    who = fleet.person
    if who and fleet.role is Role.AUDITOR:
        who = say("admin.status.auditor", language, person=who)
    elif who and fleet.role is Role.ADMIN:
        who = say("admin.status.admin", language, person=who)
    studio = fleet.studio or fleet.address or say("admin.name", language)
    where = fleet.address if fleet.studio else ""
    if fleet.link is Link.ONLINE and not fleet.may_see:
        return Status(
            studio, where, who, Shape.STOPPED, False, say("admin.status.connected", language)
        )
    if fleet.link is Link.ONLINE:
        live = say("admin.status.live", language)
        return Status(studio, where, who, Shape.READY, False, live)
    if fleet.heard_at is None:
        return Status(
            studio, where, who, Shape.STOPPED, True, say("admin.status.not_connected", language)
        )
    at = moment(fleet.heard_at, now, zone, language)
    reason = problem_text(fleet.problem, language)
    banner = " ".join(filter(None, (say("admin.status.banner", language, at=at), reason)))
    offline = say("admin.status.offline", language, at=at)
    return Status(studio, where, who, Shape.ATTENTION, True, offline, banner)
