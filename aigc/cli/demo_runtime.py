"""How the demo's engines run: in Docker where it answers, else as local processes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aigc.cli.demo_image import make_image
from aigc.cli.demo_studio import DemoPlan
from aigc.errors import AigcError, ErrorKind

_BUILD_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """``reason`` says why it is not what one would expect."""

    name: str
    docker_socket: str = "/var/run/docker.sock"
    reason: str = ""


def choose_runtime(asked: str, plan: DemoPlan, say: Callable[[str], None]) -> Runtime:
    """Decide, and with Docker make sure that the demo engine's image is there. Blocks.

    Raises:
        AigcError: ``demo-docker`` when Docker was asked for and cannot do it.
    """
    if asked == "process":
        return Runtime("process", reason="as you asked")
    socket = _socket()
    why = _without_docker()
    if why == "" and not _has_image(plan.image):
        say("Making the demo engine's image ...")
        why = _build(plan)
    if why == "":
        return Runtime("docker", socket)
    if asked == "docker":
        raise AigcError(
            "demo-docker",
            f"Engines cannot run in Docker here: {why}. Mend that, or say --runtime process.",
            ErrorKind.UNAVAILABLE,
        )
    return Runtime("process", reason=why)


def _socket() -> str:
    host = os.environ.get("DOCKER_HOST", "")
    return host.removeprefix("unix://") if host.startswith("unix://") else "/var/run/docker.sock"


def _without_docker() -> str:
    """Why Docker cannot be used; empty if it can."""
    if shutil.which("docker") is None:
        return "Docker is not installed"
    code, output = _docker(["version", "--format", "{{.Server.Version}}"], 15)
    if code == 0:
        return ""
    if "permission denied" in output.lower():
        return "this user may not use Docker (it is root or the group docker that may)"
    return "Docker does not answer"


def _has_image(image: str) -> bool:
    return _docker(["image", "inspect", image], 15)[0] == 0


def _build(plan: DemoPlan) -> str:
    """Make the image here, or by the Dockerfile; why both failed, or empty."""
    try:
        make_image(plan.image, plan.engine_folder, ["docker"])
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        here = str(error)
    else:
        return ""
    code, output = _docker(["build", "-t", plan.image, str(plan.engine_folder)], _BUILD_SECONDS)
    if code == 0:
        return ""
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no reason given")
    return f"the demo engine's image could not be made ({here}) or built ({last.strip()[:200]})"


def _docker(arguments: Sequence[str], seconds: float) -> tuple[int, str]:
    try:
        done = subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"no answer within {seconds:.0f} s"
    except OSError as error:
        return 1, str(error)
    return done.returncode, done.stdout + done.stderr
