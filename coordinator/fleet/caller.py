"""Which machine is calling, set by the interceptor for the time of one call."""

from __future__ import annotations

from contextvars import ContextVar

from coordinator.fleet.authority import NodeIdentity

calling_node: ContextVar[NodeIdentity] = ContextVar("calling_node")
