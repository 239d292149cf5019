"""AdminService's part about people who came through another provider and were here before."""

from __future__ import annotations

from typing import Any

from coordinator.api import conversion, person_words
from coordinator.api.office import Office, who
from protos.aigc.v1 import admin_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802


class LinksDesk:
    """See the module."""

    _office: Office

    async def ListLinks(
        self, request: admin_pb2.ListLinksRequest, context: Any
    ) -> admin_pb2.ListLinksResponse:
        views = await self._office.identity.links.views(request.all)
        studio = self._office.reactor.studio
        return admin_pb2.ListLinksResponse(
            links=[person_words.link_view(view, studio) for view in views]
        )

    async def ApproveLink(
        self, request: admin_pb2.ApproveLinkRequest, context: Any
    ) -> admin_pb2.ApproveLinkResponse:
        person = await self._office.identity.links.approve(request.link_id, who())
        return admin_pb2.ApproveLinkResponse(person=conversion.person(person))

    async def RefuseLink(
        self, request: admin_pb2.RefuseLinkRequest, context: Any
    ) -> admin_pb2.RefuseLinkResponse:
        await self._office.identity.links.refuse(request.link_id, request.reason, who())
        return admin_pb2.RefuseLinkResponse()
