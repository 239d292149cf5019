"""The fold over pull messages, on recorded pulls and on all that could be said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node_agent.engines.driver import Progress
from node_agent.engines.pull_progress import PullState, fold

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDED / name).read_text().splitlines()]


def story(messages: list[dict[str, Any]]) -> tuple[PullState, list[Progress]]:
    """The state at the end, and the progress after each message."""
    state, seen = PullState(), []
    for message in messages:
        state = fold(state, message)
        seen.append(state.progress())
    return state, seen


def test_a_recorded_pull_adds_up() -> None:
    messages = recorded("pull.jsonl")
    state, seen = story(messages)
    sizes = {
        m["id"]: m["progressDetail"]["total"] for m in messages if m["status"] == "Downloading"
    }
    last = seen[-1]
    assert last.done == last.total == sum(sizes.values())
    assert state.digest.startswith("sha256:18f6b545")
    assert state.error == ""
    # Nobody knows the total before the last layer has told its size.
    told = [m["id"] for m in messages if m["status"] == "Downloading"]
    everything_told = max(messages.index(m) for m in messages if m.get("id") == told[-1])
    assert seen[2].total is None
    assert all(p.total is not None for p in seen[everything_told:])
    assert [p.done for p in seen] == sorted(p.done for p in seen)


def test_an_image_that_is_here_already() -> None:
    state, seen = story(recorded("pull_again.jsonl"))
    assert state.digest.startswith("sha256:18f6b545")
    assert all(p.done == 0 for p in seen)
    assert state.progress(finished=True) == Progress("image", 0, 0, finished=True)


def test_a_retried_layer_never_goes_back() -> None:
    def down(current: int) -> dict[str, Any]:
        detail = {"current": current, "total": 100}
        return {"status": "Downloading", "id": "a", "progressDetail": detail}

    retry = {"status": "Retrying in 5 seconds", "id": "a", "progressDetail": {}}
    _, seen = story([down(70), retry, down(10), down(80)])
    assert [p.done for p in seen] == [70, 70, 70, 80]


def test_a_small_layer_tells_its_size_when_it_is_extracted() -> None:
    _, seen = story(
        [
            {"status": "Pulling fs layer", "id": "a", "progressDetail": {}},
            {"status": "Download complete", "id": "a", "progressDetail": {}},
            {"status": "Extracting", "id": "a", "progressDetail": {"current": 9, "total": 90}},
            {"status": "Pull complete", "id": "a", "progressDetail": {}},
        ]
    )
    assert [(p.done, p.total) for p in seen] == [(0, None), (0, None), (90, 90), (90, 90)]


def test_an_error_is_kept_in_the_daemons_words() -> None:
    state, _ = story([{"error": "short", "errorDetail": {"message": "the whole story"}}])
    assert state.error == "the whole story"
    assert fold(PullState(), {"error": "only this"}).error == "only this"


_ids = st.sampled_from(["a", "b", "c"])
_detail = st.fixed_dictionaries(
    {}, optional={"current": st.integers(0, 1000), "total": st.integers(-1, 1000)}
)
_status = st.sampled_from(
    [
        *("Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Pull complete"),
        *("Download complete", "Extracting", "Already exists", "Retrying in 3 seconds", "News"),
    ]
)
_messages = st.lists(
    st.fixed_dictionaries(
        {"status": _status}, optional={"id": _ids, "progressDetail": st.one_of(st.none(), _detail)}
    ),
    max_size=40,
)


@given(_messages)
def test_whatever_is_said_bytes_never_go_back_nor_over_the_total(
    messages: list[dict[str, Any]],
) -> None:
    state, seen = story(messages)
    done = [p.done for p in seen]
    assert done == sorted(done)
    assert all(p.total is None or p.done <= p.total for p in seen)
    finished = state.progress(finished=True)
    assert finished.done == finished.total
