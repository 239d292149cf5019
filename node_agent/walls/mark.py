"""The mark on the agent's own connections to engines, by which the walls know them.

Setting it needs CAP_NET_ADMIN, so that no other user can; and other programs of root do not set
it, so that a connection of theirs to an engine is refused too. Whatever in the agent speaks to an
engine connects through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

# No bit that kube-proxy (0x4000, 0x8000), Tailscale (0xff0000) or WireGuard's usual mark use.
MARK = 0x216C
_SO_MARK = getattr(socket, "SO_MARK", None)


async def connect(address: tuple[str, int]) -> socket.socket:
    """A connection to an engine, marked where this process may; not blocking.

    Raises:
        OSError: it could not be made.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | getattr(socket, "SOCK_CLOEXEC", 0))
    try:
        made.setblocking(False)
        if _SO_MARK is not None:
            # Without the right to it there are no walls of ours either.
            with contextlib.suppress(PermissionError):
                made.setsockopt(socket.SOL_SOCKET, _SO_MARK, MARK)
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made
