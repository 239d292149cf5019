"""``python -m aigc.cli``: the same as ``aigc``."""

import sys

from aigc.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
