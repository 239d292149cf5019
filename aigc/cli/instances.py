"""Instances as the command line shows and finds them; shared by creators' and IT's commands."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aigc.cli import refusals
from aigc.cli.output import sentence, timestamp
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from protos.aigc.v1 import common_pb2, creator_pb2


def state_name(instance: creator_pb2.Instance) -> str:
    """ "ready", "queued", ..."""
    from protos.aigc.v1 import common_pb2

    return _word(common_pb2.InstanceState.Name(instance.state), "INSTANCE_STATE_")


def _word(name: str, prefix: str) -> str:
    word = name.removeprefix(prefix).lower().replace("_", "-")
    return "" if word == "unspecified" else word


def as_json(instance: creator_pb2.Instance) -> dict[str, Any]:
    """The stable keys of an instance."""
    from protos.aigc.v1 import common_pb2

    return {
        "id": instance.id,
        "name": instance.name,
        "engine": instance.engine_id,
        "version": instance.version,
        "state": state_name(instance),
        "line": {"en": instance.line.en, "zh": instance.line.zh},
        "since": timestamp(instance.state_since_ms),
        "url": instance.url,
        "node": instance.node_name,
        "gpus": [
            {
                "uuid": g.uuid,
                "name": g.name,
                "simulated": g.simulated,
                "utilisation_percent": g.utilisation_percent
                if g.HasField("utilisation_percent")
                else None,
                "memory_used_bytes": g.memory_used_bytes
                if g.HasField("memory_used_bytes")
                else None,
                "memory_total_bytes": g.memory_total_bytes
                if g.HasField("memory_total_bytes")
                else None,
            }
            for g in instance.gpus
        ],
        "simulated": instance.simulated,
        "queue_position": instance.queue_position if instance.HasField("queue_position") else None,
        "parts": [
            {
                "part": _word(common_pb2.PartProgress.Part.Name(p.part), "PART_"),
                "bytes_done": p.bytes_done,
                "bytes_total": p.bytes_total if p.HasField("bytes_total") else None,
                "done": p.done,
            }
            for p in instance.parts
        ],
        "stop_reason": _word(common_pb2.StopReason.Name(instance.stop_reason), "STOP_REASON_")
        or None,
        "fail_reason": _word(common_pb2.FailReason.Name(instance.fail_reason), "FAIL_REASON_")
        or None,
        "support_code": instance.support_code or None,
        "last_activity_at": timestamp(instance.last_activity_ms),
        "release_at": timestamp(instance.release_at_ms),
        "data_bytes": instance.data_bytes if instance.HasField("data_bytes") else None,
        "owner": {"id": instance.owner_id, "name": instance.owner_name},
        "node_id": instance.node_id or None,
        "created_at": timestamp(instance.created_at_ms),
        "vram_reserved_bytes": _known(instance, "vram_reserved_bytes"),
        "vram_used_bytes": _known(instance, "vram_used_bytes"),
        "gpu_percent": _known(instance, "gpu_percent"),
        "refused": refusals.as_json(instance),
        "access": access_name(instance.access),
        "shares": instance.shares,
        "shared_until": timestamp(instance.shared_until_ms),
        "started_by": instance.started_by_name or None,
    }


def access_name(access: common_pb2.Access.ValueType) -> str:
    """ "owner", "use" or "view"; what an older coordinator does not say is the owner's."""
    from protos.aigc.v1 import common_pb2

    return _word(common_pb2.Access.Name(access), "ACCESS_") or "owner"


def _known(instance: creator_pb2.Instance, name: str) -> Any:
    return getattr(instance, name) if instance.HasField(name) else None  # type: ignore[arg-type]


def row(instance: creator_pb2.Instance) -> list[str]:
    """The row of a table for people."""
    line = sentence(instance.line) or state_name(instance)
    if instance.simulated and "simulated" not in line.lower() and "模拟" not in line:
        line += " (simulated GPU)"
    return [instance.name, instance.engine_id, instance.version, state_name(instance), line]


COLUMNS = ("name", "engine", "version", "state", "")


def find(instances: Sequence[creator_pb2.Instance], name: str) -> creator_pb2.Instance:
    """By id, by name, or by engine where there is only one of it.

    Raises:
        AigcError: ``instance-unknown`` with the nearest name, or ``instance-ambiguous``.
    """
    for matching in (
        [i for i in instances if i.id == name],
        [i for i in instances if i.name == name],
        [i for i in instances if i.name.casefold() == name.casefold()],
        [i for i in instances if i.engine_id == name],
    ):
        if len(matching) == 1:
            return matching[0]
        if matching:
            listed = ", ".join(f"{i.name} ({i.id})" for i in matching)
            raise AigcError(
                "instance-ambiguous",
                f"{name} could be {listed}: say which by its id.",
                ErrorKind.CONFLICT,
            )
    names = [i.name for i in instances]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "'aigc list' shows yours."
    raise AigcError(
        "instance-unknown", f"There is no instance called {name}; {hint}", ErrorKind.NOT_FOUND
    )
