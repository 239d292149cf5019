"""Machines and cards as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from desktop_client.admin.machines.columns import GPUS, MACHINES, problems_of
from desktop_client.admin.machines.rows import (
    Standing,
    card_names,
    gpu_rows,
    machine_row,
    models_of,
    standing,
    touched_nodes,
)
from desktop_client.admin.model import Delta, Door, Unclaimed
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.filters import matcher, parse
from desktop_client.model import State, Words
from desktop_client.view_model import Shape
from tests.desktop_client.admin.machines.fleets import GB, NOW, fleet, gpu, instance, node

EN, ZH = Speech("en", NOW, UTC), Speech("zh", NOW, UTC)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Standing.ONLINE),
        ({"draining": True}, Standing.DRAINING),
        ({"can_start": False, "draining": True}, Standing.CANNOT_START),
        ({"online": False, "draining": True}, Standing.OFFLINE),
        ({"revoked": True, "online": False}, Standing.REVOKED),
    ],
)
def test_one_word_for_a_machine(more: dict[str, object], expected: Standing) -> None:
    assert standing(node("render-04", **more)) is expected


def test_a_row_sums_its_cards_and_unknown_is_not_zero() -> None:
    home = node()
    run, over = instance("ComfyUI", home), instance("old", home, state=State.STOPPED)
    full = fleet(home, instances=(run, over))
    row = machine_row(full.nodes[home.id], full.instances)
    assert (row.cards_held, row.instances) == (1, (run,))
    assert row.percent == 61.0  # the other card says nothing
    assert row.used_bytes == 22 * GB
    silent = machine_row(replace(full.nodes[home.id], online=False), full.instances)
    assert (silent.percent, silent.used_bytes, silent.celsius) == (None, None, None)
    assert silent.total_bytes == 48 * GB
    blind = node(gpus=(gpu("x", memory_total_bytes=None, memory_used_bytes=None, percent=None),))
    row = machine_row(blind, {})
    texts = {column.key: column.text(row, EN) for column in MACHINES}
    assert (texts["use"], texts["vram"]) == ("–", "–")


def test_every_cell_speaks_both_languages() -> None:
    home = node(
        problems=(Words("Docker does not answer.", "Docker 无响应。"),),
        unclaimed=(Unclaimed("c1"), Unclaimed("c2")),
        door=Door.OPEN_TO_LOCAL_USERS,
        labels={"room": "2", "fast": ""},
        gpus=(gpu("GPU-a", simulated=True, quarantined=True), gpu("GPU-b")),
        ledger_refused=True,
    )
    full = fleet(home, instances=(instance("ComfyUI", home),))
    row = machine_row(full.nodes[home.id], full.instances)
    for speech in (EN, ZH):
        texts = {column.key: column.text(row, speech) for column in MACHINES}
        assert all(texts.values())
        for column in MACHINES:
            if column.tooltip is not None:
                assert isinstance(column.tooltip(row, speech), str)
    assert texts["model"] == "2 × RTX 4090（模拟）"
    assert texts["labels"] == "fast room=2"
    assert len(problems_of(home, "en")) == 4
    for card in gpu_rows(full.nodes[home.id], full.instances):
        texts = {column.key: column.text(card, ZH) for column in GPUS}
        assert all(texts.values())
    first = gpu_rows(full.nodes[home.id], full.instances)[0]
    by_key = {column.key: column.text(first, EN) for column in GPUS}
    assert by_key["holder"] == "ComfyUI (Lin Xia)"
    assert by_key["state"] == "Set aside"
    assert by_key["model"] == "RTX 4090 (simulated)"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pool:on-prem", ["render-04", "render-05", "render-06"]),
        ("model:4090 state:offline", ["render-05"]),
        ("state:draining", ["render-06"]),
        ("状态:离线", ["render-05"]),
        ("machine:render-04", ["render-04"]),
        ("instances>0", ["render-04"]),
        ("use>50", ["render-04", "render-06"]),
        ("simulated", []),
        ("label:room=2", ["render-06"]),
        ("Xia", ["render-04"]),
        ("state:attention", ["render-05"]),
        ("disk<100", []),
    ],
)
def test_filters(text: str, found: list[str]) -> None:
    one, off = node(), node("render-05", online=False)
    drained = node("render-06", draining=True, labels={"room": "2"})
    full = fleet(one, off, drained, instances=(instance("ComfyUI", one),))
    passes = matcher(parse(text), MACHINES, EN)
    rows = [machine_row(n, full.instances) for n in full.nodes.values()]
    assert [r.node.name for r in rows if passes(r)] == found


def test_cards_are_found_by_holder_and_state() -> None:
    one = node()
    full = fleet(one, instances=(instance("ComfyUI", one),))
    rows = gpu_rows(full.nodes[one.id], full.instances)
    assert [r.gpu.uuid for r in rows if matcher(parse("owner:lin"), GPUS, EN)(r)] == [
        "GPU-render-04-0"
    ]
    assert len([r for r in rows if matcher(parse("state:free"), GPUS, EN)(r)]) == 1
    marks = [column.mark(r) for column in GPUS if column.mark for r in rows]
    assert [mark.shape for mark in marks if mark] == [Shape.READY, Shape.STOPPED]


def test_rows_that_a_change_touches() -> None:
    one, two = node(), node("render-05")
    run = instance("ComfyUI", one)
    full = fleet(one, two, instances=(run,))
    assert touched_nodes(full, Delta(nodes=(two,)), {}) == {two.id}
    assert touched_nodes(full, Delta(instances=(run,)), {}) == {one.id}
    moved = replace(run, node_id=two.id)
    assert touched_nodes(full, Delta(instances=(moved,)), {run.id: one.id}) == {one.id, two.id}
    assert touched_nodes(full, Delta(removed_instances=(run.id,)), {run.id: one.id}) == {one.id}
    assert touched_nodes(full, Delta(removed_instances=("x",)), {"x": "gone"}) == set()


def test_names_tell_cards_apart() -> None:
    cards = (gpu("a"), gpu("b"), gpu("c", name="A6000"))
    assert models_of(cards) == "2 × RTX 4090, A6000"
    assert list(card_names(cards).values()) == ["RTX 4090 · 1", "RTX 4090 · 2", "A6000"]


def test_what_is_shown_at_first_fits_beside_the_pages_of_a_window_of_1280() -> None:
    shown = [column for column in MACHINES if column.shown_by_default]
    assert sum(column.width for column in shown) <= 1028
    assert [column.key for column in shown[:3]] == ["name", "state", "problems"]
