"""What numbers say about a tensor: how often which occur, and a table."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from netviz_desktop.link.messages import Statistics
from netviz_desktop.ui.widgets.bars import Bars
from netviz_desktop.ui.widgets.labels import Caption
from netviz_desktop.ui.widgets.layouts import column, row
from netviz_desktop.ui.widgets.numbers import count, number, percent

_ROWS = ("count", "zeros", "min", "max", "mean", "std", "NaN", "∞")


class StatisticsView(QWidget):
    """A histogram, and beside it names and numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histogram = Bars(self, still=True)
        self.histogram.name_axes("value", "how many")
        self._values: dict[str, QLabel] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        for line, name in enumerate(_ROWS):
            key = Caption(name, self)
            key.setWordWrap(False)
            value = QLabel(self)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(key, line, 0)
            grid.addWidget(value, line, 1)
            self._values[name] = value
        both = row(self.histogram, grid)
        both.setStretch(0, 1)
        column(self, both)

    def text(self, name: str) -> str:
        """The number that stands beside a name."""
        return self._values[name].text()

    def show_statistics(self, statistics: Statistics) -> None:
        self._draw(statistics)
        for name, said in (
            ("count", count(statistics.count)),
            ("zeros", percent(statistics.zeros)),
            ("min", number(statistics.minimum)),
            ("max", number(statistics.maximum)),
            ("mean", number(statistics.mean)),
            ("std", number(statistics.std)),
            ("NaN", count(statistics.nan_count)),
            ("∞", count(statistics.inf_count)),
        ):
            self._values[name].setText(said)

    def _draw(self, statistics: Statistics) -> None:
        low, high, counts = statistics.minimum, statistics.maximum, statistics.counts
        finite = bool(np.isfinite([low, high]).all())
        self.histogram.setVisible(finite and len(counts) > 0)
        if finite and len(counts):
            if low == high:  # one number: its bin needs a width to be seen
                low, high = low - 0.5, high + 0.5
            self.histogram.show_bars(np.linspace(low, high, len(counts) + 1), counts)
