"""The one place for colours, sizes and fonts, light and dark. Contrast is at least 4.5 : 1."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

GRID = 8
RADIUS = 8
CAPTION, BODY, TITLE, PAGE = 12, 14, 16, 20  # type, in pixels
TARGET, PRIMARY_TARGET = 28, 36  # hit targets, in pixels
FALLBACK_FONT = "Noto Sans CJK SC"


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme's palette and its five meanings."""

    dark: bool
    window: str
    surface: str  # cards
    border: str
    text: str
    quiet: str  # secondary text
    accent: str
    on_accent: str
    hover: str
    ready: str
    starting: str
    queued: str
    stopped: str
    attention: str
    attention_surface: str


LIGHT = Colours(
    dark=False,
    window="#f4f5f7",
    surface="#ffffff",
    border="#d5d9e0",
    text="#1b1e24",
    quiet="#565e6c",
    accent="#2558c4",
    on_accent="#ffffff",
    hover="#e8ebf0",
    ready="#177a43",
    starting="#2558c4",
    queued="#6b4fb8",
    stopped="#616a78",
    attention="#9a4a06",
    attention_surface="#fdf1e3",
)
DARK = Colours(
    dark=True,
    window="#17191e",
    surface="#20242b",
    border="#3a404b",
    text="#eceef2",
    quiet="#a9b1bf",
    accent="#8ab0ff",
    on_accent="#10182b",
    hover="#2d323c",
    ready="#57c98a",
    starting="#8ab0ff",
    queued="#bda6ff",
    stopped="#9aa3b2",
    attention="#f2a75c",
    attention_surface="#3a2a17",
)


# Lines of one graph: told apart from each other and from the surface, 3 : 1 and better.
_LINES_ON_LIGHT = (
    "#2558c4", "#b8460b", "#177a43", "#9d2f8f", "#0f6f8a", "#8a5a00", "#b3243b", "#5b4bc4",
)  # fmt: skip
_LINES_ON_DARK = (
    "#8ab0ff", "#f2a75c", "#57c98a", "#ee8fd6", "#5fd0e0", "#e3cf6b", "#ff8f8f", "#bda6ff",
)  # fmt: skip


def line_colours(colours: Colours) -> tuple[str, ...]:
    """For the lines of one graph, in order; the ninth is as the first."""
    return _LINES_ON_DARK if colours.dark else _LINES_ON_LIGHT


def system_is_dark() -> bool:
    """Whether the desktop asks for dark."""
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def apply(app: QApplication, colours: Colours) -> None:
    """Give the whole program a theme."""
    app.setStyle("Fusion")
    font = QFont(app.font())
    families = [f for f in font.families() if f != FALLBACK_FONT]
    font.setFamilies([*families, FALLBACK_FONT])
    font.setPixelSize(BODY)
    app.setFont(font)
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.surface,
        QPalette.ColorRole.AlternateBase: colours.window,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.surface,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.ToolTipBase: colours.surface,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.quiet,
        QPalette.ColorRole.Link: colours.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(disabled, role, QColor(colours.quiet))
    app.setPalette(palette)
    app.setStyleSheet(_sheet(colours) + _tables(colours))


def _sheet(c: Colours) -> str:
    return f"""
    QWidget {{ font-size: {BODY}px; }}
    QLabel {{ background: transparent; }}
    QLabel[role="page"] {{ font-size: {PAGE}px; font-weight: 600; }}
    QLabel[role="title"] {{ font-size: {TITLE}px; font-weight: 600; }}
    QLabel[role="quiet"] {{ color: {c.quiet}; }}
    QLabel[role="caption"] {{ color: {c.quiet}; font-size: {CAPTION}px; }}
    QLabel[role="figure"] {{ font-size: {CAPTION}px; }}
    QLabel[role="problem"] {{ color: {c.attention}; }}
    QLabel[role="badge"] {{ color: {c.queued}; border: 1px solid {c.queued};
        border-radius: 4px; padding: 0 4px; font-size: {CAPTION}px; }}
    QLabel[role="code"] {{ font-family: monospace; font-size: {CAPTION}px;
        background: {c.surface}; border: 1px solid {c.border}; border-radius: {RADIUS}px;
        padding: {GRID}px; }}
    QFrame#card {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {RADIUS}px; }}
    QFrame#card {{ margin: 1px; }}
    QFrame#card:focus {{ border: 2px solid {c.accent}; margin: 0; }}
    QFrame#card[struck="true"] QProgressBar::chunk {{ background: {c.stopped}; }}
    QFrame#card[struck="true"] QLabel {{ color: {c.quiet}; }}
    QFrame#banner {{ background: {c.attention_surface}; border: 1px solid {c.attention};
        border-radius: {RADIUS}px; }}
    QFrame#header {{ background: {c.surface}; border: none;
        border-bottom: 1px solid {c.border}; }}
    QFrame#footer {{ background: {c.surface}; border: none;
        border-top: 1px solid {c.border}; }}
    QFrame#flyout {{ background: {c.window}; border: 1px solid {c.border}; }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: {c.window}; border: none; }}
    QPushButton {{ min-height: {TARGET - 2}px; padding: 0 12px; border-radius: 6px;
        border: 1px solid {c.border}; background: {c.surface}; color: {c.text}; }}
    QPushButton:hover {{ background: {c.hover}; }}
    QPushButton:focus {{ border: 2px solid {c.accent}; padding: 0 11px;
        min-height: {TARGET - 4}px; }}
    QPushButton:disabled {{ color: {c.quiet}; background: {c.window}; }}
    QPushButton[role="primary"] {{ min-height: {PRIMARY_TARGET - 2}px; min-width: 72px;
        background: {c.accent}; color: {c.on_accent}; border: 1px solid {c.accent};
        font-weight: 600; padding: 0 16px; }}
    QPushButton[role="calm"] {{ min-height: {PRIMARY_TARGET - 2}px; min-width: 72px;
        padding: 0 16px; }}
    QPushButton[role="calm"]:focus {{ padding: 0 15px; min-height: {PRIMARY_TARGET - 4}px; }}
    QPushButton[role="primary"]:hover {{ background: {_mix(c.accent, c.text)}; }}
    QPushButton[role="primary"]:focus {{ border: 2px solid {c.text}; padding: 0 15px;
        min-height: {PRIMARY_TARGET - 4}px; }}
    QPushButton[role="primary"]:disabled {{ background: {c.hover}; color: {c.quiet};
        border-color: {c.border}; }}
    QPushButton[role="danger"] {{ background: {c.attention}; color: {c.surface};
        border: 1px solid {c.attention}; font-weight: 600; }}
    QPushButton[role="danger"]:disabled {{ background: {c.hover}; color: {c.quiet};
        border-color: {c.border}; }}
    QPushButton[role="choice"]:checked {{ background: {c.accent}; color: {c.on_accent};
        border-color: {c.accent}; }}
    QPushButton[role="choice"]:checked:focus {{ border-color: {c.text}; }}
    QPushButton[role="link"] {{ border: none; background: transparent; color: {c.accent};
        padding: 0 4px; min-height: {TARGET}px; }}
    QPushButton[role="link"]:hover {{ text-decoration: underline; }}
    QPushButton[role="link"]:focus {{ border: 2px solid {c.accent}; padding: 0 2px;
        min-height: {TARGET - 4}px; }}
    QToolButton {{ min-width: {TARGET}px; min-height: {TARGET}px; border-radius: 6px;
        border: 1px solid transparent; background: transparent; color: {c.quiet};
        font-size: {TITLE}px; }}
    QToolButton[role="account"] {{ font-size: {BODY}px; padding: 0 4px; }}
    QToolButton:hover {{ background: {c.hover}; color: {c.text}; }}
    QToolButton:focus {{ border: 2px solid {c.accent}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QLineEdit {{ min-height: {PRIMARY_TARGET - 2}px; padding: 0 8px; border-radius: 6px;
        border: 1px solid {c.border}; background: {c.surface}; color: {c.text};
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QLineEdit:focus {{ border: 2px solid {c.accent}; padding: 0 7px;
        min-height: {PRIMARY_TARGET - 4}px; }}
    QPlainTextEdit {{ background: {c.surface}; color: {c.text}; border: 1px solid {c.border};
        border-radius: 6px; font-family: monospace; font-size: {CAPTION}px; }}
    QLabel[role="step"] {{ color: {c.quiet}; font-size: {CAPTION}px; }}
    QLabel[role="step"][now="true"] {{ color: {c.accent}; font-weight: 600; }}
    QLabel[role="section"] {{ font-weight: 600; }}
    QFrame#rule {{ background: {c.border}; border: none; min-height: 1px; max-height: 1px; }}
    QFrame#panel {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {RADIUS}px; }}
    QFrame#notice {{ background: {c.surface}; border: 1px solid {c.accent}; }}
    QCheckBox, QRadioButton {{ min-height: {TARGET - 4}px; spacing: {GRID}px; padding: 0 4px;
        border: 2px solid transparent; border-radius: 6px; background: transparent; }}
    QCheckBox:focus, QRadioButton:focus {{ border-color: {c.accent}; }}
    QCheckBox::indicator {{ width: 16px; height: 16px; border: 1px solid {c.stopped};
        border-radius: 4px; background: {c.surface}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: url("{_resource(c, "check")}"); }}
    QRadioButton::indicator {{ width: 16px; height: 16px; border: 1px solid {c.stopped};
        border-radius: 9px; background: {c.surface}; }}
    QRadioButton::indicator:checked {{ width: 8px; height: 8px; border: 5px solid {c.accent}; }}
    QCheckBox:disabled, QRadioButton:disabled {{ color: {c.quiet}; }}
    QListWidget#choices {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {RADIUS}px; padding: 2px; outline: none; }}
    QListWidget#choices::item {{ min-height: {TARGET}px; padding: 0 {GRID}px;
        border-radius: 6px; color: {c.text}; }}
    QListWidget#choices::item:hover {{ background: {c.hover}; }}
    QListWidget#choices::item:selected {{ background: {c.hover}; color: {c.accent}; }}
    QListWidget#choices:focus {{ border: 2px solid {c.accent}; padding: 1px; }}
    QListWidget#nav {{ background: {c.surface}; border: none;
        border-right: 1px solid {c.border}; padding: {GRID}px; outline: none; }}
    QListWidget#nav::item {{ min-height: {PRIMARY_TARGET}px; padding: 0 {GRID}px;
        border-radius: 6px; border: 2px solid transparent; color: {c.text}; }}
    QListWidget#nav::item:hover {{ background: {c.hover}; }}
    QListWidget#nav::item:selected {{ background: {c.hover}; color: {c.accent}; }}
    QListWidget#nav::item:selected:focus {{ border: 2px solid {c.accent}; }}
    QComboBox, QSpinBox {{ min-height: {PRIMARY_TARGET - 2}px; padding: 0 8px; border-radius: 6px;
        border: 1px solid {c.border}; background: {c.surface}; color: {c.text}; }}
    QComboBox::drop-down {{ border: none; width: {TARGET}px; }}
    QComboBox::down-arrow {{ image: url("{_resource(c, "down")}"); width: 12px; height: 12px; }}
    QComboBox:focus, QSpinBox:focus {{ border: 2px solid {c.accent}; padding: 0 7px;
        min-height: {PRIMARY_TARGET - 4}px; }}
    QProgressBar {{ min-height: 6px; max-height: 6px; border: none; border-radius: 3px;
        background: {c.hover}; }}
    QProgressBar[role="slim"] {{ min-height: 4px; max-height: 4px; border-radius: 2px; }}
    QProgressBar[role="slim"]::chunk {{ border-radius: 2px; }}
    QProgressBar::chunk {{ border-radius: 3px; background: {c.starting}; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; border: none; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; border: none; }}
    QScrollBar::handle {{ background: {c.border}; border-radius: 3px; margin: 2px;
        min-height: 32px; min-width: 32px; }}
    QScrollBar::handle:hover {{ background: {c.stopped}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; border: none; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QMenu {{ background: {c.surface}; color: {c.text}; border: 1px solid {c.border};
        padding: 4px; }}
    QMenu::item {{ padding: 6px 20px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c.hover}; }}
    QMenu::item:disabled {{ color: {c.quiet}; }}
    QMenu::separator {{ height: 1px; background: {c.border}; margin: 4px 8px; }}
    """


def chosen_surface(c: Colours) -> str:
    """Behind what is selected."""
    return _mix(c.surface, c.accent)


def _tables(c: Colours) -> str:
    """Tables, the pages' names at the left, bars: the admin window's."""
    chosen = chosen_surface(c)
    return f"""
    QFrame#table {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {RADIUS}px; }}
    QTableView {{ background: {c.surface}; color: {c.text}; border: 1px solid transparent;
        border-radius: {RADIUS - 1}px; outline: none; gridline-color: {c.hover};
        selection-background-color: {chosen}; selection-color: {c.text}; }}
    QTableView:focus {{ border: 1px solid {c.accent}; }}
    QTableView::item {{ padding: 0 6px; border: none; border-bottom: 1px solid {c.hover}; }}
    QTableView::item:selected {{ background: {chosen}; color: {c.text}; }}
    QTableView::item:focus {{ border-bottom: 2px solid {c.accent}; }}
    QTableView::corner {{ background: transparent; border: none; }}
    QLineEdit[role="code"] {{ font-family: monospace; font-size: {CAPTION}px; }}
    QTableCornerButton::section {{ background: {c.window}; border: none; }}
    QHeaderView {{ background: {c.window}; border: none;
        border-top-left-radius: {RADIUS - 1}px; border-top-right-radius: {RADIUS - 1}px; }}
    QHeaderView::section {{ background: transparent; color: {c.quiet}; font-size: {CAPTION}px;
        font-weight: 600; padding: 0 8px; min-height: {TARGET + 2}px; border: none;
        border-right: 1px solid {c.border}; border-bottom: 1px solid {c.border}; }}
    QHeaderView::section:hover {{ background: {c.hover}; color: {c.text}; }}
    QHeaderView::section:last {{ border-right: none; }}
    QSplitter::handle {{ background: transparent; }}
    QSplitter::handle:hover {{ background: {c.hover}; border-radius: 4px; }}
    QScrollArea#detail, QScrollArea#detail > QWidget > QWidget {{ background: {c.surface}; }}
    QScrollArea#detail {{ border: 1px solid {c.border}; border-radius: {RADIUS}px; }}
    QScrollArea#victims, QScrollArea#victims > QWidget > QWidget {{ background: {c.surface}; }}
    QScrollArea#victims {{ border: 1px solid {c.border}; border-radius: 6px; }}
    QScrollArea#victims:focus {{ border: 1px solid {c.accent}; }}
    QFrame#navigation {{ background: {c.surface}; border: none;
        border-right: 1px solid {c.border}; }}
    QPushButton[role="page"] {{ text-align: left; border: none; background: transparent;
        color: {c.text}; min-height: {PRIMARY_TARGET}px; padding: 0 10px; border-radius: 6px; }}
    QPushButton[role="page"]:hover {{ background: {c.hover}; }}
    QPushButton[role="page"]:checked {{ background: {chosen}; font-weight: 600; }}
    QPushButton[role="page"]:focus {{ border: 2px solid {c.accent}; padding: 0 8px;
        min-height: {PRIMARY_TARGET - 4}px; }}
    QLabel[role="count"] {{ background: {c.attention}; color: {c.surface}; border-radius: 9px;
        min-height: 18px; max-height: 18px; min-width: 8px; padding: 0 5px;
        font-size: {CAPTION}px; font-weight: 600; }}
    QLabel[role="count"][calm="true"] {{ background: {c.hover}; color: {c.text}; }}
    QFrame#done {{ background: {c.surface}; border: 1px solid {c.ready};
        border-radius: {RADIUS}px; }}
    QFrame#status {{ background: {c.surface}; border: none; border-top: 1px solid {c.border}; }}
    QWidget#pages[stale="true"] QLabel, QWidget#pages[stale="true"] QTableView {{
        color: {c.quiet}; }}
    """


def _resource(c: Colours, name: str) -> str:
    """A picture of ours in the theme's variant, as style sheets name files."""
    look = "dark" if c.dark else "light"
    return (Path(__file__).parent / "resources" / f"{name}-{look}.svg").as_posix()


def _mix(one: str, other: str) -> str:
    """Four fifths of the first colour and one of the other."""
    a, b = QColor(one), QColor(other)
    return QColor(
        (a.red() * 4 + b.red()) // 5,
        (a.green() * 4 + b.green()) // 5,
        (a.blue() * 4 + b.blue()) // 5,
    ).name()
