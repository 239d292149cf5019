"""What every page needs: forms, cookies, CSRF, languages, headers and errors."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from aigc.errors import AigcError, ErrorKind
from coordinator.api.web.texts import text
from coordinator.identity.throttle import TooManyAttemptsError

SESSION_COOKIE = "__Host-aigc-session"
ISSUER_COOKIE = "__Host-aigc-issuer"
SECOND_COOKIE = "__Host-aigc-second"  # between password and second factor
CSRF_COOKIE = "__Host-aigc-csrf"
LANGUAGE_COOKIE = "__Host-aigc-language"
_FORM_LIMIT = 16 * 1024  # bytes
_HERE = Path(__file__).parent

STATUS = {
    ErrorKind.INVALID: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.LIMIT: 429,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.INTERNAL: 500,
}


@dataclass(frozen=True, slots=True)
class Form:
    """A posted form whose origin and CSRF token were checked."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


class Pages:
    """Renders templates and checks what browsers post. One per application."""

    def __init__(self, web_url: str, studio_name: str) -> None:
        self.web_url = web_url
        self._studio_name = studio_name
        self._key = secrets.token_bytes(32)
        # Everything is read now: no page touches the disk while the loop runs.
        folder = _HERE / "templates"
        sources = {path.name: path.read_text("utf-8") for path in folder.glob("*.html")}
        self._templates = jinja2.Environment(
            loader=jinja2.DictLoader(sources),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.assets = {
            path.name: path.read_bytes() for path in (_HERE / "static").glob("*") if path.is_file()
        }
        version = hashlib.sha256(b"".join(self.assets[name] for name in sorted(self.assets)))
        self._version = version.hexdigest()[:12]

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        form_to: str = "",
        **values: Any,
    ) -> HTMLResponse:
        """A whole page. ``form_to``: further sources that a form of the page may lead to."""
        language = language_of(request)
        cookie = request.cookies.get(CSRF_COOKIE, "")
        fresh = len(cookie) != 43
        if fresh:
            cookie = secrets.token_urlsafe(32)
        body = self._templates.get_template(template).render(
            t=lambda key, **names: text(key, language, **names),
            lang=language,
            html_lang="zh-CN" if language == "zh" else "en",
            studio=self._studio_name,
            csrf=self._csrf(cookie),
            version=self._version,
            here=_here(request),
            **values,
        )
        response = HTMLResponse(body, status, {"Content-Security-Policy": policy(form_to)})
        response.headers["Vary"] = "Accept-Language, Cookie"
        if fresh:
            set_cookie(response, CSRF_COOKIE, cookie)
        return response

    def fragment(self, request: Request, template: str, **values: Any) -> HTMLResponse:
        """A part of a page, for the script that keeps it current."""
        return self.page(request, template, **values)

    def message(
        self, request: Request, status: int, title: str, message: str, **values: Any
    ) -> HTMLResponse:
        """A page with one message. ``title`` is a key of the texts, ``message`` a sentence."""
        shown = {"detail": "", "link": "", "link_text": "", **values}
        return self.page(request, "message.html", status, title=title, message=message, **shown)

    def problem(self, request: Request, error: AigcError) -> HTMLResponse:
        """The page for an error that a person can understand."""
        status = STATUS[error.kind]
        response = self.message(
            request, status, "error_title", said(error, language_of(request)), detail=error.key
        )
        if isinstance(error, TooManyAttemptsError):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    async def form(self, request: Request) -> Form:
        """The posted fields.

        Raises:
            AigcError: from another origin, without the page's token, or too large.
        """
        self.check_origin(request)
        values = dict(await read_form(request))
        cookie = request.cookies.get(CSRF_COOKIE, "")
        given = values.get("csrf", "")
        expected = self._csrf(cookie)
        if not cookie or not hmac.compare_digest(
            expected.encode(), given.encode("utf-8", "replace")
        ):
            raise AigcError(
                "form-stale",
                "This page is too old or its cookie is missing; reload it and try again.",
                ErrorKind.FORBIDDEN,
            )
        return Form(values)

    def check_origin(self, request: Request) -> None:
        """Refuse what another site posts here.

        Raises:
            AigcError: the request names another origin, or hides its own.
        """
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if (origin is not None and origin != self.web_url) or site not in ("same-origin", "none"):
            raise AigcError(
                "foreign-origin",
                f"This form must be sent from {self.web_url} itself; open it there.",
                ErrorKind.FORBIDDEN,
            )

    def sign(self, value: Mapping[str, Any]) -> str:
        """A small value that only this process can have made."""
        body = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
        return f"{body}.{self._mac(b'value', body.encode())}"

    def signed(self, value: str) -> dict[str, Any] | None:
        """The value that :meth:`sign` was given, or None if it was not."""
        body, _, mac = value.rpartition(".")
        if not hmac.compare_digest(
            self._mac(b"value", body.encode("utf-8", "replace")).encode(), mac.encode()
        ):
            return None
        return dict(json.loads(base64.urlsafe_b64decode(body)))

    def _csrf(self, cookie: str) -> str:
        return self._mac(b"csrf", cookie.encode("utf-8", "replace"))

    def _mac(self, purpose: bytes, value: bytes) -> str:
        return hmac.new(self._key, purpose + b"\0" + value, hashlib.sha256).hexdigest()


def policy(form_to: str = "") -> str:
    """The content security policy of a page."""
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
        " connect-src 'self'; base-uri 'none'; frame-ancestors 'none';"
        f" form-action 'self'{' ' + form_to if form_to else ''}"
    )


async def read_form(request: Request) -> list[tuple[str, str]]:
    """The fields of a small urlencoded body, in order.

    Raises:
        AigcError: another type, too large, or malformed.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise AigcError("form-type", "The form must be sent as application/x-www-form-urlencoded.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_LIMIT:
            raise AigcError("form-large", "The form is too large.", ErrorKind.LIMIT)
    try:
        return parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=50, strict_parsing=False
        )
    except ValueError as error:
        raise AigcError("form-malformed", "The form cannot be read.") from error


def said(error: AigcError, language: str) -> str:
    """The error's sentence in the reader's language, where there is one."""
    if language == "en":
        return error.message
    wait = error.retry_after if isinstance(error, TooManyAttemptsError) else 0
    return text(f"error:{error.key}", language, otherwise=error.message, wait=wait)


def language_of(request: Request) -> str:
    """``zh`` or ``en``: by the switch, else by what the browser asks for first."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in ("en", "zh"):
        return chosen
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag[:2] in ("en", "zh"):
            return tag[:2]
    return "en"


def set_cookie(response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """A cookie for this host alone. Browsers take Secure ones on loopback over HTTP, too."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, name: str) -> None:
    """Forget a cookie."""
    response.set_cookie(name, "", max_age=0, path="/", secure=True, httponly=True, samesite="lax")


def see_other(location: str) -> RedirectResponse:
    """Go on there with GET. The location is ours or was checked."""
    return RedirectResponse(location, 303)


def address_of(request: Request) -> str:
    """The network address that asks; forwarded headers are nobody's proof."""
    return request.client.host if request.client else "?"


def query_fields(request: Request) -> list[tuple[str, str]]:
    """The query's fields in order, repeated ones included."""
    return parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=50)


def _here(request: Request) -> str:
    """This page's own path and query, to come back to after a switch of language."""
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path + query
