"""AdminService over real gRPC: what IT asks of machines, people, readings, settings and the log."""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from aigc.clock import milliseconds
from coordinator.api.studio_settings import MEANINGS, settings_of
from coordinator.config import CoordinatorConfig, load_config
from coordinator.domain.node import NodeId
from coordinator.domain.people import Person, Role
from coordinator.identity.sessions import Kind
from protos.aigc.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    common_pb2,
    creator_pb2,
    creator_pb2_grpc,
    node_pb2,
)
from tests.coordinator.fleet.house import GPU, House, Machine, Stream, bearer, key_of, until

FATE = admin_pb2.ResolveUnclaimedRequest


@dataclass
class Desk:
    """An admin's and a creator's side of the API."""

    office: Any
    admin: Any
    creator: Any
    lin: Any
    person: Person
    channel: Any

    async def start(self) -> Any:
        asked = creator_pb2.StartInstanceRequest(engine_id="comfyui")
        return (await self.creator.StartInstance(asked, metadata=self.lin)).instance

    async def refused(self, call: Any) -> str:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        return key_of(caught.value)


@asynccontextmanager
async def _desk(house: House) -> AsyncIterator[Desk]:
    _, admin = await house.person("it", Role.ADMIN)
    person, lin = await house.person("lin")
    async with house.creators() as channel:
        yield Desk(
            admin_pb2_grpc.AdminServiceStub(channel),
            bearer(admin),
            creator_pb2_grpc.CreatorServiceStub(channel),
            bearer(lin),
            person,
            channel,
        )


async def _audited(house: House, action: str) -> list[tuple[str, str]]:
    return [(target, outcome) for a, target, outcome in await house.audits() if a == action]


# --- machines -----------------------------------------------------------------------------------


async def test_a_machine_is_renamed_labelled_and_keeps_both_when_it_joins_again(
    house: House,
) -> None:
    machine = await house.join()
    async with _desk(house) as desk:
        answer = await desk.office.UpdateNode(
            admin_pb2.UpdateNodeRequest(
                node_id=machine.node_id,
                name=" forge ",
                labels=admin_pb2.Labels(values={"room": "3.14"}),
            ),
            metadata=desk.admin,
        )
        assert (answer.node.name, answer.node.pool) == ("forge", "on-prem")
        assert dict(answer.node.labels) == {"room": "3.14"}
        assert house.enrolment.credentials[machine.node_id].name == "forge"
        assert await _audited(house, "node-update") == [(machine.node_id, "done")]
        other = await house.join("forge")  # so a newcomer does not get that name
        listed = await desk.office.ListNodes(admin_pb2.ListNodesRequest(), metadata=desk.admin)
        assert {n.name for n in listed.nodes} == {"forge", "forge-2"}
        taken = admin_pb2.UpdateNodeRequest(node_id=other.node_id, name="Forge")
        assert await desk.refused(desk.office.UpdateNode(taken, metadata=desk.admin)) == (
            "node-name-taken"
        )
        wrong = admin_pb2.UpdateNodeRequest(node_id=other.node_id, name="")
        assert await desk.refused(desk.office.UpdateNode(wrong, metadata=desk.admin)) == (
            "node-name"
        )


async def _hold(stream: Stream, stop_after_ms: int) -> None:
    await stream.observe(
        unclaimed=[
            node_pb2.UnclaimedContainer(
                container_id="c9",
                instance_id="alien",
                epoch=1,
                first_seen_ms=1_000,
                stop_after_ms=stop_after_ms,
            )
        ]
    )


async def _unclaimed(house: House, machine: Machine) -> None:
    await until(lambda: bool(house.reactor.studio.nodes[NodeId(machine.node_id)].unclaimed))


async def test_an_unclaimed_container_is_kept_once_its_machine_confirms_it(house: House) -> None:
    machine = await house.join()
    keep = FATE(node_id=machine.node_id, container_id="c9", fate=FATE.FATE_KEEP)
    async with _desk(house) as desk:
        assert await desk.refused(desk.office.ResolveUnclaimed(keep, metadata=desk.admin)) == (
            "node-offline"
        )
        async with machine.connected(features=["keep-unclaimed"]) as stream:
            await _hold(stream, 5_000)
            await _unclaimed(house, machine)
            asked = asyncio.ensure_future(
                _awaited(desk.office.ResolveUnclaimed(keep, metadata=desk.admin))
            )
            order = await stream.order("keep_unclaimed")
            assert order.container_id == "c9"
            await _hold(stream, 5_000)  # a set from before it was told
            await _hold(stream, 9_000)
            await asyncio.wait_for(asked, 20)
            assert await _audited(house, "unclaimed-keep") == [(machine.node_id, "done")]

            asked = asyncio.ensure_future(
                _awaited(desk.office.ResolveUnclaimed(keep, metadata=desk.admin))
            )
            await stream.order("keep_unclaimed")
            await stream.observe()  # it ended meanwhile
            assert await desk.refused(asked) == "keep-unconfirmed"


async def test_an_agent_that_does_not_know_the_order_is_told_apart(house: House) -> None:
    machine = await house.join()
    keep = FATE(node_id=machine.node_id, container_id="c9", fate=FATE.FATE_KEEP)
    async with _desk(house) as desk, machine.connected(agent_version="0.0.9") as stream:
        await _hold(stream, 5_000)
        await _unclaimed(house, machine)
        assert await desk.refused(desk.office.ResolveUnclaimed(keep, metadata=desk.admin)) == (
            "agent-too-old"
        )
        stop = FATE(node_id=machine.node_id, container_id="c9")
        await desk.office.ResolveUnclaimed(stop, metadata=desk.admin)
        ended = await stream.order("desired")
        while not ended.ended:
            ended = await stream.order("desired")
        assert ended.ended[0].instance_id == "alien"


async def _awaited(call: Any) -> Any:
    return await call


# --- readings -----------------------------------------------------------------------------------


async def test_readings_of_a_machine_and_of_ones_own_instance(house: House) -> None:
    machine = await house.join()
    async with _desk(house) as desk, machine.connected() as stream:
        await stream.observe()
        started = await desk.start()
        desired = await stream.desired_with(1)
        card = common_pb2.GpuReading(
            uuid=GPU,
            name="RTX 4090",
            utilisation_percent=42.0,
            memory_used_bytes=6 << 30,
            simulated=True,
        )
        run = node_pb2.InstanceReading(
            instance_id=started.id,
            epoch=desired.run[0].epoch,
            vram_used_bytes=5 << 30,
            gpu_percent=40.0,
        )
        await stream.send(readings=node_pb2.Readings(gpus=[card], instances=[run]))

        watch = desk.creator.WatchInstances(creator_pb2.WatchInstancesRequest(), metadata=desk.lin)

        async def shown() -> Any:
            return (await asyncio.wait_for(watch.read(), 20)).instances[0]

        seen = await shown()
        while not seen.HasField("gpu_percent"):
            seen = await shown()
        assert (seen.gpu_percent, seen.vram_used_bytes) == (40.0, 5 << 30)
        assert not seen.HasField("vram_reserved_bytes")
        assert (seen.node_id, seen.created_at_ms > 0) == (machine.node_id, True)

        asked = admin_pb2.GetNodeReadingsRequest(node_id=machine.node_id)
        (series,) = (await desk.office.GetNodeReadings(asked, metadata=desk.admin)).series
        assert (series.uuid, series.name, series.simulated) == (GPU, "RTX 4090", True)
        (point,) = series.points
        assert (point.utilisation_percent, point.memory_used_bytes) == (42.0, 6 << 30)
        assert not point.HasField("power_watts")
        own = creator_pb2.GetInstanceReadingsRequest(instance_id=started.id)
        (series,) = (await desk.creator.GetInstanceReadings(own, metadata=desk.lin)).series
        assert series.points[0].utilisation_percent == 42.0

        _, mei = await house.person("mei")
        others = desk.creator.GetInstanceReadings(own, metadata=bearer(mei))
        assert await desk.refused(others) == "not-yours"
        stop = creator_pb2.StopInstanceRequest(instance_id=started.id)
        await desk.creator.StopInstance(stop, metadata=desk.lin)
        gone = node_pb2.ObservedInstance(
            instance_id=started.id,
            epoch=desired.run[0].epoch,
            phase=node_pb2.ObservedInstance.PHASE_GONE,
        )
        await stream.send(instance=gone)
        while seen.node_id:
            seen = await shown()
        assert not seen.HasField("gpu_percent")
        answer = await desk.creator.GetInstanceReadings(own, metadata=desk.lin)
        assert list(answer.series) == []


async def test_spans_of_readings_are_bounded_and_an_unknown_machine_is_refused(
    house: House,
) -> None:
    async with _desk(house) as desk:
        unknown = admin_pb2.GetNodeReadingsRequest(node_id="node-9")
        assert await desk.refused(desk.office.GetNodeReadings(unknown, metadata=desk.admin)) == (
            "node-unknown"
        )
        now = milliseconds(house.clock.now())
        later = admin_pb2.GetOccupancyRequest(from_ms=now + 60_000)
        assert await desk.refused(desk.office.GetOccupancy(later, metadata=desk.admin)) == (
            "span-empty"
        )
        whole = admin_pb2.GetOccupancyRequest(from_ms=1, step_minutes=1)
        assert list((await desk.office.GetOccupancy(whole, metadata=desk.admin)).points) == []


async def test_why_an_instance_waits_machine_by_machine(house: House) -> None:
    await house.join()
    async with _desk(house) as desk:
        waiting = await desk.start()
        asked = admin_pb2.ExplainWaitingRequest(instance_id=waiting.id)
        said = await desk.office.ExplainWaiting(asked, metadata=desk.admin)
        [machine] = said.machines
        assert (machine.rule, machine.capacity) == ("answering", False)
        assert machine.node_name in machine.reason.en
        assert machine.reason.zh
        assert said.reason.en in waiting.line.en
        nobody = admin_pb2.ExplainWaitingRequest(instance_id="i-guess")
        assert (
            await desk.refused(desk.office.ExplainWaiting(nobody, metadata=desk.admin))
            == "instance-unknown"
        )
        stopped = admin_pb2.StopAnyInstanceRequest(instance_id=waiting.id)
        await desk.office.StopAnyInstance(stopped, metadata=desk.admin)
        said = await desk.office.ExplainWaiting(asked, metadata=desk.admin)
        assert not said.machines


# --- logs, people -------------------------------------------------------------------------------


async def test_anybodys_log_is_read_with_one_line_in_the_audit_log(house: House) -> None:
    machine = await house.join()
    async with _desk(house) as desk:
        waiting = await desk.start()
        asked = admin_pb2.StreamAnyLogsRequest(instance_id=waiting.id, follow=True)
        stopped = desk.office.StreamAnyLogs(asked, metadata=desk.admin)
        assert await desk.refused(stopped.read()) == "logs-stopped"
        async with machine.connected() as stream:
            await stream.observe()
            await stream.desired_with(1)
            before = len(await _audited(house, "instance-logs"))
            logs = desk.office.StreamAnyLogs(asked, metadata=desk.admin)
            request = await stream.order("log_request")
            assert (request.instance_id, request.tail, request.follow) == (waiting.id, 200, True)
            for text in ("one", "two"):
                await stream.send(
                    log_chunk=node_pb2.LogChunk(
                        request_id=request.request_id, lines=[common_pb2.LogLine(text=text)]
                    )
                )
                seen = await asyncio.wait_for(logs.read(), 20)
                assert [line.text for line in seen.lines] == [text]
            logs.cancel()
            assert (await stream.order("log_cancel")).request_id == request.request_id
            assert len(await _audited(house, "instance-logs")) == before + 1
        nobody = admin_pb2.StreamAnyLogsRequest(instance_id="i-guess")
        assert await desk.refused(
            desk.office.StreamAnyLogs(nobody, metadata=desk.admin).read()
        ) == ("instance-unknown")


async def test_signing_out_everywhere_ends_sessions_at_once_and_leaves_tokens(
    house: House,
) -> None:
    async with _desk(house) as desk:
        second, _ = await house.identity.sessions.create(Kind.SESSION, desk.person.id)
        secret, info = await house.identity.create_token(desk.person, "nightly", 7)

        async def row() -> Any:
            people = await desk.office.ListPeople(
                admin_pb2.ListPeopleRequest(), metadata=desk.admin
            )
            return next(r for r in people.people if r.person.id == desk.person.id)

        assert ((await row()).sessions, (await row()).tokens) == (2, 1)
        request = creator_pb2.WatchInstancesRequest()
        watches = [
            desk.creator.WatchInstances(request, metadata=who)
            for who in (desk.lin, bearer(second), bearer(secret))
        ]
        for watch in watches:
            await asyncio.wait_for(watch.read(), 20)
        begun = time.monotonic()
        asked = admin_pb2.SignOutEverywhereRequest(person_id=desk.person.id)
        answer = await desk.office.SignOutEverywhere(asked, metadata=desk.admin)
        assert answer.sessions_ended == 2
        for watch in watches[:2]:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await asyncio.wait_for(watch.read(), 20)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert time.monotonic() - begun < 5
        mine = creator_pb2.ListInstancesRequest()
        await desk.creator.ListInstances(mine, metadata=bearer(secret))
        assert ((await row()).sessions, (await row()).tokens) == (0, 1)
        assert await _audited(house, "person-sign-out") == [(desk.person.id, "done")]

        tokens = admin_pb2.ListPersonTokensRequest(person_id=desk.person.id)
        (token,) = (await desk.office.ListPersonTokens(tokens, metadata=desk.admin)).tokens
        assert (token.id, token.name) == (info.id, "nightly")
        revoke = admin_pb2.RevokePersonTokenRequest(person_id=desk.person.id, token_id=token.id)
        await desk.office.RevokePersonToken(revoke, metadata=desk.admin)
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await asyncio.wait_for(watches[2].read(), 20)
        assert ended.value.code() is grpc.StatusCode.UNAUTHENTICATED
        again = desk.office.RevokePersonToken(revoke, metadata=desk.admin)
        assert await desk.refused(again) == "token-unknown"
        log = await desk.office.ListAudit(
            admin_pb2.ListAuditRequest(containing="token-revoke"), metadata=desk.admin
        )
        (entry,) = log.entries
        assert (entry.actor, entry.actor_name) == ("it", "It")
        assert (entry.detail, entry.detail_words.zh) == (
            f"of {desk.person.name}",
            f"属于 {desk.person.name}",
        )
        (fact,) = entry.facts
        assert (fact.key, dict(fact.values)) == ("owner", {"person": desk.person.id})
        found = admin_pb2.ListAuditRequest(containing=f"属于 {desk.person.id}")
        assert (await desk.office.ListAudit(found, metadata=desk.admin)).entries == [entry]


async def test_somebody_whom_nobody_knows_is_refused(house: House) -> None:
    async with _desk(house) as desk:
        office, who = desk.office, "p-nobody"
        for call in (
            office.SignOutEverywhere(
                admin_pb2.SignOutEverywhereRequest(person_id=who), metadata=desk.admin
            ),
            office.ListPersonTokens(
                admin_pb2.ListPersonTokensRequest(person_id=who), metadata=desk.admin
            ),
            office.RevokePersonToken(
                admin_pb2.RevokePersonTokenRequest(person_id=who), metadata=desk.admin
            ),
        ):
            assert await desk.refused(call) == "person-unknown"


# --- the audit log and the settings -------------------------------------------------------------


async def test_the_audit_log_is_paged_and_searched_also_by_names(house: House) -> None:
    machine = await house.join("render-01")
    async with _desk(house) as desk:

        async def ask(**values: Any) -> list[Any]:
            request = admin_pb2.ListAuditRequest(**values)
            return list((await desk.office.ListAudit(request, metadata=desk.admin)).entries)

        for draining in (True, False, True):
            await desk.office.DrainNode(
                admin_pb2.DrainNodeRequest(node_id=machine.node_id, draining=draining),
                metadata=desk.admin,
            )
        everything = await ask()
        assert [e.seq for e in everything] == sorted((e.seq for e in everything), reverse=True)
        assert (everything[0].actor_name, everything[0].target_name) == ("It", "render-01")
        pages, before = [], 0
        while page := await ask(limit=2, before_seq=before):
            pages += page
            before = page[-1].seq
        assert pages == everything
        assert {e.action for e in await ask(containing="UNDRAIN")} == {"node-undrain"}
        by_name = await ask(containing="render")
        assert {e.target for e in by_name} == {machine.node_id, "render-01"} & {
            e.target for e in everything
        }
        assert await ask(containing="100%") == []
        assert await ask(containing="n_de") == []


async def test_settings_are_told_with_their_meaning_and_without_secrets(house: House) -> None:
    async with _desk(house) as desk:
        answer = await desk.office.GetStudioSettings(
            admin_pb2.GetStudioSettingsRequest(), metadata=desk.admin
        )
    host = next(s for s in answer.settings if (s.section, s.key) == ("public", "host"))
    assert (host.value, host.is_default) == ('"aigc.test"', False)
    days = next(s for s in answer.settings if s.key == "trash_days")
    assert (days.value, days.is_default) == ("30", True)
    assert days.meaning.zh
    assert answer.ledger_id == house.reactor.studio.ledger_id
    assert answer.pin == house.authority.pin
    assert 0 < answer.started_at_ms <= answer.server_time_ms


def test_every_setting_has_a_meaning_and_its_value_is_toml(tmp_path: Path) -> None:
    file = tmp_path / "coordinator.toml"
    (tmp_path / "pw").write_text("hunter2", "utf-8")
    text = """
    name = "Studio \\"Nord\\" 北"
    [oidc]
    issuer = "https://id.lan"
    admin_values = ["a", "b"]
    client_secret_file = "pw"
    extra_parameters = {prompt = "consent"}
    [registries."registry.lan:5000"]
    username = "puller"
    password_file = "pw"
    [secrets]
    hugging-face = "pw"
    """
    file.write_text(text, "utf-8")
    config = load_config(file)
    assert config.file == file
    told = settings_of(config)
    assert "hunter2" not in str(told)
    lines = []
    for setting in told:
        assert setting.meaning.en
        assert setting.meaning.zh
        if setting.value:
            head = f"[{setting.section}]\n" if setting.section else ""
            (read,) = _leaves(tomllib.loads(f"{head}{_quoted(setting.key)} = {setting.value}"))
            lines.append((setting.section, setting.key, read))
    values = {(section, key): value for section, key, value in lines}
    assert values["", "name"] == 'Studio "Nord" 北'
    assert values["oidc", "admin_values"] == ["a", "b"]
    assert values['registries."registry.lan:5000"', "username"] == "puller"
    assert values["secrets", "hugging-face"] == str(tmp_path / "pw")
    used = {(s.section.partition('."')[0], s.key) for s in told if s.section != "secrets"}
    assert used | {("secrets", "")} == set(MEANINGS)
    assert all(s.is_default for s in settings_of(CoordinatorConfig()))


def _quoted(key: str) -> str:
    return f'"{key}"'


def _leaves(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return [value]
    return [leaf for inner in value.values() for leaf in _leaves(inner)]
