"""Finds the coordinator and the sign-in for one command, and runs the command against it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.config import ClientConfig
    from desktop_client.session import CoordinatorSession
    from desktop_client.tokens import TokenStore

T = TypeVar("T")

TOKEN_FILE = "tokens.json"  # noqa: S105  a file's name; desktop_client.tokens writes it


def run(work: Callable[[CoordinatorSession], Awaitable[T]]) -> T:
    """Connect, do the work, let go."""

    async def connected() -> T:
        async with connect() as session:
            return await work(session)

    return asyncio.run(connected())


@contextlib.asynccontextmanager
async def connect() -> AsyncIterator[CoordinatorSession]:
    """A session with the coordinator that AIGC_COORDINATOR names, else with the saved one.

    Raises:
        AigcError: no coordinator is known, or its CA cannot be trusted.
    """
    from desktop_client.config import default_config_dir
    from desktop_client.session import CoordinatorSession, Endpoint

    folder = default_config_dir()
    config = await known_coordinator(folder)
    token = os.environ.get("AIGC_TOKEN", "").strip() or None
    store = await asyncio.to_thread(saved_store, folder)
    endpoint = Endpoint(config.address, config.ca_pem)
    session = CoordinatorSession(endpoint, store, api_token=token, config_dir=folder)
    async with session:
        if token is None:
            await session.options()  # versions, and a rotated authority, before anything else
        yield session


async def known_coordinator(folder: Path) -> ClientConfig:
    """The coordinator to talk to, with a CA that is pinned.

    Raises:
        AigcError: ``not-connected`` or ``pin-needed``, or why it cannot be reached.
    """
    from desktop_client.config import find_coordinator, load_client_config

    asked = os.environ.get("AIGC_COORDINATOR", "").strip()
    saved = await asyncio.to_thread(load_client_config, folder)
    if not asked:
        if saved is None:
            raise AigcError(
                "not-connected",
                "No coordinator is known yet: run 'aigc login HOST:PORT', or set AIGC_COORDINATOR.",
                ErrorKind.UNAUTHENTICATED,
            )
        return saved
    pin = os.environ.get("AIGC_PIN", "").strip() or None
    if saved is not None and asked == saved.address and pin in (None, saved.pin):
        return saved
    if pin is None and not asked.startswith("aigc:"):
        raise AigcError(
            "pin-needed",
            f"How is the coordinator at {asked} to be recognised? Set AIGC_PIN to its pin, set "
            "AIGC_COORDINATOR to its whole join link, or run "
            f"'aigc login {asked}' once.",
        )
    return await find_coordinator(asked, pin)


def saved_store(folder: Path) -> TokenStore:
    """Where the sign-in was kept: the file if somebody asked for one, else the keyring."""
    from desktop_client.tokens import open_store

    if os.environ.get("AIGC_TOKEN"):
        return open_store("memory", folder)
    return open_store("file" if (folder / TOKEN_FILE).exists() else "auto", folder)
