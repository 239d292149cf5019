"""Line 27: every RPC of every service times every caller, at a real server on its real ports.

The table is made from the service descriptors. An RPC without a policy fails, and so does one whose
request names somebody's thing (an instance, a share, a token) and of which nobody has said here
whose word counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from coordinator.api.policy import PERSONAL, POLICIES, READS, Policy, role_suffices
from coordinator.domain.instance import Instance
from coordinator.domain.people import Person, Role
from coordinator.domain.sharing import Access
from coordinator.identity.tokens import Scope, Terms
from coordinator.naming import share_request, start_request
from protos.aigc.v1 import admin_pb2, common_pb2, creator_pb2, gateway_pb2, node_pb2
from tests.coordinator.fleet.house import House, Machine, bearer, key_of, open_house

pytestmark = pytest.mark.attack(27)

FILES = (creator_pb2, admin_pb2, node_pb2, gateway_pb2)
METHODS: dict[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
CREATOR = "/aigc.v1.CreatorService/"
SESSION = "/aigc.v1.SessionService/"
# Fields that name a thing which is somebody's.
NAMING = frozenset({"instance_id", "instance_ids", "id", "share_id", "token_id", "person_id"})
NOT_YOURS = ("not-yours", "instance-unknown", "share-unknown", "token-unknown", "not-in-trash")
# How a caller is turned away before anything is looked at.
TURNED_AWAY = ("not-signed-in", "signed-out", "role-missing", "token-scope", "token-read-only")


@dataclass
class Scene:
    """One creator's things, and who else is there."""

    house: House
    machine: Machine
    lin: Person
    instance: Instance
    share_id: str
    token_id: str
    callers: dict[str, Caller]


@dataclass(frozen=True)
class Caller:
    """Somebody with a bearer; ``reads``: a token that only reads; ``engines``: one for engines."""

    bearer: str
    person: Person
    reads: bool = False
    engines: bool = False


# Whose word counts where a request names a thing of Lin's: the request, and who else may.
OWNED: dict[str, tuple[Callable[[Scene, Caller], Message], frozenset[str]]] = {
    CREATOR + "StartInstance": (
        lambda s, _: creator_pb2.StartInstanceRequest(instance_id=s.instance.id),
        frozenset({"guest who uses"}),
    ),
    CREATOR + "StopInstance": (
        lambda s, _: creator_pb2.StopInstanceRequest(instance_id=s.instance.id),
        frozenset(),
    ),
    CREATOR + "KeepRunning": (
        lambda s, _: creator_pb2.KeepRunningRequest(instance_id=s.instance.id),
        frozenset(),
    ),
    CREATOR + "RenameInstance": (
        lambda s, _: creator_pb2.RenameInstanceRequest(instance_id=s.instance.id, name="Mine"),
        frozenset(),
    ),
    CREATOR + "DeleteInstance": (
        lambda s, _: creator_pb2.DeleteInstanceRequest(instance_id=s.instance.id),
        frozenset(),
    ),
    CREATOR + "RestoreInstance": (
        lambda s, _: creator_pb2.RestoreInstanceRequest(instance_id=s.instance.id),
        frozenset(),
    ),
    CREATOR + "StreamLogs": (
        lambda s, _: creator_pb2.StreamLogsRequest(instance_id=s.instance.id),
        frozenset(),
    ),
    CREATOR + "GetInstanceReadings": (
        lambda s, _: creator_pb2.GetInstanceReadingsRequest(instance_id=s.instance.id),
        frozenset(),
    ),
    CREATOR + "ShareInstance": (
        lambda s, who: creator_pb2.ShareInstanceRequest(
            instance_id=s.instance.id, person_id=who.person.id, access=common_pb2.ACCESS_USE
        ),
        frozenset(),
    ),
    CREATOR + "ListShares": (
        lambda s, _: creator_pb2.ListSharesRequest(instance_id=s.instance.id),
        frozenset(),
    ),
    CREATOR + "RevokeShare": (
        lambda s, _: creator_pb2.RevokeShareRequest(id=s.share_id),
        frozenset({"guest who uses"}),  # named in it: may give it back
    ),
    CREATOR + "CreateToken": (
        lambda s, _: creator_pb2.CreateTokenRequest(
            name="x", scopes=["engines"], instance_ids=[s.instance.id]
        ),
        frozenset({"guest who uses", "guest who looks on"}),
    ),
    CREATOR + "RevokeToken": (
        lambda s, _: creator_pb2.RevokeTokenRequest(id=s.token_id),
        frozenset(),
    ),
}


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_house(tmp_path) as house:
        yield await _scene(house)


async def _scene(house: House) -> Scene:
    roles = {
        "creator": Role.CREATOR,
        "other creator": Role.CREATOR,
        "guest who uses": Role.CREATOR,
        "guest who looks on": Role.CREATOR,
        "team lead": Role.TEAM_LEAD,
        "auditor": Role.AUDITOR,
        "admin": Role.ADMIN,
    }
    callers: dict[str, Caller] = {}
    for name, role in roles.items():
        person, token = await house.person(name.replace(" ", "-"), role)
        callers[name] = Caller(token, person)
    lin = callers["creator"].person
    made = await house.reactor.ask(start_request(lin.id, engine_id="comfyui"))
    assert made.instance is not None
    for name, access in (("guest who uses", Access.USE), ("guest who looks on", Access.VIEW)):
        guest = callers[name].person.id
        hour = timedelta(hours=1)
        await house.reactor.ask(share_request(made.instance.id, lin.id, access, hour, person=guest))
    named = callers["guest who uses"].person.id
    share = next(s.id for s in house.reactor.studio.shares.values() if s.person == named)
    reading, info = await house.identity.create_token(lin, "r", 1, Terms(read_only=True))
    callers["token that reads"] = Caller(reading, lin, reads=True)
    admin = callers["admin"].person
    engines, _ = await house.identity.create_token(admin, "e", 1, Terms((Scope.ENGINES,)))
    callers["an admin's token for engines"] = Caller(engines, admin, engines=True)
    machine = await house.join()
    return Scene(house, machine, lin, made.instance, share, info.id, callers)


async def outcome(
    channel: Any, path: str, request: Message, metadata: Any = None
) -> tuple[Any, str]:
    """(status, key) of one call; OK as soon as something is answered or the stream ends."""
    method = METHODS[path]
    kinds = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }
    kind = kinds[method.client_streaming, method.server_streaming]
    answer = GetMessageClass(method.output_type)
    stub = kind(path, type(request).SerializeToString, answer.FromString)
    try:
        if method.client_streaming:
            call = stub(iter([request]), timeout=30, metadata=metadata)
        else:
            call = stub(request, timeout=30, metadata=metadata)
        if method.server_streaming:
            await call.read()
            call.cancel()
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error.code(), key_of(error)
    return grpc.StatusCode.OK, ""


def empty(path: str) -> Message:
    message: Message = GetMessageClass(METHODS[path].input_type)()
    return message


def served(*policies: Policy) -> Iterator[str]:
    return (path for path, policy in POLICIES.items() if policy in policies)


def facts(scene: Scene) -> tuple[Any, ...]:
    """What nobody but its owner may have changed."""
    studio = scene.house.reactor.studio
    known = studio.instances[scene.instance.id]
    return known.state, known.name, known.owner, known.delete_wanted, dict(studio.shares)


def test_every_rpc_has_a_policy_and_no_policy_is_left_over() -> None:
    assert set(POLICIES) == set(METHODS)
    assert set(READS) <= set(POLICIES)


def test_whose_word_counts_is_said_of_every_rpc_that_names_a_thing() -> None:
    naming = {
        path
        for path, method in METHODS.items()
        if path.startswith((CREATOR, SESSION)) and NAMING & set(method.input_type.fields_by_name)
    }
    assert naming == set(OWNED)


async def test_nobody(scene: Scene) -> None:
    before = facts(scene)
    async with scene.house.creators() as channel:
        for path, policy in POLICIES.items():
            code, key = await outcome(channel, path, empty(path))
            if policy in (Policy.NODE, Policy.GATEWAY):
                assert code is grpc.StatusCode.UNIMPLEMENTED, path
            elif policy in PERSONAL:
                assert (code, key) == (grpc.StatusCode.UNAUTHENTICATED, "not-signed-in"), path
            else:
                assert key not in (*TURNED_AWAY, "method-not-here", "internal"), path
    assert facts(scene) == before


CALLERS = (
    *("other creator", "guest who uses", "guest who looks on", "team lead", "auditor", "admin"),
    *("token that reads", "an admin's token for engines"),
)


@pytest.mark.parametrize("name", CALLERS)
async def test_another_persons_things(scene: Scene, name: str) -> None:
    """Whoever it is, also IT: through a creator's RPCs nobody touches what is somebody else's."""
    caller, before = scene.callers[name], facts(scene)
    async with scene.house.creators() as channel:
        for path, (request, allowed) in OWNED.items():
            if name in allowed:
                continue
            code, key = await outcome(channel, path, request(scene, caller), bearer(caller.bearer))
            if caller.engines:
                assert key == "token-scope", path
            elif caller.reads:  # Lin's own
                expected = path in READS
                assert (key != "token-read-only") == expected, path
            else:
                assert key in NOT_YOURS, (path, code, key)
            assert facts(scene) == before, path
    tokens = await scene.house.identity.list_tokens(scene.lin.id)
    assert scene.token_id in [t.id for t in tokens]


@pytest.mark.parametrize("name", CALLERS)
async def test_every_rpc(scene: Scene, name: str) -> None:
    """Each is let in, or turned away by its role or its token, as the policy says."""
    caller = scene.callers[name]
    refused: list[str] = []
    async with scene.house.creators() as channel:
        for path, policy in POLICIES.items():
            if path == SESSION + "SignOut" and not caller.engines:
                continue  # it would end the caller
            code, key = await outcome(channel, path, empty(path), bearer(caller.bearer))
            if policy in (Policy.NODE, Policy.GATEWAY):
                assert code is grpc.StatusCode.UNIMPLEMENTED, path
                continue
            expected = ""
            if policy in PERSONAL:
                if caller.engines:
                    expected = "token-scope"
                elif caller.reads and path not in READS:
                    expected = "token-read-only"
                elif not role_suffices(policy, caller.person.role):
                    expected = "role-missing"
            if expected:
                assert (code, key) == (grpc.StatusCode.PERMISSION_DENIED, expected), path
                refused.append(path)
            else:
                assert key not in (*TURNED_AWAY, "method-not-here", "internal"), (path, key)
                if policy in PERSONAL:
                    assert code is not grpc.StatusCode.UNAUTHENTICATED, path
    noted = [action for action, _, result in await scene.house.audits() if result == "refused"]
    if not caller.engines:
        assert set(refused) <= set(noted)


async def test_the_owner_and_the_guests_that_may(scene: Scene) -> None:
    """What is one's own is not refused: the table above would hold for a door that is a wall."""
    async with scene.house.creators() as channel:
        for name in ("guest who looks on", "guest who uses"):
            caller = scene.callers[name]
            for path in sorted(OWNED, key=lambda path: path.endswith("RevokeShare")):
                request, allowed = OWNED[path]
                if name not in allowed:
                    continue
                asked = request(scene, caller)
                code, key = await outcome(channel, path, asked, bearer(caller.bearer))
                assert code is grpc.StatusCode.OK, (path, key)
        caller = scene.callers["creator"]
        last = (CREATOR + "DeleteInstance", CREATOR + "RestoreInstance")
        for path in (*(p for p in OWNED if p not in last), *last):
            request, _ = OWNED[path]
            asked = request(scene, caller)
            _, key = await outcome(channel, path, asked, bearer(caller.bearer))
            # Its share was given back by its guest above: that one is gone.
            expected = ("share-unknown",) if path.endswith("RevokeShare") else ()
            assert key not in (*NOT_YOURS, *TURNED_AWAY) or key in expected, (path, key)


async def test_a_machine_and_the_gateway(scene: Scene) -> None:
    """Each has its own port, and there nothing but its own; a person's bearer opens neither."""
    house, admin = scene.house, scene.callers["admin"]
    before = facts(scene)
    async with (
        house.nodes(scene.machine.key, scene.machine.certificate) as nodes,
        grpc.aio.insecure_channel(f"unix:{house.socket}") as door,
        house.creators() as creators,
    ):
        for path, policy in POLICIES.items():
            for channel, own in ((nodes, Policy.NODE), (door, Policy.GATEWAY)):
                if policy is own:
                    continue
                for metadata in (None, bearer(admin.bearer)):
                    code, _ = await outcome(channel, path, empty(path), metadata)
                    assert code is grpc.StatusCode.UNIMPLEMENTED, (own, path)
        for path in served(Policy.NODE, Policy.GATEWAY):
            code, _ = await outcome(creators, path, empty(path), bearer(admin.bearer))
            assert code is grpc.StatusCode.UNIMPLEMENTED, path
    assert facts(scene) == before


async def test_a_token_without_its_owners_role_or_owner(scene: Scene) -> None:
    """Attack 25 in the same table: demoted, then disabled, its token opens nothing."""
    house, admin = scene.house, scene.callers["admin"].person
    secret, _ = await house.identity.create_token(admin, "full", 1, Terms((Scope.API,)))
    other, _ = await house.person("it-2", Role.ADMIN)
    listed = "/aigc.v1.AdminService/ListPeople"
    async with house.creators() as channel:

        async def ask(path: str) -> tuple[Any, str]:
            return await outcome(channel, path, empty(path), bearer(secret))

        assert (await ask(listed))[0] is grpc.StatusCode.OK
        await house.identity.set_role(admin.id, Role.CREATOR, other.id)
        for path in (listed, CREATOR + "ListInstances"):
            assert (await ask(path))[0] is grpc.StatusCode.UNAUTHENTICATED
        await house.identity.set_role(admin.id, Role.ADMIN, other.id)
        assert (await ask(listed))[0] is grpc.StatusCode.OK
        await house.identity.set_disabled(admin.id, True, other.id)
        assert (await ask(CREATOR + "ListInstances"))[0] is grpc.StatusCode.UNAUTHENTICATED
