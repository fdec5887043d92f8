"""Colours, light and dark. The application's palette says which is in force.

A widget that paints with colours of its own asks `current()` when it paints, and again in
`changeEvent` (`QEvent.Type.PaletteChange`) where it caches them.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication


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
