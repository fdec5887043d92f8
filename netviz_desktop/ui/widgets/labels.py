"""Words in docks: a headline that is cut to its width, captions, and messages."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets import numbers


class Elided(QWidget):
    """One line of plain text, cut in the middle to the width there is; the whole is its
    tool tip."""

    def __init__(
        self, parent: QWidget | None = None, *, bold: bool = False, muted: bool = False
    ) -> None:
        super().__init__(parent)
        self._text = ""
        self._muted = muted
        if bold:
            font = self.font()
            font.setWeight(font.Weight.DemiBold)
            self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        return self._text

    def set_text(self, text: str) -> None:
        if text == self._text:
            return
        self._text = text
        self.setToolTip(plain_tip(text))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(80, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(20, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        shown = " ".join(numbers.short(self._text).split())
        shown = self.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideMiddle, self.width())
        colours = theme.current()
        painter.setPen(QColor(colours.muted if self._muted else colours.text))
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown
        )
        painter.end()


class Caption(QLabel):
    """Explains, in the muted colour; plain text that wraps and can be copied."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setMinimumWidth(40)
        self._colour()

    def say(self, text: str) -> None:
        """Show it; hidden while there is nothing to say."""
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))

    def ink(self) -> str:
        return theme.current().muted

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
        super().changeEvent(event)

    def _colour(self) -> None:
        if self.palette().color(QPalette.ColorRole.WindowText).name() == self.ink():
            return  # setting the palette comes back as a change of it
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, self.ink())
        self.setPalette(palette)


class Notice(Caption):
    """A sentence that a person should not overlook."""

    def ink(self) -> str:
        return theme.current().warning


class Message(QWidget):
    """In place of a dock's contents: why there are none, and what to do."""

    retry_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._what = _centred(QLabel(self))
        self._remedy = _centred(Caption(parent=self))
        self._retry = QPushButton("Try again", self)
        self._retry.clicked.connect(self.retry_asked)
        self._progress = QProgressBar(self)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(6)
        self._progress.setMaximumWidth(240)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.clicked.connect(self.cancel_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(self._what)
        column.addWidget(self._remedy)
        for part in (self._progress, self._retry, self._cancel):
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.say("")

    def text(self) -> str:
        """What is said, and below it what to do."""
        return "\n".join(part.text() for part in (self._what, self._remedy) if part.text())

    def say(self, what: str, remedy: str = "", *, retry: bool = False) -> None:
        self._what.setText(what)
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        self._retry.setVisible(retry)
        self._progress.hide()
        self._cancel.hide()

    def wait(self, done: float = -1.0, what: str = "Working…") -> None:
        """Something is being worked on; `done` from 0 to 1, negative when nobody knows."""
        self.say(what)
        self._progress.setRange(0, 0 if done < 0 else 1000)
        self._progress.setValue(round(1000 * done))
        self._progress.show()
        self._cancel.show()


def plain_tip(text: str) -> str:
    """A tool tip that shows the text as it is, even where it looks like HTML."""
    escaped = numbers.short(text, 2000)
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        escaped = escaped.replace(mark, entity)
    return f"<span>{escaped}</span>" if escaped else ""


def _centred(label: QLabel) -> QLabel:
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
