"""What the gateway accepts, forwards and refuses, seen from outside: raw bytes on both sides.

Nothing here knows how the gateway is made: a browser's bytes go in at its port, an engine records
the bytes that come out, and a second parser (h11) says where each message ends.
"""
