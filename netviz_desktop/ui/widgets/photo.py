"""A photograph, as large as there is room for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from netviz_desktop.ui import theme

_PIXELS_SEEN = 4  # times larger than it is
Crop = tuple[float, float, float, float]
"""Left, top, width and height, in pixels of the picture."""


class Photo(QWidget):
    """Keeps its proportions; what lies outside the crop is dimmed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap = QPixmap()
        self._crop: Crop | None = None
        self._marked: Crop | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(64)

    def show_picture(self, picture: NDArray[Any], crop: Crop | None = None) -> None:
        """Draw (H, W, 3) uint8."""
        self._pixmap = QPixmap.fromImage(image_of(picture))
        self._crop = crop
        self._limit()
        self.update()

    def target(self) -> QRectF:
        """Where the picture lies in the widget."""
        if self._pixmap.isNull():
            return QRectF()
        size = self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        return QRectF(left, top, size.width(), size.height())

    def crop_rectangle(self) -> QRectF:
        """Where the crop lies in the widget; empty when there is none."""
        return self._place(self._crop)

    def _place(self, part: Crop | None) -> QRectF:
        if part is None or self._pixmap.isNull():
            return QRectF()
        target = self.target()
        scale = target.width() / self._pixmap.width()
        left, top, width, height = (scale * length for length in part)
        return QRectF(target.left() + left, target.top() + top, width, height)

    def mark(self, part: Crop | None) -> None:
        """Outline a part, in pixels of the picture; none when None."""
        if part != self._marked:
            self._marked = part
            self.update()

    def marked_rectangle(self) -> QRectF:
        """Where the outlined part lies in the widget, as far as the picture goes."""
        return self._place(self._marked) & self.target()

    def sizeHint(self) -> QSize:
        return QSize(240, 160)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._limit()

    def _limit(self) -> None:
        """No higher than the picture can be at this width."""
        if not self._pixmap.isNull():
            high = round(self.width() * self._pixmap.height() / self._pixmap.width())
            self.setMaximumHeight(max(self.minimumHeight(), high))

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        target, crop = self.target(), self.crop_rectangle()
        # an input of a few pixels is shown as the pixels that it has
        smooth = target.width() < _PIXELS_SEEN * self._pixmap.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))
        if not crop.isEmpty() and crop != target:
            outside = QPainterPath()
            outside.addRect(target)
            outside.addRect(crop)  # the even-odd rule leaves it out
            painter.fillPath(outside, QColor(0, 0, 0, 120))
            painter.setPen(QPen(QColor(theme.current().accent), 1.5))
            painter.drawRect(crop.adjusted(0.75, 0.75, -0.75, -0.75))
        marked = self.marked_rectangle()
        if not marked.isEmpty():
            for colour, width in (("#000000", 3.5), ("#ffffff", 1.5)):  # seen on any picture
                painter.setPen(QPen(QColor(colour), width))
                painter.drawRect(marked.adjusted(1, 1, -1, -1))
        painter.end()


def image_of(picture: NDArray[Any]) -> QImage:
    """A copy of (H, W, 3) uint8 as Qt's own."""
    pixels = np.ascontiguousarray(picture, np.uint8)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
