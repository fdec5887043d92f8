"""A vector as bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from netviz_desktop.ui.widgets.bars import Bars
from netviz_desktop.ui.widgets.layouts import column


class VectorPlot(QWidget):
    """One bar for each number. The wheel zooms, dragging moves."""

    hovered = Signal(object)
    """An index, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: NDArray[Any] = np.zeros(0, np.float32)
        self._bars = Bars(self)
        self._bars.moved.connect(self._moved)
        column(self, self._bars)

    def show_values(self, values: NDArray[Any], unit: str) -> None:
        """Draw (D,)."""
        self.values = values
        self._bars.name_axes("index", unit)
        self._bars.show_bars(np.arange(len(values) + 1) - 0.5, values)

    def _moved(self, x: float | None) -> None:
        index = None if x is None else round(x)
        inside = index is not None and 0 <= index < len(self.values)
        self.hovered.emit(index if inside else None)
