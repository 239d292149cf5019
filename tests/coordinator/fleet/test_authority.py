"""The authority signs what it decides, never what a request asks for."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aigc.errors import AigcError
from aigc.tls import make_csr, new_key_pem
from coordinator.fleet.authority import Authority
from tests.coordinator.identity.house import TurnableClock


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def authority(tmp_path: Path, clock: TurnableClock) -> Authority:
    return Authority.open(tmp_path / "authority", "Studio", clock)


def test_the_key_is_for_its_owner_alone_and_stays(
    authority: Authority, tmp_path: Path, clock: TurnableClock
) -> None:
    key = tmp_path / "authority" / "ca.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    again = Authority.open(tmp_path / "authority", "Studio", clock)
    assert again.pin == authority.pin


def test_a_foreign_ca_file_is_noticed(
    authority: Authority, tmp_path: Path, clock: TurnableClock
) -> None:
    (tmp_path / "authority" / "ca.key").write_bytes(new_key_pem())
    with pytest.raises(AigcError, match="another key") as caught:
        Authority.open(tmp_path / "authority", "Studio", clock)
    assert caught.value.key == "authority-unreadable"


@pytest.mark.attack(19)
def test_a_request_gets_no_name_use_or_right_that_it_asks_for(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    greedy = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node-other")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("coordinator.aigc.internal")]), critical=False
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    made = authority.sign_node(greedy, "node-1")
    certificate = x509.load_pem_x509_certificate(made.pem)
    extensions = certificate.extensions
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "node-1"
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.SubjectAlternativeName)
    identity = authority.identify(made.pem)
    assert (identity.node_id, identity.serial) == ("node-1", made.serial)


def _csr(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.attack(19)
def test_weak_keys_broken_requests_and_bad_signatures_are_refused(authority: Authority) -> None:
    good = make_csr(new_key_pem(), "x")
    der = bytearray(x509.load_pem_x509_csr(good).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    tampered = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    weak = _csr(ec.generate_private_key(ec.SECP192R1()))
    for csr in (weak, _csr(rsa.generate_private_key(65537, 2048)), tampered, b"nonsense", b""):
        with pytest.raises(AigcError) as caught:
            authority.sign_node(csr, "node-1")
        assert caught.value.key == "csr-invalid"


@pytest.mark.attack(20)
def test_a_server_certificate_is_no_node(authority: Authority, tmp_path: Path) -> None:
    files = authority.server_files("coordinator", ("coordinator.aigc.internal",))
    leaf = files.certificate.read_bytes().split(b"-----END CERTIFICATE-----")[0]
    for pem in (leaf + b"-----END CERTIFICATE-----\n", authority.roots.now.bundle_pem, b""):
        with pytest.raises(AigcError) as caught:
            authority.identify(pem)
        assert caught.value.key == "certificate-foreign"


@pytest.mark.attack(20)
def test_a_certificate_of_another_authority_is_foreign(
    authority: Authority, tmp_path: Path, clock: TurnableClock
) -> None:
    other = Authority.open(tmp_path / "other", "Studio", clock)
    made = other.sign_node(make_csr(new_key_pem(), "x"), "node-1")
    with pytest.raises(AigcError):
        authority.identify(made.pem)


def test_server_certificates_are_kept_until_names_or_time_change(
    authority: Authority, clock: TurnableClock
) -> None:
    first = authority.server_files("zone", ("*.gw.lan", "gw.lan")).certificate.read_bytes()
    assert authority.server_files("zone", ("*.gw.lan", "gw.lan")).certificate.read_bytes() == first
    renamed = authority.server_files("zone", ("*.gw2.lan",)).certificate.read_bytes()
    assert renamed != first
    clock.ahead = timedelta(days=390).total_seconds()
    assert authority.server_files("zone", ("*.gw2.lan",)).certificate.read_bytes() != renamed
