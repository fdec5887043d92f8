"""A drawing in its places: what lies where, found by numpy."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from netviz_desktop.layout import PlacedEdge, Placement
from netviz_desktop.ui.scene.drawing import LABEL_HEIGHT, Drawing, Figure, Wire

Floats = NDArray[np.float64]
Mask = NDArray[Any]

ARROW_LENGTH = 7.0
ARROW_WIDTH = 5.0
_SEGMENTS = 6  # straight lines for each cubic, where curves are too small to be seen


class Chart:
    """Figures and wires by index, in scene coordinates."""

    def __init__(self, drawing: Drawing, placement: Placement) -> None:
        self.drawing = drawing
        self.size = (placement.width, placement.height)
        place = {box.id: (box.x, box.y) for box in placement.boxes}
        self.figures: tuple[Figure, ...] = drawing.figures
        self.wires: tuple[Wire, ...] = drawing.wires
        self.index = {figure.id: index for index, figure in enumerate(self.figures)}
        self.rectangles: Floats = np.array(
            [(*_corner(place[f.id], f.width, f.height), f.width, f.height) for f in self.figures],
            np.float64,
        ).reshape(-1, 4)
        """(N, 4): left, top, width, height."""
        self.faulty: Mask = np.flatnonzero([figure.faulty for figure in self.figures])
        """Indices of the figures because of which the model cannot be run."""
        routes = {edge.id: edge for edge in placement.edges}
        self._routes: list[PlacedEdge] = [routes[wire.id] for wire in self.wires]
        self._paths: dict[int, QPainterPath] = {}
        self._arrows: dict[int, QPolygonF] = {}

    @property
    def bounds(self) -> QRectF:
        return QRectF(0, 0, *self.size)

    def rectangle(self, figure: int) -> QRectF:
        return QRectF(*self.rectangles[figure].tolist())

    def figures_in(self, area: QRectF) -> Mask:
        """Indices of the figures that touch the area."""
        left, top, width, height = self.rectangles.T
        return np.flatnonzero(
            (left <= area.right())
            & (left + width >= area.left())
            & (top <= area.bottom())
            & (top + height >= area.top())
        )

    def wires_in(self, area: QRectF) -> Mask:
        """Indices of the wires whose bounding boxes, with labels, touch the area."""
        left, top, right, bottom = self._wire_bounds.T
        return np.flatnonzero(
            (left <= area.right())
            & (right >= area.left())
            & (top <= area.bottom())
            & (bottom >= area.top())
        )

    def lines_in(self, area: QRectF, wires: Mask, *, coarse: bool = False) -> Floats:
        """(L, 4): what of the wires' straight lines touches the area.

        Args:
            coarse: one line for each cubic, which is enough from far away.
        """
        segments, owners = self._chords if coarse else (self.segments, self.segment_wires)
        wanted = np.zeros(len(self.wires), bool)
        wanted[wires] = True
        left, right = np.minimum(segments[:, 0], segments[:, 2]), segments[:, [0, 2]].max(axis=1)
        top, bottom = np.minimum(segments[:, 1], segments[:, 3]), segments[:, [1, 3]].max(axis=1)
        inside = (left <= area.right()) & (right >= area.left())
        inside &= (top <= area.bottom()) & (bottom >= area.top())
        return np.ascontiguousarray(segments[inside & wanted[owners]])

    def reaches_far(self, wires: Mask, area: QRectF) -> Mask:
        """Which of the wires are much longer than the area: curves that Qt strokes slowly."""
        left, top, right, bottom = self._wire_bounds[wires].T
        far: Mask = (bottom - top > 2 * area.height()) | (right - left > 2 * area.width())
        return far

    def figure_at(self, point: QPointF) -> int | None:
        found = self.figures_in(QRectF(point, point))
        return int(found[0]) if len(found) else None

    def wire_at(self, point: QPointF, reach: float) -> int | None:
        """The wire nearest to the point, and at most `reach` away."""
        if not len(self.segments):
            return None
        at = np.array([point.x(), point.y()])
        start, end = self.segments[:, :2], self.segments[:, 2:]
        along = end - start
        length = np.maximum((along**2).sum(axis=1), 1e-9)
        share = np.clip(((at - start) * along).sum(axis=1) / length, 0, 1)
        distance = ((start + share[:, None] * along - at) ** 2).sum(axis=1)
        nearest = int(distance.argmin())
        return int(self.segment_wires[nearest]) if distance[nearest] <= reach**2 else None

    def label_centre(self, wire: int) -> QPointF | None:
        route = self._routes[wire]
        if route.label_x is None or route.label_y is None:
            return None
        return QPointF(route.label_x, route.label_y)

    def path(self, wire: int) -> QPainterPath:
        """The wire's curve, up to its arrow head."""
        if wire not in self._paths:
            points = self._routes[wire].points
            path = QPainterPath(QPointF(points[0], points[1]))
            for i in range(2, len(points) - 5, 6):
                end = points[i + 4 : i + 6]
                if i + 6 >= len(points):
                    end = self._arrow_base(wire)
                path.cubicTo(*points[i : i + 4], *end)
            self._paths[wire] = path
        return self._paths[wire]

    def points(self, wire: int) -> tuple[float, ...]:
        return self._routes[wire].points

    def arrow(self, wire: int) -> QPolygonF:
        """The triangle at the wire's end."""
        if wire not in self._arrows:
            points = self._routes[wire].points
            x, y = points[-2:]
            base_x, base_y = self._arrow_base(wire)
            half = ARROW_WIDTH / 2 / ARROW_LENGTH
            across_x, across_y = (base_y - y) * half, (x - base_x) * half
            self._arrows[wire] = QPolygonF(
                [
                    QPointF(x, y),
                    QPointF(base_x + across_x, base_y + across_y),
                    QPointF(base_x - across_x, base_y - across_y),
                ]
            )
        return self._arrows[wire]

    def _arrow_base(self, wire: int) -> tuple[float, float]:
        points = self._routes[wire].points
        x, y = points[-2:]
        # where the curve comes from; control points may coincide with the end
        for i in range(len(points) - 4, -1, -2):
            dx, dy = points[i] - x, points[i + 1] - y
            if (length := float(np.hypot(dx, dy))) > 0.5:
                return x + dx / length * ARROW_LENGTH, y + dy / length * ARROW_LENGTH
        return x, y - ARROW_LENGTH

    @cached_property
    def inputs_of(self) -> list[list[int]]:
        """Of each figure, the wires that end in it."""
        found: list[list[int]] = [[] for _ in self.figures]
        for index, wire in enumerate(self.wires):
            found[self.index[wire.target]].append(index)
        return found

    @cached_property
    def outputs_of(self) -> list[list[int]]:
        """Of each figure, the wires that start from it."""
        found: list[list[int]] = [[] for _ in self.figures]
        for index, wire in enumerate(self.wires):
            found[self.index[wire.source]].append(index)
        return found

    @cached_property
    def segments(self) -> Floats:
        """(S, 4): x, y, x, y of the straight lines that stand for all curves."""
        return self._lines[0]

    @cached_property
    def segment_wires(self) -> Mask:
        """(S,): the wire of each segment."""
        return self._lines[1]

    @cached_property
    def _lines(self) -> tuple[Floats, Mask]:
        cubics = np.array(
            [
                route.points[i : i + 8]
                for route in self._routes
                for i in range(0, len(route.points) - 7, 6)
            ],
            np.float64,
        ).reshape(-1, 4, 2)
        owners = np.repeat(
            np.arange(len(self._routes)), [(len(r.points) - 2) // 6 for r in self._routes]
        )
        # a cubic that is straight stays one line
        chord = cubics[:, 3] - cubics[:, 0]
        lean = np.abs(
            chord[:, None, 0] * (cubics[:, 1:3, 1] - cubics[:, :1, 1])
            - chord[:, None, 1] * (cubics[:, 1:3, 0] - cubics[:, :1, 0])
        ).max(axis=1, initial=0)
        bent = lean > np.maximum(np.hypot(*chord.T), 1)
        straight = np.concatenate([cubics[~bent, 0], cubics[~bent, 3]], axis=1)
        t = np.linspace(0, 1, _SEGMENTS + 1)[None, :, None]
        a, b, c, d = (cubics[bent, i][:, None] for i in range(4))
        curve = a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3
        curved = np.concatenate([curve[:, :-1], curve[:, 1:]], axis=2).reshape(-1, 4)
        wires = np.concatenate([owners[~bent], np.repeat(owners[bent], _SEGMENTS)])
        return np.ascontiguousarray(np.concatenate([straight, curved])), wires

    @cached_property
    def _chords(self) -> tuple[Floats, Mask]:
        ends = np.array(
            [
                (*route.points[i : i + 2], *route.points[i + 6 : i + 8])
                for route in self._routes
                for i in range(0, len(route.points) - 7, 6)
            ],
            np.float64,
        ).reshape(-1, 4)
        counts = [(len(route.points) - 2) // 6 for route in self._routes]
        return ends, np.repeat(np.arange(len(self._routes)), counts)

    @cached_property
    def _wire_bounds(self) -> Floats:
        bounds = np.empty((len(self.wires), 4))
        for index, (wire, route) in enumerate(zip(self.wires, self._routes, strict=True)):
            xs, ys = list(route.points[::2]), list(route.points[1::2])
            if wire.label and route.label_x is not None and route.label_y is not None:
                xs += [route.label_x - wire.label_width / 2, route.label_x + wire.label_width / 2]
                ys += [route.label_y - LABEL_HEIGHT / 2, route.label_y + LABEL_HEIGHT / 2]
            half = ARROW_WIDTH / 2
            bounds[index] = min(xs) - half, min(ys), max(xs) + half, max(ys)
        return bounds


def _corner(centre: tuple[float, float], width: float, height: float) -> tuple[float, float]:
    return centre[0] - width / 2, centre[1] - height / 2
