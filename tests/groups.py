"""Runs the checks and all tests in groups, some side by side; ``scripts/test`` calls it.

Most groups wait more than they compute, so each lane takes the next group when it has ended one.
What a group prints is kept until it ends and then printed whole. What failed runs once more when
every lane is empty: alone. What passes only then is named as flaky, a defect to look for.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

_ROOT = Path(__file__).parents[1]
_TELL_EVERY = 60.0  # seconds between two lines that say how far the lanes are
_END_WITHIN = 60.0  # seconds that an interrupted group has to clear up
_NOTHING_COLLECTED = 5  # pytest's exit code, as when -k names a test of another group
_TESTS_FAILED = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Something to run as a whole.

    Attributes:
        expression: pytest's ``-m``; empty if it is no group of tests.
        mark: what each of its tests has: files without it are not even imported.
        where: paths for pytest, with their options.
        command: what runs instead of pytest.
    """

    name: str
    expression: str = ""
    where: tuple[str, ...] = ()
    mark: str = ""
    command: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        return re.sub(r"\W+", "-", self.name)

    def command_line(self, cache: Path, arguments: Sequence[str], again: bool = False) -> list[str]:
        if self.command:
            return list(self.command)
        options = ["-q", "--durations", "5", "-o", f"cache_dir={cache}"]
        if self.mark:
            options += ["--only-with", self.mark]
        if again:
            options += ["--last-failed", "--last-failed-no-failures", "none"]
        return [
            *(sys.executable, "-u", "-m", "pytest", *options),  # -u: how far it is, is read
            *("-m", self.expression, *self.where, *arguments),
        ]


# Folders whose tests without a real part are groups of their own.
_APART = ("tests/desktop_client", "tests/e2e")
_QUICK = "not docker and not browser and not desktop and not studio and not faults"
# The longest first, so that no lane is left with one while the others are empty.
GROUPS = (
    Group("faults", "faults", mark="faults"),
    Group("servers, agent and command line", _QUICK, tuple(f"--ignore={f}" for f in _APART)),
    Group("desktop", "desktop and not studio and not faults", mark="desktop"),
    Group("desktop programs, in parts", _QUICK, _APART[:1]),
    Group("browser", "browser and not desktop and not studio and not faults", mark="browser"),
    Group(
        "real Docker Engine",
        "docker and not browser and not desktop and not studio and not faults",
        mark="docker",
    ),
    Group("studio of namespaces", "studio and not faults", mark="studio"),
    Group("checks", command=(str(_ROOT / "scripts" / "check"),)),
    Group("whole story", _QUICK, _APART[1:]),
    Group("fuzzing", command=(sys.executable, "-m", "tests.fuzz", "--seconds", "15")),
)


@dataclass(slots=True)
class Result:
    """How a group ended; ``seconds`` of both attempts together."""

    group: Group
    code: int
    seconds: float
    flaky: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.code in (0, _NOTHING_COLLECTED)


class Runner:
    """Runs groups in lanes; :meth:`interrupt` ends what runs."""

    def __init__(
        self,
        groups: Sequence[Group],
        arguments: Sequence[str],
        lanes: int,
        cache: Path = _ROOT / ".pytest_cache" / "groups",
    ) -> None:
        self._waiting = deque(groups)
        self._groups = groups
        self._arguments = arguments
        self._lanes = lanes
        self._cache = cache
        self._printing = threading.Lock()
        self._running: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
        self._results: dict[str, Result] = {}
        self._told: dict[Path, int] = {}  # failures of each group that were told already
        self._begun = time.monotonic()
        self._interrupted = threading.Event()

    def run(self) -> int:
        """Everything; the exit code."""
        with tempfile.TemporaryDirectory(prefix="aigc-tests-") as folder:
            lanes = [
                threading.Thread(target=self._lane, args=(Path(folder),), name=f"lane {n}")
                for n in range(self._lanes)
            ]
            for lane in lanes:
                lane.start()
            told = time.monotonic()
            while alive := [lane for lane in lanes if lane.is_alive()]:
                alive[0].join(0.5)
                if time.monotonic() - told >= _TELL_EVERY:
                    told = time.monotonic()
                    self._tell_progress()
            for result in self._results.values():
                if result.code == _TESTS_FAILED and result.group.expression:
                    self._try_again(result, Path(folder))
        return self._summary()

    def interrupt(self, number: int = signal.SIGINT, _frame: FrameType | None = None) -> None:
        """Begin nothing more, and end what runs: at the second time at once."""
        if self._interrupted.is_set():
            self._send(signal.SIGKILL)
            return
        self._interrupted.set()
        self._send(signal.SIGINT)
        too_long = threading.Timer(_END_WITHIN, self._send, [signal.SIGKILL])
        too_long.daemon = True
        too_long.start()

    def _send(self, number: signal.Signals) -> None:
        for process, _ in list(self._running.values()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    # --- groups ----------------------------------------------------------------------------------

    def _lane(self, folder: Path) -> None:
        while not self._interrupted.is_set():
            try:
                group = self._waiting.popleft()
            except IndexError:
                return
            shutil.rmtree(self._cache / group.file_name, ignore_errors=True)
            self._results[group.name] = self._run(group, folder)

    def _run(self, group: Group, folder: Path, again: bool = False) -> Result:
        output = folder / f"{group.file_name}{'-again' * again}.txt"
        begun = time.monotonic()
        with output.open("wb") as written:
            # In a session of its own: who ends it, and how, is decided here alone.
            process = subprocess.Popen(
                group.command_line(self._cache / group.file_name, self._arguments, again),
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "AIGC_TESTS_FAILED_FILE": f"{output}.failed"},
            )
            self._running[group.name] = process, output
            try:
                if self._interrupted.is_set():
                    self._send(signal.SIGINT)
                code = process.wait()
            finally:
                del self._running[group.name]
        seconds = time.monotonic() - begun
        what = "once more, alone: what failed of " if again else ""
        with self._printing:
            print(f"== {what}{group.name} ({seconds:.0f} s)", flush=True)
            sys.stdout.buffer.write(output.read_bytes())
            sys.stdout.flush()
        return Result(group, code, seconds)

    def _try_again(self, result: Result, folder: Path) -> None:
        if self._interrupted.is_set():
            return
        failed = _failed(self._cache / result.group.file_name)
        again = self._run(result.group, folder, again=True)
        result.seconds += again.seconds
        if again.good and failed:
            result.code, result.flaky = 0, failed

    # --- telling ---------------------------------------------------------------------------------

    def _tell_progress(self) -> None:
        at_work, failed = [], []
        for name, (_, output) in list(self._running.items()):
            done = re.findall(rb"\[ *(\d+%)\]", output.read_bytes()[-20_000:])
            at_work.append(f"{name} {done[-1].decode() if done else ''}".rstrip())
            failed += self._news(Path(f"{output}.failed"))
        with self._printing:
            print(f"-- {time.monotonic() - self._begun:.0f} s: {'; '.join(at_work)}", flush=True)
            for line in failed:
                print(f"   failed: {line}", flush=True)

    def _news(self, failed: Path) -> list[str]:
        """What has failed since it was last asked: known even if the run is cut off."""
        lines = failed.read_text("utf-8").splitlines() if failed.exists() else []
        known = self._told.get(failed, 0)
        self._told[failed] = len(lines)
        return lines[known:]

    def _summary(self) -> int:
        print("== summary")
        failed = []
        for group in self._groups:
            result = self._results.get(group.name)
            mark = "not run" if result is None else "ok" if result.good else "FAILED"
            seconds = 0.0 if result is None else result.seconds
            print(f"{mark:7s} {seconds:5.0f} s  {group.name}")
            if mark != "ok":
                failed.append(group.name)
        print(f"{time.monotonic() - self._begun:13.0f} s  in all, in {self._lanes} lanes")
        flaky = [test for result in self._results.values() for test in result.flaky]
        if flaky:
            print("Flaky (failed, then passed alone):", *flaky, sep="\n  ")
        sys.stdout.flush()
        if self._interrupted.is_set():
            print("Interrupted.", file=sys.stderr)
            return 130
        if failed:
            print("Failed:", ", ".join(failed), file=sys.stderr)
        return 1 if failed else 0


def _failed(cache: Path) -> list[str]:
    try:
        return list(json.loads((cache / "v/cache/lastfailed").read_text("utf-8")))
    except OSError:
        return []


def main() -> None:
    lanes = int(os.environ.get("AIGC_TEST_LANES") or min(2, os.cpu_count() or 1))
    runner = Runner(GROUPS, sys.argv[1:], lanes)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, runner.interrupt)
    sys.exit(runner.run())


if __name__ == "__main__":
    main()
