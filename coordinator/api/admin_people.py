"""AdminService's part about people: accounts, roles, sessions and tokens."""

from __future__ import annotations

from typing import Any

from aigc.clock import milliseconds
from aigc.errors import AigcError
from coordinator.api import conversion, person_words
from coordinator.api.office import Office, who
from coordinator.domain.people import Person, PersonId, Role
from coordinator.identity import PersonFacts
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
        nobody = PersonFacts(False, None)
        known = self._office.reactor.studio.people.values()
        people = sorted((p for p in known if p.became is None), key=lambda p: (p.name, p.id))
        return admin_pb2.ListPeopleResponse(
            people=[_row(p, facts.get(p.id, nobody)) for p in people]
        )

    async def CreateAccount(
        self, request: admin_pb2.CreateAccountRequest, context: Any
    ) -> admin_pb2.CreateAccountResponse:
        person, one_time = await self._office.identity.create_account(
            request.username,
            request.name or request.username,
            _role(request.role or "creator"),
            by=who(),
        )
        assert one_time is not None  # no password was given
        return admin_pb2.CreateAccountResponse(
            one_time_password=one_time.password,
            person=conversion.person(person),
            one_time_until_ms=milliseconds(one_time.until),
        )

    async def ResetPassword(
        self, request: admin_pb2.ResetPasswordRequest, context: Any
    ) -> admin_pb2.ResetPasswordResponse:
        one_time = await self._office.identity.reset_password(PersonId(request.person_id), who())
        return admin_pb2.ResetPasswordResponse(
            one_time_password=one_time.password, one_time_until_ms=milliseconds(one_time.until)
        )

    async def ResetSecondFactor(
        self, request: admin_pb2.ResetSecondFactorRequest, context: Any
    ) -> admin_pb2.ResetSecondFactorResponse:
        await self._office.identity.reset_second_factor(PersonId(request.person_id), who())
        return admin_pb2.ResetSecondFactorResponse()

    async def RotateIssuerKey(
        self, request: admin_pb2.RotateIssuerKeyRequest, context: Any
    ) -> admin_pb2.RotateIssuerKeyResponse:
        kid, signs_from = await self._office.identity.rotate_issuer_key(who(), request.at_once)
        return admin_pb2.RotateIssuerKeyResponse(kid=kid, signs_from_ms=milliseconds(signs_from))

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
        role = _role(request.role) if request.role else None
        await self._office.identity.set_role(person_id, role, who())
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


def _row(person: Person, facts: PersonFacts) -> admin_pb2.PersonRow:
    return admin_pb2.PersonRow(
        person=conversion.person(person),
        disabled=person.disabled,
        local=facts.local,
        last_seen_ms=milliseconds(facts.last_seen),
        sessions=facts.sessions,
        tokens=facts.tokens,
        username=facts.username,
        second_factor=facts.second_factor,
        one_time_until_ms=milliseconds(facts.one_time_until),
        claims_role=facts.claims_role or "",
        role_overridden=facts.role_overridden,
        problem=person_words.problem(facts.problem),
        issuer=person.issuer,
    )


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise AigcError(
            "role-unknown", f'There is no role "{name}": there are {", ".join(Role)}.'
        ) from error
