"""The story's browser: httpx with a cookie jar that treats localhost as a browser does.

Browsers resolve every name below ``localhost`` to this machine and count it as secure, so that
``Secure`` cookies work there over plain HTTP; an HTTP library does neither by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import httpx

from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
    "Upgrade-Insecure-Requests": "1",
}
_HOPS = 20


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a page: where it goes, and its fields as they stand."""

    action: str
    method: str
    fields: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)  # name -> input type


class Browser:
    """One person's browser. Use as an asynchronous context manager."""

    def __init__(self) -> None:
        policy = DefaultCookiePolicy(secure_protocols=("https", "http", "wss", "ws"))
        self._jar = CookieJar(policy)
        self._http = httpx.AsyncClient(
            transport=_Localhost(), cookies=self._jar, timeout=30, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def visit(self, url: str) -> httpx.Response:
        """Go to a page as a person does, following redirects."""
        return await self._navigate(httpx.Request("GET", url, headers=_NAVIGATION))

    async def submit(self, page: httpx.Response, answers: Mapping[str, str]) -> httpx.Response:
        """Fill in the page's form that asks for all the answers, and send it.

        A key of ``answers`` is a field's name, or ``type:KIND`` for every field of that type.

        Raises:
            AigcError: ``demo-form-missing`` when the page has no such form.
        """
        for form in forms(page.text):
            filled = _fill(form, answers)
            if filled is None:
                continue
            target = page.url.join(form.action) if form.action else page.url
            headers = _NAVIGATION | {
                "Sec-Fetch-Site": "same-origin",
                "Origin": f"{page.url.scheme}://{page.url.netloc.decode()}",
                "Referer": str(page.url),
            }
            if form.method == "get":
                return await self._navigate(
                    httpx.Request("GET", target.copy_merge_params(filled), headers=headers)
                )
            return await self._navigate(
                httpx.Request("POST", target, headers=headers, data=dict(filled))
            )
        asked = ", ".join(answers)
        raise AigcError(
            "demo-form-missing",
            f"{page.url} (status {page.status_code}) has no form that asks for {asked}.",
            ErrorKind.INTERNAL,
        )

    async def fetch(self, url: str) -> httpx.Response:
        """What a page's own script would get; starts nothing."""
        headers = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Accept": "*/*"}
        request = httpx.Request("GET", url, headers=headers)
        # Not the client's own way: it copies the cookies into a jar with another policy.
        self._http.cookies.set_cookie_header(request)
        return await self._http.send(request)

    async def socket(self, url: str) -> ClientConnection:
        """A WebSocket as the page at that place opens it: with its cookies and its Origin."""
        from websockets.asyncio.client import connect

        parts = urlsplit(url)
        page = httpx.Request("GET", url.replace("ws", "http", 1))
        self._http.cookies.set_cookie_header(page)
        headers = {"Cookie": page.headers["Cookie"]} if "Cookie" in page.headers else {}
        origin = f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        return await connect(
            url,
            origin=origin,  # type: ignore[arg-type]  # a NewType of str
            additional_headers=headers,
            host=_address(parts.hostname or ""),
            port=port,
            proxy=None,
            open_timeout=20,
        )

    async def _navigate(self, request: httpx.Request) -> httpx.Response:
        for _ in range(_HOPS):
            self._http.cookies.set_cookie_header(request)
            answer = await self._http.send(request, follow_redirects=False)
            if answer.next_request is None:
                return answer
            following = answer.next_request
            request = httpx.Request(
                following.method,
                following.url,
                headers=_NAVIGATION | {"Sec-Fetch-Site": "cross-site"},
                content=following.read() if following.method == "POST" else None,
            )
        raise AigcError(
            "demo-redirects",
            f"{request.url} is redirected without end.",
            ErrorKind.INTERNAL,
        )


class _Localhost(httpx.AsyncHTTPTransport):
    """Dials this machine for every name below localhost, and leaves the Host header alone."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if _address(host) != host:
            request = httpx.Request(
                request.method,
                request.url.copy_with(host=_address(host)),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        return await super().handle_async_request(request)


def _address(host: str) -> str:
    return "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host


def forms(html: str) -> list[Form]:
    """All forms of a page."""
    reader = _Forms()
    reader.feed(html)
    reader.close()
    return [
        Form(
            action,
            method,
            {name: value for name, (_, value) in fields.items()},
            {name: kind for name, (kind, _) in fields.items()},
        )
        for action, method, fields in reader.found
    ]


def _fill(form: Form, answers: Mapping[str, str]) -> dict[str, str] | None:
    filled = dict(form.fields)
    for key, value in answers.items():
        if key.startswith("type:"):
            names = [name for name, kind in form.kinds.items() if kind == key[5:]]
        else:
            names = [name for name in form.fields if name == key]
        if not names:
            return None
        filled.update(dict.fromkeys(names, value))
    return filled


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, tuple[str, str]]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = True
            self.found.append((values.get("action", ""), values.get("method", "get").lower(), {}))
        elif tag in ("input", "button") and self._inside and values.get("name"):
            kind = values.get("type", "text" if tag == "input" else "submit").lower()
            fields = self.found[-1][2]
            if kind == "submit" and any(k == "submit" for k, _ in fields.values()):
                return  # a browser sends the button that was pressed; the first one is
            if kind in ("checkbox", "radio") and "checked" not in values:
                return
            fields[values["name"]] = (kind, values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def decode(message: str | bytes) -> dict[str, object]:
    """A JSON object from a WebSocket message."""
    value = json.loads(message)
    assert isinstance(value, dict)
    return value
