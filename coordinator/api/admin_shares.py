"""AdminService's part about sharing: who may open whose engine, and the end of it."""

from __future__ import annotations

from typing import Any

from coordinator.api import conversion
from coordinator.api.office import Office, who
from coordinator.domain.events import ShareEndRequested
from coordinator.domain.sharing import ShareId, stands
from protos.aigc.v1 import admin_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802


class SharesDesk:
    """See the module."""

    _office: Office

    async def ListAllShares(
        self, request: admin_pb2.ListAllSharesRequest, context: Any
    ) -> admin_pb2.ListAllSharesResponse:
        studio, now = self._office.reactor.studio, self._office.clock.now()
        holding = [s for s in studio.shares.values() if now < s.expires_at and stands(studio, s)]
        holding.sort(key=lambda share: (share.expires_at, share.id))
        return admin_pb2.ListAllSharesResponse(
            shares=[conversion.share(share, studio) for share in holding]
        )

    async def RevokeAnyShare(
        self, request: admin_pb2.RevokeAnyShareRequest, context: Any
    ) -> admin_pb2.RevokeAnyShareResponse:
        ended = ShareEndRequested(ShareId(request.id), who(), as_admin=True)
        await self._office.reactor.ask(ended)
        return admin_pb2.RevokeAnyShareResponse()
