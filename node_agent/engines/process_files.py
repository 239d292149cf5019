"""The process driver's files and environment: what a restarted agent needs to adopt an instance.

Below an instance's folder: ``spec.json`` (written before the start), ``stat`` (the leader's
identity, written by the leader itself) and ``exit`` (its exit code). Blocking functions.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from node_agent.engines import process_table
from node_agent.engines.driver import Container, ContainerState, InstanceSpec
from node_agent.engines.process_table import Leader

_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written before the start (spec.json)."""

    instance_id: str
    epoch: int
    port: int
    ready_path: str
    gpu_uuids: tuple[str, ...]
    boot_id: str
    started_at: float


def container_of(key: str, plan: Plan, state: ContainerState, exit_code: int | None) -> Container:
    return Container(
        container_id=key,
        instance_id=plan.instance_id,
        epoch=plan.epoch,
        state=state,
        gpu_uuids=tuple(plan.gpu_uuids),
        address=(_LOCAL, plan.port) if state is ContainerState.RUNNING else None,
        ready_path=plan.ready_path,
        image_digest="",
        started_at=plan.started_at,
        exit_code=exit_code,
    )


def read_leader(folder: Path) -> Leader | None:
    try:
        return process_table.leader_of((folder / "stat").read_text(errors="replace"))
    except (FileNotFoundError, ValueError, IndexError):
        return None


def exit_code_of(folder: Path) -> int | None:
    try:
        code = int((folder / "exit").read_text())
    except (FileNotFoundError, ValueError):
        return None  # killed together with its leader, or the machine went down
    return code


def has_ended(folder: Path) -> bool:
    leader = read_leader(folder)
    return leader is None or not process_table.is_alive(leader)


def marker_of(key: str) -> bytes:
    return f"AIGC_PROCESS_KEY={key}".encode()


def search_path() -> str:
    """This Python's programs first: a demo engine runs in the environment it was set up in."""
    return f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"


def environment_of(key: str, spec: InstanceSpec, values: dict[str, str]) -> dict[str, str]:
    """Nothing of the agent's own environment but what a program needs to run at all."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    given = {name: fill(value, values) for name, value in spec.environment.items()}
    paths = {m.environment: str(m.source) for m in spec.mounts if m.environment}
    cards = ",".join(spec.gpu_uuids)
    return (
        kept
        | {"PATH": search_path(), "HOME": values["{home}"]}
        | {"NVIDIA_VISIBLE_DEVICES": cards or "void", "CUDA_VISIBLE_DEVICES": cards}
        | given
        | dict(spec.secrets)
        | paths
        | {"AIGC_PROCESS_KEY": key, "PORT": values["{port}"]}
    )


def fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def write_whole(path: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)


def remove_folder(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)


def write_plan(folder: Path, plan: Plan) -> None:
    """Before the start: who this is."""
    write_whole(folder / "spec.json", json.dumps(asdict(plan)))


def read_plan(folder: Path) -> Plan | None:
    """None if it was cut off before it was written."""
    try:
        return Plan(**json.loads((folder / "spec.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
