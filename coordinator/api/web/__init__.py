"""The coordinator's own pages: signing in, My engines, hand-off, trust."""

from coordinator.api.web.app import create_web_app, server_config

__all__ = ["create_web_app", "server_config"]
