"""What a transition of one instance asks of the things around it, in the imperative.

The draft carries them out in the same batch; nothing here touches a machine. Machines act on the
desired set alone (level, not edge).
"""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.domain.gpu import GpuUuid
from coordinator.domain.instance import InstanceId, Placement
from coordinator.domain.volume import NodeId, VolumeId


@dataclass(frozen=True, slots=True)
class TakeLease:
    """The instance becomes the volume's one writer, and the node its home."""

    volume_id: VolumeId
    instance_id: InstanceId
    epoch: int
    node_id: NodeId


@dataclass(frozen=True, slots=True)
class EndLease:
    """That instance and epoch no longer writes: confirmed, or stated by an admin."""

    volume_id: VolumeId
    instance_id: InstanceId
    epoch: int


@dataclass(frozen=True, slots=True)
class LeaveResidue:
    """The placement ended here although its machine did not confirm it: it must end there too."""

    placement: Placement
    instance_id: InstanceId


@dataclass(frozen=True, slots=True)
class QuarantineGpus:
    """The cards are not proven free: nobody gets them."""

    node_id: NodeId
    gpu_uuids: tuple[GpuUuid, ...]


@dataclass(frozen=True, slots=True)
class TrashVolume:
    volume_id: VolumeId


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the story without a change of state."""

    text: str


Effect = TakeLease | EndLease | LeaveResidue | QuarantineGpus | TrashVolume | Note
