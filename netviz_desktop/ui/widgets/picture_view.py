"""One picture in full: axes in pixels, a colour bar, and the number under the cursor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from netviz_desktop.ui.widgets import axes
from netviz_desktop.ui.widgets.colour_bar import ColourBar
from netviz_desktop.ui.widgets.layouts import column
from netviz_desktop.ui.widgets.levels import Levels

_LONGEST = 6  # a picture that is longer than that is stretched: a line shows nothing
_UNLIMITED = 16_777_215  # Qt's own
_LEFT, _BOTTOM, _AIR = 36, 20, 4  # the room for the numbers of rows and columns


class PictureView(QWidget):
    """A matrix as colours, over a picture if there is one beneath it. The wheel zooms, a
    double click shows all of it again.

    Args:
        numbered: with the numbers of rows and columns beside it.
        stretched: fills the room there is: rows and columns are no lengths.
    """

    hovered = Signal(object)
    """(row, column) of the matrix, or None."""

    def __init__(
        self, parent: QWidget | None = None, *, numbered: bool = True, stretched: bool = False
    ) -> None:
        super().__init__(parent)
        self._stretched = stretched
        self.values: NDArray[Any] = np.zeros((1, 1), np.float32)
        self.full_size: tuple[int, int] = (0, 0)
        """(H, W) of the picture in full; `values` are averages where it is larger."""
        self._view = pg.GraphicsLayoutWidget(self)
        self._view.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.plot = self._view.addPlot()
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.invertY(True)
        self.plot.getViewBox().setDefaultPadding(0.0)
        left, bottom = self.plot.getAxis("left"), self.plot.getAxis("bottom")
        self._axes = [left, bottom]
        axes.prepare(self._axes)
        self._margins = (0, 0)
        if numbered:
            self._margins = (_LEFT, _BOTTOM)
            left.setWidth(_LEFT)
            bottom.setHeight(_BOTTOM)
        else:
            left.hide()
            bottom.hide()
        self.beneath = pg.ImageItem()
        self.image = pg.ImageItem()
        self.plot.addItem(self.beneath)
        self.plot.addItem(self.image)
        self.bar = ColourBar(self.image, self)
        self._view.scene().sigMouseMoved.connect(self._moved)
        self._view.scene().sigMouseClicked.connect(self._clicked)
        self._view.viewport().installEventFilter(self)
        layout = column(self, self._view, self.bar, 1, spacing=4)
        layout.setStretch(0, 1000)  # all the room it can use
        # after the view has taken its size
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.fit)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self._view.setMinimumHeight(96)
        self._restyle()

    def show_values(
        self,
        values: NDArray[Any],
        levels: Levels,
        colours: str,
        unit: str,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Draw a matrix (h, w); what is NaN stays empty.

        Args:
            size: of the picture in full, where `values` are its averages.
        """
        self.bar.show()
        self._show(values, np.clip(values, *levels), levels, size)
        self.bar.set(levels, colours, unit)

    def show_colours(self, values: NDArray[Any], colours: NDArray[Any]) -> None:
        """Draw colours (h, w, 3) between 0 and 1, which stand for `values`."""
        self.bar.hide()
        self._show(values, colours, (0.0, 1.0), None)

    def show_beneath(self, picture: NDArray[np.uint8] | None) -> None:
        """A picture (H, W, 3) under the matrix, over the same rectangle; None: none."""
        if picture is None:
            self.beneath.clear()
            return
        self.beneath.setImage(picture, levels=(0, 255))
        self._lay()

    def set_opacity(self, share: float) -> None:
        """Of the matrix over the picture."""
        self.image.setOpacity(share)

    def fit(self) -> None:
        """All of it in view."""
        height, width = self.full_size
        if not height or not width:
            return
        stretched = self._stretched or max(height, width) > _LONGEST * min(height, width)
        left, bottom = self._margins
        beside, most = 0.0, _UNLIMITED
        if not stretched:  # the numbers stand at the picture's edge, not at the dock's
            wide = max(1.0, self._view.width() - left - 2 * _AIR)
            high = max(1.0, self._view.height() - bottom - 2 * _AIR)
            beside = max(0.0, wide - high * width / height) / 2
            most = round(wide * height / width) + bottom + 2 * _AIR
        self._view.setMaximumHeight(max(most, self._view.minimumHeight()))
        self._view.ci.layout.setContentsMargins(_AIR + beside, _AIR, _AIR + beside, _AIR)
        # margins of a wider view kept it from becoming as narrow as the view is now
        self._view.ci.setGeometry(QRectF(self._view.viewport().rect()))
        self.plot.setAspectLocked(not stretched)
        self.plot.setRange(QRectF(0, 0, width, height), padding=0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._soon.start()
        return super().eventFilter(watched, event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)
        super().leaveEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "bar"):
            self._restyle()
        super().changeEvent(event)

    def _show(
        self,
        values: NDArray[Any],
        drawn: NDArray[Any],
        levels: Levels,
        size: tuple[int, int] | None,
    ) -> None:
        self.values = values
        self.image.setImage(drawn, levels=levels)
        height, width = size or values.shape[:2]
        if (height, width) != self.full_size:
            self.full_size = (height, width)
            self.fit()
        self._lay()

    def _lay(self) -> None:
        height, width = self.full_size
        for image in (self.image, self.beneath):
            if image.image is not None:
                image.setRect(QRectF(0, 0, width, height))

    def _moved(self, at: QPointF) -> None:
        point = self.plot.getViewBox().mapSceneToView(at)
        height, width = self.full_size
        if not (0 <= point.y() < height and 0 <= point.x() < width):
            self.hovered.emit(None)
            return
        there = self.values.shape
        self.hovered.emit((int(point.y() * there[0] / height), int(point.x() * there[1] / width)))

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.fit()

    def _restyle(self) -> None:
        self._view.setBackground(None)
        axes.restyle(self._axes)
