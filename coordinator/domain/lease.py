"""The right to write a volume: one instance at one epoch, and how it begins and ends."""

from __future__ import annotations

from dataclasses import replace

from coordinator.domain.effects import EndLease, TakeLease
from coordinator.domain.volume import Volume


class LeaseTaken(Exception):  # noqa: N818 - it reads as what happened
    """Somebody else still writes: a defect of the placement, which must have filtered this."""


def take(volume: Volume, order: TakeLease) -> Volume:
    """The volume with its new writer; its home is where it was first mounted.

    Raises:
        LeaseTaken: another instance or epoch may still write it, or it is in the trash.
    """
    new = (order.instance_id, order.epoch)
    if volume.trashed_at is not None:
        raise LeaseTaken(f"volume {volume.id} is in the trash; {new} cannot write it")
    if volume.restoring:
        raise LeaseTaken(f"volume {volume.id} is not back from the trash; {new} cannot write it")
    if volume.writer is not None and volume.writer != new:
        older_self = volume.writer[0] == order.instance_id and volume.writer[1] < order.epoch
        if not older_self:
            raise LeaseTaken(f"volume {volume.id} is written by {volume.writer}, not by {new}")
        raise LeaseTaken(f"volume {volume.id}: {volume.writer} has not ended before {new}")
    return replace(volume, writer=new, home=volume.home or order.node_id)


def end(volume: Volume, order: EndLease) -> Volume:
    """The volume without that writer; a lease of another epoch is left alone."""
    if volume.writer != (order.instance_id, order.epoch):
        return volume
    return replace(volume, writer=None)
