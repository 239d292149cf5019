"""A coordinator's creators' port over real gRPC and TLS, whose sessions a test can spoil.

For what a healthy coordinator does not do on demand: sessions revoked in mid-flight, a clock far
away, an old version. The story with the real coordinator is in tests/desktop.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aigc.tls import COORDINATOR_NAME
from protos.aigc.v1 import creator_pb2 as pb
from protos.aigc.v1 import creator_pb2_grpc


def make_authority(called: str = "Test CA") -> tuple[bytes, bytes, bytes]:
    """A CA, and a server's key and chain (leaf, then CA) under the coordinator's fixed name."""
    now = datetime.now(UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def build(name: str, public: Any, issuer: str, *, ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            names = x509.SubjectAlternativeName([x509.DNSName(COORDINATOR_NAME)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(ca_key, hashes.SHA256())

    ca = build(called, ca_key.public_key(), called, ca=True)
    leaf = build("coordinator", key.public_key(), called, ca=False)
    pem = serialization.Encoding.PEM
    key_pem = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca_pem = ca.public_bytes(pem)
    return ca_pem, key_pem, leaf.public_bytes(pem) + ca_pem


class SessionServer(creator_pb2_grpc.SessionServiceServicer):
    """Attributes: address, ca_pem, sessions (valid tokens), exchanges; knobs beside them."""

    def __init__(self, issuer_url: str) -> None:
        self.issuer_url = issuer_url
        self.sessions: set[str] = set()
        self.exchanges = 0
        self.seconds_valid = 3600.0
        self.clock_offset = 0.0  # of the coordinator's clock, seconds
        self.version = "0.1.0"
        self.address = ""
        self.ca_pem, self._key, self._chain = make_authority()
        self.told_ca_pem = b""  # what clients are to trust from now on
        self._server: grpc.aio.Server | None = None

    async def __aenter__(self) -> Self:
        server = grpc.aio.server()
        creator_pb2_grpc.add_SessionServiceServicer_to_server(self, server)
        credentials = grpc.ssl_server_credentials([(self._key, self._chain)])
        port = server.add_secure_port(self.address or "127.0.0.1:0", credentials)
        await server.start()
        self._server = server
        self.address = f"127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def come_back_as(self, authority: tuple[bytes, bytes, bytes]) -> None:
        """At the same address, with a certificate of another authority."""
        await self.stop()
        self.ca_pem, self._key, self._chain = authority
        await self.__aenter__()

    async def stop(self) -> None:
        """The coordinator is away from now on."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    def _now_ms(self) -> int:
        return round((time.time() + self.clock_offset) * 1000)

    async def GetSignInOptions(self, request: Any, context: Any) -> pb.GetSignInOptionsResponse:  # noqa: N802
        return pb.GetSignInOptionsResponse(
            issuer=self.issuer_url,
            client_id="aigc-native",
            scopes=["openid", "offline_access"],
            loopback_host="127.0.0.1",
            coordinator_name="Studio North",
            web_url="http://127.0.0.1:1",
            version=self.version,
            server_time_ms=self._now_ms(),
            ca_pem=self.told_ca_pem,
        )

    async def Exchange(self, request: pb.ExchangeRequest, context: Any) -> pb.ExchangeResponse:  # noqa: N802
        payload = request.id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if claims["iss"] != self.issuer_url or claims.get("nonce", "") != request.nonce:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "not for us")
        self.exchanges += 1
        token = secrets.token_urlsafe(32)
        self.sessions.add(token)
        return pb.ExchangeResponse(
            session_token=token,
            expires_at_ms=self._now_ms() + round(self.seconds_valid * 1000),
            person=pb.Person(id=claims["sub"], name=claims["name"], role="creator"),
        )

    async def WhoAmI(self, request: Any, context: Any) -> pb.WhoAmIResponse:  # noqa: N802
        await self._check(context)
        return pb.WhoAmIResponse(person=pb.Person(id="lin", name="Lin Xia"))

    async def SignOut(self, request: Any, context: Any) -> pb.SignOutResponse:  # noqa: N802
        self.sessions.discard(await self._check(context))
        return pb.SignOutResponse()

    async def _check(self, context: Any) -> str:
        values = [v for k, v in context.invocation_metadata() if k == "authorization"]
        token = str(values[0]).removeprefix("Bearer ") if len(values) == 1 else ""
        if token not in self.sessions:
            context.set_trailing_metadata((("aigc-error-key", "session-over"),))
            await context.abort(
                grpc.StatusCode.UNAUTHENTICATED, "The session is over; sign in again."
            )
        return token
