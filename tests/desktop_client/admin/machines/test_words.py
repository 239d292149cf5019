"""Every key that the machines page computes is in the catalogue."""

from __future__ import annotations

import pytest

from desktop_client.admin.charts.scales import Span
from desktop_client.admin.machines.actions import Act
from desktop_client.admin.machines.columns import GPUS, MACHINES
from desktop_client.admin.machines.readings import Quantity
from desktop_client.admin.machines.rows import Standing
from desktop_client.admin.model import Door
from desktop_client.i18n import knows

CONFIRMED = (Act.DRAIN, Act.REVOKE, Act.DECLARE_OFF, Act.ACCEPT_LEDGER)
COMPUTED = (
    [f"machines.act.{act}" for act in Act]
    + [f"machines.asked.{act}" for act in Act]
    + [f"machines.done.{act}" for act in Act]
    + [f"machines.{act}.{part}" for act in CONFIRMED for part in ("title", "verb", "verb.more")]
    + [
        f"machines.{what}.what.{count}"
        for what in ("revoke", "off", "ledger")
        for count in ("none", "one", "more", "more.one")
    ]
    + [f"machines.standing.{found}" for found in Standing]
    + [f"machines.takes.{found}" for found in Standing]
    + [f"machines.door.{door}" for door in Door if door]
    + [f"machines.door.{door}.meaning" for door in Door if door]
    + [f"machines.graph.{quantity}" for quantity in Quantity]
    + [f"charts.said.{span}" for span in Span]
    + [f"charts.range.{span}" for span in Span]
    + [column.title for column in MACHINES]
    + [column.title for column in GPUS]
)


@pytest.mark.parametrize("key", COMPUTED)
def test_computed_keys_have_words(key: str) -> None:
    assert knows(key)


def test_every_column_has_its_own_names() -> None:
    for columns in (MACHINES, GPUS):
        names = [name for c in columns for name in (c.key, *c.filter_names)]
        assert len(names) == len(set(names))
