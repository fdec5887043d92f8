"""What the window shows while nothing is open: where to begin."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from netviz_desktop.ui import icons, theme
from netviz_desktop.ui.widgets.labels import Caption

_RECENT_SHOWN = 4


class EmptyState(QWidget):
    """A place to drop files on, two buttons, and the last few models."""

    open_asked = Signal()
    demo_asked = Signal()
    recent_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._symbol = QLabel(self)
        self._symbol.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._headline = QLabel("Drop a model here", self)
        font = self._headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.8)
        font.setWeight(font.Weight.DemiBold)
        self._headline.setFont(font)
        self.explanation = Caption(
            "ONNX, PyTorch, TorchScript, Keras or safetensors; with an image\n"
            "it runs at once, and every layer shows what happens inside it.",
            self,
        )
        self.explanation.setWordWrap(False)
        self._buttons = QWidget(self)
        open_button = QPushButton("Open model…", self._buttons)
        open_button.setDefault(True)
        open_button.setObjectName("Primary")
        open_button.clicked.connect(self.open_asked)
        demo = QPushButton("Open the demo", self._buttons)
        demo.clicked.connect(self.demo_asked)
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(open_button)
        row.addWidget(demo)
        row.addStretch(1)
        self._links: list[QPushButton] = []
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        for label in (self._headline, self.explanation):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)

        column = QVBoxLayout(self)
        column.addStretch(4)
        column.addWidget(self._symbol)
        column.addSpacing(14)
        column.addWidget(self._headline)
        column.addSpacing(4)
        column.addWidget(self.explanation)
        column.addSpacing(20)
        column.addWidget(self._buttons)
        column.addSpacing(24)
        column.addLayout(self._recent)
        column.addStretch(5)
        self._draw()

    def set_recent(self, paths: list[str]) -> None:
        """Model files to choose from."""
        for old in self._links:
            old.deleteLater()
        self._links.clear()
        for path in paths[:_RECENT_SHOWN]:
            button = QPushButton(_short(path), self)
            button.setObjectName("Link")
            button.setToolTip(path)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _checked=False, path=path: self.recent_asked.emit(path))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
            self._links.append(button)

    def say(self, headline: str) -> None:
        """Something else than the invitation: what is going on; empty for the invitation."""
        self._headline.setText(headline or "Drop a model here")
        for part in (self.explanation, self._buttons):
            part.setVisible(not headline)
        for button in self._links:
            button.setVisible(not headline)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        colours = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colours.canvas)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.border), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(24, 24, -24, -24), 12, 12)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_recent"):
            self._draw()
        super().changeEvent(event)

    def _draw(self) -> None:
        self._symbol.setPixmap(icons.pixmap("drop", 48, theme.current().accent))


def _short(path: str) -> str:
    file = Path(path)
    try:
        folder = f"~/{file.parent.relative_to(Path.home())}".removesuffix("/.")
    except ValueError:
        folder = str(file.parent)
    return f"{file.name}  —  {folder if len(folder) <= 48 else '…' + folder[-47:]}"
