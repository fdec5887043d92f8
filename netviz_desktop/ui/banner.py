"""What a person must know, in two sentences above the graph, until they have read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from netviz_desktop.problems import Problem
from netviz_desktop.ui import icons, theme

_SPACING = 8  # pixels, between buttons
_BESIDE_WORDS = 90  # what is left and right of words and buttons
_LEAST_WORDS = 260
_LONG = 18  # letters of a word

Remedy = tuple[str, Callable[[], object]]
"""What the button says, and what it does."""


class Banner(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Banner")
        self.problem: Problem | None = None
        self.is_error = True
        self._symbol = QLabel(self)
        self._what = _text(self)
        self._what.setObjectName("BannerWhat")
        font = self._what.font()
        font.setWeight(font.Weight.DemiBold)
        self._what.setFont(font)
        self._remedy = _text(self)
        self._remedy.setObjectName("BannerRemedy")
        self.buttons: list[QPushButton] = []
        self._button_row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._button_row.setSpacing(_SPACING)
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setToolTip("Dismiss (Esc)")
        self._close.setIconSize(QSize(16, 16))
        self._close.clicked.connect(self.dismiss)

        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._what)
        words.addWidget(self._remedy)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(12)
        self._body.addLayout(words, 1)
        self._body.addLayout(self._button_row)
        self._body.setAlignment(self._button_row, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 8, 10)
        row.setSpacing(12)
        row.addWidget(self._symbol, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._body, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        # as wide as the graph is, never the other way round
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.hide()

    def show_problem(
        self, problem: Problem, remedies: Sequence[Remedy] = (), *, error: bool = True
    ) -> None:
        """Say it, in place of what was said before.

        Args:
            remedies: a button for each thing that can be done at once.
            error: something failed; otherwise it is merely good to know.
        """
        self.problem = problem
        self.is_error = error
        self._what.setText(_breakable(problem.what))
        self._remedy.setText(_breakable(problem.remedy))
        for old in self.buttons:
            old.hide()
            old.deleteLater()
        self.buttons.clear()
        for label, action in remedies:
            button = QPushButton(label, self)
            button.clicked.connect(lambda _checked=False, action=action: action())
            self._button_row.addWidget(button)
            self.buttons.append(button)
        self._arrange()
        self._colour()
        self.setProperty("error", error)
        self.style().unpolish(self)  # the style sheet asks for the property only once
        self.style().polish(self)
        self.show()

    def dismiss(self) -> None:
        self.problem = None
        self.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_close"):
            self._colour()
        super().changeEvent(event)

    def _arrange(self) -> None:
        """One button stands beside the words where they keep enough room, others below."""
        wide = sum(button.sizeHint().width() + _SPACING for button in self.buttons)
        room = self.width() - _BESIDE_WORDS
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        beside = len(self.buttons) < 2 and room - wide >= _LEAST_WORDS
        self._body.setDirection(across if beside else down)
        self._button_row.setDirection(across if wide <= room else down)

    def _colour(self) -> None:
        colours = theme.current()
        ink = colours.error if self.is_error else colours.accent
        name = "warning" if self.is_error else "information"
        self._symbol.setPixmap(icons.pixmap(name, 20, ink))
        self._close.setIcon(icons.icon("close"))


def _breakable(text: str) -> str:
    """With places, which are not seen, where long names and paths may be broken."""

    def broken(word: re.Match[str]) -> str:
        return re.sub(r"(?<=\w)([/._:])(?=\w)", "\\1\N{ZERO WIDTH SPACE}", word[0])

    return re.sub(rf"\S{{{_LONG},}}", broken, text).replace("--", "--\N{WORD JOINER}")


def _text(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)  # it quotes what files say
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    label.setForegroundRole(QPalette.ColorRole.WindowText)
    return label
