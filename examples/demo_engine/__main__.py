"""Runs the engine: ``python -m demo_engine``, or ``python path/to/demo_engine``."""

import sys
from pathlib import Path

if not __package__:  # started by path: no PYTHONPATH needed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from demo_engine.server import main
else:
    from .server import main

if __name__ == "__main__":
    main()
