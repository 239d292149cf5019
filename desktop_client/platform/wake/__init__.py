"""Sleep and resume, and the network's coming and going, as signals in the GUI thread.

Nothing here blocks and nothing polls; where a system cannot tell, ``how`` is empty and ``why_not``
says the reason, for the diagnostics.
"""

from __future__ import annotations

from desktop_client.platform.wake.network import NetworkWatch
from desktop_client.platform.wake.power import PowerWatch

__all__ = ["NetworkWatch", "PowerWatch"]
