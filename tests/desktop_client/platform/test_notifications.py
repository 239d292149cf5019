"""Contract of notifications, on our D-Bus client and on the wrapped library.

On Linux both speak to a notification service over real D-Bus (the library's own way for Linux),
so that the wrapping is exercised here; its Windows and macOS ways run in the CI matrix.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from desktop_client.platform.notifications import Backend, Note, Notifications
from tests.standins.session_bus import session_bus

if not sys.platform.startswith("linux") or shutil.which("dbus-daemon") is None:
    pytest.skip("needs dbus-daemon", allow_module_level=True)

from tests.standins.tray_host import TrayHost  # D-Bus is Linux's

pytestmark = pytest.mark.blocking_allowed("the library loads its own modules at the first note")

NOTE = Note("instance-1", "ComfyUI is ready", "On <render-04> & co", (("open", "Open"),))


@dataclass
class Desk:
    """A session with a notification service, and our client of it.

    Attributes:
        chosen: what a person answered, as (key, action).
        replaces: whether this client replaces a note in place on this system.
    """

    address: str
    make: Callable[[str, Callable[[str, str], None]], Backend]
    replaces: bool
    chosen: list[tuple[str, str]] = field(default_factory=list)

    def open(self) -> Backend:
        return self.make("AIGC Gateway", lambda key, action: self.chosen.append((key, action)))

    async def until_chosen(self, count: int) -> list[tuple[str, str]]:
        async with asyncio.timeout(30):
            while len(self.chosen) < count:  # noqa: ASYNC110 - a plain callback fills it
                await asyncio.sleep(0.01)
        return self.chosen


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A session bus of our own."""
    with session_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


@pytest.fixture(params=["dbus", "library"])
def desk(request: pytest.FixtureRequest, session: str) -> Desk:
    if request.param == "dbus":
        from desktop_client.platform.notifications.dbus import BusNotifications

        return Desk(session, BusNotifications, replaces=True)
    from desktop_client.platform.notifications.library import LibraryNotifications

    # The library gives no replaces_id on Linux, where we do not use it.
    return Desk(session, LibraryNotifications, replaces=False)


@pytest_asyncio.fixture
async def notes(desk: Desk) -> AsyncIterator[Backend]:
    opened = desk.open()
    yield opened
    await opened.close()


async def test_a_note_is_shown_and_its_button_answers(desk: Desk, notes: Backend) -> None:
    async with TrayHost(desk.address, with_tray=False) as service:
        assert await notes.show(NOTE)
        (shown,) = service.notes("is ready")
        assert shown.text == NOTE.text
        assert shown.actions["open"] == "Open"
        await service.choose(shown, "open")
        assert await desk.until_chosen(1) == [(NOTE.key, "open")]


async def test_a_click_on_it_is_the_default_action(desk: Desk, notes: Backend) -> None:
    async with TrayHost(desk.address, with_tray=False) as service:
        assert await notes.show(NOTE)
        await service.choose(service.notes("is ready")[0], "default")
        assert await desk.until_chosen(1) == [(NOTE.key, "default")]


async def test_a_note_of_the_same_key_takes_its_place(desk: Desk, notes: Backend) -> None:
    if not desk.replaces:
        pytest.skip("the library replaces on Windows and macOS only")
    async with TrayHost(desk.address, with_tray=False) as service:
        assert await notes.show(NOTE)
        assert await notes.show(Note(NOTE.key, "second", "x"))
        assert await notes.show(Note("another", "third", "x"))
        assert sorted(n.title for n in service.shown.values()) == ["second", "third"]


async def test_a_note_that_is_no_longer_true_goes(desk: Desk, notes: Backend) -> None:
    async with TrayHost(desk.address, with_tray=False) as service:
        assert await notes.show(NOTE)
        await notes.withdraw("unknown")
        await notes.withdraw(NOTE.key)
        await notes.withdraw(NOTE.key)
        await service.until(lambda: not service.shown)


async def test_a_dismissed_note_comes_anew(desk: Desk, notes: Backend) -> None:
    async with TrayHost(desk.address, with_tray=False) as service:
        assert await notes.show(NOTE)
        (first,) = service.notes("is ready")
        await service.dismiss(first)
        assert await notes.show(NOTE)
        (second,) = service.notes("is ready")
        assert second.times == 1
        assert desk.chosen == []


async def test_without_a_service_it_is_said_and_nothing_raises(desk: Desk, notes: Backend) -> None:
    assert not await notes.show(NOTE)
    await notes.withdraw(NOTE.key)
    assert (await notes.describe()).why_not


async def test_what_shows_them_is_known(desk: Desk, notes: Backend) -> None:
    async with TrayHost(desk.address, with_tray=False):
        service = await notes.describe()
        assert service.why_not == ""
        assert service.name
        assert service.capabilities


async def test_a_service_that_comes_late_or_anew_is_found(desk: Desk, notes: Backend) -> None:
    assert not await notes.show(NOTE)
    for _ in range(2):
        async with TrayHost(desk.address, with_tray=False) as service:
            assert await notes.show(NOTE)
            (shown,) = service.notes("is ready")
            assert shown.times == 1, "ids of the old service mean nothing to the new one"
            await service.choose(shown, "open")
            await desk.until_chosen(1)
            desk.chosen.clear()


# -- ours ---------------------------------------------------------------------------------------


@pytest.fixture
def ours(session: str) -> Desk:
    from desktop_client.platform.notifications.dbus import BusNotifications

    return Desk(session, BusNotifications, replaces=True)


async def test_a_service_without_actions_or_with_markup_is_met_as_it_is(ours: Desk) -> None:
    notes = ours.open()
    async with TrayHost(ours.address, with_tray=False, capabilities=("body",)) as service:
        assert await notes.show(NOTE)
        (shown,) = service.notes("is ready")
        assert shown.actions == {}
        assert shown.text == NOTE.text
    async with TrayHost(
        ours.address, with_tray=False, capabilities=("actions", "body", "body-markup")
    ) as service:
        assert await notes.show(NOTE)
        (shown,) = service.notes("is ready")
        assert shown.actions == {"default": NOTE.title, "open": "Open"}
        assert shown.text == "On &lt;render-04&gt; &amp; co"
    await notes.close()


async def test_many_notes_at_once_are_shown_each(ours: Desk) -> None:
    notes = ours.open()
    async with TrayHost(ours.address, with_tray=False) as service:
        told = [Note(f"key-{n % 5}", f"title {n}", "") for n in range(25)]
        assert all(await asyncio.gather(*(notes.show(note) for note in told)))
        assert sorted(n.times for n in service.shown.values()) == [5] * 5
    await notes.close()


async def test_a_bus_that_dies_and_comes_back_is_only_a_note_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from desktop_client.platform.notifications.dbus import BusNotifications

    notes = BusNotifications("AIGC Gateway", lambda key, action: None)
    for _ in range(2):
        with session_bus() as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            async with TrayHost(address, with_tray=False) as service:
                assert await notes.show(NOTE)
                assert service.notes("is ready")
        assert not await notes.show(NOTE)
        await notes.withdraw(NOTE.key)
        assert (await notes.describe()).why_not
    await notes.close()


async def test_the_system_choice_is_made_at_the_first_note(
    session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notifications("AIGC Gateway", lambda key, action: None)
    await notes.withdraw("x")
    await notes.close()
    async with TrayHost(session, with_tray=False):
        assert await notes.show(NOTE)
        assert (await notes.describe()).name == "test (test)"
        await notes.withdraw(NOTE.key)
    await notes.close()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    assert not await notes.show(NOTE)


def test_a_key_of_any_length_is_a_tag() -> None:
    from desktop_client.platform.notifications.library import tag

    assert tag("instance-1") == "instance-1"
    assert len(tag("x" * 65)) == 64
    assert tag("x" * 65) != tag("x" * 66)
