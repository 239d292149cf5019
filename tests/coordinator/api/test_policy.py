"""Every RPC times every role, from the service descriptors: one without a policy fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from coordinator.api.policy import PERSONAL, POLICIES, Policy, role_suffices
from coordinator.domain.people import Role
from protos.aigc.v1 import admin_pb2, creator_pb2, gateway_pb2, node_pb2
from tests.coordinator.fleet.house import House, bearer, key_of

FILES = (creator_pb2, admin_pb2, node_pb2, gateway_pb2)


def _methods() -> Iterator[tuple[str, ServiceDescriptor, MethodDescriptor]]:
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield f"/{service.full_name}/{method.name}", service, method


METHODS = {path: method for path, _, method in _methods()}


def test_every_rpc_has_a_policy_and_no_policy_is_left_over() -> None:
    assert set(POLICIES) == set(METHODS)


def _call(channel: Any, path: str, **options: Any) -> Any:
    method = METHODS[path]
    request = GetMessageClass(method.input_type)()
    serialize = type(request).SerializeToString
    answer = GetMessageClass(method.output_type)
    if method.server_streaming:
        stub = channel.unary_stream(path, serialize, answer.FromString)
    else:
        stub = channel.unary_unary(path, serialize, answer.FromString)
    return stub(request, timeout=20, **options)


async def _outcome(call: Any) -> tuple[grpc.StatusCode, str]:
    """(status, key) of an empty request; OK as soon as something is answered."""
    try:
        if hasattr(call, "read"):
            await call.read()
            call.cancel()
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error.code(), key_of(error)
    return grpc.StatusCode.OK, ""


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_each_role_gets_what_its_policy_says(house: House, role: Role | None) -> None:
    metadata = None
    if role is not None:
        _, token = await house.person("somebody", role)
        metadata = bearer(token)
    async with house.creators() as channel:
        for path, policy in POLICIES.items():
            if METHODS[path].client_streaming or path.endswith("/SignOut"):
                continue
            code, key = await _outcome(_call(channel, path, metadata=metadata))
            if policy in (Policy.NODE, Policy.GATEWAY):
                assert code is grpc.StatusCode.UNIMPLEMENTED, path
            elif policy is Policy.PUBLIC:
                assert key not in ("not-signed-in", "role-missing", "method-not-here"), path
            elif role is None:
                assert (code, key) == (grpc.StatusCode.UNAUTHENTICATED, "not-signed-in"), path
            elif role_suffices(policy, role):
                assert key not in ("not-signed-in", "role-missing", "internal"), path
                assert code is not grpc.StatusCode.UNAUTHENTICATED, path
            else:
                assert (code, key) == (grpc.StatusCode.PERMISSION_DENIED, "role-missing"), path
    if role is Role.CREATOR:
        refused = [action for action, _, outcome in await house.audits() if outcome == "refused"]
        expected = [p for p, policy in POLICIES.items() if policy in PERSONAL]
        expected = [p for p in expected if POLICIES[p] is not Policy.SIGNED_IN]
        assert set(expected) <= set(refused)


async def test_the_ports_of_machines_and_gateway_serve_nothing_else(house: House) -> None:
    machine = await house.join()
    _, token = await house.person("it", Role.ADMIN)
    async with (
        house.nodes(machine.key, machine.certificate) as nodes,
        grpc.aio.insecure_channel(f"unix:{house.socket}") as door,
    ):
        for path, policy in POLICIES.items():
            if METHODS[path].client_streaming:
                continue
            for channel, own in ((nodes, Policy.NODE), (door, Policy.GATEWAY)):
                code, _ = await _outcome(_call(channel, path, metadata=bearer(token)))
                if policy is own:
                    assert code is not grpc.StatusCode.UNIMPLEMENTED, path
                else:
                    assert code is grpc.StatusCode.UNIMPLEMENTED, path


async def test_plain_text_gets_no_answer(house: House) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{house.creators_port}") as channel:
        code, _ = await _outcome(_call(channel, "/aigc.v1.SessionService/GetSignInOptions"))
    assert code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", ""),),
        (("authorization", "Bearer"),),
        (("authorization", "Basic bGluOnNlY3JldA=="),),
        (("authorization", "Bearer guess"),),
        (("authorization", "Bearer " + "x" * 12_000),),
        (("authorization", "Bearer " + "x" * 20_000),),
        (("authorization", "Bearer a"), ("authorization", "Bearer b")),
    ],
    ids=["none", "empty", "no token", "basic", "guess", "12 KB", "20 KB", "two"],
)
async def test_no_bearer_but_a_good_one_gets_in(
    house: House, metadata: tuple[tuple[str, str], ...]
) -> None:
    async with house.creators() as channel:
        path = "/aigc.v1.CreatorService/ListInstances"
        code, _ = await _outcome(_call(channel, path, metadata=metadata))
    assert code is grpc.StatusCode.UNAUTHENTICATED
