"""The issuer's signing key is replaced and nobody notices (line 6)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jws

from aigc.errors import AigcError
from coordinator.domain.people import PersonId
from coordinator.identity.settings import (
    JWKS_PAUSE,
    KEY_RETIRED_SHOWN,
    KEY_ROTATION,
    KEY_SHOWN_BEFORE,
)
from coordinator.ledger import read_audit
from tests.coordinator.identity.house import House, Native, open_house

pytestmark = pytest.mark.attack(6)
IT = PersonId("local|it")


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add()
        yield opened


def kid_of(tokens: dict[str, Any]) -> str:
    """Which key signed the ID token."""
    return str(jws.extract_compact(tokens["id_token"].encode()).headers()["kid"])


async def published(house: House) -> list[str]:
    async with house.browser() as browser:
        return [key["kid"] for key in (await browser.get("/oidc/jwks")).json()["keys"]]


async def signed_in(house: House) -> tuple[dict[str, Any], Native]:
    """Fresh tokens, with the browser closed."""
    native = Native(house)
    async with native.browser:
        return await native.tokens(), native


def forward(house: House, by: timedelta) -> None:
    house.clock.ahead += by.total_seconds()


async def test_a_new_key_is_published_before_it_signs(house: House) -> None:
    issuer = house.identity.issuer
    assert issuer is not None
    before, native = await signed_in(house)
    old = kid_of(before)
    kid, signs_from = await house.identity.rotate_issuer_key(IT, False)
    assert signs_from - house.clock.now() <= KEY_SHOWN_BEFORE
    assert set(await published(house)) == {old, kid}
    meanwhile, its = await signed_in(house)
    assert kid_of(meanwhile) == old
    for tokens, who in ((before, native), (meanwhile, its)):
        await house.identity.exchange(tokens["id_token"], who.nonce)
    forward(house, KEY_SHOWN_BEFORE + timedelta(seconds=1))
    after, last = await signed_in(house)
    assert kid_of(after) == kid
    await house.identity.exchange(after["id_token"], last.nonce)
    assert set(await published(house)) == {old, kid}
    forward(house, KEY_RETIRED_SHOWN + timedelta(seconds=1))
    await issuer.keep()
    assert await published(house) == [kid]
    entries = await house.ledger.read(lambda c: read_audit(c, 20))
    rotated = [e for e in entries if e.action == "issuer-key-rotate" and e.actor == IT]
    assert [e.target for e in rotated] == [kid]


async def test_a_flood_of_unknown_keys_just_before_does_not_delay_it(house: House) -> None:
    """Whoever used up the relying party's look a moment ago cannot hide the new key from it."""
    tokens, native = await signed_in(house)
    await house.identity.exchange(tokens["id_token"], native.nonce)
    await house.identity.rotate_issuer_key(IT, False)
    forward(house, KEY_SHOWN_BEFORE - timedelta(seconds=1))
    head, _, rest = tokens["id_token"].partition(".")
    forged = jws.serialize_compact({"alg": "HS256", "kid": "nobody's"}, b"{}", _hmac_key())
    for _ in range(50):
        with pytest.raises(AigcError):
            await house.identity.exchange(forged, native.nonce)
    forward(house, timedelta(seconds=2))
    after, last = await signed_in(house)
    assert kid_of(after) != kid_of(tokens)
    await house.identity.exchange(after["id_token"], last.nonce)
    assert head
    assert rest


async def test_it_is_replaced_every_90_days_by_itself(house: House) -> None:
    issuer = house.identity.issuer
    assert issuer is not None
    (first,) = await published(house)
    forward(house, KEY_ROTATION - timedelta(hours=1))
    await issuer.keep()
    assert await published(house) == [first]
    forward(house, timedelta(hours=2))
    await issuer.keep()
    await issuer.keep()  # one is enough
    both = await published(house)
    assert len(both) == 2
    assert first in both
    tokens, native = await signed_in(house)
    assert kid_of(tokens) == first  # not yet
    await house.identity.exchange(tokens["id_token"], native.nonce)


async def test_a_restart_goes_on_with_the_same_keys(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        kid, _ = await house.identity.rotate_issuer_key(IT, False)
        before = await published(house)
    async with open_house(tmp_path) as house:
        assert await published(house) == before
        assert kid in before


async def test_a_key_in_others_hands_is_withdrawn_at_once(house: House) -> None:
    tokens, native = await signed_in(house)
    session = await house.identity.exchange(tokens["id_token"], native.nonce)
    stolen, thief = await signed_in(house)
    kid, _ = await house.identity.rotate_issuer_key(IT, True)
    assert await published(house) == [kid]
    forward(house, JWKS_PAUSE + timedelta(seconds=1))
    fresh, again = await signed_in(house)
    await house.identity.exchange(fresh["id_token"], again.nonce)
    with pytest.raises(AigcError) as caught:
        await house.identity.exchange(stolen["id_token"], thief.nonce)
    assert caught.value.key == "sign-in-refused"
    await house.identity.check_session(session.token)  # who was signed in stays so


def _hmac_key() -> Any:
    from joserfc.jwk import OctKey

    return OctKey.import_key(b"x" * 32)
