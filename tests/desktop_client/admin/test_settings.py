"""What the window remembers: written and read again, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.settings import (
    AdminSettings,
    TableSettings,
    load_settings,
    save_settings,
)

tables = st.builds(
    TableSettings,
    columns=st.lists(st.text(max_size=4), max_size=3).map(tuple),
    widths=st.dictionaries(st.text(max_size=4), st.integers(0, 900), max_size=2),
    sort=st.text(max_size=4),
    descending=st.booleans(),
    filter=st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    detail=st.integers(0, 900),
)


@given(
    st.builds(
        AdminSettings,
        geometry=st.text("0123456789abcdef", max_size=8),
        page=st.sampled_from(("", "people")),
        tables=st.dictionaries(st.sampled_from("ab"), tables, max_size=2),
    )
)
def test_it_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, settings: AdminSettings
) -> None:
    folder = tmp_path_factory.mktemp("config")
    save_settings(folder, settings)
    assert load_settings(folder) == settings


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"tables": 3}', '{"tables": {"a": {"widths": 1}}}']
)
def test_a_broken_file_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "admin.json").write_text(text, "utf-8")
    assert load_settings(tmp_path) == AdminSettings()


def test_no_file_is_the_first_start(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "nowhere") == AdminSettings()
