"""gRPC's asyncio side stays up between tests: its shutdown waits for a thread, in a destructor."""

from __future__ import annotations

import grpc.aio
import pytest


@pytest.fixture(scope="session", autouse=True)
def _grpc_stays_up() -> None:
    grpc.aio.init_grpc_aio()
