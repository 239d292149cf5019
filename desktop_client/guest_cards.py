"""Cards of others' engines that are shared with this person: how they stand, and the way in. Pure.

A guest opens and gives back, and nothing else: stopping, deleting and reading logs are its owner's.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from desktop_client.card_view import CardView, Offer, Progress
from desktop_client.cards import shape_of
from desktop_client.desk import Action, Desk, Do, opens_for_guest
from desktop_client.i18n import say
from desktop_client.model import ENDED, Access, Instance, Link, State
from desktop_client.wording import moment, part_line, problem_text, progress

_BUSY = frozenset({State.REQUESTED, State.PLACED, State.STARTING, State.STOPPING})


def guest_cards(
    desk: Desk, now: datetime, language: str, zone: tzinfo | None
) -> tuple[CardView, ...]:
    """What runs first, then by name and owner."""
    ordered = sorted(
        desk.snapshot.shared,
        key=lambda i: (i.state in ENDED, i.name.casefold(), i.owner_name.casefold(), i.id),
    )
    return tuple(_card(i, desk, now, language, zone) for i in ordered)


def _card(
    instance: Instance, desk: Desk, now: datetime, language: str, zone: tzinfo | None
) -> CardView:
    ack = desk.acks.get(instance.id)
    offline = desk.snapshot.link is not Link.ONLINE
    icon = next((e.icon_svg for e in desk.snapshot.engines if e.id == instance.engine_id), "")
    open_now = None
    if opens_for_guest(instance) and ack is None:
        works = not offline or instance.state is State.READY  # its page works on by itself
        open_now = Offer(Action(Do.OPEN, instance.id), say("do.open", language), works)
    leave = Offer(
        Action(Do.LEAVE, instance.id), say("do.leave", language), not offline and ack is None
    )
    name = instance.name or instance.engine_name.spoken(language)
    return CardView(
        key=instance.id,
        title=name,
        version=instance.version,
        icon_svg=icon,
        shape=shape_of(instance, ack),
        struck=offline,
        line=_line(instance, ack, now, language, zone),
        details=_details(instance, ack, now, language, zone),
        refusal=problem_text(desk.refusals.get(instance.id), language),
        progress=_progress(instance, ack, language),
        action=open_now,
        more=(leave,),
        simulated=instance.simulated,
        engine_id=instance.id,  # never takes the place of one's own card of that engine
        tag=say("guest.view_only", language) if instance.access is Access.VIEW else "",
        guest=True,
    )


def _line(
    instance: Instance, ack: Do | None, now: datetime, language: str, zone: tzinfo | None
) -> str:
    if ack is not None:
        return say(f"line.ack.{ack}", language)
    if said := instance.line.spoken(language):
        return said
    if instance.state is State.STOPPED and instance.since:
        return say("line.stopped_at", language, at=moment(instance.since, now, zone, language))
    return say(f"line.{instance.state}", language, node=instance.node_name or "–")


def _details(
    instance: Instance, ack: Do | None, now: datetime, language: str, zone: tzinfo | None
) -> tuple[str, ...]:
    owner = instance.owner_name or "–"
    lines = []
    if instance.state in ENDED and ack is None:
        key = "guest.view_waits" if instance.access is Access.VIEW else "guest.opening_starts"
        lines.append(say(key, language, owner=owner))
    if instance.shared_until is None:
        lines.append(say("guest.from", language, owner=owner))
    else:
        until = moment(instance.shared_until, now, zone, language)
        lines.append(say("guest.from_until", language, owner=owner, at=until))
    return tuple(lines)


def _progress(instance: Instance, ack: Do | None, language: str) -> Progress | None:
    if ack is not None or instance.state in _BUSY:
        return Progress(None, "")
    if instance.state is State.PREPARING:
        text = " · ".join(part_line(p, language) for p in instance.parts)
        return Progress(progress(instance.parts), text)
    return None
