"""Many streams over one connection between gateway and agent, each with credit of its own.

:mod:`frames` is the wire, :mod:`connection` the rules (no I/O), :mod:`link` the asyncio part that
both ends use. The agent dials; the gateway opens streams; each names an instance and its epoch.
"""

from __future__ import annotations

from aigc.tunnel.connection import ResetCode
from aigc.tunnel.frames import TunnelError
from aigc.tunnel.link import Link, StreamRefusedError, StreamTransport

# Both ends must speak this in TLS (ALPN); another version of the wire gets another name.
ALPN = "aigc-tunnel/1"
# TLS records that a connection may hold at once, each way.
RECORDS = 16

__all__ = [
    "ALPN",
    "RECORDS",
    "Link",
    "ResetCode",
    "StreamRefusedError",
    "StreamTransport",
    "TunnelError",
]
