"""How many pictures are drawn: their colours, their order, how many stand in a row."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QWidget

from netviz_desktop.ui.widgets.layouts import column, row
from netviz_desktop.ui.widgets.levels import Levels, Scale
from netviz_desktop.ui.widgets.pictures import Pictures

_PER_ROW = 16
_NARROWEST = 56  # pixels: three choices beside each other fit a dock on a small screen
_TIPS = {
    Scale.DEVIATIONS: "Each picture's mean and deviation to 128 ± 64 of 255, clipped",
    Scale.FIXED: "The range in force now stays, so that nodes and images compare",
}


class Order(Enum):
    """Which picture comes first."""

    INDEX = "index"
    MEAN = "mean"
    """The greatest mean."""
    ZEROS = "sparsity"
    """The most zeros."""


class Looks(QWidget):
    """One row of choices.

    Args:
        scale: how colours are spread at first.
    """

    rescaled = Signal()
    reordered = Signal()
    changed = Signal(object)
    """All of it, as numbers and words that `set_all` takes."""

    def __init__(self, parent: QWidget | None = None, *, scale: Scale = Scale.LAYER) -> None:
        super().__init__(parent)
        self._usual = scale
        self.fixed: Levels = (0.0, 1.0)
        """The levels of `Scale.FIXED`."""
        self.scale = _combo()
        self.scale.setToolTip("What the colours span")
        self.order = _combo()
        self.order.setToolTip("Which come first")
        for label, order in (
            ("By index", Order.INDEX),
            ("By mean", Order.MEAN),
            ("By sparsity", Order.ZEROS),
        ):
            self.order.addItem(label, order)
        self.per_row = QSpinBox(self)
        self.per_row.setRange(1, 64)
        self.per_row.setValue(_PER_ROW)
        self.per_row.setSuffix(" per row")
        self.per_row.setKeyboardTracking(False)
        choices = row(self.scale, self.order, self.per_row)
        choices.setStretch(0, 1)
        column(self, choices)
        self.scale.currentIndexChanged.connect(self.rescaled)
        self.order.currentIndexChanged.connect(self.reordered)
        for signal in (
            self.scale.currentIndexChanged,
            self.order.currentIndexChanged,
            self.per_row.valueChanged,
        ):
            signal.connect(lambda _: self.changed.emit(self.all()))

    def all(self) -> dict[str, Any]:
        return {
            "scale": (self.scale.currentData() or self._usual).value,
            "fixed": list(self.fixed),
            "order": self.order.currentData().value,
            "per_row": self.per_row.value(),
        }

    def set_all(self, looks: dict[str, Any]) -> None:
        """What is missing or makes no sense stays as it is."""
        if looks.get("scale") in [scale.value for scale in Scale]:
            self._usual = Scale(looks["scale"])
        if looks.get("order") in [order.value for order in Order]:
            self.order.setCurrentIndex(self.order.findData(Order(looks["order"])))
        match looks.get("fixed"):
            case [float() | int() as low, float() | int() as high] if low < high < math.inf:
                self.fixed = (float(low), float(high))
        if isinstance(looks.get("per_row"), int):
            self.per_row.setValue(looks["per_row"])

    def offer(self, pictures: Pictures) -> None:
        """What can be chosen for these."""
        known = len(pictures.mean) == pictures.count and not pictures.coloured
        self.order.setVisible(known and pictures.count > 1)
        offered = [
            ("Same scale for all", Scale.LAYER),
            ("Own scale for each", Scale.CHANNEL),
            ("Top 1 % clipped", Scale.CLIPPED),
        ]
        if not pictures.signed:
            offered.append(("Symmetric around zero", Scale.SYMMETRIC))
        if known:
            offered.append(("Mean ± 2 deviations", Scale.DEVIATIONS))
        offered.append(("Fixed range", Scale.FIXED))
        labels = [label for label, _ in offered]
        if labels == [self.scale.itemText(i) for i in range(self.scale.count())]:
            return
        previous = self.scale.currentData() or self._usual
        blocked = QSignalBlocker(self.scale)
        self.scale.clear()
        for label, choice in offered:
            self.scale.addItem(label, choice)
            tip = _TIPS.get(choice, "")
            self.scale.setItemData(self.scale.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.scale.setCurrentIndex(max(0, self.scale.findData(previous)))
        blocked.unblock()

    def arranged(self, pictures: Pictures) -> NDArray[np.intp]:
        """(P,): which picture stands at each place; equals by index, NaN last."""
        by = self.order.currentData()
        if by is Order.INDEX or self.order.isHidden():
            return np.arange(pictures.count)
        return np.argsort(-(pictures.mean if by is Order.MEAN else pictures.zeros), kind="stable")


def _combo() -> QComboBox:
    combo = QComboBox()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    combo.setMinimumWidth(_NARROWEST)
    return combo
