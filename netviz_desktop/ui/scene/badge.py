"""The sign on a node that stops the model from being run: by its shape, not its colour alone."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from netviz_desktop.ui.theme import Theme

SIZE = 17.0
_LEAST_PIXELS = 14.0  # however far away, it is seen
_CORNERS = ((0.5, 0.06), (0.97, 0.9), (0.03, 0.9))
_STROKE = ((0.5, 0.36), (0.5, 0.6))
_DOT = (0.5, 0.75)
_LINE = 0.09  # of the exclamation mark, as a share of the sign's size


def size_at(scale: float) -> float:
    """The side of the sign, in units of the scene."""
    return max(SIZE, _LEAST_PIXELS / scale)


def paint(painter: QPainter, centre: QPointF, size: float, palette: Theme) -> None:
    """A triangle with an exclamation mark, on a rim that sets it off from what is behind."""
    painter.save()
    painter.translate(centre.x() - size / 2, centre.y() - size / 2)
    painter.scale(size, size)
    for colour, width in ((palette.canvas, 0.22), (palette.error, 0.1)):
        painter.setPen(QPen(QColor(colour), width, j=Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(QColor(colour))
        painter.drawPath(_triangle())
    painter.setPen(QPen(QColor(palette.canvas), _LINE, c=Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(*_STROKE[0]), QPointF(*_STROKE[1]))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(palette.canvas))
    painter.drawEllipse(_around(_DOT, _LINE * 0.65))
    painter.restore()


def as_svg(x: float, y: float, palette: Theme) -> str:
    """The same as SVG, its centre at (x, y)."""
    corners = " ".join(f"{cx},{cy}" for cx, cy in _CORNERS)
    (x1, y1), (x2, y2) = _STROKE
    return (
        f'<g transform="translate({x - SIZE / 2:.1f} {y - SIZE / 2:.1f}) scale({SIZE:g})" '
        'stroke-linejoin="round" stroke-linecap="round">'
        f'<polygon points="{corners}" fill="{palette.error}" stroke="{palette.error}" '
        f'stroke-width=".1"/><path d="M{x1} {y1}L{x2} {y2}" stroke="{palette.canvas}" '
        f'stroke-width="{_LINE}"/><circle cx="{_DOT[0]}" cy="{_DOT[1]}" r="{_LINE * 0.65:g}" '
        f'fill="{palette.canvas}"/></g>'
    )


@lru_cache(maxsize=1)
def _triangle() -> QPainterPath:
    path = QPainterPath(QPointF(*_CORNERS[0]))
    for corner in _CORNERS[1:]:
        path.lineTo(*corner)
    path.closeSubpath()
    return path


def _around(centre: tuple[float, float], radius: float) -> QRectF:
    x, y = centre
    return QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
