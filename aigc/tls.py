"""TLS as all programs do it: one CA of the coordinator's own, known by the pin of its key.

The coordinator's and the gateway's certificates carry fixed names, so that a client may dial any
address and still check whom it reached (``grpc.ssl_target_name_override`` and the like).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import ssl
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aigc.errors import AigcError, ErrorKind

COORDINATOR_NAME = "coordinator.aigc.internal"
GATEWAY_NAME = "gateway.aigc.internal"
NODE_ORGANISATION = "aigc-node"

_PIN_PREFIX = "sha256:"


def spki_pin(cert_pem: bytes) -> str:
    """The pin of a certificate: ``sha256:`` and base64url of its public key's SHA-256, unpadded."""
    return _pin_of(x509.load_pem_x509_certificate(cert_pem))


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
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def make_csr(key_pem: bytes, common_name: str) -> bytes:
    """A certificate request (PEM) for a key; the signer decides every name in the certificate."""
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
    return _choose_authority(chain, pin, where)


def _choose_authority(chain: list[x509.Certificate], pin: str | None, where: str) -> bytes:
    authorities = [c for c in chain if _is_authority(c)]
    if not authorities:
        raise AigcError(
            "coordinator-not-ours",
            f"What answers at {where} is not an AIGC Gateway coordinator: it shows no authority "
            "of its own. Check the address and the port.",
            ErrorKind.UNAVAILABLE,
        )
    chosen = authorities[-1]
    if pin is not None:
        matching = [c for c in authorities if _pin_of(c) == pin]
        if not matching:
            raise AigcError(
                "pin-mismatch",
                f"The coordinator at {where} has another key ({_pin_of(chosen)}) than the one "
                f"given ({pin}): somebody may be in between, or the coordinator was installed "
                "anew. Ask IT for a fresh join command or pin.",
                ErrorKind.FORBIDDEN,
            )
        chosen = matching[0]
    return chosen.public_bytes(serialization.Encoding.PEM)


def _pin_of(certificate: x509.Certificate) -> str:
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashlib.sha256(spki).digest()
    return _PIN_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError, UnsupportedAlgorithm):
        return False


def _peer_chain(tls: Any) -> list[x509.Certificate]:
    """The certificates the peer sent, leaf first (public in Python 3.13, private before)."""
    if hasattr(tls, "get_unverified_chain"):
        ders = list(tls.get_unverified_chain())
    else:
        ders = [
            ssl.PEM_cert_to_DER_cert(c.public_bytes()) for c in tls._sslobj.get_unverified_chain()
        ]
    return [x509.load_der_x509_certificate(der) for der in ders]
