"""IT: who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aigc.cli import connection
from aigc.cli.output import json_option, print_json, print_table, say, timestamp, when

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2

_PAGE = 500


@click.command("audit")
@click.argument("containing", required=False, default="")
@click.option("-n", "--limit", default=100, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--before", default=0, metavar="SEQ", help="Older than this entry: the next page.")
@json_option
def audit_command(containing: str, limit: int, before: int, as_json: bool) -> None:
    """IT: who did what, the newest first.

    CONTAINING finds entries by a part of the person, the action, the target or the detail.
    """
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> list[admin_pb2.AuditEntry]:
        entries: list[admin_pb2.AuditEntry] = []
        while len(entries) < limit:
            count = min(_PAGE, limit - len(entries))
            request = admin_pb2.ListAuditRequest(
                limit=count,
                before_seq=entries[-1].seq if entries else before,
                containing=containing,
            )
            page = list((await session.admin.ListAudit(request)).entries)
            entries += page
            if len(page) < count:
                break
        return entries

    entries = connection.run(work)
    if as_json:
        print_json(
            [
                {
                    "seq": e.seq,
                    "at": timestamp(e.at_ms),
                    "actor": e.actor,
                    "actor_name": e.actor_name,
                    "action": e.action,
                    "target": e.target,
                    "target_name": e.target_name,
                    "outcome": e.outcome,
                    "detail": e.detail,
                    "facts": [{"key": f.key, **f.values} for f in e.facts],
                }
                for e in entries
            ]
        )
        return
    print_table(
        ["at", "who", "did", "to", "outcome", ""],
        [
            [
                when(e.at_ms),
                e.actor_name or e.actor,
                e.action,
                e.target_name or e.target,
                e.outcome,
                e.detail,
            ]
            for e in entries
        ],
        "Nothing in the audit log says that." if containing else "The audit log is empty.",
    )
    if len(entries) == limit:
        say(f"Older ones: --before {entries[-1].seq}")
