"""Details of the audit log: keys with values, worded when somebody reads them."""

from __future__ import annotations

from datetime import timedelta
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.domain.audit_detail import (
    WORDS,
    Fact,
    detail,
    details,
    facts_of,
    span_words,
    words_of,
)
from coordinator.domain.engine import Text
from coordinator.domain.people import Role


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_say_the_same_values(key: str) -> None:
    words = WORDS[key]
    assert fields(words.en) == fields(words.zh)
    assert any("一" <= letter <= "鿿" for letter in words.zh)
    values = dict.fromkeys(fields(words.en), "60")
    said = words_of(detail(key, **values))
    assert said.en != said.zh
    assert "{" not in said.en + said.zh


def test_a_length_of_time_is_told_in_words() -> None:
    kept = detail("valid", span=3600)
    assert words_of(kept) == Text("valid for 1 hour", "有效期 1 小时")
    assert span_words(timedelta(minutes=90)) == Text("90 minutes", "90 分钟")
    assert span_words(timedelta(days=7)).zh == "7 天"
    assert span_words(timedelta(0)).en == "0 seconds"


def test_several_in_one_line() -> None:
    kept = details(
        Fact("renamed", {"before": "a", "after": "b"}), Fact("labels", {"labels": "房间=2"})
    )
    assert words_of(kept) == Text("name a → b; labels 房间=2", "名称 a → b；标签 房间=2")
    assert "房间" in kept  # a search finds it


@pytest.mark.parametrize("role", Role)
def test_roles_are_called_by_their_words(role: Role) -> None:
    said = words_of(detail("role", role=role))
    assert role.value not in said.zh


def test_people_are_called_as_they_are_now() -> None:
    kept = detail("owner", person="p1")
    assert words_of(kept, {"p1": "Lin Xia"}) == Text("of Lin Xia", "属于 Lin Xia")
    assert words_of(kept).en == "of p1"


def test_what_has_no_words_cannot_be_written() -> None:
    with pytest.raises(KeyError):
        detail("surely-not-there")
    with pytest.raises(KeyError):
        detail("valid")


@given(st.text())
def test_a_plain_text_stays_as_it_is(text: str) -> None:
    if not facts_of(text):
        assert words_of(text) == Text(text, text)


@pytest.mark.parametrize("text", ['[["', '[["x",1]]', '[["valid",{}]]', '[["valid",{"span":"x"}]]'])
def test_what_only_looks_like_it_is_a_plain_text(text: str) -> None:
    assert words_of(text) == Text(text, text)


@given(st.dictionaries(st.sampled_from(["before", "after"]), st.text(), min_size=2))
def test_what_is_written_is_read(values: dict[str, str]) -> None:
    assert facts_of(detail("pool", **values)) == (Fact("pool", values),)
