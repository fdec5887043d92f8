"""The sign on a node that is bookmarked."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from netviz_desktop.ui.theme import Theme

_WIDTH, _HEIGHT, _NOTCH = 9.0, 14.0, 4.0
_ASIDE = 6.0
_SHAPE = ((0, 0), (_WIDTH, 0), (_WIDTH, _HEIGHT), (_WIDTH / 2, _HEIGHT - _NOTCH), (0, _HEIGHT))


def paint(painter: QPainter, corner: QPointF, scale: float, palette: Theme) -> None:
    """A ribbon over the upper left corner of a box, as large from afar as from near."""
    painter.save()
    painter.translate(corner)
    if scale < 1:
        painter.scale(1 / scale, 1 / scale)
    painter.translate(-_ASIDE, -_ASIDE)
    painter.setPen(QPen(QColor(palette.canvas), 1.5))
    painter.setBrush(QColor(palette.accent))
    painter.drawPath(_path())
    painter.restore()


@lru_cache(maxsize=1)
def _path() -> QPainterPath:
    path = QPainterPath()
    path.moveTo(*_SHAPE[0])
    for point in _SHAPE[1:]:
        path.lineTo(*point)
    path.closeSubpath()
    return path
