"""A large chart as pictures of its parts, made little by little, so that no frame is late."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter

from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPixmap

SIDE = 256
"""Of a tile, in pixels of the device."""
_BUDGET_SECONDS = 0.005
"""For new tiles in a frame; when it is spent, what is missing is shown as it was before."""
_KEPT = 400
"""Tiles: 100 MB."""
_OVERVIEW = 1400.0
"""The longer side of the picture of it all, in pixels."""
_REST_MS = 150
"""After which the picture of it all is made: nobody is moving."""

Paint = Callable[[QPainter, QRectF, float], None]
"""Paints an area of the scene at a scale."""

_Key = tuple[float, int, int]


class Tiles(QObject):
    """Pictures of whatever `paint` paints, at the scales that were looked at last."""

    missing = Signal()
    """Something was shown from another scale: paint again as soon as there is time."""

    def __init__(self, paint: Paint) -> None:
        super().__init__()
        self._paint = paint
        self._tiles: OrderedDict[_Key, QPixmap] = OrderedDict()
        self._old: dict[_Key, QPixmap] = {}
        self._overview: tuple[QPixmap, float, QRectF] | None = None
        self._scales: list[float] = []  # those that there are tiles of, the latest last
        self._ground = QColor()
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.missing)
        self._bounds = QRectF()
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._make_overview)

    def clear(self) -> None:
        """Forget all pictures: what they show has changed."""
        self._tiles.clear()
        self._old = {}
        self._scales.clear()
        self._overview = None
        self._rest.stop()

    def renew(self) -> None:
        """Make all pictures anew; until they are there, the old ones stand in."""
        self._old = dict(self._tiles)
        self._tiles.clear()
        if self._overview is not None:
            self._rest.start()

    def paint(
        self, painter: QPainter, area: QRectF, scale: float, bounds: QRectF, ground: QColor
    ) -> None:
        """Paint an area of the scene, as far as there is time for it.

        Args:
            scale: pixels of the device for one unit of the scene.
            bounds: of the scene.
            ground: the colour behind it all.
        """
        if ground != self._ground:
            self.clear()
            self._ground = ground
        if self._overview is None and not self._rest.isActive():
            self._bounds = bounds
            self._rest.start()
        if scale in self._scales:
            self._scales.remove(scale)
        self._scales.append(scale)
        self._scales = self._scales[-4:]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        end = perf_counter() + _BUDGET_SECONDS
        side = SIDE / scale
        area = area & bounds.adjusted(-side, -side, side, side)
        late = False
        for row in range(math.floor(area.top() / side), math.floor(area.bottom() / side) + 1):
            for column in range(
                math.floor(area.left() / side), math.floor(area.right() / side) + 1
            ):
                place = QRectF(column * side, row * side, side, side)
                tile = self._tiles.get((scale, column, row))
                if tile is None and perf_counter() < end:
                    tile = self._made(scale, column, row, place)
                if tile is None:
                    late = True
                    tile = self._old.get((scale, column, row))
                    if tile is None:
                        self._stand_in(painter, place)
                    else:
                        painter.drawPixmap(place, tile, QRectF(tile.rect()))
                    continue
                self._tiles.move_to_end((scale, column, row))
                painter.drawPixmap(place, tile, QRectF(tile.rect()))
        if late:
            self._soon.start()
        else:
            self._old = {}

    def _made(self, scale: float, column: int, row: int, place: QRectF) -> QPixmap:
        tile = self._picture(place, scale, SIDE, SIDE)
        self._tiles[scale, column, row] = tile
        while len(self._tiles) > _KEPT:
            self._tiles.popitem(last=False)
        return tile

    def _picture(self, place: QRectF, scale: float, width: int, height: int) -> QPixmap:
        picture = QPixmap(width, height)
        picture.fill(self._ground)
        painter = QPainter(picture)
        painter.scale(scale, scale)
        painter.translate(-place.topLeft())
        self._paint(painter, place, scale)
        painter.end()
        return picture

    def _make_overview(self) -> None:
        bounds = self._bounds
        scale = min(1.0, _OVERVIEW / max(bounds.width(), bounds.height(), 1.0))
        width, height = (
            max(1, math.ceil(length * scale)) for length in (bounds.width(), bounds.height())
        )
        self._overview = (self._picture(bounds, scale, width, height), scale, bounds)

    def _stand_in(self, painter: QPainter, place: QRectF) -> None:
        """What other scales have of this place; of the picture of it all, if they have nothing."""
        if self._overview is not None:
            picture, scale, whole = self._overview
            part = QRectF((place.topLeft() - whole.topLeft()) * scale, place.size() * scale)
            painter.drawPixmap(place, picture, part)
        for other in self._scales[:-1]:
            side = SIDE / other
            first, last = place.topLeft() / side, place.bottomRight() / side
            if (last.x() - first.x()) * (last.y() - first.y()) > 16:
                continue
            for column in range(math.floor(first.x()), math.floor(last.x()) + 1):
                for row in range(math.floor(first.y()), math.floor(last.y()) + 1):
                    tile = self._tiles.get((other, column, row))
                    if tile is not None:
                        self._part(painter, place, tile, QPointF(column * side, row * side), other)

    def _part(
        self, painter: QPainter, place: QRectF, tile: QPixmap, corner: QPointF, scale: float
    ) -> None:
        there = QRectF(corner.x(), corner.y(), SIDE / scale, SIDE / scale) & place
        if not there.isEmpty():
            source = QRectF((there.topLeft() - corner) * scale, there.size() * scale)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.drawPixmap(there, tile, source)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
