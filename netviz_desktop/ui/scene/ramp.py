"""The colours of an overlay beside each other, with their numbers."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from netviz_desktop.graph.overlay import Scale
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene.shades import Label, Shades, categories, ramp

_BAR = 10
_TICK = 4


class Ramp(QWidget):
    """A bar from low to high with round numbers below it, or a line for each category."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shades: Shades | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_shades(self, shades: Shades | None) -> None:
        self._shades = shades
        self.setVisible(shades is not None)
        self.updateGeometry()
        self.update()

    def labels(self) -> list[Label]:
        """The numbers below the bar."""
        if self._shades is None or self._shades.overlay.kind.scale is Scale.CATEGORICAL:
            return []
        return self._shades.labels(self.width(), self.fontMetrics().horizontalAdvance)

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        shades = self._shades
        if shades is not None and shades.overlay.kind.scale is Scale.CATEGORICAL:
            return QSize(200, len(shades.overlay.kind.categories) * (line + 4))
        return QSize(200, _BAR + _TICK + 2 + line)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        if self._shades is None:
            return
        painter = QPainter(self)
        if self._shades.overlay.kind.scale is Scale.CATEGORICAL:
            self._paint_categories(painter, self._shades)
        else:
            self._paint_bar(painter)
        painter.end()

    def _paint_bar(self, painter: QPainter) -> None:
        palette, steps = theme.current(), ramp()
        width = self.width() / len(steps)
        for index, step in enumerate(steps):
            # a little over its end, where the next one will be: no seam
            painter.fillRect(QRectF(index * width, 0, width + 1, _BAR), QColor(step.fill))
        painter.setPen(QColor(palette.border))
        painter.drawRect(0, 0, self.width() - 1, _BAR)
        painter.setPen(QColor(palette.muted))
        line = self.fontMetrics().height()
        for label in self.labels():
            x = round(label.at * (self.width() - 1))
            painter.drawLine(x, _BAR + 1, x, _BAR + _TICK)
            area = QRectF(label.left, _BAR + _TICK + 1, self.width(), line)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft, label.text)

    def _paint_categories(self, painter: QPainter, shades: Shades) -> None:
        palette, line = theme.current(), self.fontMetrics().height()
        values = list(shades.values.values())
        for index, (name, step) in enumerate(
            zip(shades.overlay.kind.categories, categories(), strict=False)
        ):
            top = index * (line + 4)
            painter.fillRect(QRectF(0, top + 2, 18, line - 4), QColor(step.fill))
            area = QRectF(26, top, self.width() - 26, line)
            painter.setPen(QColor(palette.text))
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft, name)
            painter.setPen(QColor(palette.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignRight, f"{values.count(index):,}")
