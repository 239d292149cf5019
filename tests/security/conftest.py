"""The door of raw bytes, for the attacks on the gateway."""

from tests.gateway.conformance.conftest import door, one_door

__all__ = ["door", "one_door"]
