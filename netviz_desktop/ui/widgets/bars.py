"""A plot of bars; thousands of them are drawn as quickly as ten."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy, QWidget

from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets import axes
from netviz_desktop.ui.widgets.layouts import column


class Bars(QWidget):
    """Bars from zero, between edges; a dashed line where x is zero.

    Args:
        still: does not move under the mouse.
    """

    moved = Signal(object)
    """The x under the cursor, or None."""

    def __init__(self, parent: QWidget | None = None, *, still: bool = False) -> None:
        super().__init__(parent)
        self._view = pg.PlotWidget(self)
        self.plot = self._view.getPlotItem()
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(x=not still, y=False)
        self._curve = pg.PlotCurveItem([0.0, 1.0], [0.0], stepMode="center", fillLevel=0.0)
        self._zero = pg.InfiniteLine(0.0, angle=90)
        self.plot.addItem(self._curve)
        self.plot.addItem(self._zero)
        self._axes = [self.plot.getAxis(side) for side in ("left", "bottom")]
        self.plot.layout.setContentsMargins(0, 8, 8, 0)  # or the highest number is cut
        axes.prepare(self._axes)
        self._view.scene().sigMouseMoved.connect(self._moved)
        column(self, self._view)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(120)
        self._restyle()

    def show_bars(self, edges: NDArray[Any], heights: NDArray[Any]) -> None:
        """Draw the heights (D,) between the edges (D + 1,); what is not finite is a gap."""
        finite = np.where(np.isfinite(heights), heights, 0.0).astype(float)
        self._curve.setData(edges, finite)
        low = min(0.0, float(finite.min(initial=0.0)))
        high = max(0.0, float(finite.max(initial=0.0)))
        self.plot.setRange(
            xRange=(float(edges[0]), float(edges[-1])),
            yRange=(low, high if high > low else low + 1.0),
            padding=0.02,
        )

    def name_axes(self, x: str, y: str) -> None:
        self.plot.setLabel("bottom", x)
        self.plot.setLabel("left", y)

    def leaveEvent(self, event: QEvent) -> None:
        self.moved.emit(None)
        super().leaveEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_axes"):
            self._restyle()
        super().changeEvent(event)

    def _moved(self, at: QPointF) -> None:
        self.moved.emit(float(self.plot.getViewBox().mapSceneToView(at).x()))

    def _restyle(self) -> None:
        colours = theme.current()
        self._view.setBackground(None)
        ink = QColor(colours.accent)
        self._curve.setPen(ink)
        ink.setAlphaF(0.45)
        self._curve.setBrush(ink)
        self._zero.setPen(pg.mkPen(colours.border, style=Qt.PenStyle.DashLine))
        axes.restyle(self._axes)
