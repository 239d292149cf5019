"""The authorities that this studio trusts, on disk: who signs, its successor, its forerunner.

A rotation has three steps, so that nobody is locked out. *Announced*: the successor exists and
everybody who connects learns it, but the old one still signs. *Switched*: the successor signs, the
old one is still trusted. Then the old one is forgotten. ``authority.json`` is replaced as the last
act of each step; a crash in between leaves the step before.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from aigc.tls import new_key_pem, spki_pin

AUTHORITY_VALID = timedelta(days=3650)
# Clocks of a studio differ: what is made now must work on a machine that is a bit behind.
_BACKDATED = timedelta(days=2)


class Phase(StrEnum):
    """How far a rotation is."""

    STEADY = "steady"  # one authority
    ANNOUNCED = "announced"  # a successor is known beforehand
    SWITCHED = "switched"  # the successor signs; the forerunner is still trusted


@dataclass(frozen=True, slots=True)
class Root:
    """One authority: its certificate, and what people compare."""

    name: str  # of its files
    pem: bytes
    pin: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class _State:
    signing: str = "ca"
    successor: str = ""
    forerunner: str = ""
    since: datetime | None = None
    number: int = 1  # of the newest that was ever made, so that no name comes twice
    gone: tuple[str, ...] = field(default=())  # pins that were trusted once


@dataclass(frozen=True, slots=True)
class Standing:
    """Which authorities there are at one moment; read it once for everything that belongs together.

    Attributes:
        key: of the authority that signs.
        trusted, certificates: all that are trusted, the signing one first.
        since: since when the phase holds; None while steady.
    """

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    trusted: tuple[Root, ...]
    certificates: tuple[x509.Certificate, ...] = field(repr=False)
    phase: Phase
    since: datetime | None

    @property
    def signing(self) -> Root:
        return self.trusted[0]

    @property
    def bundle_pem(self) -> bytes:
        """All trusted authorities, the signing one first."""
        return b"".join(root.pem for root in self.trusted)


class Roots:
    """See the module. Methods do file work: call them in a thread from the event loop.

    Attributes:
        now: which authorities there are; replaced as a whole.
    """

    now: Standing

    def __init__(self, folder: Path, studio: str, clock: Clock, state: _State) -> None:
        self._folder = folder
        self._studio = studio
        self._clock = clock
        self._take(state)

    @classmethod
    def open(cls, folder: Path, studio: str, clock: Clock) -> Self:
        """Those in the folder; the first one is made at the first call.

        Raises:
            AigcError: ``authority-unreadable``.
            OSError: the disk takes nothing.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            state = _read_state(folder / "authority.json")
            key_file, ca_file = folder / "ca.key", folder / "ca.crt"
            if state.number == 1 and not ca_file.exists():
                if not key_file.exists():
                    write_file(key_file, new_key_pem(), 0o600)
                key = _read_key(key_file)
                write_file(ca_file, _self_signed(key, studio, 1, clock.now()), 0o644)
            return cls(folder, studio, clock, state)
        except (OSError, ValueError, TypeError, KeyError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # nothing is wrong with the authority itself
            raise AigcError(
                "authority-unreadable",
                f"The coordinator's authority in {folder} cannot be used: {error}. Restore the "
                "whole folder from the backup; without it every machine must join again.",
            ) from error

    @property
    def bundle_file(self) -> Path:
        """The trusted ones as a file, for a program that reads it; replaced at each step."""
        return self._folder / "trusted.crt"

    # --- the steps ---------------------------------------------------------------------------

    def announce(self) -> None:
        """Make a successor, known to all who connect from now on.

        Raises:
            AigcError: ``rotation-underway``.
        """
        self._expect(Phase.STEADY, "A rotation is under way already: see how far it is.")
        state, number = self._state, self._state.number + 1
        name = f"ca-{number}"
        key_pem = new_key_pem()
        write_file(self._folder / f"{name}.key", key_pem, 0o600)
        key = _read_key(self._folder / f"{name}.key")
        pem = _self_signed(key, self._studio, number, self._clock.now())
        write_file(self._folder / f"{name}.crt", pem, 0o644)
        self._write(_State(state.signing, name, "", self._clock.now(), number, state.gone))

    def cancel(self) -> None:
        """Forget the successor; who has learned it trusts it no longer once connected again.

        Raises:
            AigcError: ``rotation-step``: nothing is announced.
        """
        self._expect(Phase.ANNOUNCED, "No successor is announced, so there is nothing to cancel.")
        state = self._state
        self._write(_State(state.signing, "", "", None, state.number, state.gone))
        self._remove(state.successor)

    def switch(self) -> None:
        """The successor signs from now on.

        Raises:
            AigcError: ``rotation-step``: nothing is announced.
        """
        self._expect(Phase.ANNOUNCED, "No successor is announced: announce one first.")
        state = self._state
        self._write(
            _State(state.successor, "", state.signing, self._clock.now(), state.number, state.gone)
        )

    def finish(self) -> None:
        """Trust the forerunner no longer, and destroy its key.

        Raises:
            AigcError: ``rotation-step``: there is none.
        """
        self._expect(Phase.SWITCHED, "The successor does not sign yet: switch first.")
        state, before = self._state, self.now.trusted[1]
        gone = (*state.gone, before.pin)
        self._write(_State(state.signing, "", "", None, state.number, gone))
        self._remove(state.forerunner)

    # --- inside ------------------------------------------------------------------------------

    def _expect(self, phase: Phase, otherwise: str) -> None:
        if self.now.phase is not phase:
            key = "rotation-underway" if phase is Phase.STEADY else "rotation-step"
            raise AigcError(key, otherwise, ErrorKind.CONFLICT)

    def _write(self, state: _State) -> None:
        """The new state holds from the moment its file is replaced, in memory and on the disk."""
        value = {
            "signing": state.signing,
            "successor": state.successor,
            "forerunner": state.forerunner,
            "since_ms": milliseconds(state.since),
            "number": state.number,
            "gone": list(state.gone),
        }
        data = (json.dumps(value, indent=1) + "\n").encode()
        write_file(self._folder / "authority.json", data, 0o644)
        self._take(state)

    def _take(self, state: _State) -> None:
        key = _read_key(self._folder / f"{state.signing}.key")
        names = [n for n in (state.signing, state.successor, state.forerunner) if n]
        trusted = tuple(_read_root(self._folder, name) for name in names)
        certificates = tuple(x509.load_pem_x509_certificate(root.pem) for root in trusted)
        if certificates[0].public_key() != key.public_key():
            raise ValueError(f"{state.signing}.crt belongs to another key than {state.signing}.key")
        phase = Phase.STEADY
        if state.successor or state.forerunner:
            phase = Phase.ANNOUNCED if state.successor else Phase.SWITCHED
        self._state = state
        self.now = Standing(key, trusted, certificates, phase, state.since)
        bundle = self.now.bundle_pem
        if not self.bundle_file.exists() or self.bundle_file.read_bytes() != bundle:
            write_file(self.bundle_file, bundle, 0o644)

    def _remove(self, name: str) -> None:
        for ending in ("key", "crt"):
            (self._folder / f"{name}.{ending}").unlink(missing_ok=True)


def _read_state(file: Path) -> _State:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _State()
    return _State(
        signing=str(value["signing"]),
        successor=str(value["successor"]),
        forerunner=str(value["forerunner"]),
        since=from_milliseconds(int(value["since_ms"])),
        number=int(value["number"]),
        gone=tuple(str(pin) for pin in value["gone"]),
    )


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{file.name} is not an elliptic-curve key")
    return key


def _read_root(folder: Path, name: str) -> Root:
    pem = (folder / f"{name}.crt").read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    return Root(
        name,
        pem,
        spki_pin(pem),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def _self_signed(key: ec.EllipticCurvePrivateKey, studio: str, number: int, now: datetime) -> bytes:
    # Each has a name of its own: where two are trusted, a verifier finds the issuer by its name.
    suffix = "" if number == 1 else f" {number}"
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"{studio[:38]} AIGC Gateway authority{suffix}")]
    )
    public_key = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Signing, and for an authority: signing certificates."""
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


def write_file(path: Path, data: bytes, mode: int) -> None:
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
