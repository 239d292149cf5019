"""Writes build/screenshots/LANGUAGE-THEME-NAME.png under a virtual screen.

Any line on the error stream, and so any warning of Qt's, fails the run.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.desktop.screen import HARMLESS, screen

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from tests.screenshots.scene import Scene

_SCREEN = "2560x2160x24"  # room for any window at twice its size


async def _under_a_screen(arguments: list[str], scale: str) -> int:
    with tempfile.TemporaryDirectory(prefix="aigc-screens-") as folder:
        async with screen(Path(folder), _SCREEN) as made:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-X", "faulthandler", "-m", "tests.screenshots", "--here",
                *arguments,
                env=made.environment() | ({"QT_SCALE_FACTOR": scale} if scale else {}),
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            _, errors = await process.communicate()
    lines = [
        line
        for line in errors.decode("utf-8", "replace").splitlines()
        if not any(harmless in line for harmless in HARMLESS)
    ]
    print("\n".join(lines), file=sys.stderr, end="\n" if lines else "")
    if process.returncode and process.returncode < 0:
        print(f"the painting ended by signal {-process.returncode}", file=sys.stderr)
    return 1 if lines or process.returncode else 0


def _paint(folder: Path, wanted: Sequence[str], only: str, scale: str) -> int:
    from PySide6.QtWidgets import QApplication

    from tests.screenshots.scene import areas, scenes_of

    app = QApplication(["screenshots"])
    app.setQuitOnLastWindowClosed(False)
    gc.disable()  # collected between the rounds, and not while a window is being painted
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [s for area in (wanted or areas()) for s in scenes_of(area)]
    twice = [name for name, times in Counter(s.name for s in scenes).items() if times > 1]
    if twice:
        print(f"two scenes have one name: {', '.join(twice)}", file=sys.stderr)
        return 1
    chosen = [s for s in scenes if only in s.name]
    count = _paint_scenes(app, folder, chosen, f"-{scale}x" if scale else "")
    if not wanted and not only:
        count += _paint_icons(folder)
    print(f"{count} pictures in {folder}")
    return 0


def _paint_scenes(app: QApplication, folder: Path, scenes: Sequence[Scene], scale: str) -> int:
    from PySide6.QtCore import QEvent

    from desktop_client import theme

    for look, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(app, colours)
        for language in ("en", "zh"):
            for scene in scenes:
                widget = scene.make(colours, language)
                if scene.size is not None:
                    widget.resize(*scene.size)
                widget.show()
                _settle(app)
                if scene.then is not None:
                    scene.then(widget)
                    _settle(app)
                path = folder / f"{language}-{look}{scale}-{scene.name}.png"
                if not widget.grab().save(str(path)):
                    raise OSError(f"{path} cannot be written")
                widget.hide()
                widget.deleteLater()
                app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            gc.collect()
    return 4 * len(scenes)


def _settle(app: QApplication) -> None:
    for _ in range(5):
        app.processEvents()


def _paint_icons(folder: Path) -> int:
    from desktop_client.shapes import tray_icon
    from desktop_client.view_model import Icon

    sizes = (22, 64)
    for icon in Icon:
        for pixels in sizes:
            pixmap = tray_icon(icon).pixmap(pixels, pixels)
            if not pixmap.save(str(folder / f"icon-{icon}-{pixels}.png")):
                raise OSError(f"{folder} cannot be written")
    return len(Icon) * len(sizes)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--here", action="store_true", help="use the screen that is here")
    parser.add_argument("--folder", type=Path, default=Path("build/screenshots"))
    parser.add_argument(
        "--area", action="append", default=[], help="only this module's; repeatable"
    )
    parser.add_argument("--only", default="", help="scenes whose name holds this")
    parser.add_argument("--scale", default="", help="2: as on a screen at 200 %%")
    options = parser.parse_args()
    if not options.here:
        return asyncio.run(_under_a_screen(sys.argv[1:], options.scale))
    scale = options.scale or os.environ.get("QT_SCALE_FACTOR", "")
    return _paint(options.folder, options.area, options.only, scale)


if __name__ == "__main__":
    sys.exit(main())
