"""A grid of small pictures, as many as a layer has channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QScrollBar,
    QSizePolicy,
    QWidget,
)

from netviz_desktop.ui.widgets import resample
from netviz_desktop.ui.widgets.levels import Levels
from netviz_desktop.ui.widgets.marks import GAP, Marks

_LARGEST = 96  # of a picture, when there are few of them
_LEAST = 56  # of the view: two rows of small pictures


@dataclass(frozen=True)
class Place:
    """A pixel of one picture: its row and column are those of `Pictures.values`."""

    picture: int
    row: int
    column: int


class Mosaic(QWidget):
    """Pictures in rows. Only those in view are put together, into one image."""

    hovered = Signal(object)
    """A `Place`, or None."""
    clicked = Signal(int)
    """The index of a picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: NDArray[Any] = np.zeros((0, 1, 1), np.float32)
        self._levels: Levels = (0.0, 1.0)
        self._per_row = 16
        self.image = pg.ImageItem()
        self._marks = Marks()
        self._view = pg.GraphicsView(self)
        self._view.addItem(self.image)
        self._view.addItem(self._marks)
        self._view.viewport().installEventFilter(self)
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.valueChanged.connect(self._compose)
        # several resizes of one layout pass are drawn once
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._arrange)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._view, 1)
        layout.addWidget(self._bar)
        # its place stays free: otherwise a narrower view might need no bar any more
        kept = self._bar.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(kept)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self._restyle()

    # --- what others call ---------------------------------------------------------------

    def show_pictures(
        self, pictures: NDArray[Any], levels: Levels, dead: NDArray[np.bool_], *, top: bool = True
    ) -> None:
        """Draw them.

        Args:
            pictures: (P, h, w) of numbers, or (P, h, w, 3) of colours between 0 and 1.
            levels: what gets the first and the last colour.
            dead: (P,): those to be crossed out.
            top: begin at the first one; otherwise stay where the view is.
        """
        self._pictures = pictures
        self._levels = levels
        self._marks.dead = dead
        self._marks.hovered = None
        if top:
            self._bar.setValue(0)
        self._arrange()

    def set_per_row(self, count: int) -> None:
        self._per_row = count
        self._arrange()

    def set_chosen(self, picture: int | None) -> None:
        """Outline one, or none; scrolls to it."""
        self._marks.chosen = picture
        if picture is not None:
            top = picture // self._columns * self._pitch[1]
            lowest = top + self._pitch[1] + GAP - self._view.height()
            self._bar.setValue(min(max(self._bar.value(), lowest), top))
        self._marks.update()

    @property
    def columns(self) -> int:
        """Pictures in a row, as they are now."""
        return self._columns

    def visible(self) -> range:
        """The pictures that are in view now."""
        return self._visible

    def rectangle(self, picture: int) -> QRectF:
        """Where a picture lies in the view."""
        return self._marks.rectangle(picture)

    # --- geometry -----------------------------------------------------------------------

    _columns = 1
    _cell = (8, 8)
    _pitch = (10, 10)
    _visible = range(0)

    def _arrange(self) -> None:
        count, height, width = self._pictures.shape[:3]
        room = max(self._view.width() - GAP, 16)
        self._columns = max(1, min(self._per_row, count))
        usual = room // self._per_row - GAP
        side = max(4, min(room // self._columns - GAP, max(usual, _LARGEST)))
        # no picture is flatter or steeper than 8 : 1, whatever its numbers
        tall = round(side * min(max(height / max(width, 1), 0.125), 8.0))
        self._cell = (side, max(4, tall))
        self._pitch = (self._cell[0] + GAP, self._cell[1] + GAP)
        rows = -(-count // self._columns)
        content = rows * self._pitch[1] + GAP
        self.setMinimumHeight(min(content, _LEAST))
        self.setMaximumHeight(content)
        self._bar.setPageStep(max(1, self._view.height()))
        self._bar.setSingleStep(self._pitch[1])
        self._bar.setRange(0, max(0, content - self._view.height()))
        self._bar.setVisible(content > self._view.height() > 0)
        self._compose()

    def _compose(self) -> None:
        """Put the rows in view together, pixel for pixel of the screen."""
        count = self._pictures.shape[0]
        offset = self._bar.value()
        first_row = offset // self._pitch[1]
        last_row = -(-(offset + self._view.height()) // self._pitch[1])
        first = min(first_row * self._columns, count)
        last = min(max(last_row, first_row + 1) * self._columns, count)
        self._visible = range(first, last)
        ratio = self.devicePixelRatioF()
        cell = (round(self._cell[0] * ratio), round(self._cell[1] * ratio))
        gap = max(1, round(GAP * ratio))
        tiles = resample.fit(self._pictures[first:last], cell[1], cell[0])
        board = _board(tiles, self._columns, gap, self._levels)
        top = first_row * self._pitch[1] - offset + GAP
        if board.size:
            self.image.setImage(board, autoLevels=False)
            self.image.setLevels((0.0, 1.0) if board.ndim == 3 else self._levels)
            self.image.setRect(QRectF(GAP, top, board.shape[1] / ratio, board.shape[0] / ratio))
        else:
            self.image.clear()
        self._marks.place(self._visible, self._columns, self._cell, self._pitch, top)

    def _at(self, x: float, y: float) -> Place | None:
        column = int(x - GAP) // self._pitch[0]
        down = int(y) - GAP + self._bar.value()
        index = down // self._pitch[1] * self._columns + column
        if not 0 <= column < self._columns or not 0 <= index < self._pictures.shape[0]:
            return None
        if x < GAP or down < 0:
            return None
        # a click between two pictures is meant for one of them
        inside_x = min(x - GAP - column * self._pitch[0], self._cell[0] - 1)
        inside_y = min(down - index // self._columns * self._pitch[1], self._cell[1] - 1)
        height, width = self._pictures.shape[1:3]
        return Place(
            index,
            int(inside_y * height / self._cell[1]),
            int(inside_x * width / self._cell[0]),
        )

    # --- events -------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event:
            case QMouseEvent() if event.type() == QEvent.Type.MouseMove:
                self._hover(self._at(event.position().x(), event.position().y()))
            case QMouseEvent() if event.type() == QEvent.Type.MouseButtonRelease:
                place = self._at(event.position().x(), event.position().y())
                if place is not None and event.button() == Qt.MouseButton.LeftButton:
                    self.clicked.emit(place.picture)
            case QWheelEvent():
                before = self._bar.value()
                self._bar.setValue(before - event.angleDelta().y())
                return bool(self._bar.value() != before)  # at the end the dock scrolls
            case QResizeEvent():
                self._soon.start()
            case _ if event.type() == QEvent.Type.Leave:
                self._hover(None)
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_soon"):
            self._restyle()
        super().changeEvent(event)

    def _hover(self, place: Place | None) -> None:
        picture = place.picture if place is not None else None
        if picture != self._marks.hovered:
            self._marks.hovered = picture
            self._marks.update()
        self.hovered.emit(place)

    def _restyle(self) -> None:
        self._view.setBackground(None)
        self._marks.update()


def _board(tiles: NDArray[Any], columns: int, gap: int, levels: Levels) -> NDArray[np.float32]:
    """(rows * (h + gap), columns * (w + gap)): the tiles, with NaN, which is transparent,
    between them; for colours with their last axis kept, and with opacity."""
    count, height, width = tiles.shape[:3]
    if tiles.ndim == 4:
        opaque = np.ones((*tiles.shape[:3], 1), np.float32)
        tiles, between = np.concatenate([tiles, opaque], axis=3), 0.0
    else:
        tiles, between = np.clip(tiles, *levels), np.nan
    rows = -(-count // columns)
    rest = tiles.shape[3:]
    board = np.full((rows * columns, height + gap, width + gap, *rest), between, np.float32)
    board[:count, :height, :width] = tiles
    board = board.reshape(rows, columns, height + gap, width + gap, *rest)
    result: NDArray[np.float32] = board.swapaxes(1, 2).reshape(
        rows * (height + gap), columns * (width + gap), *rest
    )
    return result
