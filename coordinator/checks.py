"""``aigc coordinator check``: what is missing or misconfigured, in words, before people notice."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from aigc.clock import Clock, SystemClock
from aigc.errors import AigcError
from aigc.tls import split_address
from coordinator.catalogue import Loaded, load
from coordinator.config import CoordinatorConfig, is_loopback, read_secret

_NEEDED_BYTES = 1 << 30
_SOCKET_PATH_MAX = 100
_EXPIRES_SOON = timedelta(days=21)
_RESOLVE_SECONDS = 5.0
# A label that nobody has: whether the wildcard resolves, not one name of it.
_PROBE_LABEL = "aigc-check-8f3k"
_OLDEST_SENSIBLE_YEAR = 2026


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    message: str


async def check(config: CoordinatorConfig, clock: Clock | None = None) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    clock = clock or SystemClock()
    running = await asyncio.to_thread(_running, config.state_dir)
    findings = [
        await _in_thread("state folder", lambda: _state_folder(config.state_dir)),
        await _in_thread("clock", lambda: _clock(clock, config.state_dir)),
        await _in_thread("catalogue", lambda: _catalogue(config)),
        await _in_thread("secrets", lambda: _secrets(config)),
        await _words("zone", _zone(config)),
        await _words("name", _host(config)),
        await _in_thread("certificate", lambda: _certificate(config, clock)),
    ]
    for name, address in _listeners(config):
        findings.append(await _words(f"port {name}", _port(address, running=running is not None)))
    findings.append(
        Finding(
            "coordinator",
            True,
            f"It runs now (process {running})." if running else "It does not run now.",
        )
    )
    return findings


class _Wrong(Exception):  # noqa: N818 - it reads as what was found
    """What is wrong, in one sentence."""


async def _in_thread(name: str, look: Callable[[], str]) -> Finding:
    return await _words(name, asyncio.to_thread(look))


async def _words(name: str, looking: Awaitable[str]) -> Finding:
    try:
        return Finding(name, True, await looking)
    except (_Wrong, AigcError) as found:
        return Finding(name, False, str(found))


def _running(state_dir: Path) -> int | None:
    """The process id of the coordinator that serves from this folder now, if one does."""
    try:
        pid = int(json.loads((state_dir / "ready.json").read_text("utf-8"))["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid


def _state_folder(state_dir: Path) -> str:
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = state_dir / ".check"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise _Wrong(
            f"{state_dir} cannot be written: {error.strerror or error}. Make it and give it to "
            "the user that runs the coordinator."
        ) from error
    if len(str(state_dir)) > _SOCKET_PATH_MAX - len("/gateway.sock"):
        raise _Wrong(
            f"{state_dir} is too long a path for the gateway's socket in it: choose a shorter "
            "state_dir."
        )
    free = shutil.disk_usage(state_dir).free
    if free < _NEEDED_BYTES:
        raise _Wrong(
            f"{state_dir} has {free / 1e6:.0f} MB free: keep at least 1 GB, or the ledger cannot "
            "be written one day."
        )
    return f"{state_dir} can be written, {free / 1e9:.1f} GB free."


def _clock(clock: Clock, state_dir: Path) -> str:
    now = clock.now()
    if now.year < _OLDEST_SENSIBLE_YEAR:
        raise _Wrong(f"This machine's clock says {now:%Y-%m-%d}: set it (NTP).")
    ca = state_dir / "authority" / "ca.crt"
    if ca.exists():
        try:
            begins = x509.load_pem_x509_certificate(ca.read_bytes()).not_valid_before_utc
        except (OSError, ValueError) as error:
            raise _Wrong(f"{ca} cannot be read: {error}. Restore it from the backup.") from error
        if now < begins:
            raise _Wrong(
                f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, before its own authority "
                f"was made ({begins:%Y-%m-%d}): set it (NTP)."
            )
    return f"{now:%Y-%m-%d %H:%M} UTC; compare it with a clock that you trust."


def _catalogue(config: CoordinatorConfig) -> str:
    loaded = load(
        config.catalogue_dir,
        Loaded(),
        registries=set(config.registries),
        secrets=set(config.secrets),
    )
    if loaded.problems:
        more = len(loaded.problems) - 1
        raise _Wrong(f"{loaded.problems[0]}" + (f" (and {more} more problems)" if more > 0 else ""))
    if not loaded.engines:
        raise _Wrong(
            f"{config.catalogue_dir} holds no engine: copy a template from examples/engines."
        )
    names = ", ".join(sorted(e.name.en for e in loaded.engines.values()))
    return f"{len(loaded.engines)} engines: {names}."


def _secrets(config: CoordinatorConfig) -> str:
    count = 0
    for name, file in config.secrets.items():
        read_secret(file, f"secret {name}")
        count += 1
    for name, registry in config.registries.items():
        read_secret(registry.password_file, f"password of {name}")
        count += 1
    return f"{count} files can be read."


async def _zone(config: CoordinatorConfig) -> str:
    zone = config.gateway.zone
    name = f"{_PROBE_LABEL}.{zone}"
    if zone == "localhost":
        if not is_loopback(split_address(config.gateway.listen)[0]):
            raise _Wrong(
                "gateway.zone is localhost, so only a browser on this machine finds the engines: "
                "set gateway.zone to a zone of yours, for example gw.studio.lan."
            )
        return "Engines are at *.localhost: for browsers on this machine only."
    addresses = await _resolve(
        name,
        f"{name} does not resolve: engines have a host name each below {zone}. Add a wildcard "
        f"record *.{zone} that points to the gateway.",
    )
    return f"*.{zone} resolves to {', '.join(addresses)}."


async def _host(config: CoordinatorConfig) -> str:
    host = config.public.host
    addresses = await _resolve(
        host,
        f"public.host is {host}, which does not resolve here: machines and desktops reach the "
        "coordinator by it. Set it to a name of this machine, or add a record.",
    )
    return f"{host} resolves to {', '.join(addresses)}."


async def _resolve(name: str, wrong: str) -> list[str]:
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                name, None, type=socket.SOCK_STREAM
            )
    except (OSError, TimeoutError) as error:
        raise _Wrong(wrong) from error
    return sorted({str(entry[4][0]) for entry in found})


def _certificate(config: CoordinatorConfig, clock: Clock) -> str:
    gateway = config.gateway
    if not gateway.tls:
        return "Plain HTTP, on loopback only."
    if gateway.certificate is None or gateway.key is None:
        return (
            f"The wildcard *.{gateway.zone} comes from the coordinator's own authority: browsers "
            "must trust it (docs/install.md)."
        )
    try:
        leaf = x509.load_pem_x509_certificates(gateway.certificate.read_bytes())[0]
        key = serialization.load_pem_private_key(gateway.key.read_bytes(), None)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(gateway.certificate, gateway.key)
    except (OSError, ValueError, TypeError) as error:
        raise _Wrong(
            f"{gateway.certificate} with {gateway.key} cannot be used: {error}. Give a PEM chain "
            "and its key without a password."
        ) from error
    if leaf.public_key() != key.public_key():
        raise _Wrong(f"{gateway.key} is not the key of {gateway.certificate}.")
    names = _names(leaf)
    if f"*.{gateway.zone}" not in names:
        raise _Wrong(
            f"{gateway.certificate} is for {', '.join(names) or 'no name'}, not for "
            f"*.{gateway.zone}: order a wildcard certificate for the zone."
        )
    left = leaf.not_valid_after_utc - clock.now()
    if left < _EXPIRES_SOON:
        raise _Wrong(
            f"{gateway.certificate} ends on {leaf.not_valid_after_utc:%Y-%m-%d}: renew it."
        )
    return f"It is for *.{gateway.zone} and ends on {leaf.not_valid_after_utc:%Y-%m-%d}."


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.value.get_values_for_type(x509.DNSName)]


def _listeners(config: CoordinatorConfig) -> list[tuple[str, str]]:
    listen, gateway = config.listen, config.gateway
    return [
        ("creators", listen.creators),
        ("nodes", listen.nodes),
        ("web", listen.web),
        ("gateway", gateway.listen),
        ("tunnel", gateway.tunnel_listen),
    ]


async def _port(address: str, *, running: bool) -> str:
    host, port = split_address(address)
    if port == 0:
        return "A free one is taken."
    if running:
        await _answers(host, port)
        return f"{address} answers."
    await asyncio.to_thread(_bind, host, port)
    return f"{address} is free."


async def _answers(host: str, port: int) -> None:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            _, writer = await asyncio.open_connection(target, port)
    except (OSError, TimeoutError) as error:
        raise _Wrong(
            f"The coordinator runs, but nothing answers at {target}:{port}: read its log."
        ) from error
    writer.transport.abort()


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _Wrong(
                f"{host}:{port} cannot be used: {error.strerror or error}. Stop the program that "
                "has it, or set another port."
            ) from error
