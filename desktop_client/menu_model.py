"""The tray's menu as a value, made from the same view as the window. Pure; one submenu level."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.view_model import CardView, Offer, Page, Shape, View

MARKS = {
    Shape.READY: "●",
    Shape.STARTING: "◔",
    Shape.QUEUED: "◷",
    Shape.STOPPED: "○",
    Shape.ATTENTION: "▲",
}
_LONGEST = 64  # characters of a line in a menu
_MANY = 8  # cards; above, unused engines share a submenu


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu: an action, a plain text (no action), a submenu, or a separator."""

    label: str = ""
    action: Action | None = None
    enabled: bool = True
    entries: tuple[Entry, ...] = ()
    separator: bool = False
    strong: bool = False  # the one that is right now


_LINE = Entry(separator=True)


def menu(view: View, language: str) -> tuple[Entry, ...]:
    """The whole menu."""

    def item(do: Do, *, strong: bool = False) -> Entry:
        return Entry(say(f"do.{do}", language), Action(do), strong=strong)

    def submenu(label: str, *dos: Do) -> Entry:
        return Entry(label, entries=tuple(item(do) for do in dos))

    entries = [Entry(_header(view), enabled=False), _LINE]
    helping = submenu(say("menu.help", language), Do.HELP, Do.DIAGNOSTICS)
    if view.page is Page.CARDS:
        if view.banner:
            entries.append(Entry(_short(view.banner), enabled=False))
        if view.banner_action is not None:
            entries.append(_offered(view.banner_action))
        entries += _cards(view.cards, language)
        entries += _shared(view.shared, language)
        if view.former is not None:
            entries.append(_offered(view.former))
        if view.empty:
            entries.append(Entry(_short(view.empty), enabled=False))
        account = view.person or say("flyout.account_unnamed", language)
        entries += [_LINE, item(Do.SHOW, strong=True), item(Do.WEB)]
        entries += [_LINE, item(Do.TRASH), item(Do.RECENT), item(Do.SETTINGS)]
        entries += _silence(view.silent, language)
        admin = (Do.ADMIN,) if view.for_it else ()
        mine = (*admin, Do.LANGUAGE, Do.CHANGE_STUDIO, Do.SIGN_OUT)
        entries += [submenu(_short(account, 40), *mine)]
        entries += [helping, _LINE]
    else:
        if view.problem:
            entries.append(Entry(_short(view.problem), enabled=False))
        if view.page is Page.SIGN_IN:
            entries.append(item(Do.SIGN_IN, strong=True))
        if view.page is Page.CONNECTING:
            entries.append(item(Do.RECONNECT))
        entries += [item(Do.SHOW), _LINE, item(Do.RECENT), item(Do.SETTINGS)]
        entries += [item(Do.LANGUAGE), helping, _LINE]
    entries.append(item(Do.QUIT))
    return tuple(entries)


def _silence(silent: str, language: str) -> list[Entry]:
    """Silencing notifications for a while, or, while they are silent, until when."""

    def snooze(key: str, value: str) -> Entry:
        return Entry(say(key, language), Action(Do.SNOOZE, value=value))

    if silent:
        return [Entry(silent, enabled=False), snooze("settings.silence.off", "off")]
    spans = (
        snooze("settings.silence.hour", "hour"),
        snooze("settings.silence.tomorrow", "tomorrow"),
    )
    return [Entry(say("do.snooze", language), entries=spans)]


def _header(view: View) -> str:
    return f"{view.studio} · {view.person}" if view.person else view.tooltip


def _cards(cards: tuple[CardView, ...], language: str) -> list[Entry]:
    """A submenu each; with many, the engines that nobody started yet are together in one."""
    if len(cards) <= _MANY:
        return [_card(card) for card in cards]
    begun = [card for card in cards if not _is_new(card)]
    new = [card for card in cards if _is_new(card)]
    together = tuple(
        Entry(f"{card.action.label} · {card.title}", card.action.action, card.action.enabled)
        for card in new
        if card.action is not None
    )
    return [
        *map(_card, begun),
        *([Entry(say("menu.engines", language), entries=together)] if together else []),
    ]


def _shared(cards: tuple[CardView, ...], language: str) -> list[Entry]:
    """Others' engines in one submenu: a line each, which opens it where that is possible."""
    lines = tuple(
        Entry(
            _short(f"{MARKS[card.shape]} {card.title} · {card.details[-1]}"),
            card.action.action if card.action else None,
            card.action is not None and card.action.enabled,
        )
        for card in cards
    )
    return [Entry(say("shared.title", language), entries=lines)] if lines else []


def _is_new(card: CardView) -> bool:
    """An engine without an instance, about which there is nothing to say."""
    return card.key.startswith("engine:") and card.progress is None and not card.refusal


def _card(card: CardView) -> Entry:
    entries = [Entry(_short(card.refusal or card.line), enabled=False)]
    if card.progress is not None and card.progress.text:
        entries.append(Entry(_short(card.progress.text), enabled=False))
    entries += [Entry(_short(detail), enabled=False) for detail in card.details if card.graphs]
    if card.action is not None:
        entries.append(_offered(card.action, strong=True))
    if card.more:
        entries += [_LINE, *map(_offered, card.more)]
    mark = MARKS[card.shape]
    return Entry(f"{mark} {card.title} · {_short(card.line, 40)}", entries=tuple(entries))


def _offered(offer: Offer, strong: bool = False) -> Entry:
    return Entry(offer.label, offer.action, offer.enabled, strong=strong)


def _short(text: str, longest: int = _LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
