"""The application that every window and picture needs: its font, theme, icon and log."""

from __future__ import annotations

import logging
import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QIcon
from PySide6.QtWidgets import QApplication

from netviz_desktop import __version__, resource
from netviz_desktop.problems import Problem
from netviz_desktop.ui import theme

_FAMILY = "Inter"
_POINT_SIZE = 10.0

_log = logging.getLogger("netviz")


def make_application(theme_choice: str) -> QApplication:
    """The application, ready for a window.

    Raises:
        Problem: there is no font at all, and every label would be a box.
    """
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication([sys.argv[0]])
    application.setApplicationName("NetViz Desktop")
    application.setApplicationDisplayName("")  # the window's title already has it
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("netviz-desktop")
    application.setWindowIcon(QIcon(str(resource.path("icons/netviz-desktop.svg"))))
    application.setFont(_font())
    if not QFontMetrics(application.font()).inFont("A"):
        raise Problem(
            "No text can be drawn: neither the program's own font nor any other was found.",
            "Install NetViz Desktop again.",
        )
    theme.apply(theme_choice)
    return application


def log_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Qt's own messages, as this program's log."""
    if message.startswith("This plugin does not support"):
        return  # a platform without a window manager says so at each resize
    level = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
    }.get(kind, logging.ERROR)
    logging.getLogger(f"netviz.{context.category or 'qt'}").log(level, "%s", message)


def _font() -> QFont:
    for file in sorted(resource.path("fonts").glob("*.[ot]tf")):
        if QFontDatabase.addApplicationFont(str(file)) < 0:
            _log.warning("The font %s cannot be loaded.", file.name)
    font = QFont(QApplication.font())
    if _FAMILY in QFontDatabase.families():
        font.setFamily(_FAMILY)
        # its contextual forms would show the name "expand1x1" as "expand1×1"
        font.setFeature(QFont.Tag("calt"), 0)
    font.setPointSizeF(_POINT_SIZE)
    return font
