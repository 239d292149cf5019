"""``python -m gateway``: started by the coordinator, or as a unit of its own."""

from __future__ import annotations

import sys

from aigc import logs
from gateway.program import parse_arguments, run

if __name__ == "__main__":
    logs.setup()
    sys.exit(run(parse_arguments(sys.argv[1:])))
