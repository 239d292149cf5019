"""Whatever this system has for notifications: it answers, in time, and never raises.

On Windows this shows a toast for a moment; on macOS, outside of a signed app, it must be false.
"""

from __future__ import annotations

import asyncio
import sys

import pytest

from desktop_client.platform.notifications import Note, Notifications

pytestmark = pytest.mark.blocking_allowed("a library may load its own modules at the first note")


async def test_this_system_says_whether_it_shows_notes() -> None:
    notes = Notifications("AIGC Gateway tests", lambda key, action: None)
    actions = (("open", "Open"), ("stop", "Stop"))
    try:
        async with asyncio.timeout(50):
            service = await notes.describe()
            first = await notes.show(Note("tests", "A test", "of <notes> & buttons", actions))
            second = await notes.show(Note("tests", "A test", "replaced", actions, urgent=True))
            await notes.withdraw("tests")
    finally:
        await notes.close()
    assert bool(service.name) or bool(service.why_not)
    assert first is second, "the same both times"
    if sys.platform == "darwin":
        assert not first, "this Python is no signed app"
        assert service.why_not
