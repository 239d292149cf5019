"""Who is a machine of this studio: join tokens, certificates, renewals and revocations."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError, ErrorKind
from aigc.tls import join_address
from coordinator.domain.audit_detail import detail as detail_of
from coordinator.domain.events import NodeEnrolled
from coordinator.domain.node import NodeId
from coordinator.fleet import credentials
from coordinator.fleet.authority import NODE_VALID, Authority, NodeCertificate, NodeIdentity
from coordinator.fleet.credentials import NodeCredential, Ticket
from coordinator.ledger import audit
from coordinator.refusals import Refusals

_log = logging.getLogger(__name__)
T = TypeVar("T")

RENEW_LATE_BY = timedelta(days=90)
_PROOF_CLOCK_DIFFERENCE = timedelta(minutes=10)
_TOKENS_REMEMBERED = timedelta(days=30)


class Ledger(Protocol):
    async def transact(self, work: Callable[[Any], T]) -> T: ...
    async def read(self, work: Callable[[Any], T]) -> T: ...


class Reactor(Protocol):
    async def ask(self, event: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a machine reaches us: by the configured host, else by the one it joined through."""

    configured_host: str
    fallback_host: str
    nodes_port: int
    tunnel_port: int

    def node_address(self, joined_by: str) -> str:
        return join_address(self._host(joined_by), self.nodes_port)

    def gateway_address(self, joined_by: str) -> str:
        return join_address(self._host(joined_by), self.tunnel_port)

    def _host(self, joined_by: str) -> str:
        return self.configured_host or joined_by or self.fallback_host


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a machine is given: its certificate and where to go with it."""

    node_id: str
    certificate_pem: bytes
    ca_pem: bytes
    node_address: str
    gateway_address: str


class Enrolment:
    """See the module. Lives on the event loop; rows are in the ledger, the live ones in memory.

    Attributes:
        credentials: by node id; what is accepted now.
    """

    def __init__(
        self,
        ledger: Ledger,
        authority: Authority,
        reactor: Reactor,
        clock: Clock,
        addresses: Callable[[], Addresses],
    ) -> None:
        self.credentials: Mapping[str, NodeCredential] = {}
        self._ledger = ledger
        self._authority = authority
        self._reactor = reactor
        self._clock = clock
        self._addresses = addresses
        self._listeners: list[Callable[[NodeCredential], None]] = []
        self._writing = asyncio.Lock()
        self._refusals = Refusals(ledger, clock)

    async def load(self) -> None:
        rows = await self._ledger.read(credentials.all_credentials)
        self.credentials = {row.node_id: row for row in rows}

    def listen(self, listener: Callable[[NodeCredential], None]) -> Callable[[], None]:
        """Call the listener after each change of a credential; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def create_token(
        self, pool: str, host: str, valid: timedelta, by: str
    ) -> tuple[str, datetime]:
        """A single-use join token and when it ends; only its hash is kept."""
        token = f"aigc_j_{secrets.token_urlsafe(32)}"
        now = self._clock.now()
        ticket = Ticket(pool, host, by)

        def work(connection: Any) -> None:
            credentials.forget_old_tokens(connection, now - _TOKENS_REMEMBERED)
            credentials.add_token(connection, _hash(token), ticket, now, now + valid)
            span = detail_of("valid", span=int(valid.total_seconds()))
            audit(connection, now, by, "join-command", pool, "done", span)

        await self._ledger.transact(work)
        return token, now + valid

    async def join(self, token: str, csr_pem: bytes, name: str) -> Enrolled:
        """A new machine. One that joins again with the key it had keeps its identity.

        Raises:
            AigcError: about the token or the request; nothing changed then.
        """
        name = _clean_name(name)
        try:
            key_hash = await asyncio.to_thread(_request_key_hash, csr_pem)
            async with self._writing:
                known = next((c for c in self.credentials.values() if c.key_hash == key_hash), None)
                if known is not None and known.revoked:
                    raise AigcError(
                        "node-key-revoked",
                        f'The key of this machine was revoked as "{known.name}": delete node.key '
                        "and node.crt in the agent's state folder, then join again.",
                        ErrorKind.FORBIDDEN,
                    )
                node_id = known.node_id if known else f"node-{secrets.token_hex(6)}"
                certificate = await asyncio.to_thread(self._authority.sign_node, csr_pem, node_id)
                now = self._clock.now()
                credential = NodeCredential(
                    node_id,
                    known.name if known else self._free_name(name),
                    "",
                    key_hash,
                    certificate.serial,
                    "",
                    now,
                )

                def work(connection: Any) -> tuple[Ticket, NodeCredential]:
                    ticket = credentials.use_token(connection, _hash(token), credential.name, now)
                    row = replace(credential, host=ticket.host)
                    credentials.put_credential(connection, row)
                    audit(
                        connection, now, ticket.created_by, "node-join", node_id, "done", row.name
                    )
                    return ticket, row

                ticket, row = await self._ledger.transact(work)
                self._changed(row)
        except AigcError as error:
            await self._refusals.record("machine", "node-join", name, error)
            raise
        await self._reactor.ask(
            NodeEnrolled(NodeId(node_id), row.name, ticket.pool, ticket.created_by)
        )
        _log.info("node joined", extra={"node_id": node_id, "node_name": row.name})
        return self._enrolled(row, certificate)

    async def renew(self, identity: NodeIdentity, csr_pem: bytes) -> Enrolled:
        """A fresh certificate for a node that showed a valid one."""
        return await self._renew(identity, csr_pem, detail_of("renewed"))

    async def renew_by_proof(
        self, old_certificate_pem: bytes, csr_pem: bytes, proof: bytes, timestamp_ms: int
    ) -> Enrolled:
        """A fresh certificate for a node whose own one ended at most 90 days ago.

        Raises:
            AigcError: says which of clock, certificate, proof or standing is wrong.
        """
        try:
            identity = await asyncio.to_thread(self._authority.identify, old_certificate_pem)
        except AigcError as error:
            await self._refusals.record("machine", "node-renew", "unknown", error)
            raise
        try:
            self._check_proof(identity, csr_pem, proof, timestamp_ms)
            return await self._renew(identity, csr_pem, detail_of("renewed-by-key"))
        except AigcError as error:
            await self._refusals.record(identity.node_id, "node-renew", identity.node_id, error)
            raise

    async def revoke(self, node_id: str, by: str) -> None:
        """No certificate of this node is accepted from now on.

        Raises:
            AigcError: ``node-unknown``.
        """
        async with self._writing:
            credential = self.credentials.get(node_id)
            if credential is None:
                raise AigcError(
                    "node-unknown", f"There is no machine {node_id}.", ErrorKind.NOT_FOUND
                )
            now = self._clock.now()
            row = replace(credential, revoked_at=credential.revoked_at or now)

            def work(connection: Any) -> None:
                credentials.put_credential(connection, row)
                audit(connection, now, by, "certificate-revoke", node_id, "done", row.name)

            await self._ledger.transact(work)
            self._changed(row)

    async def note_name(self, node_id: str, name: str) -> None:
        """IT renamed a machine: its credential is called the same. Nothing for an unknown one."""
        async with self._writing:
            credential = self.credentials.get(node_id)
            if credential is None or credential.name == name:
                return
            row = replace(credential, name=name)
            await self._ledger.transact(lambda c: credentials.put_credential(c, row))
            self._changed(row)

    async def note_hardware(self, node_id: str, hardware: str) -> bool:
        """On which hardware an identity is in use; False: it is back on the one before.

        A board may be exchanged, and a disk be moved: that is noted, and shown. An identity that
        goes to and fro is on two machines.
        """
        async with self._writing:
            credential = self.credentials.get(node_id)
            if credential is None or not hardware or hardware == credential.hardware:
                return True
            if hardware == credential.former_hardware:
                return False
            row = replace(credential, hardware=hardware, former_hardware=credential.hardware)
            now = self._clock.now()

            def work(connection: Any) -> None:
                credentials.put_credential(connection, row)
                if credential.hardware:
                    audit(connection, now, node_id, "node-hardware", node_id, "done", "")

            await self._ledger.transact(work)
            self._changed(row)
            return True

    async def note_duplicate(self, node_id: str, detail: str) -> None:
        """Two machines use one identity: remembered until it is revoked and joined anew."""
        async with self._writing:
            credential = self.credentials.get(node_id)
            if credential is None or credential.duplicate_at is not None:
                return
            now = self._clock.now()
            row = replace(credential, duplicate_at=now)

            def work(connection: Any) -> None:
                credentials.put_credential(connection, row)
                audit(connection, now, node_id, "node-duplicate", node_id, "refused", detail)

            await self._ledger.transact(work)
            self._changed(row)

    async def admit(self, certificate_pem: bytes) -> NodeIdentity:
        """The node behind a client certificate that TLS accepted, checked anew at every call.

        A certificate of ours that is newer than anything the ledger knows was given after the
        copy that this ledger was restored from: it is taken over, so that a restored coordinator
        does not lock out its machines.

        Raises:
            AigcError: foreign, expired, revoked or displaced.
        """
        identity = self._authority.identify(certificate_pem)
        now = self._clock.now()
        if not identity.not_before <= now <= identity.not_after:
            raise AigcError(
                "certificate-expired",
                f"The machine's certificate ended at {identity.not_after:%Y-%m-%d %H:%M} UTC, and "
                f"it is {now:%H:%M} UTC here: the agent renews it, or its clock is off.",
                ErrorKind.UNAUTHENTICATED,
            )
        credential = self.credentials.get(identity.node_id)
        if credential is not None and credential.accepts(identity.serial):
            return identity
        await self._take_over(identity, now)
        return identity

    def standing(self, identity: NodeIdentity) -> AigcError | None:
        """Why an identity that was admitted earlier holds no longer, or None."""
        credential = self.credentials.get(identity.node_id)
        if credential is None or credential.revoked:
            return _revoked(identity)
        if not credential.accepts(identity.serial):
            return _displaced()
        if self._clock.now() > identity.not_after:
            return AigcError(
                "certificate-expired",
                "The machine's certificate ended while it was connected: connect again with the "
                "renewed one.",
                ErrorKind.UNAUTHENTICATED,
            )
        return None

    def addresses_of(self, node_id: str) -> tuple[str, str]:
        """(address of the nodes' port, address of the tunnel) for a node."""
        credential = self.credentials.get(node_id)
        host = credential.host if credential else ""
        addresses = self._addresses()
        return addresses.node_address(host), addresses.gateway_address(host)

    def certificate_expires(self, node_id: str) -> datetime | None:
        """When the node's newest certificate ends; None: it has none that is accepted."""
        credential = self.credentials.get(node_id)
        if credential is None or credential.revoked:
            return None
        return credential.issued_at + NODE_VALID

    def renewal_due(self, node_id: str) -> bool:
        """Whether the node's certificate is older than the last step of the authority's rotation:
        it does not know, or is not signed by, what is trusted from now on."""
        credential, since = self.credentials.get(node_id), self._authority.roots.now.since
        return credential is not None and since is not None and credential.issued_at < since

    async def _take_over(self, identity: NodeIdentity, now: datetime) -> None:
        async with self._writing:
            credential = self.credentials.get(identity.node_id)
            if credential is not None and credential.accepts(identity.serial):
                return
            if credential is not None and credential.revoked:
                raise _revoked(identity)
            if credential is not None and identity.issued_at <= credential.issued_at:
                raise _displaced()
            row = NodeCredential(
                identity.node_id,
                credential.name if credential else identity.node_id,
                credential.host if credential else "",
                _key_hash(identity.public_key),
                identity.serial,
                credential.serial if credential else "",
                identity.issued_at,
            )

            def work(connection: Any) -> None:
                credentials.put_credential(connection, row)
                audit(
                    connection,
                    now,
                    identity.node_id,
                    "node-take-over",
                    identity.node_id,
                    "done",
                    detail_of("took-over"),
                )

            await self._ledger.transact(work)
            self._changed(row)
        _log.warning(
            "took over a node whose certificate is newer than the ledger",
            extra={"node_id": identity.node_id},
        )

    async def _renew(self, identity: NodeIdentity, csr_pem: bytes, how: str) -> Enrolled:
        async with self._writing:
            credential = self.credentials.get(identity.node_id)
            if credential is None or credential.revoked:
                raise _revoked(identity)
            if not credential.accepts(identity.serial):
                raise _displaced()
            key_hash = await asyncio.to_thread(_request_key_hash, csr_pem)
            certificate = await asyncio.to_thread(
                self._authority.sign_node, csr_pem, identity.node_id
            )
            now = self._clock.now()
            # The one that asks stays valid: the answer may get lost, and the tunnel still uses it.
            row = replace(
                credential,
                key_hash=key_hash,
                serial=certificate.serial,
                previous_serial=identity.serial,
                issued_at=now,
            )

            def work(connection: Any) -> None:
                credentials.put_credential(connection, row)
                audit(connection, now, row.node_id, "node-renew", row.node_id, "done", how)

            await self._ledger.transact(work)
            self._changed(row)
        return self._enrolled(row, certificate)

    def _check_proof(
        self, identity: NodeIdentity, csr_pem: bytes, proof: bytes, timestamp_ms: int
    ) -> None:
        now = self._clock.now()
        # In milliseconds: a nonsensical time has no date.
        minutes = (timestamp_ms - milliseconds(now)) / 60_000
        if abs(minutes) > _PROOF_CLOCK_DIFFERENCE.total_seconds() / 60:
            raise AigcError(
                "clock-differs",
                f"The machine's clock is {abs(minutes):.0f} minutes "
                f"{'ahead of' if minutes > 0 else 'behind'} the coordinator's "
                f"({now:%Y-%m-%d %H:%M} UTC): set the machine's clock (NTP) and try again.",
                ErrorKind.FORBIDDEN,
            )
        message = proof_message(timestamp_ms, csr_pem)
        try:
            identity.public_key.verify(proof, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise AigcError(
                "proof-wrong",
                "The machine could not prove that it holds its certificate's key: join it again.",
                ErrorKind.UNAUTHENTICATED,
            ) from error
        if now - identity.not_after > RENEW_LATE_BY:
            raise AigcError(
                "certificate-too-old",
                f"The machine's certificate ended on {identity.not_after:%Y-%m-%d}, more than 90 "
                "days ago: join it again (aigc coordinator join-command).",
                ErrorKind.FORBIDDEN,
            )
        credential = self.credentials.get(identity.node_id)
        if credential is not None and credential.duplicate_at is not None:
            raise AigcError(
                "node-duplicate",
                f'The identity of "{credential.name}" was seen on two machines on '
                f"{credential.duplicate_at:%Y-%m-%d}: revoke it and join the right machine again.",
                ErrorKind.FORBIDDEN,
            )

    def _enrolled(self, row: NodeCredential, certificate: NodeCertificate) -> Enrolled:
        addresses = self._addresses()
        return Enrolled(
            row.node_id,
            certificate.pem,
            self._authority.roots.now.bundle_pem,
            addresses.node_address(row.host),
            addresses.gateway_address(row.host),
        )

    def _changed(self, row: NodeCredential) -> None:
        self.credentials = {**self.credentials, row.node_id: row}
        for listener in list(self._listeners):
            listener(row)

    def _free_name(self, name: str) -> str:
        taken = {c.name.casefold() for c in self.credentials.values() if not c.revoked}
        number, free = 1, name
        while free.casefold() in taken:
            number += 1
            free = f"{name}-{number}"
        return free


def _revoked(identity: NodeIdentity) -> AigcError:
    return AigcError(
        "node-revoked",
        f"The machine {identity.node_id} was revoked or is not known here: ask IT for a new join "
        "command.",
        ErrorKind.FORBIDDEN,
    )


def _displaced() -> AigcError:
    return AigcError(
        "certificate-displaced",
        "The machine's certificate was replaced by newer ones: restart the agent; if that does "
        "not help, join the machine again.",
        ErrorKind.FORBIDDEN,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _key_hash(key: ec.EllipticCurvePublicKey) -> bytes:
    return hashlib.sha256(
        key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).digest()


def _request_key_hash(csr_pem: bytes) -> bytes:
    try:
        key = x509.load_pem_x509_csr(csr_pem).public_key()
    except (ValueError, TypeError) as error:
        raise AigcError(
            "csr-invalid", "The machine's certificate request is refused: it cannot be read."
        ) from error
    spki = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).digest()


def _clean_name(name: str) -> str:
    cleaned = "".join(c for c in name.strip() if c.isprintable())[:63]
    return cleaned or "machine"


def proof_message(timestamp_ms: int, csr_pem: bytes) -> bytes:
    """What an expired machine signs with its old key."""
    return b"aigc-renew" + timestamp_ms.to_bytes(8, "big") + csr_pem
