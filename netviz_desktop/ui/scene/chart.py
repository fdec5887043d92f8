"""A drawing in its places: what lies where, found by numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from netviz_desktop.layout import PlacedEdge, Placement
from netviz_desktop.ui.scene import colours
from netviz_desktop.ui.scene.drawing import LABEL_HEIGHT, Border, Drawing, Figure, Lettering, Wire
from netviz_desktop.ui.scene.index import Index
from netviz_desktop.ui.scene.shades import Shades
from netviz_desktop.ui.theme import Theme

Floats = NDArray[np.float64]
Mask = NDArray[Any]

ARROW_LENGTH = 7.0
ARROW_WIDTH = 5.0
_SEGMENTS = 6  # straight lines for each cubic, where curves are too small to be seen


class Chart:
    """Figures, wires and borders by index, in scene coordinates."""

    def __init__(self, drawing: Drawing, placement: Placement, lettering: Lettering) -> None:
        self.drawing = drawing
        self.placement = placement
        self.lettering = lettering
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
        self.borders: tuple[Border, ...] = drawing.borders
        self.border_index = {border.id: index for index, border in enumerate(self.borders)}
        around = {
            f.id: (*_corner((f.x, f.y), f.width, f.height), f.width, f.height)
            for f in placement.frames
        }
        self.frames: Floats = np.array(
            [around[border.id] for border in self.borders], np.float64
        ).reshape(-1, 4)
        """(M, 4): left, top, width, height of what is around open scopes, outer ones first."""
        self.depths = np.array([border.depth for border in self.borders], np.intp)
        """(M,): how many frames are around each."""
        routes = {edge.id: edge for edge in placement.edges}
        self._routes: list[PlacedEdge] = [routes[wire.id] for wire in self.wires]
        self._paths: dict[int, QPainterPath] = {}
        self._arrows: dict[int, QPolygonF] = {}
        self.shades: Shades | None = None
        """The colours of an overlay, in place of those of the kinds of nodes."""

    @property
    def bounds(self) -> QRectF:
        return QRectF(0, 0, *self.size)

    def rectangle(self, figure: int) -> QRectF:
        return QRectF(*self.rectangles[figure].tolist())

    def fill(self, figure: Figure, palette: Theme) -> colours.Fill:
        """The colours of a figure's header."""
        if self.shades is not None and not figure.is_end:
            return self.shades.fill(figure.id, palette)
        return colours.header(figure.category, palette, closed=figure.scope is not None)

    def figures_in(self, area: QRectF) -> Mask:
        """Indices of the figures that touch the area."""
        return self._figure_index.touching(area)

    def frames_in(self, area: QRectF) -> Mask:
        """Indices of the borders that touch the area."""
        return _touching(self.frames, area)

    def wires_in(self, area: QRectF) -> Mask:
        """Indices of the wires whose bounding boxes, with labels, touch the area."""
        return self._wire_index.touching(area)

    def tips_in(self, area: QRectF, wires: Mask) -> Mask:
        """Which of the wires have their arrow heads in the area."""
        return wires[_near(self._tips[wires], area, ARROW_LENGTH, ARROW_LENGTH)]

    def labels_in(self, area: QRectF, wires: Mask) -> Mask:
        """Which of the wires have their labels in the area."""
        return wires[_near(self._labels[wires], area, self._widest_label / 2, LABEL_HEIGHT)]

    def lines_in(
        self, area: QRectF, wires: Mask, *, coarse: bool = False, whole: bool = False
    ) -> Floats:
        """(L, 4): what of the wires' straight lines lies in the area, or a little beside it.

        Args:
            coarse: one line for each cubic, which is enough from far away.
            whole: also what is part of an earlier wire, which may not be among these.
        """
        segments, cubics = self._chords if coarse else self._lines
        found = (self._chord_index if coarse else self._segment_index).touching(area)
        wanted = np.zeros(len(self.wires), bool)
        wanted[wires] = True
        if whole:
            carried = np.zeros(len(self._first_alike), bool)
            carried[self._first_alike[wanted[self._cubic_wires]]] = True
            kept = carried[cubics[found]]
        else:
            kept = wanted[self._cubic_wires[cubics[found]]]
        return _clipped(segments[found[kept]], area)

    def reaches_far(self, wires: Mask, area: QRectF) -> Mask:
        """Which of the wires are much longer than the area: curves that Qt strokes slowly."""
        left, top, right, bottom = self._wire_bounds[wires].T
        far: Mask = (bottom - top > 2 * area.height()) | (right - left > 2 * area.width())
        return far

    def figure_at(self, point: QPointF) -> int | None:
        found = self.figures_in(QRectF(point, point))
        return int(found[0]) if len(found) else None

    def wires_at(self, point: QPointF, reach: float) -> list[int]:
        """The wire nearest to the point, and at most `reach` away; several where lines of one
        tensor run together."""
        area = QRectF(point, point).adjusted(-reach, -reach, reach, reach)
        near = self._segment_index.touching(area)
        if not len(near):
            return []
        at = np.array([point.x(), point.y()])
        start, end = self.segments[near, :2], self.segments[near, 2:]
        along = end - start
        length = np.maximum((along**2).sum(axis=1), 1e-9)
        share = np.clip(((at - start) * along).sum(axis=1) / length, 0, 1)
        distance = ((start + share[:, None] * along - at) ** 2).sum(axis=1)
        nearest = int(distance.argmin())
        if distance[nearest] > reach**2:
            return []
        alike = self._first_alike == self._lines[1][near[nearest]]
        return [int(wire) for wire in self._cubic_wires[alike]]

    def label_centre(self, wire: int) -> QPointF | None:
        route = self._routes[wire]
        if route.label_x is None or route.label_y is None:
            return None
        return QPointF(route.label_x, route.label_y)

    def path(self, wire: int) -> QPainterPath:
        """The wire's curve, up to its arrow head."""
        points = self._routes[wire].points
        return self._curve(wire, range(0, len(points) - 7, 6))

    def own_path(self, wire: int) -> QPainterPath:
        """What of the wire's curve is not part of an earlier wire's already."""
        if wire not in self._paths:
            first, count = self._cubics_of(wire)
            own = np.flatnonzero(self._is_first[first : first + count])
            self._paths[wire] = self._curve(wire, (6 * own).tolist())
        return self._paths[wire]

    def paths(self, wires: Iterable[int]) -> Iterator[QPainterPath]:
        """The curves of these wires, what several have in common once."""
        drawn: set[int] = set()
        for wire in wires:
            first, count = self._cubics_of(wire)
            cubics = self._first_alike[first : first + count].tolist()
            yield self._curve(wire, [6 * i for i, c in enumerate(cubics) if c not in drawn])
            drawn.update(cubics)

    def _curve(self, wire: int, starts: Iterable[int]) -> QPainterPath:
        points = self._routes[wire].points
        path = QPainterPath()
        at = -1
        for i in starts:
            if i != at:
                path.moveTo(*points[i : i + 2])
            at = i + 6
            end = self._arrow_base(wire) if at + 2 >= len(points) else points[at : at + 2]
            path.cubicTo(*points[i + 2 : i + 6], *end)
        return path

    def _cubics_of(self, wire: int) -> tuple[int, int]:
        """The first cubic of a wire, and how many it has."""
        return int(self._first_cubic[wire]), int(
            self._first_cubic[wire + 1] - self._first_cubic[wire]
        )

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

    def own_cubics(self, wires: Mask) -> tuple[Floats, Mask]:
        """The curves of `own_path`, of many wires at once.

        Returns:
            (C, 8) points, and (C,): which cubics begin where the one before ends.
        """
        counts = np.diff(self._first_cubic)[wires]
        owner = np.repeat(np.arange(len(wires)), counts)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = self._first_cubic[wires][owner] + within
        cubics = self._cubics[rows]
        cubics[np.cumsum(counts) - 1, 6:] = self._arrow_bases[wires]
        own = self._is_first[rows]
        goes_on = np.zeros(len(rows), bool)
        goes_on[1:] = own[:-1] & (within[1:] > 0)
        return cubics[own], goes_on[own]

    def arrows(self, wires: Mask) -> Floats:
        """(A, 3, 2): the corners of the triangles at the ends of wires, the tip first."""
        tip, base = self._tips[wires], self._arrow_bases[wires]
        across = (base - tip)[:, ::-1] * (np.array([1, -1]) * ARROW_WIDTH / 2 / ARROW_LENGTH)
        return np.stack([tip, base + across, base - across], axis=1)

    @cached_property
    def _arrow_bases(self) -> Floats:
        """(W, 2): where each wire's arrow head begins."""
        last = self._cubics[self._first_cubic[1:] - 1].reshape(-1, 4, 2)
        away = last[:, 2::-1] - last[:, 3:]  # nearest first; they may coincide with the end
        length = np.hypot(away[..., 0], away[..., 1])
        nearest = (length > 0.5).argmax(axis=1)[:, None]
        along = np.take_along_axis(away, nearest[..., None], axis=1)[:, 0]
        length = np.take_along_axis(length, nearest, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = last[:, 3] + along / length * ARROW_LENGTH
        for wire in np.flatnonzero(length <= 0.5).tolist():
            found[wire] = self._arrow_base(wire)
        return found

    def _arrow_base(self, wire: int) -> tuple[float, float]:
        points = self._routes[wire].points
        x, y = points[-2:]
        # where the curve comes from; control points may coincide with the end
        for i in range(len(points) - 4, -1, -2):
            dx, dy = points[i] - x, points[i + 1] - y
            if (length := float(np.hypot(dx, dy))) > 0.5:
                return x + dx / length * ARROW_LENGTH, y + dy / length * ARROW_LENGTH
        return x, y - ARROW_LENGTH

    def beyond(self, figure: int) -> set[int]:
        """The figures that its chips lead to."""
        own = self.figures[figure]
        found = set()
        for value in filter(None, (row.follows for row in own.rows)):
            hub = self.drawing.hubs[value]
            found |= {hub.source} if hub.source != own.id else set(hub.readers)
        return {self.index[other] for other in found}

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
    def _cubic_wires(self) -> Mask:
        """(C,): the wire of each cubic."""
        return np.repeat(np.arange(len(self._routes)), np.diff(self._first_cubic))

    @cached_property
    def _first_cubic(self) -> Mask:
        """(W + 1,): where each wire's cubics begin."""
        counts = [(len(route.points) - 2) // 6 for route in self._routes]
        return np.concatenate([[0], np.cumsum(counts, dtype=np.intp)])

    @cached_property
    def _cubics(self) -> Floats:
        """(C, 8): the points of all wires' cubics."""
        every = chain.from_iterable(route.points for route in self._routes)
        points = np.fromiter(every, np.float64).reshape(-1, 2)
        counts = np.diff(self._first_cubic)
        # n cubics have 3 n + 1 points: each shares one with the next
        starts = 3 * np.arange(len(points) // 3 + 1)[: self._first_cubic[-1]]
        starts = starts + np.repeat(np.arange(len(counts)), counts)
        found: Floats = points[starts[:, None] + np.arange(4)].reshape(-1, 8)
        return found

    @cached_property
    def _first_alike(self) -> Mask:
        """(C,): of each cubic, the first that is the same: lines of one tensor run together
        for a while, and would get darker with each that is painted."""
        rows = np.ascontiguousarray(self._cubics).view(np.dtype((np.void, 64))).ravel()
        _, first, kind = np.unique(rows, return_index=True, return_inverse=True)
        alike: Mask = first[kind.ravel()]
        return alike

    @cached_property
    def _is_first(self) -> Mask:
        """(C,): which cubics are not those of an earlier wire again."""
        is_first: Mask = self._first_alike == np.arange(len(self._first_alike))
        return is_first

    @cached_property
    def _lines(self) -> tuple[Floats, Mask]:
        """(S, 4) lines, and (S,) the cubic that each is a part of."""
        own = np.flatnonzero(self._is_first)
        cubics = self._cubics.reshape(-1, 4, 2)[own]
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
        parts = np.concatenate([own[~bent], np.repeat(own[bent], _SEGMENTS)])
        return np.ascontiguousarray(np.concatenate([straight, curved])), parts

    @cached_property
    def _chords(self) -> tuple[Floats, Mask]:
        own = np.flatnonzero(self._is_first)
        return np.ascontiguousarray(self._cubics[own][:, [0, 1, 6, 7]]), own

    @cached_property
    def _tips(self) -> Floats:
        return np.array([route.points[-2:] for route in self._routes], np.float64).reshape(-1, 2)

    @cached_property
    def _labels(self) -> Floats:
        """(W, 2): the centres of labels; NaN where there is none."""
        places = [(route.label_x, route.label_y) for route in self._routes]
        return np.array(places, np.float64).reshape(-1, 2)

    @cached_property
    def _widest_label(self) -> float:
        return max((wire.label_width for wire in self.wires), default=0.0)

    @cached_property
    def _figure_index(self) -> Index:
        corners = self.rectangles[:, :2]
        return Index(np.concatenate([corners, corners + self.rectangles[:, 2:]], axis=1))

    @cached_property
    def _wire_index(self) -> Index:
        return Index(self._wire_bounds)

    @cached_property
    def _segment_index(self) -> Index:
        return Index(_around(self.segments))

    @cached_property
    def _chord_index(self) -> Index:
        return Index(_around(self._chords[0]))

    @cached_property
    def _wire_bounds(self) -> Floats:
        if not self.wires:
            return np.empty((0, 4))
        cubics = self._cubics.reshape(-1, 4, 2)
        first = self._first_cubic[:-1]
        low = np.minimum.reduceat(cubics.min(axis=1), first)
        high = np.maximum.reduceat(cubics.max(axis=1), first)
        half = np.array([ARROW_WIDTH / 2, 0])
        width = np.array([wire.label_width for wire in self.wires])
        label = np.stack([width, np.full(len(width), LABEL_HEIGHT)], axis=1) / 2
        # a label without a place is NaN, which fmin and fmax pass over
        low = np.fmin(low - half, self._labels - label)
        high = np.fmax(high + half, self._labels + label)
        return np.concatenate([low, high], axis=1)


def _near(points: Floats, area: QRectF, across: float, along: float) -> Mask:
    x, y = points.T
    found: Mask = (area.left() - across <= x) & (x <= area.right() + across)
    found &= (area.top() - along <= y) & (y <= area.bottom() + along)
    return found


def _clipped(lines: Floats, area: QRectF) -> Floats:
    """Lines without what lies far outside of the area, which Qt would walk along pixel by
    pixel (Liang and Barsky 1984)."""
    aside = max(area.width(), area.height()) / 8
    area = area.adjusted(-aside, -aside, aside, aside)
    start, along = lines[:, :2], lines[:, 2:] - lines[:, :2]
    low, high = np.array([area.left(), area.top()]), np.array([area.right(), area.bottom()])
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (low - start) / along, (high - start) / along
    enter, leave = np.fmin(one, other), np.fmax(one, other)
    is_flat = along == 0  # it never crosses these two sides, and is between them or not
    outside = (is_flat & ((start < low) | (start > high))).any(axis=1)
    first = np.where(is_flat, 0, enter).max(axis=1, initial=0)[:, None]
    last = np.where(is_flat, 1, leave).min(axis=1, initial=1)[:, None]
    kept = (first <= last)[:, 0] & ~outside
    ends = np.concatenate([start + first * along, start + last * along], axis=1)
    return np.ascontiguousarray(ends[kept])


def _around(segments: Floats) -> Floats:
    """(S, 4): left, top, right, bottom of lines."""
    start, end = segments[:, :2], segments[:, 2:]
    return np.concatenate([np.minimum(start, end), np.maximum(start, end)], axis=1)


def _touching(rectangles: Floats, area: QRectF) -> Mask:
    left, top, width, height = rectangles.T
    return np.flatnonzero(
        (left <= area.right())
        & (left + width >= area.left())
        & (top <= area.bottom())
        & (top + height >= area.top())
    )


def _corner(centre: tuple[float, float], width: float, height: float) -> tuple[float, float]:
    return centre[0] - width / 2, centre[1] - height / 2
