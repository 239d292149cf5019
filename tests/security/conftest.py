"""The door of raw bytes, for the attacks on the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.gateway.conformance.conftest import door
from tests.gateway.conformance.door import Door, open_door

__all__ = ["door", "one_door"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """Without TLS, which changes nothing of what these tests look at."""
    async with open_door(tmp_path_factory.mktemp("door")) as opened:
        yield opened
