"""Signing in against a real HTTP issuer, and everything that must not get through (security 9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from aigc.errors import AigcError, ErrorKind
from desktop_client.sign_in import SignInOptions, Tokens, refresh, sign_in
from tests.standins.issuer import Issuer


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer() as running:
        yield running


def options(issuer: Issuer) -> SignInOptions:
    return SignInOptions(issuer.url, "aigc-native", ("openid", "offline_access"))


class Browser:
    """A person's browser: ``open`` is given to sign_in, ``follow`` goes where the test says."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.asked: asyncio.Future[str] = self.loop.create_future()

    def open(self, url: str) -> None:
        self.loop.call_soon_threadsafe(self.asked.set_result, url)

    async def get(self, url: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            return await http.get(url, headers=headers)


async def test_a_person_signs_in_and_reads_that_the_page_can_be_closed(issuer: Issuer) -> None:
    browser = Browser()
    task = asyncio.create_task(sign_in(options(issuer), browser.open))
    url = await browser.asked
    query = parse_qs(urlsplit(url).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    page = await browser.get(issuer.authorize(url), **{"accept-language": "zh-CN,zh;q=0.9"})
    tokens = await task
    assert page.status_code == 200
    assert "登录成功" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert tokens.id_token
    assert tokens.refresh_token
    assert tokens.id_token not in repr(tokens)
    again = await refresh(options(issuer), tokens.refresh_token)
    assert again.id_token != tokens.id_token
    assert again.refresh_token != tokens.refresh_token


@pytest.mark.attack(9)
async def test_rogue_requests_to_the_loopback_port_change_nothing(issuer: Issuer) -> None:
    browser = Browser()
    task = asyncio.create_task(sign_in(options(issuer), browser.open))
    url = await browser.asked
    good = issuer.authorize(url)
    parts = urlsplit(good)
    base = f"http://{parts.netloc}"
    state = parse_qs(parts.query)["state"][0]
    for rogue in (
        f"{base}/",
        f"{base}/callback",
        f"{base}/callback?code=x&state=wrong",
        f"{base}/callback?code=x&state={state}x",
        f"{base}/callback/?code=x&state={state}",
        f"{base}/Callback?code=x&state={state}",
        f"{base}//callback?code=x&state={state}",
        f"{base}/callback?code=x&state={state}&state={state}",
        f"{base}/callback?code=x&code=y&state={state}",
        f"{base}/callback?state={state}",
    ):
        assert (await browser.get(rogue)).status_code in (400, 404), rogue
    assert (await browser.get(good, host="evil.example")).status_code == 404
    assert (await browser.get(good, host=f"localhost:{parts.port}")).status_code == 404
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(good)).status_code == 404
    for raw in (b"\r\n\r\n", b"\xff\xfe GET\r\n\r\n", b"GET http://x/callback HTTP/1.1\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", parts.port)
        writer.write(raw)
        assert b" 40" in (await reader.read(40))
        writer.close()
        await writer.wait_closed()
    assert not task.done()
    assert (await browser.get(good)).status_code == 200
    assert isinstance(await task, Tokens)


@pytest.mark.attack(9)
async def test_a_head_without_end_and_a_silent_connection_do_not_hold_up(issuer: Issuer) -> None:
    browser = Browser()
    task = asyncio.create_task(sign_in(options(issuer), browser.open))
    url = await browser.asked
    good = issuer.authorize(url)
    port = urlsplit(good).port
    silent = await asyncio.open_connection("127.0.0.1", port)
    endless = await asyncio.open_connection("127.0.0.1", port)
    endless[1].write(b"GET /callback HTTP/1.1\r\n" + b"x: y\r\n" * 20_000)
    assert (await browser.get(good)).status_code == 200
    await task
    for _, writer in (silent, endless):
        writer.close()


@pytest.mark.attack(9)
async def test_a_second_answer_is_refused(issuer: Issuer) -> None:
    browser = Browser()
    task = asyncio.create_task(sign_in(options(issuer), browser.open))
    good = issuer.authorize(await browser.asked)
    first, second = await asyncio.gather(
        browser.get(good), browser.get(good), return_exceptions=True
    )
    await task
    codes = sorted(r.status_code for r in (first, second) if isinstance(r, httpx.Response))
    assert codes in ([200], [200, 400])


async def _fails(issuer: Issuer, *, follow: bool = True) -> AigcError:
    browser = Browser()
    task = asyncio.create_task(sign_in(options(issuer), browser.open, timeout=20))
    if follow:
        page = await browser.get(issuer.authorize(await browser.asked))
        assert "not signed in" in page.text
    with pytest.raises(AigcError) as caught:
        await task
    return caught.value


def _other_issuer(issuer: Issuer) -> None:
    issuer.manners.send_iss = "https://evil.example"


def _no_iss(issuer: Issuer) -> None:
    issuer.manners.send_iss = None


def _nonce(issuer: Issuer) -> None:
    issuer.manners.nonce = "somebody-else"


def _audience(issuer: Issuer) -> None:
    issuer.manners.audience = "another-client"


def _no_id_token(issuer: Issuer) -> None:
    issuer.manners.no_id_token = True


@pytest.mark.parametrize("spoil", [_other_issuer, _no_iss, _nonce, _audience, _no_id_token])
@pytest.mark.attack(9)
async def test_answers_that_are_not_for_us_are_refused(
    issuer: Issuer, spoil: Callable[[Issuer], None]
) -> None:
    spoil(issuer)
    error = await _fails(issuer)
    assert error.key == "sign-in-refused"


@pytest.mark.attack(9)
async def test_discovery_with_another_issuer_or_without_s256_opens_no_browser(
    issuer: Issuer,
) -> None:
    issuer.manners.issuer_claim = issuer.url + "/"
    assert (await _fails(issuer, follow=False)).key == "sign-in-refused"
    issuer.manners.issuer_claim = ""
    issuer.manners.methods = ("plain",)
    assert "PKCE" in (await _fails(issuer, follow=False)).message


@pytest.mark.attack(9)
async def test_a_plain_http_issuer_elsewhere_is_refused() -> None:
    far = SignInOptions("http://id.studio.lan/oidc", "aigc-native", ("openid",))
    with pytest.raises(AigcError, match="not https"):
        await sign_in(far, lambda url: None, timeout=5)


async def test_nobody_signs_in(issuer: Issuer) -> None:
    with pytest.raises(AigcError) as caught:
        await sign_in(options(issuer), lambda url: None, timeout=0.2)
    assert caught.value.key == "sign-in-timeout"


async def test_cancel_closes_the_port(issuer: Issuer) -> None:
    browser = Browser()
    task = asyncio.create_task(sign_in(options(issuer), browser.open))
    port = urlsplit(issuer.authorize(await browser.asked)).port
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_the_person_says_no(issuer: Issuer) -> None:
    browser = Browser()
    task = asyncio.create_task(sign_in(options(issuer), browser.open))
    parts = urlsplit(issuer.authorize(await browser.asked))
    state = parse_qs(parts.query)["state"][0]
    await browser.get(
        f"http://{parts.netloc}/callback?error=access_denied&state={state}&iss={issuer.url}"
    )
    with pytest.raises(AigcError, match="access_denied"):
        await task


@pytest.mark.attack(26)
async def test_refresh_tells_refused_from_unreachable(issuer: Issuer) -> None:
    with pytest.raises(AigcError) as caught:
        await refresh(options(issuer), "unknown")
    assert (caught.value.key, caught.value.kind) == ("sign-in-expired", ErrorKind.UNAUTHENTICATED)
    issuer.manners.token_status = 500
    with pytest.raises(AigcError) as caught:
        await refresh(options(issuer), "unknown")
    assert (caught.value.key, caught.value.kind) == ("issuer-unreachable", ErrorKind.UNAVAILABLE)
    await issuer.stop()
    with pytest.raises(AigcError) as caught:
        await refresh(options(issuer), "unknown")
    assert caught.value.key == "issuer-unreachable"
