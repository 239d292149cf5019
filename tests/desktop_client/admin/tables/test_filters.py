"""The filter language: what it means, what is wrong with it, how it is completed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.tables.filters import (
    Filter,
    FilterError,
    Op,
    Term,
    complete,
    matcher,
    parse,
)
from tests.desktop_client.admin.tables.rows import COLUMNS, SPEECH, Row

ROWS = (
    Row("1", "render-04", 24.0),
    Row("2", "render-10", 8.0, "out"),
    Row("3", "Lin Xia", None),
    Row("4", "-x", 2.5, "two words"),
)

keys = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from(string.ascii_lowercase + "机名"),
    st.text(string.ascii_lowercase + string.digits + "_-", max_size=6),
)
values = st.text(max_size=8)
terms = st.one_of(
    st.builds(lambda v, n: Term((v,), negated=n), values, st.booleans()),
    st.builds(
        lambda vs, k, op, n: Term(tuple(vs), k, op, n),
        st.lists(values, min_size=1, max_size=3), keys, st.sampled_from(Op), st.booleans(),
    ),
)  # fmt: skip


@given(st.builds(lambda t: Filter(tuple(t)), st.lists(terms, max_size=4)))
def test_what_is_written_is_read_again(found: Filter) -> None:
    assert parse(str(found)) == found


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_says_why_not(text: str) -> None:
    try:
        found = parse(text)
    except FilterError as error:
        problem = error
    else:
        assert parse(str(found)) == found
        return
    assert problem.sentence("en") != problem.sentence("zh")


def matching(text: str) -> str:
    passes = matcher(parse(text), COLUMNS, SPEECH)
    return "".join(row.id for row in ROWS if passes(row))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", "1234"),
        ("render", "12"),
        ("RENDER 24", "1"),
        ("-render", "34"),
        ("name:render-04", "1"),
        ("name:render-04,lin", "13"),
        ('name:"Lin Xia"', "3"),
        ("name:“Lin Xia”", "3"),
        ("名称：render", "12"),
        ("name=render", ""),
        ("name=RENDER-10", "2"),
        ("state:ready", "13"),
        ("state:就绪", "13"),
        ("-state:ready", "24"),
        ('state:"two words"', "4"),
        ("size>8", "1"),
        ("size>=8", "12"),
        ("size<=8 state:out", "2"),
        ("size＜8", "4"),
        ("-size>8", "24"),  # unknown is neither more nor less
        ("size=24", "1"),
        ("name:", "1234"),  # still being written
        ('"-x"', "4"),
        ("14:37", ""),  # a time is no key
        ("-", "124"),  # alone it is a word like any other
    ],
)
def test_what_passes(text: str, ids: str) -> None:
    assert matching(text) == ids


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour:red", "There is no column colour; there are name, size, state, id."),
        ("name>3", "name holds no numbers: use name:text."),
        ("size>", "size> needs a number after it."),
        ("size>big", "size> needs a number after it."),
        ('name:"Lin', "The quotation mark before Lin is not closed."),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        matching(text)
    assert caught.value.sentence("en") == words


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("st", ["state:"]),
        ("render -st", ["render -state:"]),
        ("名", ["名称:"]),
        ("state:", ["state:ready", "state:out", 'state:"two words"']),
        ("state:o", ["state:out"]),
        ("state:out,r", ["state:out,ready"]),
        ("x state:out", []),
        ("colour:", []),
        ("", []),
        ('name:"st', []),
    ],
)
def test_what_is_completed(text: str, offers: list[str]) -> None:
    assert complete(text, COLUMNS) == offers
