"""Print which tests show which attack: ``python -m tests.security``."""

from __future__ import annotations

from tests.security.attacks import ATTACKS
from tests.security.test_index import shown

if __name__ == "__main__":
    tests = shown()
    for number, words in ATTACKS.items():
        print(f"{number:>2}  {words}")
        for test in tests.get(number, ["(none)"]):
            print(f"      {test}")
