"""Sharing and API tokens on the plain pages, as a browser without a script meets them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from coordinator.domain.events import PersonSeen
from coordinator.domain.instance import Instance
from coordinator.domain.people import Person, Role
from coordinator.domain.sharing import Access, access_of
from coordinator.identity.handoff import hash_nonce
from coordinator.naming import start_request
from tests.coordinator.identity.house import Browser, House, csrf_of, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        await house.add("it", Role.ADMIN, "IT")
        yield house


async def engine_of(house: House, owner: Person) -> Instance:
    outcome = await house.reactor.ask(start_request(owner.id, engine_id="studio-demo"))
    assert outcome.instance is not None
    return outcome.instance


@asynccontextmanager
async def signed_in(house: House, username: str) -> AsyncIterator[Browser]:
    async with house.browser() as browser:
        await browser.sign_in(username, to="/engines")
        yield browser


def access(house: House, person: Person, instance: Instance) -> Access | None:
    known = house.reactor.studio.instances[instance.id]
    return access_of(house.reactor.studio, person.id, known, house.clock.now())


async def test_a_colleague_is_let_in_by_name_and_out_again(house: House) -> None:
    lin, ann = await house.add("lin", name="Lin Xia"), await house.add("ann", name="Ann Berg")
    instance = await engine_of(house, lin)
    async with signed_in(house, "lin") as browser, signed_in(house, "ann") as guest:
        assert "Shared with me" not in (await guest.get("/engines")).text
        query = {"host": instance.host, "nonce_hash": hash_nonce("n"), "to": "/"}
        assert (await guest.get("/handoff", params=query)).status_code == 403
        address = f"/instances/{instance.id}/share"
        page = await browser.get(address)
        fields = {"who": "ann", "access": "view", "minutes": "60", "csrf": csrf_of(page)}
        done = await browser.post(address, data=fields)
        assert (done.status_code, done.headers["location"]) == (303, address)
        assert access(house, ann, instance) is Access.VIEW
        page = await browser.get(address)
        assert "Ann Berg" in page.text
        assert "Shared: 1" in (await browser.get("/engines")).text
        seen = (await guest.get("/engines")).text
        assert "Shared with me" in seen
        assert "of Lin Xia" in seen
        assert "View only" in seen
        handed = await guest.get("/handoff", params=query)
        assert handed.headers["location"].startswith(f"http://{instance.host}.localhost")
        end = re.search(r'action="(/shares/[^"]+/end)"', page.text)
        assert end is not None
        done = await browser.post(end[1], data={"csrf": csrf_of(page)})
        assert done.headers["location"] == address
        assert access(house, ann, instance) is None
        assert (await guest.get("/handoff", params=query)).status_code == 403


async def test_two_of_one_name_are_told_apart_and_nobody_is_listed(house: House) -> None:
    lin = await house.add("lin", name="Lin Xia")
    people = [await house.add(f"wei{n}", name="Li Wei") for n in range(2)]
    mailed = Person(people[0].id, people[0].issuer, people[0].subject, "Li Wei", "wei@studio.lan")
    await house.reactor.ask(PersonSeen(mailed))
    instance = await engine_of(house, lin)
    address = f"/instances/{instance.id}/share"
    async with signed_in(house, "lin") as browser:
        page = await browser.get(address)
        assert "Li Wei" not in page.text
        base = {"access": "use", "minutes": "480", "csrf": csrf_of(page)}
        asked = await browser.post(address, data={**base, "who": "li wei"})
        assert asked.status_code == 200
        assert asked.text.count('name="person"') == 2
        assert "we…@studio.lan" in asked.text
        assert "wei@studio.lan" not in asked.text
        assert not house.reactor.studio.shares
        chosen = await browser.post(address, data={**base, "person": people[1].id})
        assert chosen.status_code == 303
        assert access(house, people[1], instance) is Access.USE
        assert access(house, people[0], instance) is None
        whole = await browser.post(address, data={**base, "who": "WEI@studio.lan"})
        assert whole.status_code == 303
        assert access(house, people[0], instance) is Access.USE
        for who, status in (("e", 404), ("nobody", 404), ("", 400), ("lin xia", 404)):
            refused = await browser.post(address, data={**base, "who": who})
            assert refused.status_code == status, who


async def test_what_is_not_mine_is_not_mine_to_share(house: House) -> None:
    lin, ann = await house.add("lin"), await house.add("ann", name="Ann")
    instance = await engine_of(house, lin)
    address = f"/instances/{instance.id}/share"
    async with signed_in(house, "lin") as browser, signed_in(house, "ann") as other:
        page = await browser.get(address)
        fields = {"who": "ann", "access": "use", "minutes": "60"}
        await browser.post(address, data={**fields, "csrf": csrf_of(page)})
        (share,) = house.reactor.studio.shares.values()
        theirs = csrf_of(await other.get("/engines"))
        assert (await other.get(address)).status_code == 403
        assert (await other.post(address, data={**fields, "csrf": theirs})).status_code == 403
        # Without the page's own token nothing is shared or ended.
        assert (await browser.post(address, data=fields)).status_code == 403
        assert (
            await browser.post(f"/shares/{share.id}/end", data={"csrf": "x"})
        ).status_code == 403
        assert access(house, ann, instance) is Access.USE
        # Who was named may give it back.
        done = await other.post(f"/shares/{share.id}/end", data={"csrf": theirs})
        assert done.headers["location"] == "/engines"
        assert access(house, ann, instance) is None
        assert (
            await other.post(f"/shares/{share.id}/end", data={"csrf": theirs})
        ).status_code == 404


async def test_a_token_is_made_shown_once_and_revoked(house: House) -> None:
    lin = await house.add("lin")
    instance = await engine_of(house, lin)
    async with house.browser() as stranger:
        assert (await stranger.get("/tokens")).headers["location"] == "/signin?next=/tokens"
    async with signed_in(house, "lin") as browser:
        page = await browser.get("/tokens")
        fields = {"name": "night run", "days": "30", "csrf": csrf_of(page)}
        assert (await browser.post("/tokens", data=fields)).status_code == 400  # for nothing
        fields |= {"scope_engines": "on", "instance": instance.id, "read_only": "on"}
        made = await browser.post("/tokens", data=fields)
        secret = re.search(r"aigc_t_[A-Za-z0-9_-]{43}", made.text)
        assert secret is not None
        (info,) = await house.identity.engine_tokens()
        assert (info.terms.read_only, info.terms.instances) == (True, (instance.id,))
        page = await browser.get("/tokens")
        assert secret[0] not in page.text
        assert "night run" in page.text
        assert "read only" in page.text
        assert "ends soon" not in page.text
        house.clock.ahead += timedelta(days=24).total_seconds()
    async with signed_in(house, "lin") as browser:
        page = await browser.get("/tokens")
        assert "ends soon" in page.text
        for wrong in ({"days": "3650"}, {"name": ""}, {"instance": "i-nothing"}):
            refused = await browser.post("/tokens", data={**fields, **wrong, "csrf": csrf_of(page)})
            assert refused.status_code in (400, 404), wrong
        done = await browser.post(f"/tokens/{info.id}/revoke", data={"csrf": csrf_of(page)})
        assert done.headers["location"] == "/tokens"
        assert await house.identity.engine_tokens() == ()
