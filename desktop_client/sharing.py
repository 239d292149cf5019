"""What a person asks about sharing their engines. Asyncio, plain values out.

Each function takes the session to ask with, and raises AigcError with the reason.
"""

from __future__ import annotations

from desktop_client import conversion
from desktop_client.model import Access, Found, Share
from desktop_client.session import CoordinatorSession
from desktop_client.share_view import ShareWish
from protos.aigc.v1 import common_pb2
from protos.aigc.v1 import creator_pb2 as pb


async def find(session: CoordinatorSession, query: str) -> Found:
    """Whom one may share with; for an empty query all of one's own teams, and nobody."""
    said = await session.creator.FindColleagues(pb.FindColleaguesRequest(query=query))
    return conversion.found(said)


async def shares_of(session: CoordinatorSession, instance_id: str) -> tuple[Share, ...]:
    """Who may open one's instance now, the first to end first."""
    said = await session.creator.ListShares(pb.ListSharesRequest(instance_id=instance_id))
    return tuple(map(conversion.share, said.given))


async def share(session: CoordinatorSession, instance_id: str, wish: ShareWish) -> None:
    """Let somebody open it for a time; the same one again changes what was given."""
    use = wish.access is Access.USE
    await session.creator.ShareInstance(
        pb.ShareInstanceRequest(
            instance_id=instance_id,
            person_id=wish.person_id,
            team=wish.team,
            access=common_pb2.ACCESS_USE if use else common_pb2.ACCESS_VIEW,
            minutes=wish.minutes,
        )
    )


async def end(session: CoordinatorSession, share_id: str) -> None:
    """Nobody opens it by this share any more, from now on."""
    await session.creator.RevokeShare(pb.RevokeShareRequest(id=share_id))
