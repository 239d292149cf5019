"""The coordinator's own certificate authority: who is the coordinator, the gateway, a node.

One EC P-256 key in the state folder (mode 0600). From a request it takes the public key and
nothing else: names, uses and validity are decided here.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import tempfile
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
from aigc.tls import NODE_ORGANISATION, new_key_pem, spki_pin

_AUTHORITY_VALID = timedelta(days=3650)
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
        ca_pem: the authority's certificate.
        pin: its SPKI pin, as in join commands.
    """

    def __init__(self, folder: Path, key: ec.EllipticCurvePrivateKey, ca: bytes, clock: Clock):
        self.ca_pem = ca
        self.pin = spki_pin(ca)
        self._folder = folder
        self._key = key
        self._ca = x509.load_pem_x509_certificate(ca)
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, studio: str, clock: Clock) -> Self:
        """The authority in that folder, made at the first call.

        Raises:
            AigcError: ``authority-unreadable``.
            OSError: the disk takes nothing.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key_file, ca_file = folder / "ca.key", folder / "ca.crt"
        if not key_file.exists() and not ca_file.exists():
            _write(key_file, new_key_pem(), 0o600)
        try:
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise ValueError("not an elliptic-curve key")
            if not ca_file.exists():
                _write(ca_file, _self_signed(key, studio, clock.now()), 0o644)
            ca = ca_file.read_bytes()
            if x509.load_pem_x509_certificate(ca).public_key() != key.public_key():
                raise ValueError("ca.crt belongs to another key than ca.key")
        except (OSError, ValueError, TypeError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # nothing is wrong with the authority itself
            raise AigcError(
                "authority-unreadable",
                f"The coordinator's authority in {folder} cannot be used: {error}. Restore ca.key "
                "and ca.crt from the backup; without them every machine must join again.",
            ) from error
        return cls(folder, key, ca, clock)

    @property
    def ca_file(self) -> Path:
        """The authority's certificate as a file."""
        return self._folder / "ca.crt"

    def server_files(self, name: str, names: Iterable[str]) -> Files:
        """A server certificate for these names in ``<name>.crt``, made anew when it must be.

        The file holds leaf and CA, so that a client can compare the CA with its pin.
        """
        wanted = tuple(dict.fromkeys(n for n in names if n))
        files = Files(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        if not self._still_good(files, wanted):
            key_pem = new_key_pem()
            _write(files.key, key_pem, 0o600)
            _write(files.certificate, self._server_certificate(key_pem, wanted), 0o644)
        return files

    def sign_node(self, csr_pem: bytes, node_id: str) -> NodeCertificate:
        """A client certificate for a node, from a request's public key alone.

        Raises:
            AigcError: ``csr-invalid`` for a broken request or a weak key.
        """
        public_key = _requested_key(csr_pem)
        now = self._clock.now()
        certificate = (
            self._builder(public_key, now - _BACKDATED_NODE, now + NODE_VALID)
            .subject_name(
                x509.Name(
                    [
                        x509.NameAttribute(NameOID.ORGANIZATION_NAME, NODE_ORGANISATION),
                        x509.NameAttribute(NameOID.COMMON_NAME, node_id),
                    ]
                )
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
            .sign(self._key, hashes.SHA256())
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
            certificate.verify_directly_issued_by(self._ca)
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
        now = self._clock.now()
        certificate = (
            self._builder(key.public_key(), now - _BACKDATED_SERVER, now + _SERVER_VALID)
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
            .add_extension(x509.SubjectAlternativeName([_san(n) for n in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM) + self.ca_pem

    def _builder(
        self, public_key: ec.EllipticCurvePublicKey, not_before: datetime, not_after: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .issuer_name(self._ca.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(not_before, self._ca.not_valid_before_utc))
            .not_valid_after(min(not_after, self._ca.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )

    def _still_good(self, files: Files, names: tuple[str, ...]) -> bool:
        try:
            leaf = x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]
            key = serialization.load_pem_private_key(files.key.read_bytes(), None)
            leaf.verify_directly_issued_by(self._ca)
            held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False  # absent or broken: made anew
        return (
            leaf.public_key() == key.public_key()
            and list(held) == [_san(n) for n in names]
            and leaf.not_valid_after_utc - self._clock.now() > _SERVER_RENEWED_BEFORE
            and leaf.not_valid_before_utc <= self._clock.now()
        )


def _self_signed(key: ec.EllipticCurvePrivateKey, studio: str, now: datetime) -> bytes:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"{studio[:40]} AIGC Gateway authority")]
    )
    public_key = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED_SERVER - timedelta(days=1))
        .not_valid_after(now + _AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
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


def _write(path: Path, data: bytes, mode: int) -> None:
    """Replace a file in one step, with its mode right from the start."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
