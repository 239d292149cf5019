"""Moving from local accounts to a provider: an approved link makes two identities one person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aigc.errors import AigcError, ErrorKind
from coordinator.api.web.http import SESSION_COOKIE
from coordinator.domain.events import StartRequested
from coordinator.domain.instance import InstanceId
from coordinator.domain.people import Person, PersonId, Role
from coordinator.domain.volume import VolumeId
from coordinator.identity.links import LinkState
from coordinator.identity.sessions import Kind
from coordinator.identity.settings import LOCAL_ISSUER
from coordinator.ledger import read_audit
from tests.coordinator.identity.house import ENGINE, PASSWORD, House, open_house
from tests.coordinator.identity.test_relying_party import ForeignIssuer, serve
from tests.coordinator.identity.test_relying_party import settings_of as settings

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def moved(tmp_path: Path) -> AsyncIterator[tuple[House, ForeignIssuer, dict[str, Person]]]:
    """A studio whose people had local accounts, and engines, until today."""
    async with open_house(tmp_path) as house:
        former = {
            "lin": await house.add("lin", Role.ADMIN, "Lin Xia"),
            "wang": await house.add("wang", Role.CREATOR, "Wang Fang"),
        }
        await start(house, former["lin"].id, "Portraits")
    async with serve(ForeignIssuer()) as issuer, open_house(tmp_path, settings(issuer)) as house:
        yield house, issuer, former


async def start(house: House, person: PersonId, name: str) -> InstanceId:
    host = name.lower().replace(" ", "-")
    outcome = await house.reactor.ask(
        StartRequested(
            person, InstanceId(f"i-{host}"), VolumeId(f"v-{host}"), host, ENGINE.id, name=name
        )
    )
    assert outcome.instance is not None
    return outcome.instance.id


async def sign_in(house: House, issuer: ForeignIssuer, subject: str, *groups: str) -> Person:
    claims = issuer.claims(
        house.clock, sub=subject, groups=list(groups), name=f"{subject} there", email="lin@x.lan"
    )
    return (await house.identity.exchange(issuer.sign(claims), "n")).person


def engines_of(house: House, person: Person) -> set[str]:
    return {i.name for i in house.reactor.studio.instances.values() if i.owner == person.id}


async def actions(house: House) -> list[str]:
    return [e.action for e in await house.ledger.read(lambda c: read_audit(c, 100))]


async def test_after_the_approval_they_are_one_person(tmp_path: Path) -> None:
    async with moved(tmp_path) as (house, issuer, former):
        links = house.identity.links
        boss = await sign_in(house, issuer, "boss", "gpu-admins")
        new = await sign_in(house, issuer, "u-7", "artists")
        # Never by name or e-mail alone.
        assert new.id != former["lin"].id
        assert engines_of(house, new) == set()
        token, info = await house.identity.create_token(new, "script")
        assert links.possible(new)
        link = await links.request(new, "LIN", PASSWORD, "moved desks")
        await start(house, new.id, "Made meanwhile")
        (view,) = await links.views()
        assert view.obstacle is None
        assert view.former is not None
        assert view.former.id == former["lin"].id
        assert view.link.proven

        session = await house.identity.exchange(
            issuer.sign(issuer.claims(house.clock, sub="u-7", groups=[], jti="x")), "n"
        )
        caller = await house.identity.check_session(session.token)
        ended = asyncio.create_task(house.identity.wait_ended(caller))
        with house.identity.token_changes() as changed:
            person = await links.approve(link.id, boss.id)
            assert changed.is_set()  # the gateway learns whose the tokens are now
        await asyncio.wait_for(ended, 10)
        with pytest.raises(AigcError):
            await house.identity.check_session(session.token)

        assert person.id == former["lin"].id
        assert engines_of(house, person) == {"Portraits", "Made meanwhile"}
        assert engines_of(house, new) == set()
        again = await sign_in(house, issuer, "u-7", "artists")
        assert again.id == former["lin"].id
        assert again.issuer == issuer.issuer
        # A link gives no role: what the local account was counts no more.
        assert again.role is Role.CREATOR
        found = await house.identity.check_session(token)
        assert found.person.id == former["lin"].id
        assert [t.id for t in await house.identity.list_tokens(again.id)] == [info.id]
        facts = await house.identity.person_facts()
        assert new.id not in facts
        assert not facts[again.id].local
        assert {"link-request", "link-approve", "person-link"} <= set(await actions(house))
        last = await links.last_of(new.id)
        assert last is not None
        assert last.state is LinkState.APPROVED
        assert not links.possible(again)
        # Who became somebody else is nobody to give roles to, or to lock out.
        async with house.browser() as browser:
            token, _ = await house.identity.sessions.create(Kind.WEB, boss.id)
            browser.kept[SESSION_COOKIE] = token
            listed = (await browser.get("/admin/people")).text
            assert person.id in listed
            assert new.id not in listed
            assert (await browser.get(f"/admin/people/{new.id}")).status_code == 404
    # It holds after a restart, and when the studio goes back to local accounts.
    async with open_house(tmp_path) as house:
        lin = house.reactor.studio.people[former["lin"].id]
        assert engines_of(house, lin) == {"Portraits", "Made meanwhile"}
        async with house.browser() as browser:
            assert "Portraits" in (await browser.sign_in("lin")).text
        assert house.reactor.studio.people[lin.id].issuer == LOCAL_ISSUER


async def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    async with moved(tmp_path) as (house, issuer, former):
        links = house.identity.links
        boss = await sign_in(house, issuer, "boss", "gpu-admins")
        new, other = [await sign_in(house, issuer, name, "artists") for name in ("u-7", "u-8")]

        async def refused(link_id: str, by: Person = boss) -> AigcError:
            with pytest.raises(AigcError) as caught:
                await links.approve(link_id, by.id)
            return caught.value

        # Nobody learns by asking which accounts there were.
        with pytest.raises(AigcError) as wrong:
            await links.request(new, "lin", "not the password", "")
        with pytest.raises(AigcError) as unknown:
            await links.request(new, "nobody", "not the password", "")
        assert wrong.value.message == unknown.value.message
        rows = await house.ledger.read(lambda c: read_audit(c, 2))
        told = [(e.actor, e.action, e.target, e.outcome) for e in rows]
        assert told == [(new.id, "link-request", n, "refused") for n in ("nobody", "lin")]
        first = await links.request(new, "nobody", "", "")
        assert "no former account" in (await refused(first.id)).message
        # A second request replaces the first.
        second = await links.request(new, "lin", "", "")
        assert (await refused(first.id)).kind is ErrorKind.NOT_FOUND
        assert [v.link.id for v in await links.views()] == [second.id]
        await house.identity.set_disabled(former["lin"].id, True, boss.id)
        assert "disabled" in (await refused(second.id)).message
        await house.identity.set_disabled(former["lin"].id, False, boss.id)
        await links.approve(second.id, boss.id)
        assert (await refused(second.id)).kind is ErrorKind.NOT_FOUND
        # Two do not become the same person.
        third = await links.request(other, "lin", "", "")
        assert "taken" in (await refused(third.id)).message
        await links.refuse(third.id, "That is Lin Xia's.", boss.id)
        last = await links.last_of(other.id)
        assert last is not None
        assert (last.state, last.reason) == (LinkState.REFUSED, "That is Lin Xia's.")
        # An admin does not approve a bare claim of their own.
        own = await links.request(boss, "wang", "", "")
        assert (await refused(own.id)).key == "link-own"
        await links.withdraw(boss.id)
        assert await links.views() == ()
        own = await links.request(boss, "wang", PASSWORD, "")
        assert (await links.approve(own.id, boss.id)).role is Role.ADMIN
        assert len(await links.views(decided=True)) == 5


async def test_a_role_given_here_stays_with_the_person(tmp_path: Path) -> None:
    async with moved(tmp_path) as (house, issuer, former):
        links = house.identity.links
        boss = await sign_in(house, issuer, "boss", "gpu-admins")
        new = await sign_in(house, issuer, "u-7", "artists")
        await house.identity.set_role(new.id, Role.AUDITOR, boss.id)
        link = await links.request(new, "lin", PASSWORD, "")
        assert (await links.approve(link.id, boss.id)).role is Role.AUDITOR
        assert (await sign_in(house, issuer, "u-7", "artists")).role is Role.AUDITOR
        await house.identity.set_role(former["lin"].id, None, boss.id)
        assert house.reactor.studio.people[former["lin"].id].role is Role.CREATOR


async def test_local_studios_have_nothing_to_link(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        lin = await house.add()
        await house.add("wang")
        assert not house.identity.links.possible(lin)
        with pytest.raises(AigcError) as caught:
            await house.identity.links.request(lin, "wang", PASSWORD, "")
        assert caught.value.key == "link-impossible"
