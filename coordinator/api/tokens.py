"""CreatorService's part about API tokens."""

from __future__ import annotations

from typing import Any

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.api import conversion
from coordinator.api.guard import caller
from coordinator.domain.instance import InstanceId
from coordinator.domain.people import Person
from coordinator.domain.sharing import access_of
from coordinator.identity.identity import Identity
from coordinator.identity.tokens import Scope, Terms
from coordinator.reactor import Reactor
from protos.aigc.v1 import creator_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802


class TokensDesk:
    """See the module."""

    _reactor: Reactor
    _identity: Identity
    _clock: Clock

    async def CreateToken(
        self, request: creator_pb2.CreateTokenRequest, context: Any
    ) -> creator_pb2.CreateTokenResponse:
        found = caller.get()
        if found.kind == "token":
            raise AigcError(
                "token-by-token",
                "An API token cannot make another one: sign in with aigc login first.",
                ErrorKind.FORBIDDEN,
            )
        terms = terms_for(
            self._reactor,
            self._clock,
            found.person,
            list(request.scopes),
            request.read_only,
            list(request.instance_ids),
        )
        token, info = await self._identity.create_token(
            found.person, request.name, request.days, terms
        )
        told = conversion.api_token(info, self._reactor.studio, self._clock.now())
        return creator_pb2.CreateTokenResponse(token=token, info=told)

    async def ListTokens(
        self, request: creator_pb2.ListTokensRequest, context: Any
    ) -> creator_pb2.ListTokensResponse:
        tokens = await self._identity.list_tokens(caller.get().person.id)
        studio, now = self._reactor.studio, self._clock.now()
        return creator_pb2.ListTokensResponse(
            tokens=[conversion.api_token(t, studio, now) for t in tokens]
        )

    async def RevokeToken(
        self, request: creator_pb2.RevokeTokenRequest, context: Any
    ) -> creator_pb2.RevokeTokenResponse:
        await self._identity.revoke_token(caller.get().person.id, request.id)
        return creator_pb2.RevokeTokenResponse()


def terms_for(
    reactor: Reactor,
    clock: Clock,
    person: Person,
    scopes: list[str],
    read_only: bool,
    instances: list[str],
) -> Terms:
    """What a person asks a token to be good for, checked.

    Raises:
        AigcError: no such scope, or an engine that the person cannot open.
    """
    try:
        chosen = tuple(dict.fromkeys(Scope(scope) for scope in scopes)) or (Scope.API,)
    except ValueError as error:
        raise AigcError(
            "token-scope-unknown", f"There are the scopes {', '.join(Scope)}; choose of these."
        ) from error
    named = tuple(dict.fromkeys(InstanceId(i) for i in instances))
    studio = reactor.studio
    for instance_id in named:
        instance = studio.instances.get(instance_id)
        if instance is None or access_of(studio, person.id, instance, clock.now()) is None:
            raise AigcError(
                "instance-unknown",
                f"There is no instance {instance_id} that you can open; list yours.",
                ErrorKind.NOT_FOUND,
            )
    return Terms(chosen, read_only, named)
