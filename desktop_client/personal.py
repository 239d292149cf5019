"""What a person asks about themselves: account, API tokens, trash. Asyncio, plain values out.

Each function takes the session to ask with, and raises AigcError with the reason.
"""

from __future__ import annotations

from desktop_client import conversion
from desktop_client.history import SPAN, Series
from desktop_client.model import Account, ApiToken, TokenWish, Trashed
from desktop_client.session import CoordinatorSession
from protos.aigc.v1 import creator_pb2 as pb


async def account(session: CoordinatorSession) -> Account:
    """Who is signed in."""
    said = await session.sessions.WhoAmI(pb.WhoAmIRequest())
    return conversion.account(said.person)


async def tokens(session: CoordinatorSession) -> tuple[ApiToken, ...]:
    """One's API tokens."""
    said = await session.creator.ListTokens(pb.ListTokensRequest())
    return tuple(map(conversion.api_token, said.tokens))


async def create_token(session: CoordinatorSession, wish: TokenWish) -> str:
    """Make a token; its secret, which nobody shows again."""
    said = await session.creator.CreateToken(
        pb.CreateTokenRequest(
            name=wish.name,
            days=wish.days,
            scopes=wish.scopes,
            read_only=wish.read_only,
            instance_ids=wish.instance_ids,
        )
    )
    token: str = said.token
    return token


async def revoke_token(session: CoordinatorSession, token_id: str) -> None:
    """End a token at once."""
    await session.creator.RevokeToken(pb.RevokeTokenRequest(id=token_id))


async def trash(session: CoordinatorSession) -> tuple[Trashed, ...]:
    """What one deleted and can still have back, the last deleted first."""
    said = await session.creator.ListTrash(pb.ListTrashRequest())
    return tuple(map(conversion.trashed, said.instances))


async def restore(session: CoordinatorSession, instance_id: str) -> str:
    """Bring a deleted instance back, stopped; the name of the new one."""
    said = await session.creator.RestoreInstance(pb.RestoreInstanceRequest(instance_id=instance_id))
    name: str = said.instance.name
    return name


async def readings(session: CoordinatorSession, instance_id: str) -> tuple[Series, ...]:
    """How an instance's cards were used over the last minutes, one series a card."""
    minutes = int(SPAN.total_seconds()) // 60
    request = pb.GetInstanceReadingsRequest(instance_id=instance_id, minutes=minutes)
    said = await session.creator.GetInstanceReadings(request)
    return tuple(map(conversion.series, said.series))
