"""The command line at a terminal, with somebody who answers its questions."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

from tests.aigc.cli.conftest import Cli


def answer(cli: Cli, *words: str, asked: str, say: str, seconds: float = 90) -> tuple[int, str]:
    """Run a command; once the terminal shows a question, type an answer.

    Returns:
        The exit code and all that was shown.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "aigc.cli", *words],
        stdin=theirs, stdout=theirs, stderr=theirs, env=cli.variables({"COLUMNS": "200"}),
    )  # fmt: skip
    os.close(theirs)
    shown, answered, deadline = "", False, time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.5)[0]:
                continue
            try:
                shown += os.read(ours, 4096).decode("utf-8", "replace")
            except OSError:  # the other end is closed: the program ended
                break
            if asked in shown and not answered:
                answered = True
                os.write(ours, f"{say}\n".encode())
        return process.wait(10), shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
