"""What the coordinator says -> what a person sees and may do. Pure.

One view value is made from the desk; the windows, the tray's icon and its menu all show that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from desktop_client.card_view import CardView, Graph, Offer, PartView, Progress, Shape
from desktop_client.cards import cards
from desktop_client.desk import RELEASE_NEAR, Action, Desk, Do, known_instances
from desktop_client.guest_cards import guest_cards
from desktop_client.i18n import say
from desktop_client.model import Former, Link, Snapshot, State
from desktop_client.settings_view import silent_words
from desktop_client.wording import moment, problem_text

_ESTIMATE_HOLDS = timedelta(seconds=15)


class Icon(StrEnum):
    """The tray icon's states."""

    SIGNED_OUT = "signed-out"
    CONNECTING = "connecting"
    IDLE = "idle"
    STARTING = "starting"
    READY = "ready"
    ATTENTION = "attention"
    OFFLINE = "offline"


class Page(StrEnum):
    """What the window shows."""

    FIRST_RUN = "first-run"
    TRUST = "trust"
    SIGN_IN = "sign-in"
    SIGNING_IN = "signing-in"
    CONNECTING = "connecting"
    CARDS = "cards"


@dataclass(frozen=True, slots=True)
class Plain:
    """What there is to read where there are no cards, and the one thing to do about it."""

    title: str
    text: str
    problem: str = ""
    offer: Offer | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Everything that window, icon and menu show.

    Attributes:
        banner: one sentence above the cards (offline, no secure store), or empty.
        problem: why the last attempt failed, on the pages before the cards.
        empty: what to read where there are no cards.
        plain: the same for every page, whole; None where there are cards.
        link: how things stand with the coordinator, as a mark (with ``link_struck``) and in words.
        silent: until when notifications are silent, in words, or empty.
        for_it: whether this person may open the admin window.
        shared: cards of others' engines, in a section of their own.
        former: the way to a former account's engines, where there may be one; else None.
    """

    page: Page
    icon: Icon
    tooltip: str
    studio: str
    person: str
    address: str = ""
    pin: str = ""
    sign_in_url: str = ""
    busy: bool = False
    banner: str = ""
    banner_action: Offer | None = None
    problem: str = ""
    empty: str = ""
    cards: tuple[CardView, ...] = ()
    plain: Plain | None = None
    link: Shape = Shape.STOPPED
    link_struck: bool = False
    link_words: str = ""
    silent: str = ""
    for_it: bool = False
    shared: tuple[CardView, ...] = ()
    former: Offer | None = None


def build(desk: Desk, now: datetime, language: str, zone: tzinfo | None = UTC) -> View:
    """The view of a desk at a moment, in a language, with clock times of a zone."""
    snapshot = desk.snapshot
    page = _page(snapshot)
    shown = cards(desk, now, language, zone) if page is Page.CARDS else ()
    shared = guest_cards(desk, now, language, zone) if page is Page.CARDS else ()
    former = _former(snapshot, language) if page is Page.CARDS else None
    icon = _icon(snapshot, shown)
    banner, offer = _banner(snapshot, now, language, zone) if page is Page.CARDS else ("", None)
    return View(
        page=page,
        icon=icon,
        tooltip=_tooltip(snapshot, icon, shown, language),
        studio=snapshot.studio or snapshot.address or say("app.name", language),
        person=snapshot.person,
        for_it=snapshot.role in ("admin", "auditor"),
        address=snapshot.address,
        pin=snapshot.pin,
        sign_in_url=snapshot.sign_in_url,
        busy=snapshot.busy,
        banner=banner,
        banner_action=offer,
        problem=problem_text(snapshot.problem, language) if page is not Page.CARDS else "",
        empty="" if shown or shared or page is not Page.CARDS else say("empty", language),
        cards=shown,
        shared=shared,
        former=former,
        plain=None if shown or shared else _plain(page, snapshot, former, language),
        link=_LINKS.get(snapshot.link, Shape.STOPPED),
        link_struck=snapshot.link is Link.OFFLINE,
        link_words=_link_words(snapshot, language),
        silent=silent_words(desk.snoozed_until, now, zone, language),
    )


def next_change(desk: Desk, now: datetime) -> datetime | None:
    """When the view changes if nothing is heard: the next minute, while a time is told that grows
    or is counted down; sooner while an estimate stands that may not hold."""
    states = {i.state for i in known_instances(desk.snapshot)}
    if State.PREPARING in states:
        return now + _ESTIMATE_HOLDS
    if states & {State.READY, State.QUEUED}:
        return now + timedelta(seconds=60 - now.second)
    return None


_LINKS = {
    Link.ONLINE: Shape.READY,
    Link.CONNECTING: Shape.STARTING,
    Link.SIGNING_IN: Shape.STARTING,
}


def _link_words(snapshot: Snapshot, language: str) -> str:
    match snapshot.link:
        case Link.UNCONFIGURED | Link.UNTRUSTED | Link.SIGNING_IN:
            link = Link.SIGNED_OUT
        case link:
            pass
    return say(f"link.{link}", language, address=snapshot.address)


def _former(snapshot: Snapshot, language: str) -> Offer | None:
    """One line, for who is new here under this account and may not be new at all."""
    if snapshot.former is Former.NONE or snapshot.instances or not snapshot.web_url:
        return None
    return Offer(Action(Do.FORMER), say(f"former.{snapshot.former}", language))


def _plain(page: Page, snapshot: Snapshot, former: Offer | None, language: str) -> Plain:
    problem = problem_text(snapshot.problem, language)
    studio = snapshot.studio or snapshot.address

    def offer(do: Do) -> Offer:
        return Offer(Action(do), say(f"do.{do}", language))

    match page:
        case Page.CARDS:
            title, text = say("empty.title", language), say("empty", language)
            if former is None:
                return Plain(title, text)
            return Plain(title, f"{text}\n\n{former.label}", offer=offer(Do.FORMER))
        case Page.SIGN_IN:
            title = say("plain.sign_in.title", language)
            text = say("plain.sign_in.text", language, studio=studio)
            return Plain(title, text, problem, offer(Do.SIGN_IN))
        case Page.SIGNING_IN:
            title = say("sign_in.waiting.title", language)
            text = say("plain.signing_in.text", language)
            return Plain(title, text, problem, _continue(language), busy=True)
        case Page.CONNECTING:
            title = say("plain.connecting.title", language)
            again = offer(Do.RECONNECT)
            text = say("plain.connecting.text", language, address=snapshot.address)
            if not problem:
                return Plain(title, text, busy=True)
            return Plain(title, say("plain.connecting.again", language), problem, again)
    title = say("plain.first.title", language)
    return Plain(title, say("plain.first.text", language), problem, _continue(language))


def _continue(language: str) -> Offer:
    """To the window that leads through the first run."""
    return Offer(Action(Do.SHOW), say("plain.continue", language))


def _page(snapshot: Snapshot) -> Page:
    match snapshot.link:
        case Link.UNCONFIGURED:
            return Page.FIRST_RUN
        case Link.UNTRUSTED:
            return Page.TRUST
        case Link.SIGNED_OUT:
            return Page.SIGN_IN
        case Link.SIGNING_IN:
            return Page.SIGNING_IN
        case Link.CONNECTING | Link.OFFLINE if snapshot.heard_at is None:
            return Page.CONNECTING
    return Page.CARDS


def _icon(snapshot: Snapshot, cards: tuple[CardView, ...]) -> Icon:
    match snapshot.link:
        case Link.OFFLINE:
            return Icon.OFFLINE
        case Link.CONNECTING:
            return Icon.CONNECTING
        case Link.ONLINE:
            shapes = {card.shape for card in cards}
            if Shape.ATTENTION in shapes:
                return Icon.ATTENTION
            if shapes & {Shape.STARTING, Shape.QUEUED}:
                return Icon.STARTING
            return Icon.READY if Shape.READY in shapes else Icon.IDLE
    return Icon.SIGNED_OUT


def _tooltip(snapshot: Snapshot, icon: Icon, cards: tuple[CardView, ...], language: str) -> str:
    name = snapshot.studio or say("app.name", language)
    ready = sum(card.shape is Shape.READY for card in cards)
    if icon is Icon.READY:
        return f"{name} · {say('tooltip.ready', language, count=ready)}"
    return f"{name} · {say(f'tooltip.{icon}', language)}"


def _banner(
    snapshot: Snapshot, now: datetime, language: str, zone: tzinfo | None
) -> tuple[str, Offer | None]:
    if snapshot.link is not Link.ONLINE:
        at = moment(snapshot.heard_at, now, zone, language) if snapshot.heard_at else "–"
        reason = problem_text(snapshot.problem, language)
        text = say("banner.offline", language, at=at, reason=reason).strip()
        return text, Offer(Action(Do.RECONNECT), say("do.reconnect", language))
    if snapshot.memory_only:
        return say("banner.memory_only", language), None
    return "", None


__all__ = [
    "RELEASE_NEAR",
    "CardView",
    "Graph",
    "Icon",
    "Offer",
    "Page",
    "PartView",
    "Plain",
    "Progress",
    "Shape",
    "View",
    "build",
    "next_change",
    "problem_text",
]
