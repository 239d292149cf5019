"""The coordinator's own certificate authority: who is the coordinator, the gateway, a node.

An EC P-256 key in the state folder (mode 0600). From a request it takes the public key and
nothing else: names, uses and validity are decided here. Which authority signs and which are
trusted while it is rotated: :mod:`coordinator.fleet.roots`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from aigc.tls import NODE_ORGANISATION, new_key_pem
from coordinator.fleet.roots import Roots, Standing, key_usage, write_file

_SERVER_VALID = timedelta(days=397)  # the longest that browsers accept
_SERVER_RENEWED_BEFORE = timedelta(days=60)
NODE_VALID = timedelta(hours=24)
# Clocks of a studio differ: a certificate made now must work on a machine that is a bit behind.
_BACKDATED_SERVER = timedelta(days=1)
_BACKDATED_NODE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate (with its chain) and its key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class NodeCertificate:
    """A certificate made for a node; the serial in lower-case hex without leading zeros."""

    pem: bytes
    serial: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """What a node's certificate says."""

    node_id: str
    serial: str
    not_before: datetime
    not_after: datetime
    public_key: ec.EllipticCurvePublicKey = field(repr=False)

    @property
    def issued_at(self) -> datetime:
        """When it was made, to the second below."""
        return self.not_before + _BACKDATED_NODE


class Authority:
    """Signs. All methods do file or CPU work: call them in a thread from the event loop.

    Attributes:
        roots: which authority signs, and which are trusted.
    """

    def __init__(self, folder: Path, roots: Roots, clock: Clock) -> None:
        self.roots = roots
        self._folder = folder
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, studio: str, clock: Clock) -> Self:
        """The authority in that folder, made at the first call.

        Raises:
            AigcError: ``authority-unreadable``.
            OSError: the disk takes nothing.
        """
        return cls(folder, Roots.open(folder, studio, clock), clock)

    @property
    def pin(self) -> str:
        """The SPKI pin of the authority that signs, as in join commands."""
        return self.roots.now.signing.pin

    def server_files(self, name: str, names: Iterable[str]) -> Files:
        """A server certificate for these names in ``<name>.crt``, made anew when it must be.

        The file holds leaf and CA, so that a client can compare the CA with its pin.
        """
        wanted = tuple(dict.fromkeys(n for n in names if n))
        files = Files(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        if not self._still_good(files, wanted):
            key_pem = new_key_pem()
            write_file(files.key, key_pem, 0o600)
            write_file(files.certificate, self._server_certificate(key_pem, wanted), 0o644)
        return files

    def sign_node(self, csr_pem: bytes, node_id: str) -> NodeCertificate:
        """A client certificate for a node, from a request's public key alone.

        Raises:
            AigcError: ``csr-invalid`` for a broken request or a weak key.
        """
        public_key = _requested_key(csr_pem)
        now, standing = self._clock.now(), self.roots.now
        certificate = (
            _builder(standing, public_key, now - _BACKDATED_NODE, now + NODE_VALID)
            .subject_name(
                x509.Name(
                    [
                        x509.NameAttribute(NameOID.ORGANIZATION_NAME, NODE_ORGANISATION),
                        x509.NameAttribute(NameOID.COMMON_NAME, node_id),
                    ]
                )
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
            .sign(standing.key, hashes.SHA256())
        )
        return NodeCertificate(
            certificate.public_bytes(serialization.Encoding.PEM),
            f"{certificate.serial_number:x}",
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )

    def identify(self, certificate_pem: bytes) -> NodeIdentity:
        """What a node's certificate says, checked to be ours; its validity is the caller's matter.

        Raises:
            AigcError: ``certificate-foreign``.
        """
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            self._verify(certificate)
            uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            organisation = _one_name(certificate, NameOID.ORGANIZATION_NAME)
            node_id = _one_name(certificate, NameOID.COMMON_NAME)
            public_key = certificate.public_key()
        except (
            ValueError,
            TypeError,
            InvalidSignature,
            UnsupportedAlgorithm,
            x509.ExtensionNotFound,
        ) as error:
            raise _foreign() from error
        if (
            organisation != NODE_ORGANISATION
            or not node_id
            or ExtendedKeyUsageOID.CLIENT_AUTH not in uses
            or not isinstance(public_key, ec.EllipticCurvePublicKey)
        ):
            raise _foreign()
        return NodeIdentity(
            node_id,
            f"{certificate.serial_number:x}",
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            public_key,
        )

    def _server_certificate(self, key_pem: bytes, names: tuple[str, ...]) -> bytes:
        key = serialization.load_pem_private_key(key_pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        now, standing = self._clock.now(), self.roots.now
        certificate = (
            _builder(standing, key.public_key(), now - _BACKDATED_SERVER, now + _SERVER_VALID)
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
            .add_extension(x509.SubjectAlternativeName([_san(n) for n in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(standing.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM) + standing.signing.pem

    def _verify(self, certificate: x509.Certificate) -> None:
        """Raises InvalidSignature or ValueError unless one that is trusted signed it."""
        for ca in self.roots.now.certificates:
            if certificate.issuer == ca.subject:
                certificate.verify_directly_issued_by(ca)
                return
        raise ValueError("no authority of ours has this name")

    def _still_good(self, files: Files, names: tuple[str, ...]) -> bool:
        try:
            leaf = x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]
            key = serialization.load_pem_private_key(files.key.read_bytes(), None)
            leaf.verify_directly_issued_by(self.roots.now.certificates[0])
            held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False  # absent or broken: made anew
        return (
            leaf.public_key() == key.public_key()
            and list(held) == [_san(n) for n in names]
            and leaf.not_valid_after_utc - self._clock.now() > _SERVER_RENEWED_BEFORE
            and leaf.not_valid_before_utc <= self._clock.now()
        )


def _builder(
    standing: Standing,
    public_key: ec.EllipticCurvePublicKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    signing = standing.signing
    return (
        x509.CertificateBuilder()
        .issuer_name(standing.certificates[0].subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(not_before, signing.begins))
        .not_valid_after(min(not_after, signing.ends))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(standing.key.public_key()),
            critical=False,
        )
    )


def _requested_key(csr_pem: bytes) -> ec.EllipticCurvePublicKey:
    try:
        csr = x509.load_pem_x509_csr(csr_pem)
        valid = csr.is_signature_valid
        key = csr.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _csr_refused("it cannot be read") from error
    if not valid:
        raise _csr_refused("its signature is wrong")
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size < 256:
        raise _csr_refused("its key must be an elliptic-curve key, P-256 or stronger")
    return key


def _csr_refused(why: str) -> AigcError:
    return AigcError("csr-invalid", f"The machine's certificate request is refused: {why}.")


def _foreign() -> AigcError:
    return AigcError(
        "certificate-foreign",
        "The client certificate is not one that this coordinator gave to a machine: join this "
        "machine again.",
        ErrorKind.UNAUTHENTICATED,
    )


def _one_name(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if len(found) == 1 else ""


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
