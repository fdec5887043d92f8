"""The path to what is in view, each step of which leads back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from netviz_desktop.problems import short

_LONGEST = 40  # characters of one step


class Breadcrumbs(QWidget):
    """Hidden while there is only one step."""

    chosen = Signal(int)
    """How many steps are before the one that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Path to the graph in view")
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self.setAutoFillBackground(True)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 3, 8, 3)
        self._row.setSpacing(2)
        self._parts: list[QWidget] = []
        self.hide()

    def set_steps(self, steps: Sequence[str]) -> None:
        """Outermost first; the last is where we are."""
        for part in self._parts:
            self._row.removeWidget(part)
            part.deleteLater()
        while self._row.count():
            self._row.takeAt(0)
        self._parts = []
        for index, step in enumerate(steps):
            if index:
                self._parts.append(QLabel("›", self))
            self._parts.append(self._step(index, step, is_last=index == len(steps) - 1))
        for part in self._parts:
            self._row.addWidget(part)
        self._row.addStretch(1)
        self.setVisible(len(steps) > 1)

    def _step(self, index: int, text: str, *, is_last: bool) -> QWidget:
        shown = short(text, _LONGEST)
        if is_last:
            label = QLabel(shown, self)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setToolTip(text)
            label.setContentsMargins(6, 0, 6, 0)  # as a button's
            return label
        button = QPushButton(shown.replace("&", "&&"), self)
        button.setObjectName("Link")
        button.setToolTip(text)
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda _checked=False: self.chosen.emit(index))
        return button
