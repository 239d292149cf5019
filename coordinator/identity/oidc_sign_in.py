"""What one real sign-in would give here, and why: the second half of ``check-oidc``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.domain.people import Role
from coordinator.identity import roles
from coordinator.identity.oidc import OidcSettings
from coordinator.identity.providers import Provider
from coordinator.identity.relying_party import RelyingParty


@dataclass(frozen=True, slots=True)
class SignInReport:
    """Names of claims only, but for those that matter here.

    Attributes:
        id_token_claims, userinfo_claims: names of the claims that came, sorted. Userinfo is None
            where it was not asked or has no address.
        values: what the role and teams claims held, by their path.
        why: a sentence on the role.
    """

    subject: str
    name: str
    email: str
    role: Role
    why: str
    teams: tuple[str, ...]
    problem: roles.Problem | None
    id_token_claims: tuple[str, ...]
    userinfo_claims: tuple[str, ...] | None
    userinfo_error: str
    values: Mapping[str, Any]


async def report_sign_in(
    settings: OidcSettings, clock: Clock, id_token: str, access_token: str, nonce: str
) -> SignInReport:
    """Check the tokens as an exchange does, and say what would come of them.

    Raises:
        AigcError: the ID token is not good, and why.
    """
    party = RelyingParty(Provider(settings, clock), settings, "", clock)
    try:
        claims = await party.check(id_token, settings.native_client_id, nonce)
        userinfo: Mapping[str, Any] | None = None
        error = ""
        if access_token:
            try:
                userinfo = await party.userinfo(access_token, str(claims["sub"]))
            except AigcError as refusal:
                error = refusal.message
    finally:
        await party.close()
    mapping = settings.roles
    match settings.claims_from:
        case "id_token":
            complete: Mapping[str, Any] = claims
        case "userinfo":
            complete = {**(userinfo or {}), "sub": claims["sub"]}
        case _:
            complete = {**(userinfo or {}), **claims}
    role = roles.role_from(complete, mapping)
    paths = [path for path in (mapping.claim, mapping.teams_claim) if path]
    return SignInReport(
        subject=str(claims["sub"]),
        name=roles.name_from(complete, mapping.name_claim),
        email=roles.email_from(complete),
        role=role,
        why=_why(complete, settings, role),
        teams=roles.teams_from(complete, mapping),
        problem=roles.problem_from(complete, mapping),
        id_token_claims=tuple(sorted(claims)),
        userinfo_claims=tuple(sorted(userinfo)) if userinfo is not None else None,
        userinfo_error=error,
        values={path: roles.find(complete, path) for path in paths},
    )


def _why(claims: Mapping[str, Any], settings: OidcSettings, role: Role) -> str:
    mapping = settings.roles
    if not mapping.values:
        return "No claim gives a role: oidc.admin_values and its neighbours are empty."
    value = roles.find(claims, mapping.claim)
    if value is None:
        return f'The claim "{mapping.claim}" did not come, so everybody is a creator.'
    held = [v for v, means in mapping.values if means is role and value and v in value]
    if role is Role.CREATOR or not held:
        known = ", ".join(v for v, _ in mapping.values)
        return f'None of the values in "{mapping.claim}" is one of {known}.'
    return f'"{held[0]}" in the claim "{mapping.claim}" means {role}.'
