"""Signing in without a browser on this machine: the device flow (RFC 8628).

A code is shown; a person enters it in a browser elsewhere, signs in there and agrees. This end
asks the sign-in service now and then whether that happened, and no more often than it wants.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from desktop_client.sign_in import (
    SignInOptions,
    Tokens,
    check_secure,
    discover,
    proof_of,
    tokens_of,
    web_of,
)
from desktop_client.web import Reply, WebError

_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL = 5.0  # seconds, where the service does not say
_LONGEST_INTERVAL = 60.0
_LONGEST_WAIT = 1800.0


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What the person needs: where to go, what to enter, and for how long that is good (seconds).

    Attributes:
        link: with the code in it, for a QR code; empty where there is none.
    """

    address: str
    code: str = field(repr=False)
    link: str = field(repr=False)
    seconds: float


async def sign_in(
    options: SignInOptions,
    show: Callable[[DevicePrompt], None],
    clock: Clock,
    timeout: float,
    device: str,
) -> Tokens:
    """Show a code and wait until somebody agreed to it in a browser elsewhere.

    Args:
        timeout: seconds the person has; less where the service gives less.
        device: what this machine calls itself, for whoever agrees.

    Raises:
        AigcError: refused, too late, or the service knows no such sign-in.
    """
    web = web_of(options)
    provider = await discover(web, options.issuer)
    if not provider.device_endpoint:
        raise AigcError(
            "device-sign-in-unknown",
            f"The sign-in service at {options.issuer} offers no sign-in by a code: leave out "
            "--device and open the printed address in a browser, or give this machine an API token "
            "in AIGC_TOKEN.",
        )
    form = proof_of(options) | {"scope": " ".join(options.scopes), "device_name": device}
    try:
        reply = await web.post(provider.device_endpoint, form)
    except WebError as error:
        raise _unreachable(options.issuer, str(error)) from error
    value = _object(reply)
    if reply.status != 200:
        raise _denied(options.issuer, value, f"it answered {reply.status}")
    device_code, prompt = _prompt(options.issuer, value, timeout)
    show(prompt)
    interval = _number(value.get("interval"), _INTERVAL)
    deadline = clock.monotonic() + prompt.seconds
    form = proof_of(options) | {"grant_type": _GRANT_TYPE, "device_code": device_code}
    while clock.monotonic() + interval <= deadline:
        await clock.sleep(interval)
        try:
            reply = await web.post(provider.token_endpoint, form)
        except WebError:
            interval = min(_LONGEST_INTERVAL, interval * 2)  # it may be back before the code ends
            continue
        value = _object(reply)
        if reply.status == 200:
            return tokens_of(options, value)
        match str(value.get("error") or ""):
            case "authorization_pending":
                continue
            case "slow_down":
                interval = min(_LONGEST_INTERVAL, interval + 5)
            case "expired_token":
                break
            case _ if reply.status >= 500 or reply.status == 429:
                interval = min(_LONGEST_INTERVAL, interval * 2)
            case refusal:
                raise _denied(options.issuer, value, refusal or f"it answered {reply.status}")
    raise AigcError(
        "sign-in-timeout",
        f"Nobody entered the code within {prompt.seconds / 60:.0f} minutes; start again.",
        ErrorKind.UNAUTHENTICATED,
    )


def _prompt(issuer: str, value: Mapping[str, Any], timeout: float) -> tuple[str, DevicePrompt]:
    device_code, code, address = (
        str(value.get(name) or "") for name in ("device_code", "user_code", "verification_uri")
    )
    link = str(value.get("verification_uri_complete") or "")
    if not device_code or not _plain(code) or not _plain(address) or (link and not _plain(link)):
        raise _denied(issuer, {}, "its answer lacks a code or an address")
    for shown in filter(None, (address, link)):
        check_secure(shown)
    seconds = min(timeout, _number(value.get("expires_in"), _LONGEST_WAIT), _LONGEST_WAIT)
    return device_code, DevicePrompt(address, code, link, seconds)


def _plain(text: str) -> bool:
    """Whether it can be printed in a terminal as it is."""
    return 0 < len(text) <= 500 and text.isascii() and text.isprintable()


def _number(value: Any, otherwise: float) -> float:
    return float(value) if type(value) in (int, float) and value > 0 else otherwise


def _object(reply: Reply) -> dict[str, Any]:
    try:
        value = json.loads(reply.body)
    except ValueError:
        return {}  # its status says the rest
    return value if isinstance(value, dict) else {}


def _denied(issuer: str, value: Mapping[str, Any], why: str) -> AigcError:
    said = str(value.get("error_description") or value.get("error") or why)[:200]
    if value.get("error") == "access_denied":
        said = "somebody said no to it"
    return AigcError(
        "sign-in-denied",
        f"The sign-in service at {issuer} refused: {said}. Try again, or ask IT.",
        ErrorKind.UNAUTHENTICATED,
    )


def _unreachable(issuer: str, why: str) -> AigcError:
    return AigcError(
        "issuer-unreachable",
        f"Cannot reach the sign-in service at {issuer}: {why}. "
        "Check the network or your VPN, then try again.",
        ErrorKind.UNAVAILABLE,
    )
