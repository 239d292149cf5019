"""The story of one instance, readable and printable: every event with its cause. Pure.

The coordinator tells ids; people read names. A name is put for an id only where the fleet knows
it: what is gone stays an id, and nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from desktop_client.admin.model import Fleet
from desktop_client.admin.pages import cells
from desktop_client.admin.records import StoryLine
from desktop_client.admin.tables.column import Speech
from desktop_client.i18n import knows, say
from desktop_client.model import Instance

_WORD = re.compile(r"[\w-]+")
_PERSON, _NODE = "person", "node"


@dataclass(frozen=True, slots=True)
class Told:
    """One event, in words. ``change`` is empty where the state stayed the same."""

    at: str
    event: str
    change: str
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Story:
    """A whole story with its head, ready to be read, copied, saved or printed."""

    title: str
    about: str
    told: str
    lines: tuple[Told, ...]
    empty: str


def names_in(fleet: Fleet) -> dict[str, str]:
    """Id -> name, of people with an instance, of machines and of cards."""
    names = {i.owner_id: i.owner_name for i in fleet.instances.values()}
    for node in fleet.nodes.values():
        names[node.id] = node.name
        for place, gpu in enumerate(node.gpus):
            names[gpu.uuid] = f"{cells.short(gpu.name)} #{place}"
    return {key: name for key, name in names.items() if key and name}


def story(
    instance: Instance,
    lines: Sequence[StoryLine],
    names: Mapping[str, str],
    studio: str,
    speech: Speech,
) -> Story:
    """In the order in which it happened."""
    language = speech.language
    return Story(
        title=say("instances.story.title", language, name=instance.name),
        about=say(
            "instances.story.of",
            language,
            engine=instance.engine_name.spoken(language) or instance.engine_id,
            version=instance.version,
            owner=instance.owner_name or instance.owner_id,
            id=instance.id,
        ),
        told=say(
            "instances.story.told",
            language,
            at=cells.stamp(speech.now, speech),
            studio=studio or say("app.name", language),
        ),
        lines=tuple(_told(line, names, speech) for line in lines),
        empty="" if lines else say("instances.story.empty", language),
    )


def as_text(value: Story) -> str:
    """One event a line, columns under each other; tabs would not survive a chat."""
    rows = [(line.at, line.event, line.change, line.cause) for line in value.lines]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(4)]
    told = []
    for row, line in zip(rows, value.lines, strict=True):
        cells_ = [text.ljust(width) for text, width in zip(row, widths, strict=True) if width]
        told.append("  ".join([*cells_, line.detail]).rstrip())
    body = "\n".join(told) or value.empty
    return f"{value.title}\n{value.about}\n{value.told}\n\n{body}\n"


def as_html(value: Story, quiet: str = "") -> str:
    """For the screen and for paper; ``quiet`` is the colour of what is secondary."""
    colour = f' style="color: {quiet}"' if quiet else ""
    head = (
        f"<h3>{escape(value.title)}</h3><p>{escape(value.about)}<br>"
        f"<span{colour}>{escape(value.told)}</span></p>"
    )
    if not value.lines:
        return f"{head}<p>{escape(value.empty)}</p>"
    rows = []
    for line in value.lines:
        below = " · ".join(escape(text) for text in (line.cause, line.detail) if text)
        change = f" <span{colour}>{escape(line.change)}</span>" if line.change else ""
        rows.append(
            f"<p><span{colour}>{escape(line.at)}</span> &nbsp;<b>{escape(line.event)}</b>{change}"
            + (f"<br>{below}" if below else "")
            + "</p>"
        )
    return head + "".join(rows)


def _told(line: StoryLine, names: Mapping[str, str], speech: Speech) -> Told:
    return Told(
        at=cells.stamp(line.at, speech),
        event=event_word(line.event, speech.language),
        change=_change(line, speech.language),
        cause=cause_words(line.cause, names, speech.language),
        detail=with_names(line.detail, names),
    )


def event_word(event: str, language: str) -> str:
    """``Placed``; an event that this program does not know yet stays as it was told."""
    key = f"instances.event.{event}"
    return say(key, language) if knows(key) else event


def _change(line: StoryLine, language: str) -> str:
    if line.from_state == line.to_state or not line.to_state:
        return ""
    now = cells.state_word(line.to_state, language)
    if not line.from_state:
        return f"→ {now}"
    return f"{cells.state_word(line.from_state, language)} → {now}"


def cause_words(cause: str, names: Mapping[str, str], language: str) -> str:
    """``person p-1`` becomes the person's name; ``node n-1: it exited`` the machine's."""
    kind, _, rest = cause.partition(" ")
    if kind in (_PERSON, _NODE) and rest:
        who, colon, why = rest.partition(":")
        told = names.get(who, who)
        if kind == _NODE:
            told = say("instances.cause.node", language, name=told)
        return f"{told}{colon}{with_names(why, names)}"
    head, colon, why = cause.partition(":")
    key = f"instances.cause.{head}"
    return f"{say(key, language) if knows(key) else head}{colon}{with_names(why, names)}"


def with_names(text: str, names: Mapping[str, str]) -> str:
    """Every id that has a name, by its name."""
    return _WORD.sub(lambda found: names.get(found[0], found[0]), text)
