"""AIGC Gateway: what its programs share, and the command line."""

__version__ = "0.1.0"
