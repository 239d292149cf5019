"""What a check of the provider finds, and why one could not be reached, in words."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import httpx

SECONDS = 10.0


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # works, with a limit that IT should know
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and a sentence about it."""

    name: str
    level: Level
    message: str


def unreached(address: str, error: httpx.HTTPError) -> str:
    """Why the provider did not answer, and what to do."""
    host = urlsplit(address).netloc
    cause = error.__cause__ or error.__context__ or error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {host} is not trusted here ({cause.verify_message}): give its "
            "authority's PEM file in oidc.ca_file, or correct the name in oidc.issuer."
        )
    if isinstance(cause, ssl.SSLError):
        return f"{host} does not speak TLS ({cause.reason}): check the port in oidc.issuer."
    if isinstance(error, httpx.TimeoutException):
        return (
            f"{host} did not answer within {SECONDS:.0f} s: check the network and any firewall "
            "between this machine and the provider."
        )
    return (
        f"{host} cannot be reached ({str(cause) or type(error).__name__}): check oidc.issuer, DNS, "
        "and that the provider runs."
    )


def secure(address: str) -> bool:
    """Whether an address is https, or http on loopback."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    return parts.scheme == "https" or local
