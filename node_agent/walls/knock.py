"""Tries the walls from outside: a connection to an engine as another user of this machine.

A thread's file-system user id is its own (setfsuid), and a socket belongs to whom that says when
it is made. So the attempt is another user's without another program.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import threading
from enum import StrEnum

_NOBODY = 65534
_WITHIN = 2.0
# What nft's "reject with icmpx admin-prohibited" says to whoever connects.
_REJECTED = {errno.EHOSTUNREACH, errno.EACCES, errno.EPERM, errno.ENETUNREACH}


class Knock(StrEnum):
    REFUSED = "refused"  # at once, as the walls do it
    CONNECTED = "connected"
    UNANSWERED = "unanswered"  # nobody answered, and nothing refused it
    UNTRIED = "untried"  # this process may not take another user's part


def knock(address: tuple[str, int]) -> Knock:
    """What becomes of a connection as another user. Blocks for two seconds at most."""
    outcome = [Knock.UNTRIED]

    def attempt() -> None:
        # A thread of its own, which ends with it: nothing else ever runs under that id.
        if not _become(_NOBODY):
            return
        outcome[0] = _connect(address)

    trying = threading.Thread(target=attempt, name="walls-knock")
    trying.start()
    trying.join()
    return outcome[0]


def _become(user: int) -> bool:
    """Whether this thread's sockets are that user's from now on."""
    if os.geteuid() != 0:
        return False
    library = ctypes.CDLL(None)
    library.setfsuid(user)
    return int(library.setfsuid(user)) == user  # it returns what was so before


def _connect(address: tuple[str, int]) -> Knock:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trying:
        trying.settimeout(_WITHIN)
        try:
            trying.connect(address)
        except TimeoutError:
            return Knock.UNANSWERED
        except OSError as error:
            return Knock.REFUSED if error.errno in _REJECTED else Knock.UNANSWERED
    return Knock.CONNECTED
