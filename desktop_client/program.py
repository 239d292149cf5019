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
from desktop_client.collector import GuiCollector
from desktop_client.config import default_config_dir
from desktop_client.controller import Controller
from desktop_client.i18n import say
from desktop_client.looks import Looks
from desktop_client.model import Problem
from desktop_client.platform.browser import open_in_browser, write_down
from desktop_client.platform.deep_links import open_registration
from desktop_client.platform.deep_links.opened import LinkApplication
from desktop_client.platform.program_command import tray_command
from desktop_client.settings import load_settings
from desktop_client.signals import ended_by_signals
from desktop_client.single_instance import SingleInstance

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the person quits. Returns the exit code."""
    options = _parse(argv)
    ram = logs.RamLog()
    logs.set_up_logs(options.log_level, ram=ram)
    if options.store == "file":
        log.warning("the sign-in is kept unencrypted in %s", options.config_dir / "tokens.json")
    QApplication.setDesktopFileName("aigc-gateway")
    app = LinkApplication(["aigc-tray"])
    GuiCollector(app)
    app.setApplicationName("aigc-gateway")
    app.setQuitOnLastWindowClosed(False)
    loaded = load_settings(options.config_dir)
    looks = Looks(loaded.settings, options.language or QLocale.system().name())
    options.config_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    single = SingleInstance(options.config_dir)
    if not single.take():
        if single.hand_over(options.link or options.coordinator):
            return 0
        log.error("the tray is running already but does not answer; end it first")
        return 1
    opener = write_down(options.no_browser) if options.no_browser else open_in_browser
    bridge = Bridge(options.config_dir, options.store, say("app.name", looks.language), opener)
    controller = Controller(bridge, loaded, looks, ram, _command(options.config_dir))
    single.asked.connect(controller.hand_over)
    app.link_opened.connect(controller.hand_over)
    controller.finished.connect(app.quit)
    with ended_by_signals(app):
        controller.start(show=options.show, link=options.link)
        # What the bridge loads takes longer than the icon: the icon first.
        QTimer.singleShot(0, lambda: bridge.start(options.coordinator))
        if options.config_dir == default_config_dir():
            QTimer.singleShot(0, lambda: bridge.compute(_register_links, app, _done, _not_done))
        try:
            return app.exec()
        finally:
            controller.stop()
            bridge.stop()
            single.release()


def _command(config_dir: Path) -> tuple[str, ...]:
    """What the session starts: this program, with its settings folder where that is not the
    usual one."""
    if config_dir == default_config_dir():
        return tray_command()
    return (*tray_command(), "--config-dir", str(config_dir))


def _register_links() -> None:
    """``aigc://`` links reach this program; a program with a folder of its own leaves them to the
    usual one. Files and small programs, so not in the GUI thread."""
    registration = open_registration(tray_command())
    if not registration.is_registered():
        registration.register()


def _done(_: None) -> None:
    log.debug("aigc:// links reach this program")


def _not_done(problem: Problem) -> None:
    log.info("aigc:// links do not reach this program: %s", problem.message)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aigc tray", description="Your engines, at the tray.")
    parser.add_argument(
        "link", nargs="?", default="", metavar="LINK",
        help="aigc://start/ENGINE or aigc://join/…; asked about before anything happens",
    )  # fmt: skip
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
