"""IT: the studio as a whole: what needs somebody, how full it is and was, who waits, settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection, instances
from aigc.cli.fleet import fleet_of, list_instances, list_nodes, passes, speech
from aigc.cli.output import (
    json_option,
    language,
    print_facts,
    print_json,
    print_table,
    sentence,
    timestamp,
    when,
)

if TYPE_CHECKING:
    from desktop_client.admin.pages.overview_view import OverviewView
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, creator_pb2


@click.command("overview")
@json_option
def overview_command(as_json: bool) -> None:
    """IT: what needs somebody, how full the studio is, who is on what now."""
    view = connection.run(_overview)
    if as_json:
        print_json(_overview_json(view))
        return
    click.echo(view.calm or "\n".join(f"▲ {item.text} {item.remedy}" for item in view.items))
    click.echo()
    click.echo(view.full)
    click.echo(view.today)
    if view.fullness.waiting:
        click.echo(f"{view.fullness.waiting} waiting; 'aigc queue' shows them.")
    if view.working:
        click.echo()
    print_table(
        ["who", "instance", "engine", "state", "machine"],
        [
            [i.owner_name, i.name, i.engine_name.spoken(language()), i.state, i.node_name]
            for i in view.working
        ],
        "",
    )


async def _overview(session: CoordinatorSession) -> OverviewView:
    """The same facts and words as the admin window's first page."""
    from aigc.clock import milliseconds
    from desktop_client.admin import conversion
    from desktop_client.admin.pages.overview_view import BACK, STEP, overview
    from protos.aigc.v1 import admin_pb2

    now = datetime.now(UTC)
    nodes = await list_nodes(session)
    fleet = fleet_of(nodes, await list_instances(session))
    offered = await session.admin.GetCatalogueStatus(admin_pb2.GetCatalogueStatusRequest())
    known = await session.admin.GetStudioSettings(admin_pb2.GetStudioSettingsRequest())
    request = admin_pb2.GetOccupancyRequest(
        from_ms=milliseconds(now - BACK), step_minutes=int(STEP.total_seconds() // 60)
    )
    points = (await session.admin.GetOccupancy(request)).points
    return overview(
        fleet,
        conversion.catalogue(offered),
        [conversion.occupancy(p) for p in points],
        now,
        language=language(),
        zone=speech().zone,
        coordinator_version=known.version,
    )


def _overview_json(view: OverviewView) -> dict[str, Any]:
    from dataclasses import asdict

    full = view.fullness
    return {
        "attention": [
            {"concern": item.concern, "text": item.text, "remedy": item.remedy}
            for item in view.items
        ],
        "machines": full.machines,
        "machines_answering": full.answering,
        "waiting": full.waiting,
        "cards": asdict(full.cards),
        "pools": [asdict(pool) for pool in full.pools],
        "held_usually": view.day.usual_now,
        "working": [
            {
                "owner": i.owner_name,
                "instance": i.id,
                "name": i.name,
                "engine": i.engine_id,
                "state": i.state,
                "node": i.node_name,
            }
            for i in view.working
        ],
    }


@click.command("queue")
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@json_option
def queue_command(words: tuple[str, ...], as_json: bool) -> None:
    """IT: who waits, whose turn it is first, and why.

    'aigc instances stop' takes somebody out of the queue.
    """

    async def work(
        session: CoordinatorSession,
    ) -> tuple[list[creator_pb2.Instance], admin_pb2.GetCatalogueStatusResponse]:
        from protos.aigc.v1 import admin_pb2

        offered = await session.admin.GetCatalogueStatus(admin_pb2.GetCatalogueStatusRequest())
        return await list_instances(session), offered

    from desktop_client.admin import conversion
    from desktop_client.admin.pages.queue_columns import QUEUE, need_words, needs_in, waiting_rows

    known, offered = connection.run(work)
    needs = needs_in(conversion.catalogue(offered))
    test = passes(words, QUEUE)
    rows = [r for r in waiting_rows(fleet_of((), known).instances.values(), needs) if test(r)]
    by_id = {i.id: i for i in known}
    if as_json:
        print_json([instances.as_json(by_id[r.instance.id]) for r in rows])
        return
    print_table(
        ["place", "instance", "owner", "needs", "since", ""],
        [
            [
                str(r.instance.queue_position or "–"),
                r.instance.name,
                r.instance.owner_name,
                need_words(r.need, language()),
                when(by_id[r.instance.id].state_since_ms),
                sentence(by_id[r.instance.id].line),
            ]
            for r in rows
        ],
        "Nobody waits.",
    )


@click.command("occupancy")
@click.option("--hours", default=24.0, show_default=True, type=click.FloatRange(0.1, 8 * 24))
@click.option(
    "--step", default=60, show_default=True, type=click.IntRange(1, 1440), help="Minutes."
)
@json_option
def occupancy_command(hours: float, step: int, as_json: bool) -> None:
    """IT: how full the studio was: cards held, cards at work, instances waiting.

    Means over each step. The coordinator keeps eight days.
    """
    from aigc.clock import milliseconds
    from protos.aigc.v1 import admin_pb2

    since = milliseconds(datetime.now(UTC) - timedelta(hours=hours))

    async def work(session: CoordinatorSession) -> Sequence[admin_pb2.OccupancyPoint]:
        request = admin_pb2.GetOccupancyRequest(from_ms=since, step_minutes=step)
        said: admin_pb2.GetOccupancyResponse = await session.admin.GetOccupancy(request)
        return said.points

    points = connection.run(work)
    if as_json:
        print_json(
            [
                {
                    "at": timestamp(p.at_ms),
                    "cards": p.cards,
                    "held": p.held,
                    "busy": p.busy if p.HasField("busy") else None,
                    "waiting": p.waiting,
                }
                for p in points
            ]
        )
        return
    print_table(
        ["until", "cards", "held", "busy", "waiting"],
        [
            [
                when(p.at_ms),
                f"{p.cards:.1f}",
                f"{p.held:.1f}",
                f"{p.busy:.1f}" if p.HasField("busy") else "–",
                f"{p.waiting:.1f}",
            ]
            for p in points
        ],
        "Nothing is known of that time.",
    )


@click.command("settings")
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@json_option
def settings_command(words: tuple[str, ...], as_json: bool) -> None:
    """IT: how the running coordinator is set up; secrets never.

    FILTER as in the admin window: "section:policy origin:set".
    """
    from desktop_client.admin import conversion
    from desktop_client.admin.pages.settings_columns import SETTINGS
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.GetStudioSettingsResponse:
        said: admin_pb2.GetStudioSettingsResponse = await session.admin.GetStudioSettings(
            admin_pb2.GetStudioSettingsRequest()
        )
        return said

    said = connection.run(work)
    test = passes(words, SETTINGS)
    known = conversion.studio_settings(said).settings
    kept = [s for s, value in zip(said.settings, known, strict=True) if test(value)]
    if as_json:
        print_json(_settings_json(said, kept))
        return
    if not words:
        print_facts(
            {
                "version": said.version,
                "configuration": said.config_file,
                "ledger": f"{said.ledger_id}, revision {said.revision}",
                "running since": when(said.started_at_ms),
                "pin": said.pin,
            }
        )
        click.echo()
    print_table(
        ["setting", "value", "", "meaning"],
        [
            [
                f"{s.section}.{s.key}" if s.section else s.key,
                s.value,
                "default" if s.is_default else "set",
                sentence(s.meaning),
            ]
            for s in kept
        ],
        "No such setting.",
    )


def _settings_json(
    said: admin_pb2.GetStudioSettingsResponse, kept: Sequence[admin_pb2.StudioSetting]
) -> dict[str, Any]:
    return {
        "version": said.version,
        "config_file": said.config_file,
        "ledger_id": said.ledger_id,
        "revision": said.revision,
        "started_at": timestamp(said.started_at_ms),
        "server_time": timestamp(said.server_time_ms),
        "pin": said.pin,
        "settings": [
            {
                "section": s.section,
                "key": s.key,
                "value": s.value,
                "default": s.is_default,
                "meaning": {"en": s.meaning.en, "zh": s.meaning.zh},
            }
            for s in kept
        ],
    }
