"""How a machine joins and stays joined: its key never leaves it, certificates come by CSR.

Joining: a single-use token and the pin of the coordinator's CA. Then a short-lived client
certificate, renewed at two thirds of its life over its own connection, or, once expired (machines
are off at weekends), on the joining port by proof of the key. Each failure says which of name,
network, clock, token, version or certificate it was.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import aigc
from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from aigc.join_link import JoinLink
from aigc.tls import (
    COORDINATOR_NAME,
    fetch_authority,
    join_address,
    make_csr,
    new_key_pem,
    spki_pin,
    split_address,
)
from node_agent.notices import forget_notice
from protos.aigc.v1 import node_pb2, node_pb2_grpc

T = TypeVar("T")

MOST_CLOCK_SKEW = timedelta(minutes=2)
_ROOM = 32 << 10  # bytes; what an identity needs on the disk, and more
_CALL_TIMEOUT = 20.0
_KINDS = {
    grpc.StatusCode.UNAUTHENTICATED: ErrorKind.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED: ErrorKind.FORBIDDEN,
    grpc.StatusCode.NOT_FOUND: ErrorKind.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: ErrorKind.CONFLICT,
    grpc.StatusCode.FAILED_PRECONDITION: ErrorKind.CONFLICT,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ErrorKind.LIMIT,
    grpc.StatusCode.INVALID_ARGUMENT: ErrorKind.INVALID,
    grpc.StatusCode.UNAVAILABLE: ErrorKind.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: ErrorKind.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this machine is to its coordinator. Addresses are host:port."""

    node_id: str
    node_name: str
    coordinator_address: str  # the creators' (and joining) port
    node_address: str
    gateway_address: str
    key_pem: bytes = field(repr=False)
    certificate_pem: bytes
    ca_pem: bytes

    def validity(self) -> tuple[datetime, datetime]:
        """From when to when the certificate is good."""
        certificate = x509.load_pem_x509_certificate(self.certificate_pem)
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc

    def renew_at(self) -> datetime:
        """Two thirds into its life."""
        begins, ends = self.validity()
        return begins + (ends - begins) * 2 / 3


class IdentityFiles:
    """node.key, node.crt, ca.crt and node.json in the state directory, each 0600 and whole."""

    def __init__(self, state_dir: Path) -> None:
        self.key = state_dir / "node.key"
        self.certificate = state_dir / "node.crt"
        self.ca = state_dir / "ca.crt"
        self._facts = state_dir / "node.json"

    def load(self) -> Identity:
        """Read them. Blocking.

        Raises:
            AigcError: ``not-joined`` or ``agent-state-broken``.
        """
        try:
            facts = json.loads(self._facts.read_text(encoding="utf-8"))
            return Identity(
                **facts,
                key_pem=self.key.read_bytes(),
                certificate_pem=self.certificate.read_bytes(),
                ca_pem=self.ca.read_bytes(),
            )
        except FileNotFoundError as error:
            raise AigcError(
                "not-joined",
                f"This machine has not joined a coordinator ({error.filename} is missing): run the "
                "line that `aigc coordinator join-command` prints.",
            ) from error
        except (OSError, ValueError, TypeError) as error:
            raise AigcError(
                "agent-state-broken",
                f"Cannot read this machine's identity in {self._facts.parent}: {error}. Check the "
                "owner of the folder, or join again.",
            ) from error

    def exist(self) -> bool:
        """Whether this machine has joined. Blocking."""
        return self._facts.exists()

    def check_writable(self) -> None:
        """Find out beforehand whether :meth:`save` can work. Blocking.

        Raises:
            AigcError: ``agent-state-broken``.
        """
        trial = self._facts.with_name(".room")
        try:
            self._facts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                _write(trial, bytes(_ROOM))
            finally:
                trial.with_name(trial.name + ".new").unlink(missing_ok=True)
                trial.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def save(self, identity: Identity) -> None:
        """Write them; node.json last, since it says that the machine has joined. Blocking.

        Raises:
            AigcError: ``agent-state-broken``.
        """
        facts = {k: v for k, v in asdict(identity).items() if not k.endswith("_pem")}
        try:
            self._facts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self.key, identity.key_pem)
            _write(self.ca, identity.ca_pem)
            _write(self.certificate, identity.certificate_pem)
            _write(self._facts, json.dumps(facts, indent=1).encode())
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> AigcError:
        return AigcError(
            "agent-state-broken",
            f"This machine's identity cannot be written to {self._facts.parent}: "
            f"{error.strerror or error}. Make room on its disk, or mend the folder's owner "
            "(state_dir in agent.toml), then try again.",
            ErrorKind.UNAVAILABLE,
        )


async def join(
    link: JoinLink, state_dir: Path, clock: Clock, node_name: str = "", again: bool = False
) -> Identity:
    """Enrol this machine: check the pin, the clock and the token, and store what comes back.

    Args:
        link: what `aigc coordinator join-command` printed.
        node_name: as people will read it; this machine's name by default.
        again: join although this machine has joined already.

    Raises:
        AigcError: which of name, network, clock, token, version or certificate failed.
    """
    files = IdentityFiles(state_dir)
    if not again and await asyncio.to_thread(files.exist):
        raise AigcError(
            "already-joined",
            f"This machine has joined already ({state_dir}): leave it so, or join anew with "
            "--again (its old identity is then given up).",
            ErrorKind.CONFLICT,
        )
    if not link.token:
        raise AigcError(
            "join-token-missing",
            "This link holds no token: copy the whole line that `aigc coordinator join-command` "
            "prints.",
        )
    await asyncio.to_thread(files.check_writable)  # before the token is used up
    name = node_name or socket.gethostname()
    host, port = split_address(link.address)
    ca_pem = await fetch_authority(host, port, link.pin)
    check_clock_against(ca_pem, clock.now())
    key_pem = new_key_pem()
    async with _joining(link.address, ca_pem) as stub:
        authority = await _authority(stub, link.address)
        check_clock(from_milliseconds(authority.server_time_ms), clock.now())
        answer = await _ask(
            stub.Join(
                node_pb2.JoinRequest(
                    token=link.token,
                    csr_pem=make_csr(key_pem, name),
                    node_name=name,
                    agent_version=aigc.__version__,
                ),
                timeout=_CALL_TIMEOUT,
            ),
            link.address,
        )
    identity = Identity(
        node_id=answer.node_id,
        node_name=name,
        coordinator_address=join_address(host, port),
        node_address=answer.node_address,
        gateway_address=answer.gateway_address,
        key_pem=key_pem,
        certificate_pem=answer.certificate_pem,
        ca_pem=answer.ca_pem or ca_pem,
    )
    if link.pin not in pins(identity.ca_pem):
        raise AigcError(
            "pin-mismatch",
            "The coordinator handed out another CA than the one it was asked by: nothing was "
            "stored. Ask IT for a fresh join command.",
            ErrorKind.FORBIDDEN,
        )
    await asyncio.to_thread(files.save, identity)
    await asyncio.to_thread(forget_notice, state_dir)
    return identity


async def ask_authority(address: str, ca_pem: bytes) -> node_pb2.GetAuthorityResponse:
    """What a coordinator says of itself on its joining port, over a verified connection.

    Raises:
        AigcError: why it could not be asked.
    """
    async with _joining(address, ca_pem) as stub:
        return await _authority(stub, address)


async def _authority(
    stub: node_pb2_grpc.EnrolmentServiceAsyncStub, address: str
) -> node_pb2.GetAuthorityResponse:
    return await _ask(
        stub.GetAuthority(node_pb2.GetAuthorityRequest(), timeout=_CALL_TIMEOUT), address
    )


async def renew(identity: Identity, state_dir: Path, clock: Clock) -> Identity:
    """A new certificate for the same key, stored; by proof of the key once the old one expired.

    Raises:
        AigcError: why not; the old certificate stays.
    """
    _, ends = identity.validity()
    expired = clock.now() >= ends
    csr = make_csr(identity.key_pem, identity.node_id)
    if expired:
        at = milliseconds(clock.now())
        async with _joining(identity.coordinator_address, identity.ca_pem) as stub:
            answer = await _ask(
                stub.Renew(
                    node_pb2.RenewRequest(
                        old_certificate_pem=identity.certificate_pem,
                        csr_pem=csr,
                        proof=renewal_proof(identity.key_pem, at, csr),
                        timestamp_ms=at,
                    ),
                    timeout=_CALL_TIMEOUT,
                ),
                identity.coordinator_address,
            )
    else:
        async with node_channel(identity) as channel:
            node_stub = node_pb2_grpc.NodeServiceStub(channel)
            answer = await _ask(
                node_stub.RenewCertificate(
                    node_pb2.RenewCertificateRequest(csr_pem=csr), timeout=_CALL_TIMEOUT
                ),
                identity.node_address,
            )
    renewed = replace(
        identity,
        certificate_pem=answer.certificate_pem,
        ca_pem=answer.ca_pem or identity.ca_pem,
        node_address=answer.node_address or identity.node_address,
        gateway_address=answer.gateway_address or identity.gateway_address,
    )
    await asyncio.to_thread(IdentityFiles(state_dir).save, renewed)
    return renewed


def renewal_proof(key_pem: bytes, timestamp_ms: int, csr_pem: bytes) -> bytes:
    """The signature that an expired certificate's key still is here."""
    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AigcError("key-unsupported", "This machine's key is not an elliptic-curve key.")
    signed = b"aigc-renew" + timestamp_ms.to_bytes(8, "big") + csr_pem
    return key.sign(signed, ec.ECDSA(hashes.SHA256()))


def check_clock(theirs: datetime | None, ours: datetime) -> None:
    """Compare this machine's clock with the coordinator's.

    Raises:
        AigcError: ``clock-off``, with by how much and which way.
    """
    if theirs is None or abs(theirs - ours) <= MOST_CLOCK_SKEW:
        return
    minutes = abs(theirs - ours).total_seconds() / 60
    way = "behind" if ours < theirs else "ahead of"
    raise AigcError(
        "clock-off",
        f"This machine's clock is {minutes:.0f} min {way} the coordinator's, so certificates "
        "cannot be checked: set the clock (for example with `timedatectl set-ntp true`).",
    )


def check_clock_against(ca_pem: bytes, ours: datetime) -> None:
    """A CA that is not valid yet, or not any more, tells of a clock that is off.

    Raises:
        AigcError: ``clock-off``.
    """
    authority = x509.load_pem_x509_certificate(ca_pem)
    if authority.not_valid_before_utc <= ours <= authority.not_valid_after_utc:
        return
    raise AigcError(
        "clock-off",
        f"By this machine's clock ({ours:%Y-%m-%d %H:%M} UTC) the coordinator's CA is not valid "
        f"(it is from {authority.not_valid_before_utc:%Y-%m-%d %H:%M} to "
        f"{authority.not_valid_after_utc:%Y-%m-%d %H:%M} UTC): set the clock.",
    )


def pins(ca_pem: bytes) -> set[str]:
    """The pins of all CAs in a bundle (two while one is rotated)."""
    return {
        spki_pin(c.public_bytes(serialization.Encoding.PEM))
        for c in x509.load_pem_x509_certificates(ca_pem)
    }


def node_channel(
    identity: Identity, options: tuple[tuple[str, str | int], ...] = ()
) -> grpc.aio.Channel:
    """A channel to NodeService with this machine's certificate."""
    credentials = grpc.ssl_channel_credentials(
        identity.ca_pem, identity.key_pem, identity.certificate_pem
    )
    return grpc.aio.secure_channel(
        identity.node_address,
        credentials,
        (("grpc.ssl_target_name_override", COORDINATOR_NAME), *options),
    )


@asynccontextmanager
async def _joining(
    address: str, ca_pem: bytes
) -> AsyncIterator[node_pb2_grpc.EnrolmentServiceAsyncStub]:
    channel = grpc.aio.secure_channel(
        address,
        grpc.ssl_channel_credentials(ca_pem),
        (("grpc.ssl_target_name_override", COORDINATOR_NAME),),
    )
    async with channel:
        yield cast(
            "node_pb2_grpc.EnrolmentServiceAsyncStub", node_pb2_grpc.EnrolmentServiceStub(channel)
        )


async def _ask(call: Awaitable[T], address: str) -> T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise as_error(error, address) from error


def as_error(error: grpc.aio.AioRpcError, address: str) -> AigcError:
    """A refused or unanswered call as the sentence for people."""
    key = next((str(v) for k, v in error.trailing_metadata() or () if k == "aigc-error-key"), "")
    code = error.code()
    details = error.details() or code.name
    if key:
        return AigcError(key, details, _KINDS.get(code, ErrorKind.INTERNAL))
    if code is grpc.StatusCode.UNAVAILABLE and (
        "CERTIFICATE" in details.upper() or "HANDSHAKE" in details.upper()
    ):
        return AigcError(
            "certificate-refused",
            f"The TLS connection to the coordinator at {address} failed: a certificate is not "
            "accepted, or one of the two clocks is off. Compare them (`timedatectl`); once this "
            "machine has joined, `aigc agent check` tells which.",
            ErrorKind.UNAVAILABLE,
        )
    if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
        return AigcError(
            "coordinator-unreachable",
            f"Cannot reach the coordinator at {address}: {details}. Check the network and "
            "firewalls in between, and that the coordinator runs.",
            ErrorKind.UNAVAILABLE,
        )
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return AigcError(
            "version-unsupported",
            f"The coordinator at {address} does not know this agent's request: its version and "
            f"this agent's ({aigc.__version__}) are too far apart. Update the older one.",
        )
    return AigcError(
        "coordinator-refused",
        f"The coordinator refused: {details}.",
        _KINDS.get(code, ErrorKind.INTERNAL),
    )


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and for the owner alone."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, 0o600)
        file.write(data)
        file.flush()
        os.fsync(handle)
    fresh.replace(path)
