"""Colours, light and dark. The application's palette says which is in force.

A widget that paints with colours of its own asks `current()` when it paints, and again in
`changeEvent` (`QEvent.Type.PaletteChange`) where it caches them.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from netviz_desktop import resource


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for, as #rrggbb."""

    dark: bool
    window: str
    """Behind docks, bars and dialogs."""
    surface: str
    """Behind lists, fields and plots."""
    canvas: str
    """Behind the graph."""
    text: str
    muted: str
    """Text that explains; still at least 4.5:1 on `window`."""
    border: str
    accent: str
    """What can be pressed, what is chosen."""
    on_accent: str
    node: str
    """The body of a node's box."""
    edge: str
    selected: str
    """The outline of the selected node."""
    warning: str
    error: str


LIGHT = Theme(
    dark=False,
    window="#f5f6f8",
    surface="#ffffff",
    canvas="#fbfbfc",
    text="#1d2126",
    muted="#5d6670",
    border="#d5d9de",
    accent="#2f6fde",
    on_accent="#ffffff",
    node="#ffffff",
    edge="#4a5057",
    selected="#dc1f1f",
    warning="#8a5a00",
    error="#b3261e",
)
DARK = Theme(
    dark=True,
    window="#202226",
    surface="#17191c",
    canvas="#1b1d20",
    text="#e6e8eb",
    muted="#9aa3ad",
    border="#383c42",
    accent="#6a9ff5",
    on_accent="#0d1420",
    node="#2b2e33",
    edge="#8b9197",
    selected="#ff5a5a",
    warning="#f0c060",
    error="#ff8a80",
)


def current() -> Theme:
    """The theme in force."""
    return DARK if QGuiApplication.palette().window().color().lightness() < 128 else LIGHT


def apply(choice: str) -> None:
    """Make the whole application light or dark.

    Args:
        choice: "light", "dark", or "system" for what the desktop says.
    """
    if choice == "system":
        scheme = QGuiApplication.styleHints().colorScheme()
        choice = "dark" if scheme == Qt.ColorScheme.Dark else "light"
    theme = DARK if choice == "dark" else LIGHT
    QApplication.setStyle("Fusion")
    QApplication.setPalette(_palette(theme))
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.setStyleSheet(_style_sheet(theme))


def blend(colour: str, under: str, share: float) -> str:
    """`share` of one colour over another, as #rrggbb."""
    top, bottom = QColor(colour), QColor(under)
    return QColor.fromRgbF(
        share * top.redF() + (1 - share) * bottom.redF(),
        share * top.greenF() + (1 - share) * bottom.greenF(),
        share * top.blueF() + (1 - share) * bottom.blueF(),
    ).name()


def _palette(theme: Theme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.surface,
        role.AlternateBase: theme.window,
        role.Text: theme.text,
        role.Button: theme.window,
        role.ButtonText: theme.text,
        role.BrightText: theme.error,
        role.ToolTipBase: theme.surface,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.muted,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.Accent: theme.accent,
        role.Mid: theme.border,
    }.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.muted))
    return palette


def _style_sheet(theme: Theme) -> str:
    """Only what Fusion draws heavier than we want it."""
    hover = blend(theme.text, theme.window, 0.07)
    pressed = blend(theme.text, theme.window, 0.14)
    handle = blend(theme.text, theme.window, 0.25)
    return f"""
QMainWindow::separator {{ background: {theme.border}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {theme.accent}; }}
QToolBar {{ background: {theme.window}; border: 0; border-bottom: 1px solid {theme.border};
    padding: 3px 6px; spacing: 2px; }}
QToolBar::separator {{ background: {theme.border}; width: 1px; margin: 5px 6px; }}
QToolButton {{ border: 0; border-radius: 5px; padding: 4px; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {pressed}; }}
QToolBar QToolButton {{ padding: 5px; }}
QMenuBar {{ background: {theme.window}; border-bottom: 0; padding: 2px 4px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {hover}; }}
QStatusBar {{ background: {theme.window}; border-top: 1px solid {theme.border}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ color: {theme.muted}; }}
QProgressBar {{ border: 0; border-radius: 3px; background: {pressed}; }}
QProgressBar::chunk {{ border-radius: 3px; background: {theme.accent}; }}
#TitleBar {{ background: {theme.window}; border-bottom: 1px solid {theme.border}; }}
#TitleBar QToolButton {{ padding: 2px; }}
#FindBar {{ background: {theme.window}; border: 0; border-bottom: 1px solid {theme.border}; }}
#Palette {{ background: {theme.window}; border: 1px solid {blend(theme.text, theme.window, 0.3)};
    border-radius: 8px; }}
#Palette QTreeView::item {{ padding: 4px 6px; }}
#Banner {{ background: {blend(theme.accent, theme.window, 0.12)}; border: 0;
    border-left: 3px solid {theme.accent}; border-bottom: 1px solid {theme.border}; }}
#Banner[error="true"] {{ background: {blend(theme.error, theme.window, 0.12)};
    border-left-color: {theme.error}; }}
QPushButton {{ border: 1px solid {theme.border}; border-radius: 6px; padding: 5px 14px;
    background: {theme.surface}; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:pressed {{ background: {pressed}; }}
QLineEdit {{ border: 1px solid {theme.border}; border-radius: 6px; padding: 4px 8px;
    background: {theme.surface}; selection-background-color: {theme.accent}; }}
QLineEdit:focus {{ border-color: {theme.accent}; }}
QPushButton#Primary, QPushButton:default {{ background: {theme.accent};
    color: {theme.on_accent}; border-color: {theme.accent}; }}
QPushButton#Primary:hover, QPushButton:default:hover {{
    background: {blend(theme.text, theme.accent, 0.12)}; }}
QPushButton:disabled, QPushButton:default:disabled {{ color: {theme.muted};
    background: {theme.window}; border-color: {theme.border}; }}
QPushButton#Link {{ border: 0; background: transparent; color: {theme.accent};
    padding: 3px 8px; }}
QPushButton#Link:hover {{ background: {hover}; }}
QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {theme.muted};
    border-radius: 3px; background: {theme.surface}; }}
QCheckBox::indicator:checked {{ background: {theme.accent}; border-color: {theme.accent};
    image: url("{resource.path("icons/check.svg").as_posix()}"); }}
QCheckBox::indicator:disabled {{ border-color: {theme.border}; }}
QToolTip {{ background: {theme.surface}; color: {theme.text};
    border: 1px solid {theme.border}; padding: 4px; }}
QScrollBar {{ background: transparent; border: 0; }}
QScrollBar:vertical {{ width: 11px; }}
QScrollBar:horizontal {{ height: 11px; }}
QScrollBar::handle {{ background: {handle}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
