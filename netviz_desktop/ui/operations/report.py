"""What to send us when the program has a defect."""

from __future__ import annotations

import platform
import sys

from PySide6 import __version__ as pyside_version
from PySide6.QtCore import QObject, Signal, qVersion
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from netviz_desktop import __version__
from netviz_desktop.ui.engine_client import EngineClient

_KEPT = 20


class Reports(QObject):
    """The defects of this session, of the window and of the engine."""

    added = Signal(str)
    """One line: what happened."""

    def __init__(self, engine: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._found: list[str] = []
        engine.crashed.connect(self.add)
        engine.lost.connect(self._engine_lost)

    def add(self, summary: str, traceback: str) -> None:
        self._found = [*self._found, f"{summary}\n\n{traceback.strip()}"][-_KEPT:]
        self.added.emit(summary)

    def text(self) -> str:
        """Everything a report should hold: versions, and the last defect first."""
        hello = self._engine.hello
        engine = (
            f"engine {hello.version}, torch {hello.torch_version}, {hello.device}"
            if hello is not None
            else "engine not running"
        )
        head = (
            f"NetViz Desktop {__version__}, {engine}\n"
            f"Python {sys.version.split()[0]}, PySide6 {pyside_version}, Qt {qVersion()}, "
            f"{QGuiApplication.platformName()}, {platform.platform()}"
        )
        found = list(reversed(self._found)) or ["Nothing went wrong in this session."]
        return "\n\n----\n\n".join([head, *found])

    def _engine_lost(self, line: str) -> None:
        said = self._engine.standard_error.decode(errors="replace")
        self._found = [*self._found, f"{line}\n\n{said.strip()}".strip()][-_KEPT:]


class ReportDialog(QDialog):
    """The report, to read and copy. It names no file and no path of yours but those in the
    traceback, and goes nowhere by itself."""

    def __init__(self, text: str, headline: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Report")
        self.resize(760, 480)
        label = QLabel(headline, self)
        label.setWordWrap(True)
        self.text = QPlainTextEdit(text, self)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(label)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
