"""SessionService: how to sign in, the exchange, who am I, and signing out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aigc import __version__
from aigc.clock import Clock, milliseconds
from coordinator.api import conversion, person_words
from coordinator.api.guard import caller
from coordinator.identity.identity import Identity
from protos.aigc.v1 import creator_pb2, creator_pb2_grpc

# RPC methods are named by the proto.
# ruff: noqa: N802


class SessionServicer(creator_pb2_grpc.SessionServiceServicer):
    def __init__(
        self, identity: Identity, clock: Clock, ca_pem: Callable[[], bytes] = lambda: b""
    ) -> None:
        """``ca_pem``: the authorities that clients are to trust from now on."""
        self._identity = identity
        self._ca_pem = ca_pem
        self._clock = clock

    async def GetSignInOptions(
        self, request: creator_pb2.GetSignInOptionsRequest, context: Any
    ) -> creator_pb2.GetSignInOptionsResponse:
        options = self._identity.sign_in_options()
        return creator_pb2.GetSignInOptionsResponse(
            issuer=options.issuer,
            client_id=options.client_id,
            scopes=list(options.scopes),
            loopback_host=options.loopback_host,
            coordinator_name=options.studio_name,
            web_url=options.web_url,
            extra_parameters=dict(options.extra),
            issuer_ca_pem=options.issuer_ca_pem,
            client_secret=options.client_secret,
            version=__version__,
            server_time_ms=milliseconds(self._clock.now()),
            ca_pem=self._ca_pem(),
        )

    async def Exchange(
        self, request: creator_pb2.ExchangeRequest, context: Any
    ) -> creator_pb2.ExchangeResponse:
        session = await self._identity.exchange(
            request.id_token, request.nonce, request.access_token, request.device
        )
        return creator_pb2.ExchangeResponse(
            session_token=session.token,
            expires_at_ms=milliseconds(session.expires_at),
            person=conversion.person(session.person),
        )

    async def WhoAmI(
        self, request: creator_pb2.WhoAmIRequest, context: Any
    ) -> creator_pb2.WhoAmIResponse:
        found = caller.get()
        return creator_pb2.WhoAmIResponse(
            person=conversion.person(found.person), expires_at_ms=milliseconds(found.expires_at)
        )

    async def SignOut(
        self, request: creator_pb2.SignOutRequest, context: Any
    ) -> creator_pb2.SignOutResponse:
        await self._identity.sign_out(caller.get())
        return creator_pb2.SignOutResponse()

    async def Extend(
        self, request: creator_pb2.ExtendRequest, context: Any
    ) -> creator_pb2.ExtendResponse:
        until = await self._identity.extend(caller.get())
        return creator_pb2.ExtendResponse(expires_at_ms=milliseconds(until))

    async def RequestLink(
        self, request: creator_pb2.RequestLinkRequest, context: Any
    ) -> creator_pb2.RequestLinkResponse:
        person = caller.get().person
        link = await self._identity.links.request(
            person, request.username, request.password, request.note
        )
        return creator_pb2.RequestLinkResponse(link=person_words.link(link, person))

    async def GetLink(
        self, request: creator_pb2.GetLinkRequest, context: Any
    ) -> creator_pb2.GetLinkResponse:
        person, links = caller.get().person, self._identity.links
        last = await links.last_of(person.id)
        return creator_pb2.GetLinkResponse(
            link=person_words.link(last, person) if last is not None else None,
            possible=links.possible(person),
        )

    async def WithdrawLink(
        self, request: creator_pb2.WithdrawLinkRequest, context: Any
    ) -> creator_pb2.WithdrawLinkResponse:
        await self._identity.links.withdraw(caller.get().person.id)
        return creator_pb2.WithdrawLinkResponse()
