"""The program's language and colours, changed while it runs: Qt's own words included."""

from __future__ import annotations

from datetime import datetime, tzinfo

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, QTranslator, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_client import theme
from desktop_client.i18n import say
from desktop_client.settings import Look, Settings
from desktop_client.theme import Colours


class Looks(QObject):
    """Signals:
    changed(): another language or other colours hold; everything is to be shown anew.

    Attributes:
        language: ``en`` or ``zh``.
        colours: of the theme that holds.
        zone: the desktop's.
    """

    changed = Signal()

    def __init__(self, settings: Settings, system: str, parent: QObject | None = None) -> None:
        """Args:
        system: the name of the desktop's locale, or a language asked for on the command line.
        """
        super().__init__(parent)
        self._system = system
        self._settings = settings
        self._translator: QTranslator | None = None
        self.zone: tzinfo | None = datetime.now().astimezone().tzinfo
        self.language = settings.spoken_language(system)
        self.colours = self._wanted_colours()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def apply(self) -> None:
        """Give the program its first look."""
        self._paint()
        self._speak()

    def choose(self, settings: Settings) -> None:
        """The person chose; ``changed`` follows where it makes a difference."""
        self._settings = settings
        language = settings.spoken_language(self._system)
        colours = self._wanted_colours()
        if language == self.language and colours is self.colours:
            return
        if colours is not self.colours:
            self.colours = colours
            self._paint()
        if language != self.language:
            self.language = language
            self._speak()
        self.changed.emit()

    def _wanted_colours(self) -> Colours:
        look = self._settings.look
        dark = theme.system_is_dark() if look is Look.SYSTEM else look is Look.DARK
        return theme.DARK if dark else theme.LIGHT

    def _scheme_changed(self) -> None:
        self.choose(self._settings)

    def _paint(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, self.colours)

    def _speak(self) -> None:
        """Qt's own words (menus of fields, file dialogs) come from its own translations."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        if self._translator is not None:
            app.removeTranslator(self._translator)
            self._translator = None
        app.setApplicationDisplayName(say("app.name", self.language))
        if self.language == "zh":
            translator = QTranslator(self)
            folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
            if translator.load(QLocale("zh_CN"), "qtbase", "_", folder):
                app.installTranslator(translator)
                self._translator = translator
