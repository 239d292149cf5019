"""Volumes: where a creator's data lives, and who may write it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from coordinator.domain.people import PersonId

VolumeId = NewType("VolumeId", str)
NodeId = NewType("NodeId", str)
InstanceId = NewType("InstanceId", str)


@dataclass(frozen=True, slots=True)
class Volume:
    """A folder that outlives containers; attached to one writing instance at a time.

    ``home`` is the node whose disk holds it (None until it was first mounted). ``writer`` is the
    instance and lease epoch that may write; it ends by the agent's confirmation or an admin's
    audited statement, never by time.
    """

    id: VolumeId
    owner: PersonId
    created_at: datetime
    home: NodeId | None = None
    writer: tuple[InstanceId, int] | None = None
    bytes: int | None = None
    trashed_at: datetime | None = None
    purge_at: datetime | None = None
    trash_done: bool = False  # the node confirmed that it is in its trash
    purging: bool = False  # its time in the trash is over; the node is told to purge it
    purged_at: datetime | None = None  # nothing of it is left
    # Out of the trash for us; its node is told to bring it back, and nobody writes it before that.
    restoring: bool = False
    restore_error: str = ""  # why its node could not bring it back, in words
    moves: int = 0  # into the trash and out of it: each move is an order of its own
