"""The story of an instance: every event with its cause, in words, printable."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client.admin.pages.story import as_html, as_text, names_in, story
from desktop_client.admin.records import StoryLine
from tests.desktop_client.admin.pages.studio import EN, NOW, ZH, fleet, instance, node

LINES = (
    StoryLine(1, NOW, "start", "person p-1", "", "requested", "comfyui 0.12, named ComfyUI"),
    StoryLine(
        2, NOW + timedelta(seconds=1), "placed", "placement: n-render-01", "requested", "placed",
        "epoch 1 on n-render-01, GPU-0",
    ),
    StoryLine(3, NOW, "observed-exited", "node n-render-01: it <b>died</b>", "ready", "failed"),
    StoryLine(4, NOW, "kept", "person p-9", "ready", "ready", "the idle clock begins anew"),
)  # fmt: skip


def test_names_stand_for_ids_where_the_fleet_knows_them() -> None:
    it = instance()
    told = story(it, LINES, names_in(fleet((node(),), (it,))), "Studio North", EN)
    assert told.title == "The story of ComfyUI"
    assert "Studio North" in told.told
    first, second, third, fourth = told.lines
    assert (first.event, first.cause, first.change) == (
        "Start asked for",
        "Lin Xia",
        "→ Asked for",
    )
    assert second.cause == "placement: render-01"
    assert second.detail == "epoch 1 on render-01, RTX 4090 #0"
    assert second.change == "Asked for → Placed"
    assert third.cause == "machine render-01: it <b>died</b>"
    assert (fourth.cause, fourth.change) == ("p-9", "")


def test_as_text_every_event_is_a_line() -> None:
    text = as_text(story(instance(), LINES, {}, "", ZH))
    lines = text.splitlines()
    assert lines[0] == "ComfyUI 的历史"
    assert len(lines) == 4 + len(LINES)
    assert "已分配机器" in lines[5]
    assert not any(line != line.rstrip() for line in lines)


def test_what_people_and_engines_wrote_is_no_markup() -> None:
    html = as_html(story(instance("<i>x</i>"), LINES, {}, "", EN))
    assert "<b>died</b>" not in html
    assert "&lt;b&gt;died" in html
    assert "<i>x" not in html


def test_without_events_it_says_so() -> None:
    told = story(instance(), (), {}, "", EN)
    assert told.empty
    assert told.empty in as_text(told)
    assert told.empty in as_html(told)


words = st.text(max_size=20)
lines = st.builds(
    StoryLine,
    seq=st.integers(0, 9),
    at=st.none() | st.just(NOW),
    event=words,
    cause=words | st.sampled_from(["person p-1", "node n: x", "person ", "node", "timer"]),
    from_state=words | st.sampled_from(["ready", "deleted"]),
    to_state=words | st.sampled_from(["failed", "deleted"]),
    detail=words,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(lines, max_size=4), st.sampled_from([EN, ZH]))
def test_whatever_a_newer_coordinator_tells_is_told(told: list[StoryLine], speech: object) -> None:
    made = story(instance(), told, {"p-1": "Lin"}, "s", speech)  # type: ignore[arg-type]
    assert len(made.lines) == len(told)
    assert as_text(made)
    assert as_html(made)
