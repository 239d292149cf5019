"""TLS as all programs do it: one CA of the coordinator's own, known by the pin of its key.

The coordinator's and the gateway's certificates carry fixed names, so that a client may dial any
address and still check whom it reached (``grpc.ssl_target_name_override`` and the like).

``cryptography`` is loaded by what makes keys and looks for authorities. A pin is checked
without it, because the tray does that at every start.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import ssl
from typing import Any

from aigc.errors import AigcError, ErrorKind

COORDINATOR_NAME = "coordinator.aigc.internal"
GATEWAY_NAME = "gateway.aigc.internal"
NODE_ORGANISATION = "aigc-node"

_PIN_PREFIX = "sha256:"


def spki_pin(cert_pem: bytes) -> str:
    """The pin of a certificate: ``sha256:`` and base64url of its public key's SHA-256, unpadded.

    Raises:
        ValueError: this is no certificate.
    """
    begin, end = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
    _, found, rest = cert_pem.partition(begin)
    body, ended, _ = rest.partition(end)
    if not found or not ended:
        raise ValueError("no certificate in PEM")
    return _pin_of(base64.b64decode(b"".join(body.split()), validate=True))


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[v6]:port``.

    Raises:
        AigcError: ``address-invalid``.
    """
    host, separator, port = address.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        separator = ""
    if not separator or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise AigcError(
            "address-invalid",
            f'"{address}" is not an address: write host:port, for example aigc.studio.lan:7443.',
        )
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def new_key_pem() -> bytes:
    """A fresh EC P-256 private key, PKCS #8, unencrypted: the caller stores it with mode 0600."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def make_csr(key_pem: bytes, common_name: str) -> bytes:
    """A certificate request (PEM) for a key; the signer decides every name in the certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AigcError("key-unsupported", "The private key is not an elliptic-curve key.")
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


async def fetch_authority(host: str, port: int, pin: str | None, timeout: float = 10) -> bytes:
    """The coordinator's CA (PEM), from the chain that its server sends.

    With a pin the CA is taken only if its key has it. Without one the caller must show the pin to
    somebody who can compare it. Nothing else is sent over this connection.

    Raises:
        AigcError: says which of name, network, TLS and pin failed.
    """
    where = join_address(host, port)
    # Nothing is trusted by this handshake: the pin decides below, and every later connection
    # verifies the chain against the authority that was accepted here.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=COORDINATOR_NAME
            )
    except socket.gaierror as error:
        raise AigcError(
            "coordinator-name-unknown",
            f"Cannot reach the coordinator at {where}: the name {host} does not resolve. "
            "Check the address with IT or your VPN.",
            ErrorKind.UNAVAILABLE,
        ) from error
    except ssl.SSLError as error:
        raise AigcError(
            "coordinator-not-tls",
            f"What answers at {where} does not speak TLS: check that the port is the "
            "coordinator's (7443 unless IT changed it).",
            ErrorKind.UNAVAILABLE,
        ) from error
    except TimeoutError as error:
        raise AigcError(
            "coordinator-no-answer",
            f"Cannot reach the coordinator at {where}: no answer within {timeout:g} s. "
            "Check the network, the VPN and firewalls in between.",
            ErrorKind.UNAVAILABLE,
        ) from error
    except ConnectionRefusedError as error:
        raise AigcError(
            "coordinator-refused",
            f"Cannot reach the coordinator at {where}: the machine is there, but nothing listens "
            "on that port. Check the port, and that the coordinator runs.",
            ErrorKind.UNAVAILABLE,
        ) from error
    except OSError as error:
        raise AigcError(
            "coordinator-unreachable",
            f"Cannot reach the coordinator at {where}: {error.strerror or error}. "
            "Check the network and the VPN.",
            ErrorKind.UNAVAILABLE,
        ) from error
    try:
        chain = _peer_chain(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()
    return await asyncio.to_thread(_choose_authority, chain, pin, where)  # loads a library


def _choose_authority(chain: list[bytes], pin: str | None, where: str) -> bytes:
    authorities = [der for der in chain if _is_authority(der)]
    if not authorities:
        raise AigcError(
            "coordinator-not-ours",
            f"What answers at {where} is not an AIGC Gateway coordinator: it shows no authority "
            "of its own. Check the address and the port.",
            ErrorKind.UNAVAILABLE,
        )
    chosen = authorities[-1]
    if pin is not None:
        matching = [der for der in authorities if _pin_of(der) == pin]
        if not matching:
            raise AigcError(
                "pin-mismatch",
                f"The coordinator at {where} has another key ({_pin_of(chosen)}) than the one "
                f"given ({pin}): somebody may be in between, or the coordinator was installed "
                "anew. Ask IT for a fresh join command or pin.",
                ErrorKind.FORBIDDEN,
            )
        chosen = matching[0]
    return ssl.DER_cert_to_PEM_cert(chosen).encode("ascii")


def _pin_of(der: bytes) -> str:
    digest = hashlib.sha256(_public_key_info(der)).digest()
    return _PIN_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _public_key_info(der: bytes) -> bytes:
    """A certificate's SubjectPublicKeyInfo, byte for byte (RFC 5280, section 4.1)."""
    _, at, _ = _element(der, 0)  # the certificate
    _, at, _ = _element(der, at)  # what is signed of it
    tag, _, end = _element(der, at)
    if tag == _VERSION:
        at = end
    for _ in range(5):  # serial number, signature, issuer, validity, subject
        _, _, at = _element(der, at)
    tag, _, end = _element(der, at)
    if tag != _SEQUENCE:
        raise ValueError("no public key in the certificate")
    return der[at:end]


_SEQUENCE, _VERSION = 0x30, 0xA0


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, where the content begins and where it ends, of the DER element there."""
    if at + 2 > len(der):
        raise ValueError("the certificate is cut short")
    tag, length, begin = der[at], der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[begin : begin + count], "big")
        begin += count
    if begin + length > len(der):
        raise ValueError("the certificate is cut short")
    return tag, begin, begin + length


def _is_authority(der: bytes) -> bool:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        certificate = x509.load_der_x509_certificate(der)
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError, UnsupportedAlgorithm):
        return False


def _peer_chain(tls: Any) -> list[bytes]:
    """The certificates the peer sent (DER), leaf first (public in Python 3.13, private before)."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain())
    return [ssl.PEM_cert_to_DER_cert(c.public_bytes()) for c in tls._sslobj.get_unverified_chain()]
