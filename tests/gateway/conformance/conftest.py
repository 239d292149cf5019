"""One door for all probes of a module: a probe leaves nothing behind but its connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.gateway.conformance.door import Door, answer_markers, open_door


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["http", "https"])
async def one_door(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    async with open_door(folder, tls=request.param == "https") as door:
        yield door


@pytest_asyncio.fixture(loop_scope="module")
async def door(one_door: Door) -> AsyncIterator[Door]:
    """The module's door, with an engine that has seen nothing yet."""
    one_door.engine.forget()
    answer_markers(one_door.engine)
    yield one_door
    assert one_door.engine.broken == [], "the gateway sent what a second parser cannot read"
