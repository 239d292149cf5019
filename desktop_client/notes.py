"""From what happened to what is told: the words and actions of each notification. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from desktop_client.desk import Action, Do, News, Notice, opens_for_guest, release_near
from desktop_client.i18n import say
from desktop_client.model import Access, Instance, Problem, State
from desktop_client.settings import Notify, Settings
from desktop_client.wording import moment, problem_text

# What needs a person: a release that can be put off, and what did not or soon will not work.
NEEDS_ME = frozenset({News.RELEASE_NEAR, News.FAILED, News.REFUSED, News.TOKEN_ENDS, News.AWAKE})


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in words. ``actions`` are those that are right now, with their labels."""

    title: str
    text: str
    actions: tuple[tuple[Action, str], ...] = ()


def is_wanted(news: News, settings: Settings, now: datetime) -> bool:
    """Whether a person wants to be told, by level and snooze."""
    if settings.notify is Notify.NONE or settings.snoozed(now) is not None:
        return False
    return settings.notify is Notify.ALL or news in NEEDS_ME


def told(notice: Notice, now: datetime, zone: tzinfo | None, language: str) -> Told:
    """A notice as it was when it happened, with all its actions."""
    return _in_words(notice, _offered(notice), now, zone, language)


def told_now(
    notice: Notice,
    instances: Sequence[Instance],
    now: datetime,
    zone: tzinfo | None,
    language: str,
) -> Told:
    """A notice of some time ago, with those of its actions that still make sense."""
    present = next((i for i in instances if i.id == notice.key), None)
    actions: tuple[Do, ...] = ()
    if notice.news is not News.AWAKE:  # a question of that moment
        actions = tuple(do for do in _offered(notice) if _is_valid(do, present, now))
    return _in_words(notice, actions, now, zone, language)


def click(notice: Notice, instances: Sequence[Instance]) -> Action:
    """What a click on the notification itself does: open what is ready, else show the cards."""
    present = next((i for i in instances if i.id == notice.key), None)
    if notice.news is News.TOKEN_ENDS:
        return Action(Do.SETTINGS, value=ACCOUNT)
    ready = present is not None and present.state is State.READY and bool(present.url)
    return Action(Do.OPEN, notice.key) if ready else Action(Do.SHOW)


_LABELS = {
    (News.RELEASE_NEAR, Do.STOP): "news.stop_now",
    (News.RELEASED, Do.START): "news.start_again",
    (News.FAILED, Do.SHOW): "news.details",
    (News.AWAKE, Do.STOP_ALL): "news.stop_all",
    (News.AWAKE, Do.SHOW): "news.keep_all",
}
_ABOUT_ALL = (Do.SHOW, Do.STOP_ALL, Do.SETTINGS)
ACCOUNT = "account"  # the part of the settings with the tokens


def _offered(notice: Notice) -> tuple[Do, ...]:
    match notice.news:
        case News.READY:
            return (Do.OPEN, Do.STOP)
        case News.RELEASE_NEAR:
            return (Do.KEEP, Do.STOP)
        case News.RELEASED:
            return (Do.START,)
        case News.FAILED:
            return (Do.RETRY, Do.SHOW)
        case News.SHARED:
            opens = notice.instance is not None and opens_for_guest(notice.instance)
            return (Do.OPEN,) if opens else (Do.SHOW,)
        case News.TOKEN_ENDS:
            return (Do.SETTINGS,)
        case News.AWAKE:
            return (Do.SHOW, Do.STOP_ALL)
    return ()


def _is_valid(do: Do, instance: Instance | None, now: datetime) -> bool:
    if do in (Do.SHOW, Do.SETTINGS):
        return True
    if instance is None:
        return False
    match do:
        case Do.OPEN if instance.access is not Access.OWNER:
            return opens_for_guest(instance)
        case Do.OPEN:
            return instance.state is State.READY and bool(instance.url)
        case Do.STOP:
            return instance.state is State.READY
        case Do.KEEP:
            return release_near(instance, now)
        case Do.START:
            return instance.state is State.STOPPED
        case Do.RETRY:
            return instance.state is State.FAILED
    return False


def _in_words(
    notice: Notice, actions: Sequence[Do], now: datetime, zone: tzinfo | None, language: str
) -> Told:
    instance = notice.instance
    at = notice.at
    if at is None and instance is not None:
        at = instance.shared_until or instance.release_at
    text = notice.text
    if notice.problem_key:
        text = problem_text(Problem(notice.problem_key, notice.text), language)
    values = {
        "name": instance.name if instance else "",
        "at": moment(at, now, zone, language) if at else "",
        "owner": instance.owner_name if instance else "",
        "guest": instance.started_by if instance else "",
        "line": instance.line.spoken(language) if instance else "",
        "text": text,
    }
    return Told(
        title=say(f"news.{notice.news}.title", language, **values),
        text=say(_text_key(notice), language, **values),
        actions=tuple(
            (
                Action(
                    do,
                    "" if do in _ABOUT_ALL else notice.key,
                    ACCOUNT if do is Do.SETTINGS else "",
                ),
                say(_LABELS.get((notice.news, do), f"do.{do}"), language),
            )
            for do in actions
        ),
    )


def _text_key(notice: Notice) -> str:
    """Who started it is worth saying where it was not this person; so is looking on only."""
    instance = notice.instance
    if notice.news is News.READY and instance is not None and instance.started_by:
        return "news.ready.by_guest"
    if notice.news is News.SHARED and instance is not None and instance.access is Access.VIEW:
        return "news.shared.view"
    return f"news.{notice.news}.text"
