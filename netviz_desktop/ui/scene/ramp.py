"""The colours of an overlay beside each other, with their numbers."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from netviz_desktop.graph.overlay import Scale
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene.shades import Shades, categories, ramp, tick_text

_BAR = 10
_TICK = 4
_AIR = 8  # between two numbers


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

    def labels(self) -> list[tuple[float, str]]:
        """Position (0 to 1) and text of the numbers that have room: both ends, then others."""
        shades = self._shades
        if shades is None or shades.overlay.kind.scale is Scale.CATEGORICAL:
            return []
        kind = shades.overlay.kind
        below = kind.scale is Scale.LOGARITHMIC and any(
            0 < value < shades.low for value in shades.values.values()
        )
        ends = [(0.0, ("≤ " if below else "") + tick_text(kind, shades.low))]
        if shades.high > shades.low:
            ends.append((1.0, tick_text(kind, shades.high)))
        found, taken = [], [self._span(*end) for end in ends]
        for value in shades.ticks():
            label = (shades.position(value), tick_text(kind, value))
            left, right = self._span(*label)
            if all(right + _AIR <= start or left >= end + _AIR for start, end in taken):
                found.append(label)
                taken.append((left, right))
        return sorted([*ends, *found])

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
        for position, text in self.labels():
            x = round(position * (self.width() - 1))
            painter.drawLine(x, _BAR + 1, x, _BAR + _TICK)
            left, right = self._span(position, text)
            area = QRectF(left, _BAR + _TICK + 1, right - left + 1, self.fontMetrics().height())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft, text)

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

    def _span(self, position: float, text: str) -> tuple[float, float]:
        """Left and right of a number: below its place, as far as the bar reaches."""
        width = self.fontMetrics().horizontalAdvance(text)
        left = position * self.width() - width / 2
        left = max(0.0, min(left, self.width() - width))
        return left, left + width
