"""The way to the embedded issuer: its own addresses, asked of the application that serves them.

The relying party has no other way to it than to a foreign issuer. Only the network is left out:
the coordinator need not know by which name and certificate others reach it.
"""

from __future__ import annotations

from typing import Any

import httpx


class OwnTransport(httpx.AsyncBaseTransport):
    """Answers requests with an ASGI application, once there is one."""

    def __init__(self) -> None:
        self._inner: httpx.ASGITransport | None = None

    def lead_to(self, app: Any) -> None:
        """From now on requests reach this application."""
        # A defect of ours there is a 500 here, as it would be over the network.
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._inner is None:
            raise httpx.ConnectError("the coordinator's pages are not served", request=request)
        return await self._inner.handle_async_request(request)
