"""Numbers of all layers in graph order: charts below each other that move as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from netviz_desktop.graph.overlay import OF_GRADIENT, Kind, Scale
from netviz_desktop.link.messages import Diagnosis
from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets import axes
from netviz_desktop.ui.widgets.layouts import column
from netviz_desktop.ui.widgets.numbers import number

_DECADES = 3
_LEAST_HEIGHT = 120  # of a chart
_NEAR_THE_SCORE = 5  # layers
_RULE = "Shaded: below 1/1000 of it near the score, vanishing; above 1000 times, exploding."


class DepthCharts(QWidget):
    """On a logarithmic axis, what is 0 is left out: it has no place there."""

    chosen = Signal(str)
    """The id of the node that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = pg.GraphicsLayoutWidget(self)
        self._nodes: tuple[str, ...] = ()
        self._charts: list[tuple[Any, Any, Any, Kind]] = []
        self._values: list[Any] = []
        self._columns = 1
        self._marked: str | None = None
        self._view.scene().sigMouseMoved.connect(self._moved)
        self._view.scene().sigMouseClicked.connect(self._clicked)
        column(self, self._view)
        self.setMinimumHeight(120)
        self._view.setBackground(None)

    def show_charts(self, found: Diagnosis, kinds: Sequence[Kind]) -> None:
        """One chart for each kind."""
        self._view.clear()
        self._charts, self._values, self._nodes = [], [], found.nodes
        for kind in kinds:
            values = found.values[:, found.kinds.index(kind.id)]
            self._values.append(values)
            self._add(kind, values)
        self._columns = 1
        self._arrange()
        self._restyle()

    def mark(self, node: str | None) -> None:
        """A line where this node stands."""
        self._marked = node
        at = self._nodes.index(node) if node in self._nodes else -1
        for _, _, line, _ in self._charts:
            line.setVisible(at >= 0)
            line.setValue(at)

    def node_at(self, position: QPointF) -> tuple[str, Kind, float] | None:
        """What is below a place of the scene: the nearest node that has a number."""
        for (plot, _, _, kind), values in zip(self._charts, self._values, strict=True):
            known = np.flatnonzero(np.isfinite(values))
            if len(known) and plot.vb.sceneBoundingRect().contains(position):
                x = plot.vb.mapSceneToView(position).x()
                at = int(known[np.abs(known - x).argmin()])
                return self._nodes[at], kind, float(values[at])
        return None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """One below the other, where there is the height for it."""
        rows = max(1, min(len(self._charts), self.height() // _LEAST_HEIGHT))
        columns = max(1, math.ceil(len(self._charts) / rows))
        if columns == self._columns:
            return
        self._columns = columns
        for plot, *_ in self._charts:
            self._view.removeItem(plot)
        for index, (plot, *_) in enumerate(self._charts):
            self._view.addItem(plot, row=index // columns, col=index % columns)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_charts"):
            self._restyle()
        super().changeEvent(event)

    def _add(self, kind: Kind, values: Any) -> None:
        plot = self._view.addPlot(row=len(self._charts), col=0)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=True, y=False)
        plot.setTitle(kind.name, size="9pt")
        plot.titleLabel.setToolTip(f"{kind.says} {_RULE}" if kind in OF_GRADIENT else kind.says)
        axes.prepare([plot.getAxis(side) for side in ("left", "bottom")])
        plot.getAxis("left").setWidth(56)
        logarithmic = kind.scale is Scale.LOGARITHMIC
        drawn = np.where(np.isfinite(values), values, np.nan)
        if logarithmic:
            drawn = np.log10(np.where(drawn > 0, drawn, np.nan))
            plot.getAxis("left").tickStrings = _powers
        known = np.flatnonzero(np.isfinite(drawn))
        points = pg.PlotDataItem(known, drawn[known], symbol="o", symbolSize=5)
        plot.addItem(points)
        if kind in OF_GRADIENT and len(known):
            middle = float(np.median(drawn[known][-_NEAR_THE_SCORE:]))
            for span in ((-400.0, middle - _DECADES), (middle + _DECADES, 400.0)):
                band = pg.LinearRegionItem(span, "horizontal", movable=False)
                band.setZValue(-10)
                plot.addItem(band, ignoreBounds=True)
        line = pg.InfiniteLine(0, angle=90)
        plot.addItem(line, ignoreBounds=True)
        if kind.bounds is not None:
            plot.setYRange(*kind.bounds)
        plot.setXRange(0, max(len(self._nodes) - 1, 1), padding=0.02)
        if self._charts:
            plot.setXLink(self._charts[0][0])
        self._charts.append((plot, points, line, kind))

    def _restyle(self) -> None:
        colours = theme.current()
        shade = QColor(colours.warning)
        shade.setAlphaF(0.18)
        for plot, points, line, _ in self._charts:
            axes.restyle([plot.getAxis(side) for side in ("left", "bottom")])
            plot.titleLabel.setAttr("color", colours.muted)
            plot.titleLabel.setText(plot.titleLabel.text)
            points.setPen(colours.accent)
            points.setSymbolBrush(colours.accent)
            points.setSymbolPen(None)
            line.setPen(pg.mkPen(colours.selected))
            for item in plot.items:
                if isinstance(item, pg.LinearRegionItem):
                    item.setBrush(shade)
                    for edge in item.lines:
                        edge.setPen(pg.mkPen(colours.warning, style=Qt.PenStyle.DashLine))

    def _moved(self, at: QPointF) -> None:
        found = self.node_at(at)
        if found is not None:
            node, kind, value = found
            rule = f"\n{_RULE}" if kind in OF_GRADIENT else ""
            place = self._view.mapToGlobal(self._view.mapFromScene(at))
            QToolTip.showText(place, f"{node}\n{kind.name}: {number(value)}{rule}", self)

    def _clicked(self, event: Any) -> None:
        found = self.node_at(event.scenePos())
        if found is not None and event.button() is Qt.MouseButton.LeftButton:
            self.chosen.emit(found[0])


def _powers(values: Sequence[float], _scale: float, _spacing: float) -> list[str]:
    return [number(10.0**value) for value in values]
