"""A few words in the middle of the canvas: what is going on, or what went wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QProgressBar, QVBoxLayout, QWidget

_WIDTH = 380


class Notice(QFrame):
    """Hidden until there is something to say."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("Notice")
        self.setAutoFillBackground(True)
        self._what = QLabel(self)
        font = self._what.font()
        font.setWeight(font.Weight.DemiBold)
        self._what.setFont(font)
        self._remedy = QLabel(self)
        self._progress = QProgressBar(self)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(8)
        for label in (self._what, self._remedy):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.addWidget(self._progress)
        self.hide()

    @property
    def text(self) -> str:
        """All that it says."""
        return "\n".join(filter(None, (self._what.text(), self._remedy.text())))

    def say(self, what: str, remedy: str = "", *, done: float | None = None) -> None:
        """Show this; with `done` (0 to 1, negative when unknown) also how far it is."""
        self._what.setText(what)
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        self._progress.setVisible(not remedy)
        known = done is not None and done >= 0
        self._progress.setRange(0, 1000 if known else 0)
        if known and done is not None:
            self._progress.setValue(round(done * 1000))
        self.show()
        self.place()

    def place(self) -> None:
        """Into the middle of the parent."""
        parent = self.parentWidget()
        if parent is None or self.isHidden():
            return
        width = min(_WIDTH, parent.width() - 32)
        self.setFixedWidth(max(width, 120))
        self.adjustSize()
        self.move((parent.width() - self.width()) // 2, (parent.height() - self.height()) // 3)
