"""What the admin window asks about access, over real gRPC: what goes out, what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aigc.errors import AigcError
from desktop_client.admin.model import Role
from desktop_client.admin.records import Person, Phase
from desktop_client.admin.requests import Requests
from desktop_client.model import Words
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import MemoryStore
from protos.aigc.v1 import admin_pb2 as pb
from protos.aigc.v1 import common_pb2, creator_pb2
from tests.standins.fleet import studio
from tests.standins.fleet_server import FleetServer

HOUR = datetime(1970, 1, 1, 1, tzinfo=UTC)
HOUR_MS = 3_600_000


@pytest.fixture
async def server() -> AsyncIterator[FleetServer]:
    async with FleetServer(studio(1, 1, 0, trouble=False)) as made:
        yield made


@pytest.fixture
async def requests(server: FleetServer, tmp_path: Path) -> AsyncIterator[Requests]:
    server.sessions.add("a-token")
    endpoint = Endpoint(server.address, server.ca_pem)
    async with CoordinatorSession(
        endpoint, MemoryStore(), "a-token", config_dir=tmp_path
    ) as session:
        yield Requests(lambda: session)


async def test_a_person_with_all_that_is_told_of_access(
    server: FleetServer, requests: Requests
) -> None:
    row = pb.PersonRow(
        person=creator_pb2.Person(id="p-1", name="Lin Xia", role="admin"),
        local=True, username="lin", second_factor=True, one_time_until_ms=HOUR_MS,
        claims_role="creator", role_overridden=True,
        problem=common_pb2.Sentence(en="No groups.", zh="没有用户组。"), issuer="https://sso",
    )  # fmt: skip
    server.people = [row]
    [person] = await requests.people()
    assert person == Person(
        "p-1", "Lin Xia", role=Role.ADMIN, local=True, username="lin", second_factor=True,
        one_time_until=HOUR, claims_role=Role.CREATOR, role_overridden=True,
        problem=Words("No groups.", "没有用户组。"), issuer="https://sso",
    )  # fmt: skip


async def test_resets(server: FleetServer, requests: Requests) -> None:
    account = await requests.reset_password(Person("p-1", "Lin Xia"))
    assert (account.name, account.one_time_password, account.until) == (
        "Lin Xia", "maple-otter", HOUR,
    )  # fmt: skip
    assert "maple-otter" not in repr(account)
    await requests.reset_second_factor("p-1")
    assert [(name, asked.person_id) for name, asked in server.asked] == [
        ("ResetPassword", "p-1"),
        ("ResetSecondFactor", "p-1"),
    ]


async def test_links_are_read_and_decided(server: FleetServer, requests: Requests) -> None:
    server.links = [
        creator_pb2.LinkRequest(
            id="l-1", asker=creator_pb2.Person(id="p-7", name="Liu Yang"), username="liuyang",
            proven=True, note="It is me.", asked_at_ms=HOUR_MS,
            former=creator_pb2.Person(name="Liu"), former_engines=["ComfyUI"],
            asker_engines=["JupyterLab"],
        ),
        creator_pb2.LinkRequest(
            id="l-2", asker=creator_pb2.Person(id="p-8"),
            obstacle=common_pb2.Sentence(en="It runs.", zh="仍在运行。"),
        ),
    ]  # fmt: skip
    first, second = await requests.links()
    assert (first.asker_name, first.username, first.proven, first.note) == (
        "Liu Yang", "liuyang", True, "It is me.",
    )  # fmt: skip
    assert (first.former_name, first.former_engines, first.asker_engines) == (
        "Liu", ("ComfyUI",), ("JupyterLab",),
    )  # fmt: skip
    assert first.asked_at == HOUR
    assert first.obstacle == Words()
    assert (second.asker_name, second.obstacle) == ("p-8", Words("It runs.", "仍在运行。"))
    await requests.approve_link("l-1")
    await requests.refuse_link("l-2", "ask Anna")
    assert await requests.links() == ()
    [(_, approved), (_, refused)] = server.asked
    assert (approved.link_id, refused.link_id, refused.reason) == ("l-1", "l-2", "ask Anna")


async def test_a_refused_decision_keeps_its_reason(server: FleetServer, requests: Requests) -> None:
    server.refusal = ("link-closed", "It was answered meanwhile.")
    with pytest.raises(AigcError, match="answered meanwhile") as told:
        await requests.approve_link("l-1")
    assert told.value.key == "link-closed"


async def test_shares_are_read_and_ended(server: FleetServer, requests: Requests) -> None:
    server.shares = [
        creator_pb2.Share(
            id="s-1", instance_id="i-1", instance_name="ComfyUI", owner_id="p-1",
            owner_name="Lin Xia", person_name="Wang Fang", access=common_pb2.ACCESS_USE,
            created_at_ms=HOUR_MS, expires_at_ms=2 * HOUR_MS,
        ),
        creator_pb2.Share(id="s-2", team="vfx", access=common_pb2.ACCESS_VIEW),
    ]  # fmt: skip
    use, view = await requests.shares()
    assert (use.instance_name, use.owner_name, use.person_name) == (
        "ComfyUI", "Lin Xia", "Wang Fang",
    )  # fmt: skip
    assert (use.view_only, use.created_at) == (False, HOUR)
    assert (view.view_only, view.team, view.expires_at) == (True, "vfx", None)
    await requests.revoke_share("s-1")
    assert [share.id for share in await requests.shares()] == ["s-2"]


async def test_the_authority_and_each_of_its_steps(server: FleetServer, requests: Requests) -> None:
    server.authority.authorities.add(pin="sha256:abc", not_after_ms=HOUR_MS)
    server.authority.waiting_nodes.append("render-02")
    status = await requests.authority()
    assert (status.phase, status.waiting) == (Phase.STEADY, ("render-02",))
    assert [(a.pin, a.ends) for a in status.authorities] == [("sha256:abc", HOUR)]
    for step, force, phase in (
        ("announce", False, Phase.ANNOUNCED),
        ("switch", True, Phase.SWITCHED),
        ("finish", False, Phase.STEADY),
        ("cancel", False, Phase.STEADY),
    ):
        assert (await requests.rotate_authority(step, force=force)).phase is phase
    steps = pb.RotateAuthorityRequest.Step
    assert [(asked.step, asked.force) for _, asked in server.asked] == [
        (steps.STEP_ANNOUNCE, False),
        (steps.STEP_SWITCH, True),
        (steps.STEP_FINISH, False),
        (steps.STEP_CANCEL, False),
    ]
