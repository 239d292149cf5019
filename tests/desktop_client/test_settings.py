"""Choices survive: any settings, any file, any newer version's keys."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc.errors import AigcError
from desktop_client.settings import (
    Language,
    Look,
    Notify,
    OnSleep,
    Settings,
    Snooze,
    load_settings,
    parse_settings,
    save_settings,
    snooze,
    write_settings,
)

NOW = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)
KNOWN = {"language", "look", "notify", "on_sleep", "snoozed_until", "welcomed"}
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=8)

settings = st.builds(
    Settings,
    language=st.sampled_from(Language),
    look=st.sampled_from(Look),
    notify=st.sampled_from(Notify),
    on_sleep=st.sampled_from(OnSleep),
    snoozed_until=st.none() | st.datetimes(timezones=st.just(UTC)),
    welcomed=st.booleans(),
    others=st.dictionaries(st.text(max_size=12).filter(lambda k: k not in KNOWN), PLAIN),
)


@given(settings)
def test_what_is_written_is_read_again(value: Settings) -> None:
    assert parse_settings(write_settings(value)) == value


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)) | st.text(max_size=8), PLAIN))
def test_any_object_is_understood_or_refused_in_one_way(value: dict[str, object]) -> None:
    try:
        parse_settings(json.dumps(value))
    except ValueError:
        pass
    except TypeError:
        assert not isinstance(value["snoozed_until"], str)


def test_a_choice_of_a_newer_version_is_the_default() -> None:
    assert parse_settings('{"look": "sepia"}').look is Look.SYSTEM


def test_a_file_is_kept_whole_and_private(tmp_path: Path) -> None:
    value = replace(Settings(), look=Look.DARK, others={"later": [1, 2]})
    save_settings(tmp_path, value)
    assert load_settings(tmp_path).settings == value
    assert (tmp_path / "settings.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"look": 3}', '{"snoozed_until": "2026-01-01T00:00:00"}']
)
def test_a_broken_file_is_set_aside_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.json").write_text(text)
    loaded = load_settings(tmp_path)
    assert loaded.settings == Settings()
    assert loaded.problem is not None
    assert loaded.problem.key == "settings-broken"
    assert (tmp_path / "settings.broken.json").read_text() == text
    assert load_settings(tmp_path).problem is None


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load_settings(tmp_path).problem is None


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AigcError) as caught:
        save_settings(tmp_path / "file", Settings())
    assert caught.value.key == "file-unwritable"


def test_silence_for_an_hour_until_tomorrow_or_not() -> None:
    east = timezone(timedelta(hours=8))
    late = datetime(2026, 11, 23, 23, 30, tzinfo=east)
    hour = snooze(Settings(), Snooze.HOUR, late)
    assert hour.snoozed(late) == late + timedelta(hours=1)
    assert hour.snoozed(late + timedelta(hours=1)) is None
    tomorrow = snooze(hour, Snooze.TOMORROW, late)
    assert tomorrow.snoozed_until == datetime(2026, 11, 24, 8, 0, tzinfo=east)
    assert snooze(tomorrow, Snooze.OFF, late).snoozed(late) is None


def test_the_language_follows_the_desktop_or_the_choice() -> None:
    assert Settings().spoken_language("zh_CN") == "zh"
    assert Settings().spoken_language("de_DE") == "en"
    assert Settings(language=Language.CHINESE).spoken_language("de_DE") == "zh"
