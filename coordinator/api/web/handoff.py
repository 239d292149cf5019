"""``/handoff``: a gateway's page sends its visitor here to prove who they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aigc.errors import AigcError, ErrorKind
from coordinator.api.web.http import Pages, see_other
from coordinator.api.web.sign_in import SignInPages
from coordinator.identity import Identity
from coordinator.identity.handoff import safe_path
from coordinator.reactor import Reactor

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class HandoffPage:
    """Exact host to instance to owner; where it leads is built here, never taken from the query.

    ``url_of(host)`` is the address of an instance at the gateway, with or without a final slash.
    """

    def __init__(
        self,
        identity: Identity,
        reactor: Reactor,
        pages: Pages,
        sign_in: SignInPages,
        url_of: Callable[[str], str],
    ) -> None:
        self._identity = identity
        self._reactor = reactor
        self._pages = pages
        self._sign_in = sign_in
        self._url_of = url_of

    def routes(self) -> list[Route]:
        return [Route("/handoff", self.hand_off)]

    async def hand_off(self, request: Request) -> Response:
        if request.headers.get("sec-fetch-dest", "document") != "document":
            raise AigcError(
                "handoff-embedded", "This page opens in a tab of its own.", ErrorKind.FORBIDDEN
            )
        query = request.query_params
        host, nonce_hash = query.get("host", ""), query.get("nonce_hash", "")
        onward = safe_path(query.get("to", "/"))
        found = await self._sign_in.who(request)
        if found is None:
            again = urlencode({"host": host, "nonce_hash": nonce_hash, "to": onward})
            return see_other("/signin?" + urlencode({"next": f"/handoff?{again}"}))
        _, session = found
        instance = None
        if _LABEL.fullmatch(host) and len(query.multi_items()) == len(query):
            instance = self._reactor.studio.instance_at(host)
        if instance is None:
            raise AigcError(
                "host-unknown",
                "There is no engine at this address; it may have been deleted. "
                "See the list of your engines.",
                ErrorKind.NOT_FOUND,
            )
        code = await self._identity.mint_handoff(session, instance, nonce_hash, onward)
        return see_other(
            f"{self._url_of(instance.host).rstrip('/')}/.aigc/handoff?{urlencode({'code': code})}"
        )
