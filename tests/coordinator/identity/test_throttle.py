"""The throttle alone, on a clock whose hands are turned: who waits, how long, and that it ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.identity.account_key import AccountKey
from coordinator.identity.known_browsers import KnownBrowsers
from coordinator.identity.settings import KNOWN_BROWSER_LIFETIME
from coordinator.identity.throttle import (
    ACCOUNTS_AT_MOST,
    LINE_FREE,
    LINE_SECONDS,
    LONGEST_WAIT,
    Asker,
    Throttle,
    TooManyAttemptsError,
)
from tests.standins.clock import FakeClock


class _Hands(FakeClock):
    """Turned at once: nobody sleeps on it."""

    def turn(self, seconds: float) -> None:
        self._elapsed += seconds


def wait_of(throttle: Throttle, account: str, asker: Asker | str) -> int:
    """Seconds that the asker is told to wait; 0: the attempt counts."""
    try:
        throttle.attempt(account, asker)
    except TooManyAttemptsError as error:
        return error.retry_after
    return 0


def attack(throttle: Throttle, clock: _Hands, addresses: int, seconds: int) -> int:
    """Guess from many addresses as fast as it goes; how many guesses counted."""
    counted = 0
    again = dict.fromkeys(range(addresses), 0.0)
    for _ in range(seconds):
        for number, at in again.items():
            if at <= clock.monotonic():
                wait = wait_of(throttle, "lin", f"10.1.{number // 250}.{number % 250}")
                counted += wait == 0
                again[number] = clock.monotonic() + wait
        clock.turn(1)
    return counted


@pytest.mark.attack(5)
@pytest.mark.parametrize("addresses", [1, 7, 90])
def test_an_hour_of_guesses_keeps_the_owner_out_nowhere(addresses: int) -> None:
    clock = _Hands()
    throttle = Throttle(clock)
    counted = attack(throttle, clock, addresses, 3600)
    assert counted <= LINE_FREE + 3600 / LINE_SECONDS + 1  # however many they are
    # At a browser that is known, and with what cannot be guessed: at once.
    assert wait_of(throttle, "lin", Asker("10.1.0.0", "b1")) == 0
    assert wait_of(throttle, "lin", Asker("10.1.0.0", unguessable=True)) == 0
    # At a new browser, while it all goes on: after ten seconds for each address, at most.
    owner = Asker("192.0.2.7")
    waited, again = 0, 0.0
    addresses_again = dict.fromkeys(range(addresses), 0.0)
    while True:
        now = clock.monotonic()
        for number, at in addresses_again.items():
            if at <= now:
                wait = wait_of(throttle, "lin", f"10.1.{number // 250}.{number % 250}")
                addresses_again[number] = now + wait
        if again <= now:
            wait = wait_of(throttle, "lin", owner)
            if wait == 0:
                break
            again = now + wait
        waited += 1
        clock.turn(1)
        assert waited <= LINE_SECONDS * (addresses + 1)
    assert waited <= LINE_SECONDS * (addresses + 1)


def test_who_was_told_to_wait_gets_in_then() -> None:
    clock = _Hands()
    throttle = Throttle(clock)
    for number in range(LINE_FREE):
        assert wait_of(throttle, "lin", f"10.0.0.{number}") == 0
    first, second = (wait_of(throttle, "lin", f"10.9.0.{n}") for n in (1, 2))
    assert (first, second) == (10, 20)
    clock.turn(10)
    assert wait_of(throttle, "lin", "10.9.0.2") == 10  # not before its turn
    assert wait_of(throttle, "lin", "10.9.0.1") == 0
    clock.turn(10)
    assert wait_of(throttle, "lin", "10.9.0.2") == 0


def test_who_never_comes_in_turn_loses_the_place() -> None:
    clock = _Hands()
    throttle = Throttle(clock)
    for number in range(LINE_FREE + 50):
        wait_of(throttle, "lin", f"10.0.0.{number}")
    assert wait_of(throttle, "lin", "192.0.2.7") == 51 * LINE_SECONDS
    clock.turn(51 * LINE_SECONDS + 1)
    assert wait_of(throttle, "lin", "192.0.2.7") == 0
    assert wait_of(throttle, "lin", "192.0.2.8") == 0  # tokens came back meanwhile


def test_an_ipv6_network_is_one_address() -> None:
    throttle = Throttle(_Hands())
    waits = [wait_of(throttle, "lin", f"2001:db8:1:2::{n:x}") for n in range(7)]
    assert waits[:6] == [0] * 6 or waits[5] > 0
    assert waits[5] > 0
    assert wait_of(throttle, "lin", "2001:db8:1:3::1") == 0


def test_a_known_browser_waits_for_its_own_failures_alone() -> None:
    clock = _Hands()
    throttle = Throttle(clock)
    mine, other = Asker("10.0.0.1", "b1"), Asker("10.0.0.1", "b2")
    waits = [wait_of(throttle, "lin", mine) for _ in range(6)]
    assert waits[:5] == [0] * 5
    assert waits[5] > 0
    assert wait_of(throttle, "lin", other) == 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 400), st.booleans()), min_size=1, max_size=80
    )
)
def test_nobody_waits_for_ever(steps: list[tuple[int, int, bool]]) -> None:
    """Whatever happened before: nobody is told more than the bound, and then gets in."""
    clock = _Hands()
    throttle = Throttle(clock, line_free=3)
    for who, pause, right in steps:
        if wait_of(throttle, "lin", f"10.0.0.{who}") == 0 and right:
            throttle.succeeded("lin", f"10.0.0.{who}")
        clock.turn(pause)
    wait = wait_of(throttle, "lin", "10.0.0.1")
    assert wait <= max(LONGEST_WAIT, 7 * LINE_SECONDS)
    if wait:
        clock.turn(wait)
        # Nobody else came meanwhile. The address' own wait may be followed by the line's.
        second = wait_of(throttle, "lin", "10.0.0.1")
        assert second <= 7 * LINE_SECONDS
        clock.turn(second)
        assert second == 0 or wait_of(throttle, "lin", "10.0.0.1") == 0


@pytest.mark.attack(5)
def test_a_flood_of_names_and_addresses_has_bounded_memory() -> None:
    clock = _Hands()
    throttle = Throttle(clock, line_free=1)
    for account in range(6_000):
        for number in range(5):
            wait_of(throttle, f"account {account}", f"10.{account % 250}.{number}.1")
    assert len(throttle._lines) <= 5_000
    assert throttle._places == sum(len(line.places) for line in throttle._lines.values())
    assert throttle._places <= 20_000
    assert len(throttle._tries) <= 20_000


@pytest.mark.attack(5)
def test_the_cookie_of_a_known_browser_cannot_be_made_or_lent() -> None:
    clock = _Hands()
    known = KnownBrowsers(AccountKey(b"k" * 32), clock)
    value = known.value_for("lin", "")
    assert value is not None
    browser = known.browser_of("lin", value)
    assert browser
    assert known.browser_of("wu", value) == ""  # of another account
    assert KnownBrowsers(AccountKey(b"x" * 32), clock).browser_of("lin", value) == ""
    name, made, mac = value.split(".")
    for forged in (
        f"{name}x.{made}.{mac}",
        f"{name}.{int(made) + 1}.{mac}",
        f"{name}.{made}.{mac[:-1]}",
        f"{name}.{made}.",
        f".{made}.{mac}",
        f"{name}.²²²³.{mac}",
        "x" * 10_000,
        "",
    ):
        assert known.browser_of("lin", forged) == "", forged
    assert known.value_for("lin", value) is None  # good enough
    clock.turn(8 * 24 * 3600)
    renewed = known.value_for("lin", value)
    assert renewed is not None
    assert known.browser_of("lin", renewed) == browser
    clock.turn(KNOWN_BROWSER_LIFETIME.total_seconds() + 1)
    assert known.browser_of("lin", renewed) == ""
    assert known.cookie_name("lin") != known.cookie_name("wu")
    assert known.cookie_name("lin").startswith("__Host-")


@pytest.mark.attack(5)
def test_a_flood_of_names_is_bounded_and_forgets_no_guessing() -> None:
    clock = _Hands()
    throttle = Throttle(clock)
    for number in range(LINE_FREE):
        assert wait_of(throttle, "lin", f"10.2.0.{number}") == 0
    assert wait_of(throttle, "lin", "10.3.0.1") > 0  # strangers stand in line
    for number in range(3 * ACCOUNTS_AT_MOST):
        throttle.attempt(f"nobody-{number}", "10.9.9.9")
        assert len(throttle._lines) <= ACCOUNTS_AT_MOST
    assert wait_of(throttle, "lin", "10.3.0.2") > 0
