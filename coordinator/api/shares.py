"""CreatorService's part about sharing: whom with, how far, how long, and the end of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.api import conversion
from coordinator.api.colleagues import AskedTooOften, find_colleagues
from coordinator.api.guard import caller
from coordinator.domain.events import ShareEndRequested
from coordinator.domain.instance import Instance
from coordinator.domain.sharing import Access, Share, ShareId, shares_of
from coordinator.domain.studio import Studio
from coordinator.identity.identity import Caller
from coordinator.naming import share_request
from coordinator.reactor import Reactor
from protos.aigc.v1 import common_pb2, creator_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802

DEFAULT_LASTS = timedelta(hours=8)
_ACCESS = {common_pb2.ACCESS_USE: Access.USE, common_pb2.ACCESS_VIEW: Access.VIEW}


class SharesDesk(ABC):
    """See the module."""

    _reactor: Reactor
    _clock: Clock
    _asked: AskedTooOften

    @abstractmethod
    async def _owned(self, instance_id: str, action: str) -> Instance:
        """The caller's own instance of that id; a refusal is recorded as that action."""

    async def ShareInstance(
        self, request: creator_pb2.ShareInstanceRequest, context: Any
    ) -> creator_pb2.ShareInstanceResponse:
        mine = await self._owned(request.instance_id, "share")
        access = _ACCESS.get(request.access)
        if access is None:
            raise AigcError("share-access", "Say how it is shared: to be used, or to be viewed.")
        who = caller.get()
        lasts = timedelta(minutes=request.minutes) if request.minutes else DEFAULT_LASTS
        asked = share_request(
            mine.id,
            mine.owner,
            access,
            _no_longer_than(who, lasts, self._clock),
            person=request.person_id,
            team=request.team,
        )
        await self._reactor.ask(asked)
        studio = self._reactor.studio
        made = next(
            s
            for s in studio.shares_at(mine.id)
            if s.person == asked.person and s.team == asked.team
        )
        return creator_pb2.ShareInstanceResponse(share=conversion.share(made, studio))

    async def ListShares(
        self, request: creator_pb2.ListSharesRequest, context: Any
    ) -> creator_pb2.ListSharesResponse:
        studio, person, now = self._reactor.studio, caller.get().person, self._clock.now()
        given: list[Share] = []
        for instance in studio.instances_of(person.id):
            if request.instance_id in ("", instance.id):
                given += shares_of(studio, instance.id, now)
        if request.instance_id:
            await self._owned(request.instance_id, "list-shares")
        known = studio.people.get(person.id)
        received = [
            share
            for share in studio.shares.values()
            if known is not None
            and share.is_for(known)
            and share in shares_of(studio, share.instance_id, now)
            and request.instance_id in ("", share.instance_id)
        ]
        return creator_pb2.ListSharesResponse(
            given=_by_end(given, studio), received=_by_end(received, studio)
        )

    async def RevokeShare(
        self, request: creator_pb2.RevokeShareRequest, context: Any
    ) -> creator_pb2.RevokeShareResponse:
        await self._reactor.ask(ShareEndRequested(ShareId(request.id), caller.get().person.id))
        return creator_pb2.RevokeShareResponse()

    async def FindColleagues(
        self, request: creator_pb2.FindColleaguesRequest, context: Any
    ) -> creator_pb2.FindColleaguesResponse:
        asker = caller.get().person.id
        if request.query:
            self._asked.note(asker)
        found = find_colleagues(self._reactor.studio, asker, request.query)
        return creator_pb2.FindColleaguesResponse(
            people=[creator_pb2.Colleague(id=c.id, name=c.name, hint=c.hint) for c in found.people],
            teams=list(found.teams),
            more=found.more,
        )


def _no_longer_than(who: Caller, lasts: timedelta, clock: Clock) -> timedelta:
    """What a script lets in goes with the script's token, at the latest."""
    if who.kind != "token":
        return lasts
    return min(lasts, who.expires_at - clock.now())


def _by_end(shares: list[Share], studio: Studio) -> list[creator_pb2.Share]:
    ordered = sorted(shares, key=lambda share: (share.expires_at, share.id))
    return [conversion.share(share, studio) for share in ordered]
