"""EnrolmentService: a machine that has no valid certificate yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aigc import __version__
from aigc.clock import Clock, milliseconds
from coordinator.fleet.enrolment import Enrolment
from protos.aigc.v1 import node_pb2, node_pb2_grpc

# RPC methods are named by the proto.
# ruff: noqa: N802


class EnrolmentServicer(node_pb2_grpc.EnrolmentServiceServicer):
    def __init__(self, enrolment: Enrolment, ca_pem: Callable[[], bytes], clock: Clock) -> None:
        self._enrolment = enrolment
        self._ca_pem = ca_pem
        self._clock = clock

    async def GetAuthority(
        self, request: node_pb2.GetAuthorityRequest, context: Any
    ) -> node_pb2.GetAuthorityResponse:
        return node_pb2.GetAuthorityResponse(
            ca_pem=self._ca_pem(),
            server_time_ms=milliseconds(self._clock.now()),
            version=__version__,
        )

    async def Join(self, request: node_pb2.JoinRequest, context: Any) -> node_pb2.JoinResponse:
        enrolled = await self._enrolment.join(request.token, request.csr_pem, request.node_name)
        return node_pb2.JoinResponse(
            node_id=enrolled.node_id,
            certificate_pem=enrolled.certificate_pem,
            ca_pem=enrolled.ca_pem,
            node_address=enrolled.node_address,
            gateway_address=enrolled.gateway_address,
        )

    async def Renew(self, request: node_pb2.RenewRequest, context: Any) -> node_pb2.RenewResponse:
        enrolled = await self._enrolment.renew_by_proof(
            request.old_certificate_pem, request.csr_pem, request.proof, request.timestamp_ms
        )
        return node_pb2.RenewResponse(
            certificate_pem=enrolled.certificate_pem,
            ca_pem=enrolled.ca_pem,
            node_address=enrolled.node_address,
            gateway_address=enrolled.gateway_address,
        )
