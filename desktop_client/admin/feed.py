"""Follows the whole studio over the admin window's one stream, and publishes what is known.

Asyncio only. The sign-in is the tray's: same settings folder, same token store, same code. It holds
no truth of its own: after a break the stream begins anew with everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from aigc.clock import Clock, from_milliseconds
from aigc.errors import AigcError, ErrorKind
from desktop_client import conversion as common
from desktop_client.admin import conversion
from desktop_client.admin.fold import Known, Update, fold
from desktop_client.admin.model import EVERYTHING, Delta, Fleet, Role
from desktop_client.follower import Follower
from desktop_client.model import Link
from desktop_client.session import CoordinatorSession
from protos.aigc.v1 import admin_pb2, creator_pb2

log = logging.getLogger(__name__)

_INTERVAL_MS = 250  # between two messages of the stream


class Feed(Follower):
    """See the module. All methods run in its event loop.

    Args:
        publish: called with each new Fleet and what changed, in the loop's thread.
        open_url: opens the system browser; called in a thread, may block.
    """

    def __init__(
        self,
        config_dir: Path,
        store_kind: str,
        clock: Clock,
        publish: Callable[[Fleet, Delta], None],
        open_url: Callable[[str], None],
    ) -> None:
        super().__init__(config_dir, store_kind, clock, open_url)
        self._publish = publish
        self._fleet = Fleet()
        self._known = Known()

    @property
    def fleet(self) -> Fleet:
        return self._fleet

    async def distrust(self) -> None:
        """It is another one: back to the field."""
        self._candidate = None
        self._say(link=Link.UNCONFIGURED, pin="", problem=None)

    # -- following ------------------------------------------------------------------------------

    async def _follow_once(self, session: CoordinatorSession) -> None:
        options = await session.options()
        self._say(studio=options.studio)
        if await session.stored() is None:
            raise AigcError("signed-out", "Nobody is signed in.", ErrorKind.UNAUTHENTICATED)
        person = (await session.sessions.WhoAmI(creator_pb2.WhoAmIRequest())).person
        role = conversion.role(person.role)
        self._say(person=person.name or person.email, role=role)
        if not self._fleet.may_see:
            self._say(**{**self._without_person(), "role": role}, link=Link.ONLINE, problem=None)
            await self._woken()  # another role or another person, when somebody asks again
            return
        self._known = replace(self._known, pending=None)
        request = admin_pb2.WatchFleetRequest(min_interval_ms=_INTERVAL_MS)
        async for message in session.admin.WatchFleet(request):
            self._take(_update(message))
        raise AigcError(
            "coordinator-closed", "The coordinator ended the connection.", ErrorKind.UNAVAILABLE
        )

    def _take(self, update: Update) -> None:
        self._known, delta = fold(self._known, update)
        if delta is None:
            return
        self._streaming = True
        self._note(Link.ONLINE)
        self._fleet = replace(
            self._fleet,
            nodes=self._known.nodes,
            instances=self._known.instances,
            server_time=update.server_time or self._clock.now(),
            heard_at=self._clock.now(),
            link=Link.ONLINE,
            problem=None,
        )
        self._publish(self._fleet, delta)

    @property
    def _link(self) -> Link:
        return self._fleet.link

    def _without_person(self) -> Mapping[str, object]:
        self._known = Known()
        return {
            "role": Role.UNKNOWN,
            "nodes": self._known.nodes,
            "instances": self._known.instances,
            "heard_at": None,
        }

    def _note(self, link: Link) -> None:
        if link is not self._fleet.link:
            log.info("the studio is now %s", link)

    def _say(self, **changes: object) -> None:
        fleet = replace(self._fleet, **changes)  # type: ignore[arg-type]
        if fleet == self._fleet:
            return
        emptied = "nodes" in changes
        self._note(fleet.link)
        self._fleet = fleet
        self._publish(fleet, EVERYTHING if emptied else Delta())


def _update(message: admin_pb2.WatchFleetResponse) -> Update:
    instances = [common.instance(i) for i in message.instances]
    deleted = [i.id for i, made in zip(message.instances, instances, strict=True) if made is None]
    return Update(
        begin=message.begin,
        more=message.more,
        nodes=tuple(conversion.node(n) for n in message.nodes),
        removed_nodes=tuple(message.removed_node_ids),
        instances=tuple(i for i in instances if i is not None),
        removed_instances=(*message.removed_instance_ids, *deleted),
        people_changed=message.people_changed,
        catalogue_changed=message.catalogue_changed,
        server_time=from_milliseconds(message.server_time_ms),
    )
