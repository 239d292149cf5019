"""A simulated stand-in for the NVIDIA driver's management library, compiled here by gcc.

It stands where the real ``libnvidia-ml.so.1`` would, so that the real pynvml runs on it: preloaded
in this process by :func:`node_agent.gpus.nvml.load_library`, or found by a child process through
``LD_LIBRARY_PATH``. What the cards say is the text that ``AIGC_STANDIN_NVML`` names (see nvml.c).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

STATE_VARIABLE = "AIGC_STANDIN_NVML"


def build(folder: Path, version: str = "550.54.14") -> Path:
    """Compile it into a folder, named and linked as a driver's package installs it."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.fail("needs a C compiler (apt-get install gcc libc6-dev)", pytrace=False)
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / f"libnvidia-ml.so.{version}"
    subprocess.run(
        [
            *(compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra"),
            *("-Wl,-soname,libnvidia-ml.so.1", "-o", str(library)),
            str(Path(__file__).with_name("nvml.c")),
        ],
        check=True,
        timeout=60,
    )
    link = folder / "libnvidia-ml.so.1"
    link.unlink(missing_ok=True)
    link.symlink_to(library.name)
    return link
