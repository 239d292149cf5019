"""AdminService's part about people: accounts, roles, sessions and tokens."""

from __future__ import annotations

from typing import Any

from aigc.clock import milliseconds
from aigc.errors import AigcError
from coordinator.api import conversion
from coordinator.api.office import Office, who
from coordinator.domain.people import PersonId, Role
from protos.aigc.v1 import admin_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802


class PeopleDesk:
    """See the module."""

    _office: Office

    async def ListPeople(
        self, request: admin_pb2.ListPeopleRequest, context: Any
    ) -> admin_pb2.ListPeopleResponse:
        facts = await self._office.identity.person_facts()
        people = sorted(self._office.reactor.studio.people.values(), key=lambda p: (p.name, p.id))
        return admin_pb2.ListPeopleResponse(
            people=[
                admin_pb2.PersonRow(
                    person=conversion.person(p),
                    disabled=p.disabled,
                    local=facts[p.id].local if p.id in facts else False,
                    last_seen_ms=milliseconds(facts[p.id].last_seen) if p.id in facts else 0,
                    sessions=facts[p.id].sessions if p.id in facts else 0,
                    tokens=facts[p.id].tokens if p.id in facts else 0,
                )
                for p in people
            ]
        )

    async def CreateAccount(
        self, request: admin_pb2.CreateAccountRequest, context: Any
    ) -> admin_pb2.CreateAccountResponse:
        person, password = await self._office.identity.create_account(
            request.username,
            request.name or request.username,
            _role(request.role or "creator"),
            by=who(),
        )
        return admin_pb2.CreateAccountResponse(
            one_time_password=password, person=conversion.person(person)
        )

    async def SetPersonDisabled(
        self, request: admin_pb2.SetPersonDisabledRequest, context: Any
    ) -> admin_pb2.SetPersonDisabledResponse:
        person_id = PersonId(request.person_id)
        await self._office.identity.set_disabled(person_id, request.disabled, who())
        return admin_pb2.SetPersonDisabledResponse()

    async def SetPersonRole(
        self, request: admin_pb2.SetPersonRoleRequest, context: Any
    ) -> admin_pb2.SetPersonRoleResponse:
        person_id = PersonId(request.person_id)
        await self._office.identity.set_role(person_id, _role(request.role), who())
        return admin_pb2.SetPersonRoleResponse()

    async def SignOutEverywhere(
        self, request: admin_pb2.SignOutEverywhereRequest, context: Any
    ) -> admin_pb2.SignOutEverywhereResponse:
        person_id = PersonId(request.person_id)
        ended = await self._office.identity.sign_out_everywhere(person_id, who())
        return admin_pb2.SignOutEverywhereResponse(sessions_ended=ended)

    async def ListPersonTokens(
        self, request: admin_pb2.ListPersonTokensRequest, context: Any
    ) -> admin_pb2.ListPersonTokensResponse:
        tokens = await self._office.identity.list_tokens(PersonId(request.person_id))
        studio, now = self._office.reactor.studio, self._office.clock.now()
        return admin_pb2.ListPersonTokensResponse(
            tokens=[conversion.api_token(t, studio, now) for t in tokens]
        )

    async def RevokePersonToken(
        self, request: admin_pb2.RevokePersonTokenRequest, context: Any
    ) -> admin_pb2.RevokePersonTokenResponse:
        person_id = PersonId(request.person_id)
        await self._office.identity.revoke_token(person_id, request.token_id, who())
        return admin_pb2.RevokePersonTokenResponse()


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise AigcError(
            "role-unknown", f'There is no role "{name}": there are {", ".join(Role)}.'
        ) from error
