"""What is told, at which level, and what is still offered later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_client.desk import Action, Do, News, Notice
from desktop_client.model import State
from desktop_client.notes import click, is_wanted, told, told_now
from desktop_client.recent import LONGEST, Recent, recent_lines, remember
from desktop_client.settings import Notify, Settings
from tests.screenshots.scenes import FAILED, NOW, READY, RELEASE_NEAR, STOPPED


def notice(news: News) -> Notice:
    instance = {
        News.READY: READY,
        News.RELEASE_NEAR: RELEASE_NEAR,
        News.RELEASED: STOPPED,
        News.FAILED: FAILED,
    }.get(news)
    return Notice(news, instance.id if instance else "x", instance, "ComfyUI")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("news", list(News))
def test_each_kind_has_words_and_its_actions(news: News, language: str) -> None:
    words = told(notice(news), NOW, UTC, language)
    assert words.title
    assert words.text
    assert "{" not in words.title + words.text
    assert [a.do for a, _ in words.actions] == {
        News.READY: [Do.OPEN, Do.STOP],
        News.RELEASE_NEAR: [Do.KEEP, Do.STOP],
        News.RELEASED: [Do.START],
        News.FAILED: [Do.RETRY, Do.SHOW],
        News.REFUSED: [],
        News.SHARED: [Do.SHOW],
        News.UNSHARED: [],
        News.TOKEN_ENDS: [Do.SETTINGS],
        News.AWAKE: [Do.SHOW, Do.STOP_ALL],
    }[news]


def test_levels_and_silence() -> None:
    loud = {n for n in News if is_wanted(n, Settings(), NOW)}
    needed = {n for n in News if is_wanted(n, Settings(notify=Notify.NEEDS_ME), NOW)}
    assert loud == set(News)
    assert needed == {
        News.RELEASE_NEAR, News.FAILED, News.REFUSED, News.TOKEN_ENDS, News.AWAKE,
    }  # fmt: skip
    assert not any(is_wanted(n, Settings(notify=Notify.NONE), NOW) for n in News)
    silent = Settings(snoozed_until=NOW + timedelta(hours=1))
    assert not any(is_wanted(n, silent, NOW) for n in News)
    assert is_wanted(News.READY, silent, NOW + timedelta(hours=1))


def test_a_refusal_is_told_in_the_persons_language() -> None:
    refusal = Notice(News.REFUSED, "x", None, "Somebody disabled you.", "person-disabled")
    assert told(refusal, NOW, UTC, "en").text == "Somebody disabled you."
    assert told(refusal, NOW, UTC, "zh").text != "Somebody disabled you."


def test_a_click_opens_what_is_ready() -> None:
    assert click(notice(News.READY), [READY]) == Action(Do.OPEN, READY.id)
    assert click(notice(News.READY), []) == Action(Do.SHOW)


def test_only_what_still_makes_sense_is_offered_later() -> None:
    def offered(news: News, *instances: object) -> list[Do]:
        words = told_now(notice(news), instances, NOW, UTC, "en")  # type: ignore[arg-type]
        return [a.do for a, _ in words.actions]

    assert offered(News.READY, READY) == [Do.OPEN, Do.STOP]
    assert offered(News.READY, replace(READY, state=State.STOPPED)) == []
    assert offered(News.READY) == []
    assert offered(News.RELEASE_NEAR, READY) == [Do.STOP], "it is no longer near"
    assert offered(News.RELEASED, STOPPED) == [Do.START]
    assert offered(News.RELEASED, replace(STOPPED, state=State.READY)) == []
    assert offered(News.FAILED) == [Do.SHOW]
    assert offered(News.AWAKE) == []


def test_only_the_latest_of_an_instance_offers_actions() -> None:
    recent: Recent = ()
    for minutes in (9, 5, 1):
        recent = remember(recent, notice(News.READY), NOW - timedelta(minutes=minutes))
    lines = recent_lines(recent, (READY,), NOW, UTC, "en")
    assert [line.when for line in lines] == ["14:36", "14:32", "14:28"]
    assert [bool(line.actions) for line in lines] == [True, False, False]


@given(st.lists(st.sampled_from(News), max_size=3 * LONGEST))
def test_the_list_is_bounded_and_newest_first(kinds: list[News]) -> None:
    recent: Recent = ()
    for index, news in enumerate(kinds):
        recent = remember(recent, notice(news), NOW + timedelta(seconds=index))
    assert len(recent) == min(len(kinds), LONGEST)
    assert [e.notice.news for e in recent] == list(reversed(kinds))[:LONGEST]
    assert [e.at for e in recent] == sorted((e.at for e in recent), reverse=True)
