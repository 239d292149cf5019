"""Which real parts this machine has; see conftest."""

from __future__ import annotations

import os
import shutil
from functools import cache


@cache
def missing_part(mark: str) -> str | None:
    """Why the part behind a marker is missing here, or None if it is there."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    match mark:
        case "docker":
            if not root:
                return "needs root to start a Docker Engine of its own (run as root)"
            if shutil.which("dockerd") is None:
                return "needs dockerd (apt-get install docker.io iptables)"
        case "browser":
            if shutil.which("chromium") is None:
                return "needs Chromium (apt-get install chromium)"
        case "node":
            if shutil.which("node") is None or shutil.which("npm") is None:
                return "needs Node and npm (apt-get install nodejs npm)"
        case "desktop":
            for program in ("Xvfb", "dbus-daemon", "openbox"):
                if shutil.which(program) is None:
                    return f"needs {program} (apt-get install xvfb dbus openbox)"
        case "studio":
            if not root:
                return "needs root for network namespaces (run as root)"
            for program in ("ip", "nsenter", "dockerd", "nft", "dnsmasq"):
                if shutil.which(program) is None:
                    return f"needs {program} (apt-get install iproute2 docker.io nftables dnsmasq)"
    return None
