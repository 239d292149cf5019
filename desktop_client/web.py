"""One HTTP request at a time, with the standard library alone.

The tray asks the sign-in service once an hour: an HTTP library would take an eighth of its memory
for that, and even the standard one is loaded when it is needed. The system's proxies are used as
the system says. No redirect is followed: a sign-in service that sends its clients elsewhere is
not one to trust.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import aigc

T = TypeVar("T")

SECONDS = 15.0  # for each step: connecting, each part of the answer
_WHOLE_SECONDS = 40.0
_LARGEST = 1 << 20  # bytes of an answer; what is asked for here is far smaller


class WebError(Exception):
    """No answer; the text says why, in words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered, whatever its status."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Web:
    """Attributes: ca_pem: trusted beside the system's own; direct: go past any proxy."""

    ca_pem: bytes = b""
    direct: bool = False

    async def get(self, address: str) -> Reply:
        """Raises WebError."""
        return await self._ask(address, None)

    async def post(self, address: str, form: Mapping[str, str]) -> Reply:
        """Raises WebError."""
        return await self._ask(address, urlencode(form).encode("ascii"))

    async def _ask(self, address: str, data: bytes | None) -> Reply:
        try:
            async with asyncio.timeout(_WHOLE_SECONDS):
                return await _in_thread(lambda: self._answer(address, data))
        except TimeoutError as error:
            raise WebError(f"no answer within {_WHOLE_SECONDS:g} s") from error

    def _answer(self, address: str, data: bytes | None) -> Reply:
        import http.client
        import urllib.error
        import urllib.request

        class NoRedirects(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        said = {"Accept": "application/json", "User-Agent": f"aigc-gateway/{aigc.__version__}"}
        request = urllib.request.Request(address, data, said)  # noqa: S310 - https, by the callers
        context = ssl.create_default_context()
        if self.ca_pem:
            context.load_verify_locations(cadata=self.ca_pem.decode("ascii"))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({} if self.direct else None),
            urllib.request.HTTPSHandler(context=context),
            NoRedirects(),
        )
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                return Reply(answer.status, answer.read(_LARGEST))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read(_LARGEST))
        except urllib.error.URLError as error:
            raise WebError(_cause(error.reason)) from error
        except (OSError, http.client.HTTPException) as error:
            raise WebError(_cause(error)) from error


def _cause(reason: BaseException | str) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {SECONDS:g} s"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "its certificate is not trusted here"
    words = reason.strerror if isinstance(reason, OSError) else str(reason)
    return (words or type(reason).__name__)[:200]


async def _in_thread(work: Callable[[], T]) -> T:
    """In a thread that nobody waits for: giving up, and ending the program, are at once."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if result.done():
            return  # given up meanwhile
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, failure = None, None
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=run, name="web", daemon=True).start()
    return await result
