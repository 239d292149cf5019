"""Follows a creator's engines and publishes what is known as one Snapshot; carries out commands.

Asyncio only. It holds no truth of its own: each message of the stream replaces the list.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from desktop_client import conversion
from desktop_client.config import (
    load_client_config,
)
from desktop_client.follower import Follower
from desktop_client.model import Former, Instance, Link, Snapshot
from desktop_client.session import CoordinatorSession
from desktop_client.tokens import open_store
from protos.aigc.v1 import creator_pb2 as pb

log = logging.getLogger(__name__)


class Client(Follower):
    """See the module. All methods run in its event loop.

    Args:
        publish: called with each new Snapshot, in the loop's thread.
        open_url: opens the system browser; called in a thread, may block.
    """

    def __init__(
        self,
        config_dir: Path,
        store_kind: str,
        clock: Clock,
        publish: Callable[[Snapshot], None],
        open_url: Callable[[str], None],
    ) -> None:
        super().__init__(config_dir, store_kind, clock, open_url)
        self._publish = publish
        self._snapshot = Snapshot()

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    # -- commands -------------------------------------------------------------------------------

    async def forget(self) -> None:
        """Go to choosing a coordinator; the saved one stays until another is trusted."""
        await self.cancel_sign_in()
        self._config, self._candidate = None, None
        self._begin_anew()

    async def back(self) -> None:
        """From choosing a coordinator back to the saved one, if there is one."""
        self._candidate = None
        self._config = await asyncio.to_thread(load_client_config, self._config_dir)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._snapshot = Snapshot(memory_only=self._snapshot.memory_only)
        super()._begin_anew()

    async def start(self, engine_id: str, instance_id: str, version: str) -> Instance:
        """Start an instance, or the engine's first. Raises AigcError with the reason."""
        answer = await self.online().creator.StartInstance(
            pb.StartInstanceRequest(
                engine_id=engine_id if not instance_id else "",
                instance_id=instance_id,
                version=version,
            )
        )
        return self._merge(answer.instance)

    async def stop(self, instance_id: str) -> Instance:
        answer = await self.online().creator.StopInstance(
            pb.StopInstanceRequest(instance_id=instance_id)
        )
        return self._merge(answer.instance)

    async def keep(self, instance_id: str) -> Instance:
        answer = await self.online().creator.KeepRunning(
            pb.KeepRunningRequest(instance_id=instance_id)
        )
        return self._merge(answer.instance)

    async def rename(self, instance_id: str, name: str) -> Instance:
        answer = await self.online().creator.RenameInstance(
            pb.RenameInstanceRequest(instance_id=instance_id, name=name)
        )
        return self._merge(answer.instance)

    async def delete(self, instance_id: str) -> None:
        await self.online().creator.DeleteInstance(
            pb.DeleteInstanceRequest(instance_id=instance_id)
        )
        self._say(instances=tuple(i for i in self._snapshot.instances if i.id != instance_id))

    async def leave(self, instance_id: str) -> None:
        """Give back what somebody shares with this person.

        Raises:
            AigcError: ``shared-with-team`` where the person is not named, but a team of theirs.
        """
        session = self.online()
        me = (await session.sessions.WhoAmI(pb.WhoAmIRequest())).person.id
        said = await session.creator.ListShares(pb.ListSharesRequest())
        received = [s for s in said.received if s.instance_id == instance_id]
        mine = [s for s in received if s.person_id == me]
        if received and not mine:
            raise AigcError(
                "shared-with-team",
                f"{received[0].instance_name} is shared with your team {received[0].team}: only "
                f"{received[0].owner_name} can end that.",
                ErrorKind.FORBIDDEN,
            )
        for share in mine:
            await session.creator.RevokeShare(pb.RevokeShareRequest(id=share.id))
        if len(mine) == len(received):
            self._say(shared=tuple(i for i in self._snapshot.shared if i.id != instance_id))

    async def logs(self, instance_id: str) -> AsyncIterator[list[str]]:
        """The last lines, then what follows, until cancelled."""
        request = pb.StreamLogsRequest(instance_id=instance_id, tail=500, follow=True)
        async for message in self.online().creator.StreamLogs(request):
            yield [line.text for line in message.lines]

    async def secrets(self) -> tuple[str, ...]:
        """Whatever must be in no report: the tokens that are kept.

        Raises:
            AigcError: the store cannot be read, so nobody knows what to look for.
        """
        store = self._store
        if store is None:  # asked before the following began
            store = await asyncio.to_thread(open_store, self._store_kind, self._config_dir)
        stored = await asyncio.to_thread(store.load)
        return (stored.refresh_token, stored.session_token) if stored is not None else ()

    async def refresh_engines(self) -> None:
        """Ask for the catalogue again (a person is looking); failures are the stream's to tell."""
        if self._snapshot.link is not Link.ONLINE:
            self.wake()
            return
        with contextlib.suppress(AigcError):
            answer = await self.online().creator.ListEngines(pb.ListEnginesRequest())
            self._say(engines=tuple(conversion.engine(e) for e in answer.engines))

    # -- following ------------------------------------------------------------------------------

    async def _follow_once(self, session: CoordinatorSession) -> None:
        options = await session.options()
        self._say(
            studio=options.studio,
            web_url=options.web_url,
            account_url=account_url(options.web_url, options.sign_in.issuer),
        )
        stored = await session.stored()
        if stored is None:
            raise AigcError("signed-out", "Nobody is signed in.", ErrorKind.UNAUTHENTICATED)
        self._say(person=stored.person_name, memory_only=not session.store.persistent)
        who = await session.sessions.WhoAmI(pb.WhoAmIRequest())
        self._say(role=who.person.role, former=await _former(session))
        engines = await session.creator.ListEngines(pb.ListEnginesRequest())
        self._say(engines=tuple(conversion.engine(e) for e in engines.engines))
        async for message in session.creator.WatchInstances(pb.WatchInstancesRequest()):
            self._streaming = True
            self._say(
                link=Link.ONLINE,
                instances=conversion.instances(message.instances),
                shared=conversion.instances(message.shared),
                heard_at=_time(message.server_time_ms),
                problem=None,
            )
        raise AigcError(
            "coordinator-closed", "The coordinator ended the connection.", ErrorKind.UNAVAILABLE
        )

    @property
    def _link(self) -> Link:
        return self._snapshot.link

    def _without_person(self) -> Mapping[str, object]:
        return {
            "role": "",
            "engines": (),
            "instances": (),
            "shared": (),
            "former": Former.NONE,
            "heard_at": None,
        }

    def _merge(self, value: pb.Instance) -> Instance:
        """Put an answer into the list at once; the stream confirms it in a moment."""
        known = conversion.instance(value)
        assert known is not None
        others = tuple(i for i in self._snapshot.instances if i.id != known.id)
        self._say(instances=(*others, known))
        return known

    def _say(self, **changes: object) -> None:
        snapshot = replace(self._snapshot, **changes)  # type: ignore[arg-type]
        if snapshot != self._snapshot:
            self._snapshot = snapshot
            self._publish(snapshot)


def account_url(web_url: str, issuer: str) -> str:
    """Passwords and second factors are the provider's, but for the coordinator's own accounts."""
    local = bool(web_url) and issuer == f"{web_url.rstrip('/')}/oidc"
    return f"{issuer}/account" if local else ""


async def _former(session: CoordinatorSession) -> Former:
    """An older coordinator knows of no link step; whatever else is wrong, the next call tells."""
    try:
        return conversion.former(await session.sessions.GetLink(pb.GetLinkRequest()))
    except AigcError as error:
        log.info("it is not known whether there was a former account", extra={"reason": error.key})
        return Former.NONE


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else datetime.now(UTC)
