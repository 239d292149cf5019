"""Who asks on My engines, and whether what they ask about is theirs."""

from __future__ import annotations

from starlette.requests import Request

from aigc.errors import AigcError, ErrorKind
from coordinator.api.web.sign_in import SignInPages
from coordinator.domain.instance import Instance, InstanceId, State
from coordinator.domain.people import Person
from coordinator.domain.studio import Studio
from coordinator.identity import Caller

# The shape that tells a state, so that colour is never alone.
SHAPES = {
    State.READY: "ready",
    State.REQUESTED: "queued",
    State.QUEUED: "queued",
    State.PLACED: "starting",
    State.PREPARING: "starting",
    State.STARTING: "starting",
    State.STOPPING: "starting",
    State.STOPPED: "stopped",
    State.FAILED: "attention",
    State.UNREACHABLE: "attention",
    State.LOST: "attention",
}


async def signed_in(sign_in: SignInPages, request: Request) -> Caller:
    """The caller.

    Raises:
        AigcError: nobody is signed in.
    """
    found = await sign_in.who(request)
    if found is None:
        raise AigcError(
            "signed-out",
            "You are not signed in, or no longer; sign in again.",
            ErrorKind.UNAUTHENTICATED,
        )
    return found[0]


def own_instance(studio: Studio, request: Request, person: Person) -> Instance:
    """The instance that the address names.

    Raises:
        AigcError: it is gone, or somebody else's.
    """
    instance = studio.instances.get(InstanceId(request.path_params["instance"]))
    if instance is None or instance.state is State.DELETED:
        raise unknown()
    check_owner(instance, person)
    return instance


def check_owner(instance: Instance, person: Person) -> None:
    """Refuse what is somebody else's.

    Raises:
        AigcError: ``not-yours``.
    """
    if instance.owner != person.id:
        raise AigcError("not-yours", "This engine belongs to somebody else.", ErrorKind.FORBIDDEN)


def unknown() -> AigcError:
    """There is nothing at this address."""
    return AigcError(
        "page-unknown", "There is no such page or engine; it may be gone.", ErrorKind.NOT_FOUND
    )
