"""Who may call what. Every RPC is in this table; one that is not is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from coordinator.domain.people import Role


class Policy(StrEnum):
    """What a caller must be."""

    PUBLIC = "public"  # everybody who reaches the port
    SIGNED_IN = "signed-in"  # any person; whose instance it is, the domain checks
    AUDITOR = "auditor"  # sees everything, changes nothing; admins too
    ADMIN = "admin"
    NODE = "node"  # a machine with a certificate of ours
    GATEWAY = "gateway"  # the gateway on its Unix socket


PERSONAL = frozenset({Policy.SIGNED_IN, Policy.AUDITOR, Policy.ADMIN})

_SESSION = "/aigc.v1.SessionService/"
_CREATOR = "/aigc.v1.CreatorService/"
_ADMIN = "/aigc.v1.AdminService/"
_ENROLMENT = "/aigc.v1.EnrolmentService/"
_NODE = "/aigc.v1.NodeService/"
_GATEWAY = "/aigc.v1.GatewayService/"

POLICIES: Mapping[str, Policy] = {
    _SESSION + "GetSignInOptions": Policy.PUBLIC,
    _SESSION + "Exchange": Policy.PUBLIC,
    _SESSION + "WhoAmI": Policy.SIGNED_IN,
    _SESSION + "SignOut": Policy.SIGNED_IN,
    _SESSION + "Extend": Policy.SIGNED_IN,
    _SESSION + "RequestLink": Policy.SIGNED_IN,
    _SESSION + "GetLink": Policy.SIGNED_IN,
    _SESSION + "WithdrawLink": Policy.SIGNED_IN,
    _CREATOR + "ListEngines": Policy.SIGNED_IN,
    _CREATOR + "ListInstances": Policy.SIGNED_IN,
    _CREATOR + "WatchInstances": Policy.SIGNED_IN,
    _CREATOR + "StartInstance": Policy.SIGNED_IN,
    _CREATOR + "StopInstance": Policy.SIGNED_IN,
    _CREATOR + "KeepRunning": Policy.SIGNED_IN,
    _CREATOR + "RenameInstance": Policy.SIGNED_IN,
    _CREATOR + "DeleteInstance": Policy.SIGNED_IN,
    _CREATOR + "ListTrash": Policy.SIGNED_IN,
    _CREATOR + "RestoreInstance": Policy.SIGNED_IN,
    _CREATOR + "StreamLogs": Policy.SIGNED_IN,
    _CREATOR + "GetInstanceReadings": Policy.SIGNED_IN,
    _CREATOR + "CreateToken": Policy.SIGNED_IN,
    _CREATOR + "ListTokens": Policy.SIGNED_IN,
    _CREATOR + "RevokeToken": Policy.SIGNED_IN,
    _CREATOR + "ShareInstance": Policy.SIGNED_IN,
    _CREATOR + "ListShares": Policy.SIGNED_IN,
    _CREATOR + "RevokeShare": Policy.SIGNED_IN,
    _CREATOR + "FindColleagues": Policy.SIGNED_IN,
    _ADMIN + "CreateJoinCommand": Policy.ADMIN,
    _ADMIN + "ListNodes": Policy.AUDITOR,
    _ADMIN + "DrainNode": Policy.ADMIN,
    _ADMIN + "RevokeNode": Policy.ADMIN,
    _ADMIN + "DeclareNodeOff": Policy.ADMIN,
    _ADMIN + "AcceptLedger": Policy.ADMIN,
    _ADMIN + "ResolveUnclaimed": Policy.ADMIN,
    _ADMIN + "ListAllInstances": Policy.AUDITOR,
    _ADMIN + "StopAnyInstance": Policy.ADMIN,
    _ADMIN + "GetStory": Policy.AUDITOR,
    _ADMIN + "GetCatalogueStatus": Policy.AUDITOR,
    _ADMIN + "ListPeople": Policy.AUDITOR,
    _ADMIN + "CreateAccount": Policy.ADMIN,
    _ADMIN + "SetPersonDisabled": Policy.ADMIN,
    _ADMIN + "SetPersonRole": Policy.ADMIN,
    _ADMIN + "ListAudit": Policy.AUDITOR,
    _ADMIN + "WatchFleet": Policy.AUDITOR,
    _ADMIN + "UpdateNode": Policy.ADMIN,
    _ADMIN + "GetNodeReadings": Policy.AUDITOR,
    _ADMIN + "GetOccupancy": Policy.AUDITOR,
    _ADMIN + "StreamAnyLogs": Policy.ADMIN,  # what an engine prints is its creator's work
    _ADMIN + "SignOutEverywhere": Policy.ADMIN,
    _ADMIN + "ListPersonTokens": Policy.AUDITOR,
    _ADMIN + "RevokePersonToken": Policy.ADMIN,
    _ADMIN + "ListAllShares": Policy.AUDITOR,
    _ADMIN + "RevokeAnyShare": Policy.ADMIN,
    _ADMIN + "GetStudioSettings": Policy.AUDITOR,
    _ADMIN + "ExplainWaiting": Policy.AUDITOR,
    _ADMIN + "GetAuthorityStatus": Policy.AUDITOR,
    _ADMIN + "RotateAuthority": Policy.ADMIN,
    _ADMIN + "ListLinks": Policy.AUDITOR,
    _ADMIN + "ApproveLink": Policy.ADMIN,
    _ADMIN + "RefuseLink": Policy.ADMIN,
    _ADMIN + "ResetPassword": Policy.ADMIN,
    _ADMIN + "ResetSecondFactor": Policy.ADMIN,
    _ADMIN + "RotateIssuerKey": Policy.ADMIN,
    _ENROLMENT + "GetAuthority": Policy.PUBLIC,
    _ENROLMENT + "Join": Policy.PUBLIC,  # the single-use token decides
    _ENROLMENT + "Renew": Policy.PUBLIC,  # the proof of key decides
    _NODE + "Connect": Policy.NODE,
    _NODE + "RenewCertificate": Policy.NODE,
    _GATEWAY + "Connect": Policy.GATEWAY,
    _GATEWAY + "RedeemHandoff": Policy.GATEWAY,
}


# What an API token that only reads may call. An auditor changes nothing.
READS: frozenset[str] = frozenset(
    {method for method, policy in POLICIES.items() if policy is Policy.AUDITOR}
    | {
        _SESSION + "WhoAmI",
        _CREATOR + "ListEngines",
        _CREATOR + "ListInstances",
        _CREATOR + "WatchInstances",
        _CREATOR + "ListTrash",
        _CREATOR + "StreamLogs",
        _CREATOR + "GetInstanceReadings",
        _CREATOR + "ListTokens",
        _CREATOR + "ListShares",
        _CREATOR + "FindColleagues",
        _ADMIN + "StreamAnyLogs",
    }
)


def role_suffices(policy: Policy, role: Role) -> bool:
    """Whether a signed-in person of that role meets a personal policy."""
    match policy:
        case Policy.SIGNED_IN:
            return True
        case Policy.AUDITOR:
            return role in (Role.AUDITOR, Role.ADMIN)
        case Policy.ADMIN:
            return role is Role.ADMIN
        case _:
            return False
