"""Copy and CSV: read back by others, and never a formula."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.tables.export import as_csv, as_tsv
from tests.desktop_client.admin.tables.rows import COLUMNS, SPEECH, Row

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(texts, max_size=5))
def test_csv_is_read_back_and_computes_nothing(names: list[str]) -> None:
    rows = [Row(str(n), name) for n, name in enumerate(names)]
    data = as_csv(rows, COLUMNS[:1], SPEECH)
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read[0] == ["Machines"]
    for line, name in zip(read[1:], names, strict=True):
        told = "".join(line)
        assert told.removeprefix("'") == ("" if name == "–" else name.removeprefix("'"))
        assert not told.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_csv_says_what_the_table_says() -> None:
    rows = [Row("1", 'say "hi"', 2.5), Row("2", "=1+1,x", None)]
    assert as_csv(rows, COLUMNS[:2], SPEECH).decode("utf-8-sig") == (
        'Machines,Queue\r\n"say ""hi""",2.5 GB\r\n"\'=1+1,x",\r\n'
    )


def test_what_is_copied_is_a_table() -> None:
    rows = [Row("1", "two\twords\n", 2.5), Row("2", "@x", None)]
    assert as_tsv(rows, COLUMNS[:2], SPEECH, header=False) == "two words\t2.5 GB\n'@x\t"
    assert as_tsv(rows[:1], COLUMNS[:2], SPEECH, header=True).startswith("Machines\tQueue\n")
