"""The walls around engines: what of this machine's network reaches them, and what they reach.

``rules`` says as plain values which nftables rules there must be, ``nftables`` speaks to the
kernel, ``keeper`` installs, verifies and repairs, ``refusals`` counts, ``resolver`` answers for
names that an engine may reach, ``knock`` tries from another user, ``guard`` does it every minute.
"""
