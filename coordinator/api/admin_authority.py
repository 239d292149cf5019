"""AdminService's part about the studio's authority: how far its rotation is, and its steps."""

from __future__ import annotations

from typing import Any

from aigc.clock import milliseconds
from aigc.errors import AigcError
from coordinator.api.office import Office, who
from coordinator.fleet.roots import Phase
from coordinator.fleet.rotation import RotationStatus
from protos.aigc.v1 import admin_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802

_PHASES = {
    Phase.STEADY: admin_pb2.AuthorityStatus.PHASE_STEADY,
    Phase.ANNOUNCED: admin_pb2.AuthorityStatus.PHASE_ANNOUNCED,
    Phase.SWITCHED: admin_pb2.AuthorityStatus.PHASE_SWITCHED,
}


class AuthorityDesk:
    """See the module."""

    _office: Office

    async def GetAuthorityStatus(
        self, request: admin_pb2.GetAuthorityStatusRequest, context: Any
    ) -> admin_pb2.AuthorityStatus:
        return _message(self._office.rotation.status())

    async def RotateAuthority(
        self, request: admin_pb2.RotateAuthorityRequest, context: Any
    ) -> admin_pb2.AuthorityStatus:
        rotation, by = self._office.rotation, str(who())
        match request.step:
            case admin_pb2.RotateAuthorityRequest.STEP_ANNOUNCE:
                return _message(await rotation.announce(by))
            case admin_pb2.RotateAuthorityRequest.STEP_CANCEL:
                return _message(await rotation.cancel(by))
            case admin_pb2.RotateAuthorityRequest.STEP_SWITCH:
                return _message(await rotation.switch(by, request.force))
            case admin_pb2.RotateAuthorityRequest.STEP_FINISH:
                return _message(await rotation.finish(by, request.force))
            case _:
                raise AigcError(
                    "rotation-step-unknown",
                    "Which step of the rotation? Say announce, cancel, switch or finish.",
                )


def _message(status: RotationStatus) -> admin_pb2.AuthorityStatus:
    return admin_pb2.AuthorityStatus(
        phase=_PHASES[status.phase],
        authorities=[
            admin_pb2.TrustedAuthority(
                pin=root.pin,
                not_before_ms=milliseconds(root.begins),
                not_after_ms=milliseconds(root.ends),
            )
            for root in status.trusted
        ],
        since_ms=milliseconds(status.since),
        next_step_ms=milliseconds(status.next_step_at),
        waiting_nodes=status.waiting,
    )
