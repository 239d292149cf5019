"""A coordinator's creators' port that plays AdminService with a made-up studio, over real gRPC.

For what the real one does not do on demand: thousands of machines, a steady rain of changes, a
refusal at a certain moment. The story with the real coordinator is in tests/desktop.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import grpc

from aigc.tls import spki_pin
from desktop_client.config import ClientConfig, save_client_config
from desktop_client.tokens import FileStore, Stored
from protos.aigc.v1 import admin_pb2 as pb
from protos.aigc.v1 import admin_pb2_grpc, common_pb2, creator_pb2, creator_pb2_grpc
from tests.standins.fleet import Studio
from tests.standins.session_server import SessionServer

ISSUER = "https://127.0.0.1:1"


# It plays a part of the service; what it does not play answers "unimplemented", as gRPC has it.
_Servicer: Any = admin_pb2_grpc.AdminServiceServicer


class FleetServer(SessionServer, _Servicer):  # type: ignore[misc]
    """Attributes:
    studio: what it plays; after changing it by hand call ``tell`` with the message.
    role: of whoever asks.
    asked: (name, request) of the requests that change something.
    refusal: key and sentence with which the next such request is refused, or None.
    people, links, shares, authority: what it tells of those; what is decided leaves the lists.
    watchers: open streams.
    opened: streams that were ever opened.
    """

    def __init__(self, studio: Studio) -> None:
        SessionServer.__init__(self, ISSUER)
        self.studio = studio
        self.role = "admin"
        self.asked: list[tuple[str, Any]] = []
        self.refusal: tuple[str, str] | None = None
        self.people: list[pb.PersonRow] = []
        self.links: list[creator_pb2.LinkRequest] = []
        self.shares: list[creator_pb2.Share] = []
        self.authority = pb.AuthorityStatus(phase=pb.AuthorityStatus.PHASE_STEADY)
        self.opened = 0
        self._streams: set[asyncio.Queue[pb.WatchFleetResponse]] = set()

    async def __aenter__(self) -> Self:
        server = grpc.aio.server()
        creator_pb2_grpc.add_SessionServiceServicer_to_server(self, server)
        admin_pb2_grpc.add_AdminServiceServicer_to_server(self, server)
        credentials = grpc.ssl_server_credentials([(self._key, self._chain)])
        port = server.add_secure_port(self.address or "127.0.0.1:0", credentials)
        await server.start()
        self._server = server
        self.address = f"127.0.0.1:{port}"
        return self

    @property
    def watchers(self) -> int:
        return len(self._streams)

    def settle_in(self, config_dir: Path, *, signed_in: bool = True) -> None:
        """A desktop that knows this coordinator, and whose person is signed in."""
        config_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        save_client_config(
            config_dir, ClientConfig(self.address, spki_pin(self.ca_pem), self.ca_pem)
        )
        if signed_in:
            token = secrets.token_urlsafe(32)
            self.sessions.add(token)
            FileStore(config_dir / "tokens.json").save(
                Stored(
                    address=self.address,
                    issuer=ISSUER,
                    session_token=token,
                    session_expires=time.time() + 3600,
                    person_name="Chen Jie",
                )
            )

    def tell(self, message: pb.WatchFleetResponse) -> None:
        """To every open stream."""
        for stream in self._streams:
            stream.put_nowait(message)

    async def WhoAmI(self, request: Any, context: Any) -> creator_pb2.WhoAmIResponse:  # noqa: N802
        await self._check(context)
        person = creator_pb2.Person(id="chen", name="Chen Jie", role=self.role)
        return creator_pb2.WhoAmIResponse(person=person)

    async def WatchFleet(  # noqa: N802
        self, request: pb.WatchFleetRequest, context: Any
    ) -> AsyncIterator[pb.WatchFleetResponse]:
        await self._check(context)
        stream: asyncio.Queue[pb.WatchFleetResponse] = asyncio.Queue()
        self._streams.add(stream)
        self.opened += 1
        try:
            for message in self.studio.whole():
                yield message
            while True:
                yield await stream.get()
        finally:
            self._streams.discard(stream)

    async def DrainNode(self, request: pb.DrainNodeRequest, context: Any) -> pb.DrainNodeResponse:  # noqa: N802
        await self._asked("DrainNode", request, context)
        node = self.studio.nodes[request.node_id]
        node.draining = request.draining
        self.tell(pb.WatchFleetResponse(revision=self.studio.revision, nodes=[node]))
        return pb.DrainNodeResponse()

    async def ListPeople(self, request: Any, context: Any) -> pb.ListPeopleResponse:  # noqa: N802
        await self._check(context)
        return pb.ListPeopleResponse(people=self.people)

    async def ResetPassword(self, request: Any, context: Any) -> pb.ResetPasswordResponse:  # noqa: N802
        await self._asked("ResetPassword", request, context)
        return pb.ResetPasswordResponse(
            one_time_password="maple-otter", one_time_until_ms=3_600_000
        )

    async def ResetSecondFactor(self, request: Any, context: Any) -> pb.ResetSecondFactorResponse:  # noqa: N802
        await self._asked("ResetSecondFactor", request, context)
        return pb.ResetSecondFactorResponse()

    async def ListLinks(self, request: Any, context: Any) -> pb.ListLinksResponse:  # noqa: N802
        await self._check(context)
        return pb.ListLinksResponse(links=self.links)

    async def ApproveLink(self, request: Any, context: Any) -> pb.ApproveLinkResponse:  # noqa: N802
        await self._asked("ApproveLink", request, context)
        self.links = [link for link in self.links if link.id != request.link_id]
        return pb.ApproveLinkResponse()

    async def RefuseLink(self, request: Any, context: Any) -> pb.RefuseLinkResponse:  # noqa: N802
        await self._asked("RefuseLink", request, context)
        self.links = [link for link in self.links if link.id != request.link_id]
        return pb.RefuseLinkResponse()

    async def ListAllShares(self, request: Any, context: Any) -> pb.ListAllSharesResponse:  # noqa: N802
        await self._check(context)
        return pb.ListAllSharesResponse(shares=self.shares)

    async def RevokeAnyShare(self, request: Any, context: Any) -> pb.RevokeAnyShareResponse:  # noqa: N802
        await self._asked("RevokeAnyShare", request, context)
        self.shares = [share for share in self.shares if share.id != request.id]
        return pb.RevokeAnyShareResponse()

    async def GetAuthorityStatus(self, request: Any, context: Any) -> pb.AuthorityStatus:  # noqa: N802
        await self._check(context)
        return self.authority

    async def RotateAuthority(self, request: Any, context: Any) -> pb.AuthorityStatus:  # noqa: N802
        await self._asked("RotateAuthority", request, context)
        phases, steps = pb.AuthorityStatus.Phase, pb.RotateAuthorityRequest.Step
        self.authority.phase = {
            steps.STEP_ANNOUNCE: phases.PHASE_ANNOUNCED,
            steps.STEP_SWITCH: phases.PHASE_SWITCHED,
        }.get(request.step, phases.PHASE_STEADY)
        return self.authority

    async def StreamAnyLogs(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        await self._check(context)
        for number in range(3):
            line = common_pb2.LogLine(text=f"line {number} of {request.instance_id}")
            yield creator_pb2.StreamLogsResponse(lines=[line])

    async def _asked(self, name: str, request: Any, context: Any) -> None:
        await self._check(context)
        self.asked.append((name, request))
        if self.refusal is not None:
            (key, sentence), self.refusal = self.refusal, None
            context.set_trailing_metadata((("aigc-error-key", key),))
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, sentence)
