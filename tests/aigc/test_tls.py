"""The pin of a certificate, read without a library, is what the library says it is."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import ssl
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from aigc.tls import spki_pin

_KEYS: dict[str, CertificateIssuerPrivateKeyTypes] = {
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(65537, 2048),
}


def certificate(kind: str, name: str = "x", serial: int = 1) -> x509.Certificate:
    key = _KEYS[kind]
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(at)
        .not_valid_after(at + datetime.timedelta(days=1))
        .sign(key, None if kind == "ed25519" else hashes.SHA256())
    )


_DER = certificate("p256").public_bytes(serialization.Encoding.DER)


@given(
    kind=st.sampled_from(list(_KEYS)),
    name=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=16),
    serial=st.integers(1, 2**158),
    before=st.sampled_from([b"", b"A studio's CA\n"]),
)
def test_the_pin_is_the_hash_of_the_public_key(
    kind: str, name: str, serial: int, before: bytes
) -> None:
    made = certificate(kind, name, serial)
    info = made.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.urlsafe_b64encode(hashlib.sha256(info).digest()).rstrip(b"=").decode()
    pem = before + made.public_bytes(serialization.Encoding.PEM)
    assert spki_pin(pem) == f"sha256:{digest}"


@given(cut=st.integers(0, len(_DER)), extra=st.binary(max_size=20))
def test_a_damaged_certificate_is_refused_or_has_some_pin(cut: int, extra: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert spki_pin(ssl.DER_cert_to_PEM_cert(_DER[:cut] + extra).encode()).startswith("sha256:")


@pytest.mark.parametrize("text", [b"", b"x", b"-----BEGIN CERTIFICATE-----\n!!\n"])
def test_what_is_no_certificate(text: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        spki_pin(text)


def test_a_pin_costs_no_library() -> None:
    words = "import sys, aigc.tls; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
