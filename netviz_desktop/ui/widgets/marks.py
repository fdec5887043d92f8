"""What is drawn over a mosaic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from netviz_desktop.ui import theme

GAP = 2
"""Logical pixels between pictures."""


class Marks(QGraphicsItem):
    """Over the pictures: a cross on dead ones, outlines of the hovered and the chosen one; in
    the dark of each one, where zero is as dark as the gaps."""

    def __init__(self) -> None:
        super().__init__()
        self.dead: NDArray[np.bool_] = np.zeros(0, bool)
        self.hovered: int | None = None
        self.chosen: int | None = None
        self._visible = range(0)
        self._columns = 1
        self._cell = (8, 8)
        self._pitch = (10, 10)
        self._top = 0.0

    def place(
        self,
        visible: range,
        columns: int,
        cell: tuple[int, int],
        pitch: tuple[int, int],
        top: float,
    ) -> None:
        self.prepareGeometryChange()
        self._visible, self._columns, self._cell = visible, columns, cell
        self._pitch, self._top = pitch, top
        self.update()

    def rectangle(self, picture: int) -> QRectF:
        row, column = divmod(picture - self._visible.start, self._columns)
        return QRectF(GAP + column * self._pitch[0], self._top + row * self._pitch[1], *self._cell)

    def boundingRect(self) -> QRectF:
        rows = -(-len(self._visible) // self._columns)
        return QRectF(
            0,
            self._top - GAP,
            self._columns * self._pitch[0] + 2 * GAP,
            rows * self._pitch[1] + 2 * GAP,
        )

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        del option, widget
        colours = theme.current()
        if colours.dark:
            painter.setPen(QPen(QColor(colours.border), 1.0))
            painter.drawRects([self.rectangle(picture) for picture in self._visible])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        crosses = []
        for picture in self._visible:
            if self.dead[picture]:
                inner = self.rectangle(picture)
                inset = min(inner.width(), inner.height()) * 0.3
                inner.adjust(inset, inset, -inset, -inset)
                crosses.append(QLineF(inner.topLeft(), inner.bottomRight()))
                crosses.append(QLineF(inner.topRight(), inner.bottomLeft()))
        for colour, width in ((colours.window, 3.0), (colours.text, 1.0)):  # seen on any colour
            painter.setPen(QPen(QColor(colour), width))
            painter.drawLines(crosses)
        for outlined, colour in ((self.hovered, colours.text), (self.chosen, colours.accent)):
            if outlined is not None and outlined in self._visible:
                painter.setPen(QPen(QColor(colour), 2.0))
                painter.drawRect(self.rectangle(outlined).adjusted(-1, -1, 1, 1))
