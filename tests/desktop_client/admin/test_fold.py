"""The fleet's stream: any order of wholes and changes ends at what the server knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client.admin.fold import Known, Update, fold
from desktop_client.admin.model import Delta, Node, merge
from desktop_client.model import Instance, State, Words

IDS = ("a", "b", "c", "d")


def node(key: str, name: str) -> Node:
    return Node(key, name)


def instance(key: str, name: str) -> Instance:
    return Instance(key, name, "comfyui", Words("ComfyUI", "ComfyUI"), "1", State.READY)


@dataclass
class Server:
    """Says what it knows, whole or in part."""

    nodes: dict[str, Node] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)

    def whole(self, chunks: int) -> list[Update]:
        """In one message or several, as chosen."""
        nodes, instances = list(self.nodes.values()), list(self.instances.values())
        step = max(-(-max(len(nodes), len(instances), 1) // chunks), 1)
        starts = range(0, max(len(nodes), len(instances), 1), step)
        return [
            Update(
                begin=at == 0,
                more=at + step < max(len(nodes), len(instances), 1),
                nodes=tuple(nodes[at : at + step]),
                instances=tuple(instances[at : at + step]),
            )
            for at in starts
        ]

    def change(self, key: str, name: str, *, gone: bool, more: bool) -> Update:
        if gone:
            self.nodes.pop(key, None)
            self.instances.pop(key, None)
            return Update(more=more, removed_nodes=(key,), removed_instances=(key,))
        self.nodes[key], self.instances[key] = node(key, name), instance(key, name)
        return Update(more=more, nodes=(self.nodes[key],), instances=(self.instances[key],))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("whole"), st.integers(1, 3)),
        st.tuples(
            st.just("change"), st.sampled_from(IDS), st.sampled_from("xyz"), st.booleans(),
            st.booleans(),
        ),
    ),
    max_size=12,
)  # fmt: skip


def messages(server: Server, plan: Sequence[tuple[object, ...]]) -> list[Update]:
    made = server.whole(1)
    for step in plan:
        if step[0] == "whole":
            made += server.whole(int(str(step[1])))
        else:
            _, key, name, gone, more = step
            made.append(server.change(str(key), str(name), gone=bool(gone), more=bool(more)))
    made[-1] = replace(made[-1], more=False)
    return made


@given(steps)
@settings(deadline=None)
def test_any_order_ends_at_the_servers_state(plan: Sequence[tuple[object, ...]]) -> None:
    server, known, delta = Server(), Known(), None
    for update in messages(server, plan):
        known, delta = fold(known, update)
    assert delta is not None
    assert dict(known.nodes) == server.nodes
    assert dict(known.instances) == server.instances


@given(steps, st.sets(st.integers(0, 40)))
@settings(deadline=None)
def test_a_receiver_of_merged_changes_sees_the_same(
    plan: Sequence[tuple[object, ...]], busy: set[int]
) -> None:
    """While the window is busy, changes gather: what it shows in the end is the same."""
    server, known, shown, waiting = Server(), Known(), {}, None
    every = messages(server, plan)
    for number, update in enumerate(every):
        known, delta = fold(known, update)
        if delta is None:
            continue
        waiting = delta if waiting is None else merge(waiting, delta)
        if number in busy and number < len(every) - 1:
            continue
        if waiting.whole:
            shown = dict(known.instances)
        for row in waiting.instances:
            shown[row.id] = row
        for key in waiting.removed_instances:
            shown.pop(key, None)
        waiting = None
    assert shown == server.instances


@given(steps)
@settings(deadline=None)
def test_the_same_messages_twice_change_nothing(plan: Sequence[tuple[object, ...]]) -> None:
    server, known = Server(), Known()
    every = messages(server, plan)
    for update in [*every, *every[-1:]]:
        known, _ = fold(known, update)
    assert dict(known.nodes) == server.nodes


def test_nothing_is_shown_before_the_whole_is_there() -> None:
    known, delta = fold(Known(), Update(begin=True, more=True, nodes=(node("a", "x"),)))
    assert delta is None
    known, delta = fold(known, Update(nodes=(node("b", "y"),)))
    assert delta == Delta(whole=True, people_changed=True, catalogue_changed=True)
    assert list(known.nodes) == ["a", "b"]


def test_after_a_break_equal_rows_stay_the_same_objects() -> None:
    """So that a table that compares objects has nothing to do."""
    first, second = node("a", "x"), node("b", "x")
    known, _ = fold(Known(), Update(begin=True, nodes=(first, second)))
    known, _ = fold(known, Update(begin=True, more=True, nodes=(node("a", "x"),)))
    known, _ = fold(known, Update(nodes=(node("b", "z"),)))
    assert known.nodes["a"] is first
    assert known.nodes["b"] == node("b", "z")
