"""``aigc tray``: the composition root of the desktop program."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLocale, QTimer
from PySide6.QtWidgets import QApplication

from aigc import logs
from desktop_client.bridge import Bridge
from desktop_client.config import default_config_dir
from desktop_client.controller import Controller
from desktop_client.i18n import say
from desktop_client.platform.browser import open_in_browser, write_down
from desktop_client.settings import load_settings
from desktop_client.signals import ended_by_signals
from desktop_client.single_instance import SingleInstance

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the person quits. Returns the exit code."""
    options = _parse(argv)
    logs.setup(options.log_level)
    if options.store == "file":
        log.warning("the sign-in is kept unencrypted in %s", options.config_dir / "tokens.json")
    QApplication.setDesktopFileName("aigc-gateway")
    app = QApplication(["aigc-tray"])
    app.setApplicationName("aigc-gateway")
    app.setQuitOnLastWindowClosed(False)
    settings = load_settings(options.config_dir).settings
    system = options.language or QLocale.system().name()
    language = settings.spoken_language(system)
    app.setApplicationDisplayName(say("app.name", language))
    options.config_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    single = SingleInstance(options.config_dir)
    if not single.take():
        if single.hand_over(options.coordinator):
            return 0
        log.error("the tray is running already but does not answer; end it first")
        return 1
    opener = write_down(options.no_browser) if options.no_browser else open_in_browser
    bridge = Bridge(options.config_dir, options.store, say("app.name", language), opener)
    controller = Controller(bridge, settings, system)
    single.asked.connect(controller.hand_over)
    controller.finished.connect(app.quit)
    with ended_by_signals(app):
        controller.start(show=options.show)
        # What the bridge loads takes longer than the icon: the icon first.
        QTimer.singleShot(0, lambda: bridge.start(options.coordinator))
        try:
            return app.exec()
        finally:
            controller.stop()
            bridge.stop()
            single.release()


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aigc tray", description="Your engines, at the tray.")
    parser.add_argument(
        "--coordinator", default="", help="host:port or an aigc://join/… link; remembered"
    )
    parser.add_argument("--config-dir", type=Path, default=default_config_dir())
    parser.add_argument(
        "--store",
        choices=("auto", "file", "memory"),
        default="auto",
        help="where the sign-in is kept: the keyring, a file (unencrypted), or memory",
    )
    parser.add_argument("--language", choices=("en", "zh"), default="")
    parser.add_argument("--show", action="store_true", help="show the window at once")
    parser.add_argument(
        "--no-browser", type=Path, metavar="FILE", help="append addresses to FILE instead"
    )
    parser.add_argument("--log-level", default="INFO")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
