"""Attacks on the coordinator's own pages (lines 5, 13, 14) and what the pages do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
import pytest_asyncio

from coordinator.domain.instance import Instance, State
from coordinator.domain.people import Role
from coordinator.identity.handoff import hash_nonce
from coordinator.ledger import read_audit
from tests.coordinator.identity.house import (
    ENGINE,
    GATEWAY,
    PASSWORD,
    Browser,
    House,
    Native,
    csrf_of,
    open_house,
)


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add("it", Role.ADMIN, "IT")
        await opened.add()
        await opened.add("wu", name="Wu Min")
        yield opened


@pytest_asyncio.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    """Lin's browser, signed in."""
    async with house.browser() as opened:
        page = await opened.sign_in(to="/engines")
        assert page.status_code == 200, page.text
        yield opened


async def started(house: House, browser: Browser) -> Instance:
    page = await browser.get("/engines")
    answer = await browser.post(
        "/engines/start",
        data={"csrf": csrf_of(page), "engine": ENGINE.id, "version": "1.0", "name": ""},
    )
    assert answer.status_code == 303, answer.text
    (instance,) = house.reactor.studio.instances.values()
    return instance


@pytest.mark.attack(5)
@pytest.mark.parametrize(
    "path",
    [
        *("/oidc/login", "/oidc/second", "/oidc/device", "/oidc/account", "/admin/people"),
        *("/signed-out", "/trust", "/nowhere", "/callback", "/static/style.css"),
    ],
)
async def test_attack_5_headers_of_every_page(house: House, path: str) -> None:
    native = Native(house)
    async with native.browser as browser:
        if path == "/oidc/login":
            answer = await browser.follow(await browser.get(native.request()))
        else:
            answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        if not path.startswith("/static"):
            assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


@pytest.mark.attack(5)
async def test_attack_5_login_csrf(house: House) -> None:
    native = Native(house)
    async with native.browser as browser, house.browser() as victim:
        page = await browser.follow(await browser.get(native.request()))
        good = {"csrf": csrf_of(page), "username": "lin", "password": PASSWORD}
        own = str(page.url)
        assert (await victim.post(own, data=good)).status_code == 403  # another browser's token
        assert (await browser.post(own, data={**good, "csrf": ""})).status_code == 403
        assert (await browser.post(own, data={**good, "csrf": "é"})).status_code == 403
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": house.web_url.replace("localhost", "x.localhost")},
            {"origin": house.web_url.replace("http:", "https:")},
            {"origin": house.web_url + "/"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ):
            assert (await browser.post(own, data=good, headers=headers)).status_code == 403, headers
        headers = {"origin": house.web_url, "sec-fetch-site": "same-origin"}
        assert (await browser.post(own, data=good, headers=headers)).status_code == 303


@pytest.mark.attack(5)
async def test_attack_5_a_code_of_somebody_else_signs_nobody_in(house: House) -> None:
    """The attacker's own code, sent as a link to the victim's callback."""
    async with house.browser() as attacker, house.browser() as victim:
        page = await attacker.follow(await attacker.get("/signin"))
        answer = await attacker.post_form(page, username="wu", password=PASSWORD)
        answer = await attacker.get(answer.headers["location"])
        callback = answer.headers["location"]
        assert urlsplit(callback).path == "/callback"
        refused = await victim.get(callback)
        assert refused.status_code == 401
        assert "__Host-aigc-session" not in victim.kept
        await victim.get("/signin")  # with a sign-in of the victim's own under way, too
        assert (await victim.get(callback)).status_code == 401
        mixed = callback.replace(quote(f"{house.web_url}/oidc", safe=""), "https%3A%2F%2Fevil")
        assert mixed != callback
        assert (await attacker.get(mixed)).status_code == 401


@pytest.mark.attack(13)
async def test_attack_13_where_sign_in_leads(house: House, browser: Browser) -> None:
    for target in (
        "//evil.example",
        "/\\evil.example",
        "/\tevil",
        "https://evil.example",
        "%2f%2fevil.example",
        "/%2f%2fevil.example",
        "/\r\nSet-Cookie: a=b",
    ):
        answer = await browser.get("/signin", params={"next": target})
        assert answer.headers["location"] == "/", target
        answer = await browser.get("/language", params={"to": "en", "back": target})
        assert answer.headers["location"] == "/", target


@pytest.mark.attack(13)
async def test_attack_13_hand_off_leads_to_exact_hosts_only(house: House, browser: Browser) -> None:
    instance = await started(house, browser)
    query = {"nonce_hash": hash_nonce("n"), "to": "//evil.example"}
    answer = await browser.get("/handoff", params={**query, "host": instance.host})
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.startswith(f"{GATEWAY.format(host=instance.host)}/.aigc/handoff?code=")
    code = parse_qs(urlsplit(location).query)["code"][0]
    _, row, path = await house.identity.redeem_handoff(code, instance.host, "n")
    assert (row.host, path) == (instance.host, "/")
    for host in (
        f"x{instance.host}",
        f"{instance.host}x",
        f"{instance.host}.evil.example",
        f"https://{instance.host}",
        f"//{instance.host}",
        f"{instance.host}/",
        f"{instance.host}\n",
        instance.host.upper(),
        instance.id,
        "",
        "..",
    ):
        answer = await browser.get("/handoff", params={**query, "host": host})
        assert answer.status_code == 404, host
        assert "location" not in answer.headers
    twice = await browser.get(
        f"/handoff?host={instance.host}&host=x&nonce_hash={hash_nonce('n')}&to=/"
    )
    assert twice.status_code == 404
    framed = await browser.get(
        "/handoff", params={**query, "host": instance.host}, headers={"sec-fetch-dest": "iframe"}
    )
    assert framed.status_code == 403


@pytest.mark.attack(17)
async def test_attack_17_somebody_elses_engine(house: House, browser: Browser) -> None:
    instance = await started(house, browser)
    async with house.browser() as other:
        await other.sign_in("wu", to="/engines")
        query = {"host": instance.host, "nonce_hash": hash_nonce("n"), "to": "/"}
        answer = await other.get("/handoff", params=query)
        assert answer.status_code == 403
        assert "belongs to somebody else" in answer.text
        token = csrf_of(await other.get("/engines"))
        for action in ("start", "stop", "keep", "delete"):
            path = f"/instances/{instance.id}/{action}"
            assert (await other.post(path, data={"csrf": token})).status_code == 403
        assert (await other.get(f"/instances/{instance.id}/delete")).status_code == 403
        assert instance.name not in (await other.get("/engines/list")).text.split("offer")[0]
    assert house.reactor.studio.instances[instance.id].state is not State.DELETED
    entries = await house.ledger.read(lambda c: read_audit(c, 100))
    assert any(
        (e.action, e.target, e.outcome) == ("web GET", instance.host, "refused") for e in entries
    )


async def test_hand_off_signs_in_first(house: House, browser: Browser) -> None:
    instance = await started(house, browser)
    async with house.browser() as fresh:
        query = {"host": instance.host, "nonce_hash": hash_nonce("n"), "to": "/lab?a=1"}
        page = await fresh.follow(await fresh.get("/handoff", params=query))
        assert (
            f"form-action 'self' http://*.{GATEWAY.partition('.')[2]}"
            in (page.headers["content-security-policy"])
        )
        answer = await fresh.post_form(page, username="lin", password=PASSWORD)
        answer = await fresh.follow(answer, stop=GATEWAY.format(host=instance.host))
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        _, _, path = await house.identity.redeem_handoff(code, instance.host, "n")
        assert path == "/lab?a=1"


@pytest.mark.attack(14)
async def test_attack_14_forms_of_other_origins(house: House, browser: Browser) -> None:
    page = await browser.get("/engines")
    data = {"csrf": csrf_of(page), "engine": ENGINE.id}
    paths = ("/engines/start", "/signout", "/oidc/password")
    for path in paths:
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://demo.localhost:8443"},
            {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
        ):
            answer = await browser.post(path, data=data, headers=headers)
            assert answer.status_code == 403, (path, headers)
        assert (await browser.post(path, data={**data, "csrf": "x"})).status_code == 403
        body = httpx.Request("POST", "http://x/", files={"csrf": (None, data["csrf"])})
        answer = await browser.post(
            path, content=body.read(), headers={"content-type": body.headers["content-type"]}
        )
        assert answer.status_code == 400
    large = await browser.post("/engines/start", data={**data, "name": "x" * 20_000})
    assert large.status_code == 429
    assert house.reactor.studio.instances == {}
    assert (await browser.get("/engines")).status_code == 200  # still signed in


@pytest.mark.parametrize("path", ["/engines/list", "/engines/events", "/instances/x/delete"])
async def test_pages_that_need_somebody(house: House, path: str) -> None:
    async with house.browser() as nobody:
        assert (await nobody.get(path)).status_code == 401


@pytest.mark.attack(16)
async def test_attack_16_other_host_names(house: House, browser: Browser) -> None:
    for host in ("evil.example", "demo.localhost", "localhost", "localhost:1", ""):
        answer = await browser.get("/engines", headers={"host": host})
        assert answer.status_code in (400, 421), host
    answer = await browser.get(
        "/engines", headers={"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
    )
    assert answer.status_code == 200
    assert "evil.example" not in answer.text
    assert (await browser.get("/healthz", headers={"host": "10.0.0.1"})).text == "ok\n"
    assert (await browser.get("/ca.pem", headers={"host": "10.0.0.1"})).status_code == 200


async def test_start_stop_and_delete(house: House, browser: Browser) -> None:
    instance = await started(house, browser)
    page = await browser.get("/engines")
    assert "Cancel" in page.text
    token = csrf_of(page)
    await browser.post(f"/instances/{instance.id}/stop", data={"csrf": token})
    assert house.reactor.studio.instances[instance.id].state is State.STOPPED
    assert "your files are kept" in (await browser.get("/engines")).text
    asked = await browser.get(f"/instances/{instance.id}/delete")
    assert f"Delete {instance.name}?" in asked.text
    assert house.reactor.studio.instances[instance.id].state is State.STOPPED
    assert (await browser.post_form(asked)).headers["location"] == "/engines"
    assert house.reactor.studio.instances_of(instance.owner) == []
    refused = await browser.post("/engines/start", data={"csrf": token, "engine": "nothing"})
    assert refused.status_code == 404
    assert 'role="alert"' in refused.text


async def test_the_trash_gives_back(house: House, browser: Browser) -> None:
    instance = await started(house, browser)
    page = await browser.get("/engines")
    assert "Trash" not in page.text
    token = csrf_of(page)
    await browser.post(f"/instances/{instance.id}/stop", data={"csrf": token})
    asked = await browser.get(f"/instances/{instance.id}/delete")
    assert f"{instance.name} and its files (size unknown) go to the trash" in asked.text
    await browser.post_form(asked)
    page = await browser.get("/engines")
    assert "Deleted " in page.text
    assert "kept until " in page.text
    chinese = await browser.get("/engines", headers={"accept-language": "zh-CN"})
    assert "回收站" in chinese.text
    assert "保留至" in chinese.text
    address = f"/trash/{instance.id}/restore"
    assert (await browser.post(address, data={"csrf": "wrong"})).status_code == 403
    async with house.browser() as other:
        theirs = await other.sign_in("wu", to="/engines")
        assert "kept until" not in theirs.text
        stolen = await other.post(address, data={"csrf": csrf_of(theirs)})
        assert stolen.status_code == 403
    assert house.reactor.studio.instances_of(instance.owner) == []
    done = await browser.post(address, data={"csrf": token})
    assert done.headers["location"] == "/engines"
    (back,) = house.reactor.studio.instances_of(instance.owner)
    assert (back.name, back.state, back.volume_id) == (
        instance.name,
        State.STOPPED,
        instance.volume_id,
    )
    assert back.host != instance.host
    page = await browser.get("/engines")
    assert "Restored " in page.text
    assert "kept until" not in page.text
    again = await browser.post(address, data={"csrf": token})
    assert again.status_code == 409
    assert "restored as" in again.text


async def test_the_list_is_live(house: House, browser: Browser) -> None:
    async with browser.stream("GET", "/engines/events") as stream:
        lines = stream.aiter_lines()
        assert await asyncio.wait_for(anext(lines), 20) == "event: changed"
        await started(house, browser)
        async with asyncio.timeout(20):
            async for line in lines:
                if line == "event: changed":
                    break
        person = next(p for p in house.reactor.studio.people.values() if p.name == "Lin Xia")
        await house.identity.sessions.end_person(person.id)
        async with asyncio.timeout(20):
            seen = [line async for line in lines]
        assert "event: ended" in seen


async def test_sign_out_ends_everything_of_this_browser(house: House, browser: Browser) -> None:
    instance = await started(house, browser)
    query = {"host": instance.host, "nonce_hash": hash_nonce("n"), "to": "/"}
    answer = await browser.get("/handoff", params=query)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    await house.identity.redeem_handoff(code, instance.host, "n")
    stolen = dict(browser.kept)
    page = await browser.get("/engines")
    done = await browser.follow(await browser.post("/signout", data={"csrf": csrf_of(page)}))
    assert done.url.path == "/signed-out"
    assert await house.identity.browser_sessions() == ()
    browser.kept = stolen
    back = await browser.follow(await browser.get("/engines"))
    assert back.url.path == "/oidc/login"


async def test_both_languages(house: House, browser: Browser) -> None:
    english = await browser.get("/engines", headers={"accept-language": "fr, en;q=0.8, zh"})
    assert '<html lang="en">' in english.text
    chinese = await browser.get("/engines", headers={"accept-language": "zh-CN,en;q=0.5"})
    assert '<html lang="zh-CN">' in chinese.text
    assert "演示引擎" in chinese.text
    assert "启动" in chinese.text
    await browser.get("/language", params={"to": "zh", "back": "/engines"})
    assert "您的引擎" in (await browser.get("/engines")).text
    async with house.browser(headers={"accept-language": "zh"}) as fresh:
        page = await fresh.follow(await fresh.get("/signin"))
        wrong = await fresh.post_form(page, username="lin", password="wrong wrong")
        assert "用户名或密码错误" in wrong.text


async def test_no_third_party_and_no_inline_script(house: House, browser: Browser) -> None:
    for path in ("/engines", "/trust", "/signed-out"):
        text = (await browser.get(path)).text
        outside = text.replace(house.web_url, "").replace("http://www.w3.org", "")
        assert "http" not in outside.replace("http-equiv", ""), path
        assert "style=" not in text
        assert "onclick" not in text
    icon = await browser.get(f"/engines/{ENGINE.id}/icon.svg")
    assert icon.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in icon.headers["content-security-policy"]
