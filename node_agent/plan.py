"""What to do about the difference between desired and observed. Pure: no I/O, no clock.

Idempotent per (instance, epoch): looked at again, the same facts give the same plan, and one that
was carried out gives an empty one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from node_agent.engines.driver import Container, ContainerState
from node_agent.store import AcceptedLedger, RunRecord

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A desired instance, as far as the plan needs it. ``grace`` in seconds."""

    instance_id: str
    epoch: int
    grace: float


@dataclass(frozen=True, slots=True)
class Over:
    """What the ledger says is over: this epoch and all before it. ``grace`` in seconds."""

    instance_id: str
    epoch: int
    grace: float


@dataclass(frozen=True, slots=True)
class Desired:
    run: Mapping[str, Wanted]
    ended: Mapping[str, Over]


@dataclass(frozen=True, slots=True)
class Begin:
    """Prepare and start it."""

    key: Key


@dataclass(frozen=True, slots=True)
class Adopt:
    """It runs: take it as it is, and find out whether it is ready."""

    container: Container


@dataclass(frozen=True, slots=True)
class MarkExited:
    """It ended by itself; ``container`` is None if even that is gone."""

    key: Key
    container: Container | None


@dataclass(frozen=True, slots=True)
class Stop:
    container: Container
    grace: float


@dataclass(frozen=True, slots=True)
class ConfirmGone:
    """Nothing of it is left here; once its cards are proven free, say so."""

    key: Key


@dataclass(frozen=True, slots=True)
class ConfirmFailed:
    """It failed and nothing of it is left here; once its cards are proven free, say so."""

    key: Key


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Neither desired nor over: keep it, show it, stop it only after the hold."""

    container: Container


Action = Begin | Adopt | MarkExited | Stop | ConfirmGone | ConfirmFailed | Quarantine


@dataclass(frozen=True, slots=True)
class Term:
    """One life of a coordinator on a ledger, from that revision on."""

    term: str
    first_revision: int


def accepts(
    kept: AcceptedLedger, ledger_id: str, revision: int, terms: Sequence[Term] = ()
) -> bool:
    """Whether a set of this ledger and revision is to be obeyed.

    A coordinator restored from an old copy or begun on an empty ledger must not empty the studio,
    not even when the copy has lived on and counts further than the ledger itself.

    Args:
        terms: the ledger's lives, the oldest first, as far as they are told.
    """
    if not ledger_id:
        return False
    if not kept.ledger_id:
        return True
    if ledger_id != kept.ledger_id or revision < kept.revision:
        return False
    if not kept.term or not terms:
        return True  # from a time, or of a coordinator, without terms
    ends = [t.first_revision for t in terms[1:]] + [revision + 1]
    for term, end in zip(terms, ends, strict=True):
        if term.term == kept.term:
            return kept.revision < end  # what we took was in that term before the next began
    return kept.revision < terms[0].first_revision  # a term older than all that are told


def decide(
    desired: Desired | None,
    containers: Iterable[Container],
    records: Mapping[Key, RunRecord],
    working: Collection[Key],
) -> list[Action]:
    """The plan. ``working``: epochs that are being begun or stopped right now.

    Without any desired set yet (a restarted agent whose coordinator is away) everything found is
    taken as it is.
    """
    found = list(containers)
    if desired is None:
        here = {(c.instance_id, c.epoch) for c in found}
        lost: list[Action] = [
            MarkExited(key, None)
            for key, record in records.items()
            if record.container_seen and not record.fail_reason and key not in here
        ]
        return lost + [_as_it_is(c) for c in found if c.state is not ContainerState.CREATED]
    plan = [action for c in found if (action := _about(c, found, desired)) is not None]
    for wanted in desired.run.values():
        key = (wanted.instance_id, wanted.epoch)
        mine = [c for c in found if c.instance_id == wanted.instance_id]
        if any(c.epoch == wanted.epoch for c in mine) or key in working:
            continue
        record = records.get(key)
        if record is not None and record.fail_reason:
            plan.append(ConfirmFailed(key))  # over: the same epoch is never begun again
        elif record is not None and record.container_seen:
            plan.append(MarkExited(key, None))
        elif not mine and not any(k[0] == wanted.instance_id for k in working):
            plan.append(Begin(key))  # else: what is older goes first
    for over in desired.ended.values():
        left = any(c.instance_id == over.instance_id and c.epoch <= over.epoch for c in found)
        at_work = any(k[0] == over.instance_id and k[1] <= over.epoch for k in working)
        if not left and not at_work:
            plan.append(ConfirmGone((over.instance_id, over.epoch)))
    return plan


def _about(container: Container, found: list[Container], desired: Desired) -> Action | None:
    wanted = desired.run.get(container.instance_id)
    over = desired.ended.get(container.instance_id)
    if wanted is not None and container.epoch == wanted.epoch:
        if container.state is ContainerState.CREATED:
            # A start that was cut off; what else there is of the instance goes first.
            alone = sum(c.instance_id == container.instance_id for c in found) == 1
            return Begin((container.instance_id, container.epoch)) if alone else None
        return _as_it_is(container)
    if wanted is not None and container.epoch < wanted.epoch:
        return Stop(container, wanted.grace)
    if over is not None and container.epoch <= over.epoch:
        return Stop(container, over.grace)
    return Quarantine(container)


def _as_it_is(container: Container) -> Action:
    if container.state is ContainerState.EXITED:
        return MarkExited((container.instance_id, container.epoch), container)
    return Adopt(container)
