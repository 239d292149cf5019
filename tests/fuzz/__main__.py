"""``python -m tests.fuzz [TARGET] [--seconds N]``: search for an input that fails; all by default.

Found ones are written to ``build/fuzz``; put them into ``corpus/TARGET`` once they are mended, and
what ``--minimise`` keeps.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_FOUND = _HERE.parents[1] / "build" / "fuzz"
# What one input may have; a dialogue's actions each cost a delivery.
_MOST_BYTES = {"dialogue": 512}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="?")
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--seed", type=int, default=1, help="of the search; 0: another each time")
    parser.add_argument("--minimise", action="store_true", help="keep the smallest corpus")
    chosen, for_itself = parser.parse_known_args()
    try:
        import atheris
    except ImportError:
        sys.stderr.write("Fuzzing needs atheris, which there is for Linux on x86-64 only.\n")
        return 1 if os.environ.get("CI") else 0
    with atheris.instrument_imports(include=["gateway", "aigc.tunnel"]):
        from tests.fuzz.targets import TARGETS
    if chosen.target is None:
        return _search_all(list(TARGETS), chosen.seconds, chosen.seed)
    if chosen.target not in TARGETS:
        parser.error(f"no such target; there are {', '.join(TARGETS)}")
    logging.disable()  # refusals are what is expected
    folder = _FOUND / chosen.target
    known, found, kept = _HERE / "corpus" / chosen.target, folder / "found", folder / "kept"
    for one in (found, kept):
        one.mkdir(parents=True, exist_ok=True)
    options = [
        f"{sys.executable} -m tests.fuzz {chosen.target}",  # how it calls itself to minimise
        f"-artifact_prefix={folder}/failed-",
        f"-max_total_time={chosen.seconds}",
        f"-seed={chosen.seed}",
        f"-max_len={_MOST_BYTES.get(chosen.target, 8192)}",
        "-timeout=20",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        "-verbosity=0",
        f"-dict={_HERE / 'words.dict'}",
        *(["-merge=1", str(kept), str(known)] if chosen.minimise else []),
        str(found),
        *([] if chosen.minimise else [str(known)]),
    ]
    atheris.Setup([options[0], *for_itself] if for_itself else options, TARGETS[chosen.target])
    atheris.Fuzz()  # ends the process
    return 0


def _search_all(targets: list[str], seconds: int, seed: int) -> int:
    failed: list[str] = []
    for target in targets:
        command = [sys.executable, "-m", "tests.fuzz", target, "--seconds", str(seconds)]
        command += ["--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        tried = said.partition("number_of_executed_units:")[2].split("\n")[0].strip() or "no"
        print(f"{target}: {tried} inputs in {seconds} s: {'FAILED' if done.returncode else 'ok'}")
        if done.returncode:
            print(said)
            failed.append(target)
    if failed:
        print(f"Failed: {', '.join(failed)}; the inputs are in {_FOUND}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
