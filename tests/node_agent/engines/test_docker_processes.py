"""What ``docker top`` answers, as recorded from Docker 20.10."""

from __future__ import annotations

from node_agent.engines.docker_processes import pids_in


def test_each_row_is_a_process() -> None:
    assert pids_in({"Titles": ["PID"], "Processes": [["4711"], ["4750"]]}) == {4711, 4750}


def test_a_container_that_just_ended_has_no_rows() -> None:
    assert pids_in({"Titles": ["PID"], "Processes": None}) == frozenset()
