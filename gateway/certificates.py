"""The gateway's certificates and the authorities that it trusts, as files that others renew.

Whoever renews them replaces the files; connections from then on use the new ones. An authority
that is not trusted any more is forgotten at the gateway's next start: until then the machines' own
serial numbers, which the coordinator keeps, refuse what it signed.
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aigc.errors import AigcError
from aigc.tls import split_address
from gateway.tunnel_end import server_context

log = logging.getLogger(__name__)


class Options(Protocol):
    """Which files, as the command line named them."""

    @property
    def listen(self) -> str: ...
    @property
    def tunnel_certificate(self) -> str: ...
    @property
    def tunnel_key(self) -> str: ...
    @property
    def ca(self) -> str: ...
    @property
    def certificate(self) -> str: ...
    @property
    def key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Pair:
    """A certificate file with the file of its key (the same one, if empty)."""

    certificate: str
    key: str

    def load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self.certificate, self.key or None)


class Certificates:
    """Reads files: make it, and call its methods, in a thread.

    Attributes:
        public: for browsers; None on loopback without TLS.
        tunnel: for the machines' tunnels.

    Raises:
        AigcError: ``plain-http-refused`` or ``certificate-unreadable``.
    """

    def __init__(self, options: Options) -> None:
        if not options.certificate and not _is_loopback(split_address(options.listen)[0]):
            raise AigcError(
                "plain-http-refused",
                f"The gateway serves plain HTTP on loopback only, not on {options.listen}: "
                "give --certificate and --key, or listen on 127.0.0.1.",
            )
        self._ca = options.ca
        self._tunnel = _Pair(options.tunnel_certificate, options.tunnel_key)
        self._public = _Pair(options.certificate, options.key) if options.certificate else None
        self._stamp = self._now()
        try:
            self.public: ssl.SSLContext | None = None
            if self._public is not None:
                self.public = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self.public.minimum_version = ssl.TLSVersion.TLSv1_2
                self._public.load(self.public)
                self.public.set_alpn_protocols(["http/1.1"])
            self.tunnel = server_context(options.tunnel_certificate, options.tunnel_key, options.ca)
        except (OSError, ssl.SSLError) as error:
            where = getattr(error, "filename", None) or "its certificates"
            raise AigcError(
                "certificate-unreadable",
                f"The gateway cannot use {where}: {error}. Check the files and who may read them.",
            ) from error

    def follow(self) -> None:
        """Take up what was replaced since the last look."""
        stamp = self._now()
        if stamp == self._stamp:
            return
        try:
            if self._public is not None and self.public is not None:
                self._public.load(self.public)
            self._tunnel.load(self.tunnel)
            self.tunnel.load_verify_locations(self._ca)
        except (OSError, ssl.SSLError) as error:
            # Perhaps only half of a pair is replaced yet: what was loaded stays, and the next look
            # tries again.
            log.warning("renewed certificates cannot be used yet: %s", error)
            return
        self._stamp = stamp
        log.info("renewed certificates are in use")

    def _now(self) -> tuple[int, ...]:
        names = [self._tunnel.certificate, self._ca]
        names += [self._public.certificate] if self._public is not None else []
        return tuple(_changed_at(Path(name)) for name in names)


def _changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0  # told by whoever reads it


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
