"""A horizontal colour bar with its numbers and its unit."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from netviz_desktop.ui.widgets import axes, colour_maps
from netviz_desktop.ui.widgets.labels import Elided
from netviz_desktop.ui.widgets.layouts import column
from netviz_desktop.ui.widgets.levels import Levels
from netviz_desktop.ui.widgets.numbers import number

_HEIGHT = 34  # the bar, and the numbers below it
_MARGIN = 8
_AIR = 8  # between two numbers


class ColourBar(QWidget):
    """What the colours of an image stand for.

    Args:
        image: the `pyqtgraph.ImageItem` whose levels and colours it sets.
    """

    def __init__(self, image: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._view = pg.GraphicsLayoutWidget(self)
        self._view.setFixedHeight(_HEIGHT)
        self._view.ci.layout.setContentsMargins(_MARGIN, 2, _MARGIN, 0)
        self.bar = pg.ColorBarItem(
            width=10, interactive=False, orientation="h", colorMapMenu=False, colorMap="viridis"
        )
        for side in ("left", "right", "top"):
            self.bar.hideAxis(side)
        axes.prepare([self.bar.axis])
        self.bar.axis.setHeight(20)
        self._view.addItem(self.bar)
        self.bar.setImageItem(image)
        self._unit = Elided(self, muted=True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column(self, self._view, self._unit, spacing=0)
        self._restyle()

    def unit(self) -> str:
        return self._unit.text()

    def levels(self) -> Levels:
        low, high = self.bar.levels()
        return float(low), float(high)

    def set(self, levels: Levels, colours: str, unit: str) -> None:
        """Spread the colour map of that name from the first to the second level."""
        self.bar.setLevels(values=levels)
        self._number()
        if colours != self._name:
            self._name = colours
            self.bar.setColorMap(colour_maps.colour_map(colours))
        self._unit.set_text(unit)

    def ticks(self) -> list[float]:
        """The numbers below the bar: as many as stand there without touching."""
        low, high = self.levels()
        every, found = 1, axes.ticks(low, high)
        metrics, room = self.fontMetrics(), max(1, self.width() - 2 * _MARGIN)
        while len(found) > 1:
            apart = (found[1] - found[0]) / (high - low) * room
            if apart >= _AIR + max(metrics.horizontalAdvance(number(tick)) for tick in found):
                break
            every += 1
            fewer = axes.ticks(low, high, every=every)
            if not fewer:
                break
            found = fewer
        return found

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._number()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_unit"):
            self._restyle()
        super().changeEvent(event)

    def _number(self) -> None:
        self.bar.axis.setTicks([[(tick, number(tick)) for tick in self.ticks()]])

    def _restyle(self) -> None:
        self._view.setBackground(None)
        axes.restyle([self.bar.axis])
