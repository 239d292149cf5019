"""``aigc admin``: the composition root of the admin window."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QLocale, QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from aigc import logs
from desktop_client import theme
from desktop_client.admin.bridge import AdminBridge
from desktop_client.admin.registry import PAGES
from desktop_client.admin.settings import AdminSettings, load_settings, save_settings
from desktop_client.admin.window import AdminWindow
from desktop_client.collector import GuiCollector
from desktop_client.config import default_config_dir
from desktop_client.i18n import language_of, say
from desktop_client.platform.browser import open_in_browser, write_down
from desktop_client.platform.wake import NetworkWatch, PowerWatch
from desktop_client.settings import Look
from desktop_client.settings import load_settings as load_tray_settings
from desktop_client.signals import ended_by_signals
from desktop_client.single_instance import SingleInstance

log = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.001  # the loop's thread gives way to the window sooner than by default


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the window is closed. Returns the exit code."""
    options = _parse(argv)
    logs.setup(options.log_level)
    sys.setswitchinterval(_SWITCH_SECONDS)
    if options.store == "file":
        log.warning("the sign-in is kept unencrypted in %s", options.config_dir / "tokens.json")
    QApplication.setDesktopFileName("aigc-gateway-admin")
    app = QApplication(["aigc-admin"])
    GuiCollector(app)
    app.setApplicationName("aigc-gateway-admin")
    options.config_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = load_settings(options.config_dir)
    shared = load_tray_settings(options.config_dir).settings  # what the tray was told holds here
    named = options.language or settings.language
    language = language_of(named) if named else shared.spoken_language(QLocale.system().name())
    app.setApplicationDisplayName(say("admin.name", language))
    single = SingleInstance(options.config_dir, program="admin")
    if not single.take():
        if single.hand_over(options.page):
            return 0
        log.error("the admin window is open already but does not answer; end it first")
        return 1
    opener = write_down(options.no_browser) if options.no_browser else open_in_browser
    bridge = AdminBridge(options.config_dir, options.store, opener)
    desk = _Desk(app, bridge, settings, language, shared.look)
    single.asked.connect(desk.hand_over)
    with ended_by_signals(app):
        bridge.start(options.coordinator)
        desk.start(options.page)
        try:
            return app.exec()
        finally:
            arrangement = desk.stop()
            bridge.stop()
            save_settings(options.config_dir, arrangement)
            single.release()


class _Desk(QObject):
    """Gives the window its theme and language, live."""

    def __init__(
        self,
        app: QApplication,
        bridge: AdminBridge,
        settings: AdminSettings,
        language: str,
        look: Look,
    ) -> None:
        super().__init__()
        self._saved_look = look
        self._look = Look(settings.look) if settings.look else look
        self._app = app
        self._language = language
        self._colours = self._themed()
        zone = datetime.now().astimezone().tzinfo
        self._window = AdminWindow(bridge, settings, self._colours, language, zone)
        self._window.language_chosen.connect(self._speak)
        self._window.look_chosen.connect(self._choose_look)
        self._window.closed.connect(app.quit)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)
        self._bridge = bridge
        self._power, self._network = PowerWatch(self), NetworkWatch(self)
        self._power.resumed.connect(bridge.revive)
        self._network.changed.connect(self._network_changed)

    def start(self, page: str) -> None:
        self._power.start()
        self._network.start()
        self.hand_over(page)

    def hand_over(self, page: str) -> None:
        """A second start: bring the window up, at the page that was named."""
        if page:
            self._window.go_to(page)
        self._window.bring_up()

    def stop(self) -> AdminSettings:
        """Take the window away; how it was arranged."""
        self._power.stop()
        self._network.stop()
        arrangement = self._window.arrangement()
        self._window.hide()
        return arrangement

    def _network_changed(self, reachable: bool) -> None:
        if reachable:
            self._bridge.revive()

    def _speak(self, language: str) -> None:
        self._language = language
        self._app.setApplicationDisplayName(say("admin.name", language))
        self._window.dress(language, self._colours)

    def _choose_look(self, look: str) -> None:
        """Empty: as the tray's settings have it."""
        self._look = Look(look) if look else self._saved_look
        self._scheme_changed()

    def _scheme_changed(self) -> None:
        self._colours = self._themed()
        self._window.dress(self._language, self._colours)

    def _themed(self) -> theme.Colours:
        dark = theme.system_is_dark() if self._look is Look.SYSTEM else self._look is Look.DARK
        colours = theme.DARK if dark else theme.LIGHT
        theme.apply(self._app, colours)
        return colours


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="aigc admin", description="The whole studio in one window, for IT."
    )
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
    parser.add_argument("--page", choices=tuple(PAGES), default="", help="show this page")
    parser.add_argument(
        "--no-browser", type=Path, metavar="FILE", help="append addresses to FILE instead"
    )
    parser.add_argument("--log-level", default="INFO")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
