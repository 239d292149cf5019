"""``aigc demo``: the whole story with real programs, and the end of everything it started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.docker_engine import engine

_DEMO = [sys.executable, "-m", "aigc.cli", "demo"]


def _environment(tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "TMPDIR": str(tmp_path)}


def _left_in(folder: Path) -> list[str]:
    """Processes whose command or working directory names the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.cwd()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(folder) in part for part in told):
            found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.timeout(300)
def test_the_whole_story_unattended(tmp_path: Path) -> None:
    done = subprocess.run(
        [*_DEMO, "--check", "--headless", "--runtime", "process", "--json"],
        capture_output=True,
        text=True,
        timeout=280,
        env=_environment(tmp_path),
        check=False,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert told["ok"] is True
    assert told["runtime"] == "process"
    steps = [step["step"] for step in told["steps"]]
    assert all(step["ok"] for step in told["steps"])
    for words in ("signs in", "list engines", "start", "WebSocket", "released", "find the image"):
        assert any(words in step for step in steps), (words, steps)
    joined = next(step for step in told["steps"] if "joins" in step["step"])
    assert "simulated" in joined["detail"]
    assert _left_in(tmp_path) == []
    assert list(tmp_path.glob("aigc-demo-*")) == []


@pytest.mark.timeout(180)
def test_ctrl_c_stops_everything_and_the_folder_serves_again(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    for _ in range(2):
        demo = subprocess.Popen(
            [*_DEMO, "--headless", "--runtime", "process", "--data-dir", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(tmp_path),
        )
        assert demo.stdout is not None
        told = ""
        for line in demo.stdout:
            told += line
            if "Ctrl-C" in line:
                break
        assert "simulated" in told, told
        assert "password" in told
        assert "as local processes" in told
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)
        assert demo.returncode == 0, told + rest
        deadline = time.monotonic() + 10
        while (left := _left_in(folder)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_the_whole_story_in_docker(tmp_path: Path) -> None:
    with engine() as docker:
        environment = _environment(tmp_path) | {"DOCKER_HOST": f"unix://{docker.socket}"}
        done = subprocess.run(
            [*_DEMO, "--check", "--headless", "--runtime", "auto", "--json"],
            capture_output=True,
            text=True,
            timeout=280,
            env=environment,
            check=False,
        )
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        assert done.returncode == 0, told
        assert told["runtime"] == "docker"
        with contextlib.closing(docker.client()) as client:
            assert client.containers.list(all=True) == []
            assert {n.name for n in client.networks.list()} == {"host", "none"}


def test_docker_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    environment = _environment(tmp_path) | {"DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"}
    done = subprocess.run(
        [*_DEMO, "--check", "--headless", "--runtime", "docker", "--data-dir", str(tmp_path / "d")],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 8
    assert done.stderr.startswith("Error: Engines cannot run in Docker here: ")
    assert "--runtime process" in done.stderr
    assert "Traceback" not in done.stderr
