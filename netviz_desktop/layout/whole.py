"""Sheets: components side by side, each cut into pieces that are laid out once and stacked,
with long edges beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from netviz_desktop.layout import buses, dot, grid, layered
from netviz_desktop.layout.order import acyclic, components
from netviz_desktop.layout.pieces import Piece, cut
from netviz_desktop.layout.sketch import (
    GAP,
    LABEL_DISTANCE,
    Asked,
    Line,
    Part,
    Route,
    Sketch,
    moved,
    straight,
    swing,
)
from netviz_desktop.problems import Cancelled

_COMPONENT_GAP = 48.0
_ASPECT = 1.6  # of components that go to a further row
_DOT_LIMIT = 900  # boxes and lines of a part above which Graphviz gets slow


class Level(NamedTuple):
    """What is drawn on one sheet; equal levels have equal sheets.

    Args:
        sizes: (width, height) of each box.
        first, last: how many of the boxes, the first and the last ones, stand at the upper
            and at the lower end.
    """

    sizes: tuple[tuple[float, float], ...]
    lines: tuple[Line, ...]
    first: int = 0
    last: int = 0


@dataclass
class Sheet:
    """Centres of boxes and routes of lines; everything lies right of and below (0, 0).

    Args:
        turned: the lines that close a cycle: they lead from the lower end of their target
            to the upper end of their source, and are given from source to target all the same.
    """

    places: list[tuple[float, float]] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    width: float = 0
    height: float = 0
    turned: frozenset[int] = frozenset()

    def mirrored(self) -> Sheet:
        """With left and right exchanged."""
        return Sheet(
            [(self.width - x, y) for x, y in self.places],
            [moved(_mirrored(route, -1.0), self.width, 0.0) for route in self.routes],
            self.width,
            self.height,
            self.turned,
        )


def sheets(levels: Sequence[Level], cancelled: Asked) -> list[Sheet]:
    """A sheet for each level; what is the same in several is laid out once.

    Raises:
        Problem, Cancelled: as `layout.place`.
    """
    plans = {level: _Plan(level) for level in dict.fromkeys(levels)}
    parts = [piece.part for plan in plans.values() for piece in plan.pieces()]
    sketches = _sketches(parts, cancelled)
    done = {level: plan.sheet(sketches) for level, plan in plans.items()}
    return [done[level] for level in levels]


class _Plan:
    """A level, cut into pieces that wait for their sketches."""

    def __init__(self, level: Level) -> None:
        self._level = level
        sizes, lines = level.sizes, level.lines
        self._turned = acyclic(len(sizes), [line[:2] for line in lines])
        pointing_down = [
            Line(line.target, line.source, *line[2:4], line.enters, line.leaves) if back else line
            for line, back in zip(lines, self._turned, strict=True)
        ]
        self._loops = {i for i, line in enumerate(lines) if line.source == line.target}
        groups = components(len(sizes), [line[:2] for line in lines])
        group_of = [0] * len(sizes)
        for index, group in enumerate(groups):
            for box in group:
                group_of[box] = index
        lines_of: list[list[int]] = [[] for _ in groups]
        for index, line in enumerate(pointing_down):
            if index not in self._loops:
                lines_of[group_of[line.source]].append(index)
        self._alone = [g[0] for g, inside in zip(groups, lines_of, strict=True) if not inside]
        self._components = [
            _Component(level, group, inside, pointing_down)
            for group, inside in zip(groups, lines_of, strict=True)
            if inside
        ]

    def pieces(self) -> Iterator[Piece]:
        for component in self._components:
            yield from component.pieces

    def sheet(self, sketches: dict[Part, Sketch]) -> Sheet:
        level = self._level
        found = [
            (component.boxes, component.lines, component.sheet(sketches))
            for component in self._components
        ]
        if self._alone:
            found.append((self._alone, [], _grid([level.sizes[box] for box in self._alone])))
        whole = _side_by_side(found, level)
        for index in self._loops:
            box = level.lines[index].source
            whole.routes[index] = _loop(whole.places[box], level.sizes[box])
        for index, back in enumerate(self._turned):
            if back:
                points = whole.routes[index].points
                pairs = [points[i : i + 2] for i in range(len(points) - 2, -1, -2)]
                flat = tuple(value for pair in pairs for value in pair)
                whole.routes[index] = Route(flat, whole.routes[index].label)
        whole.turned = frozenset(index for index, back in enumerate(self._turned) if back)
        return whole


class _Component:
    """Boxes that hang together."""

    def __init__(
        self, level: Level, boxes: list[int], lines: list[int], pointing_down: Sequence[Line]
    ) -> None:
        self.boxes = boxes
        self.lines = lines
        local = {box: index for index, box in enumerate(boxes)}
        self._sizes = [level.sizes[box] for box in boxes]
        self._lines = [
            Line(local[line.source], local[line.target], *line[2:])
            for line in (pointing_down[i] for i in lines)
        ]
        end = len(level.sizes) - level.last
        first = [local[box] for box in boxes if box < level.first]
        last = [local[box] for box in boxes if box >= end]
        self.pieces, self._lifted = cut(self._sizes, self._lines, first, last)

    def sheet(self, sketches: dict[Part, Sketch]) -> Sheet:
        sizes, lines = self._sizes, self._lines
        x, y, routes = _stack(sizes, self.pieces, sketches)

        lefts = [x[box] - w / 2 for box, (w, _) in enumerate(sizes)]
        rights = [x[box] + w / 2 for box, (w, _) in enumerate(sizes)]
        for index, route in routes.items():
            lefts.append(min(route.points[::2]))
            rights.append(max(route.points[::2]))
            if route.label is not None:
                lefts.append(route.label[0] - lines[index].label_width / 2)
                rights.append(route.label[0] + lines[index].label_width / 2)
        beside = sorted(self._lifted)
        at_side = buses.routes([lines[i] for i in beside], x, y, sizes, max(rights))
        routes |= dict(zip(beside, at_side, strict=True))
        rights += [max(route.points[::2]) for route in at_side]

        left = min(lefts)
        top = min(y[box] - h / 2 for box, (_, h) in enumerate(sizes))
        top = min([top, *(min(route.points[1::2]) for route in routes.values())])
        bottom = max(y[box] + h / 2 for box, (_, h) in enumerate(sizes))
        bottom = max([bottom, *(max(route.points[1::2]) for route in routes.values())])
        return Sheet(
            [(x[box] - left, y[box] - top) for box in range(len(sizes))],
            [moved(routes[index], -left, -top) for index in range(len(lines))],
            max(rights) - left,
            bottom - top,
        )


def _side_by_side(sheets: list[tuple[list[int], list[int], Sheet]], level: Level) -> Sheet:
    whole = Sheet([(0.0, 0.0)] * len(level.sizes), [Route(())] * len(level.lines))
    area = sum((s.width + _COMPONENT_GAP) * (s.height + _COMPONENT_GAP) for _, _, s in sheets)
    limit = max([math.sqrt(area) * _ASPECT, *(s.width for _, _, s in sheets)], default=0.0)
    if level.first or level.last:
        limit = math.inf  # what leads out of the sheet shall meet nothing on its way
    left, top, row_height = 0.0, 0.0, 0.0
    for group, inside, sheet in sheets:
        if left and left + sheet.width > limit:
            left, top, row_height = 0.0, top + row_height + _COMPONENT_GAP, 0.0
        for box, (x, y) in zip(group, sheet.places, strict=True):
            whole.places[box] = (x + left, y + top)
        for index, route in zip(inside, sheet.routes, strict=True):
            whole.routes[index] = moved(route, left, top)
        whole.width = max(whole.width, left + sheet.width)
        whole.height = max(whole.height, top + sheet.height)
        left += sheet.width + _COMPONENT_GAP
        row_height = max(row_height, sheet.height)
    return whole


def _grid(sizes: list[tuple[float, float]]) -> Sheet:
    places = grid.columns(sizes)
    return Sheet(
        places,
        [],
        max(x + w / 2 for (x, _), (w, _) in zip(places, sizes, strict=True)),
        max(y + h / 2 for (_, y), (_, h) in zip(places, sizes, strict=True)),
    )


def _sketches(parts: list[Part], cancelled: Asked) -> dict[Part, Sketch]:
    """Each different part once."""
    done: dict[Part, Sketch] = {}
    for_dot: dict[Part, Part] = {}
    for part in dict.fromkeys(parts):
        if cancelled():
            raise Cancelled
        if len(part.sizes) <= 2:
            done[part] = _link(part)
        elif len(part.sizes) + len(part.lines) <= _DOT_LIMIT:
            for_dot[part] = part
        else:
            done[part] = layered.sketch(part, cancelled)
    if for_dot:
        by_size = sorted(for_dot, key=lambda part: len(part.lines))
        for part, sketch in zip(by_size, dot.sketches(by_size, cancelled), strict=True):
            done[part] = sketch or layered.sketch(part, cancelled)
    return done


def _link(part: Part) -> Sketch:
    """One box, or two with lines between them: most of every network."""
    if len(part.sizes) == 1:
        return Sketch([0.0], [0.0], [])
    (_, upper), (_, lower) = part.sizes
    gap = GAP + max((line.label_height for line in part.lines), default=0.0)
    start, end = upper / 2, upper / 2 + gap
    if any(line.leaves is not None or line.enters is not None for line in part.lines):
        return _ported_link(part, start, end)
    offsets, at = [], 0.0
    for line in part.lines:
        offsets.append(at)
        at += max(12.0, line.label_width + 3 * LABEL_DISTANCE)
    routes = []
    for line, offset in zip(part.lines, offsets, strict=True):
        x = offset - offsets[-1] / 2
        label = (x + LABEL_DISTANCE + line.label_width / 2, (start + end) / 2)
        routes.append(
            Route((x, start, *straight(x, start, x, end)), label if line.label_width else None)
        )
    return Sketch([0.0, 0.0], [0.0, end + lower / 2], routes)


def _ported_link(part: Part, start: float, end: float) -> Sketch:
    """As `_link`, where lines start and end at places of their own."""
    shifts = sorted((line.leaves or 0.0) - (line.enters or 0.0) for line in part.lines)
    below = shifts[len(shifts) // 2]  # most lines are straight
    routes = []
    for line in part.lines:
        x0, x1 = line.leaves or 0.0, below + (line.enters or 0.0)
        points = (x0, start, *(straight if x0 == x1 else swing)(x0, start, x1, end))
        label = (max(x0, x1) + LABEL_DISTANCE + line.label_width / 2, (start + end) / 2)
        routes.append(Route(points, label if line.label_width else None))
    return Sketch([0.0, below], [0.0, end + part.sizes[1][1] / 2], routes)


def _stack(
    sizes: list[tuple[float, float]],
    pieces: list[Piece],
    sketches: dict[Part, Sketch],
) -> tuple[list[float], list[float], dict[int, Route]]:
    x, y = [0.0] * len(sizes), [0.0] * len(sizes)
    routes: dict[int, Route] = {}
    bottom = 0.0
    for piece in pieces:
        part, sketch = piece.part, sketches[piece.part]
        mirror, dx, dy, stretch = 1.0, 0.0, 0.0, 0.0
        if part.entry is not None:
            entry = piece.boxes[part.entry]
            drift = 0.0 if part.exit is None else sketch.x[part.exit] - sketch.x[part.entry]
            # ports, and what is in a box, are not mirrored
            fixed = any(line.leaves is not None or line.enters is not None for line in part.lines)
            mirror = -1.0 if drift * x[entry] > 0 and not fixed else 1.0
            dx = x[entry] - mirror * sketch.x[part.entry]
            dy = y[entry] - sketch.y[part.entry]
            # something of the piece above may reach further down than the box they share
            stretch = max(0.0, bottom - (y[entry] + sizes[entry][1] / 2))
        for index, box in enumerate(piece.boxes):
            if index != part.entry:
                x[box] = mirror * sketch.x[index] + dx
                y[box] = sketch.y[index] + dy + stretch
                bottom = max(bottom, y[box] + sizes[box][1] / 2) if part.entry is not None else 0
        if part.entry is None:
            bottom = max(y[box] + sizes[box][1] / 2 for box in piece.boxes)
        for index, (line, route) in enumerate(zip(part.lines, sketch.routes, strict=True)):
            points = _mirrored(route, mirror)
            shifted = moved(points, dx, dy + stretch)
            if stretch and line.source == part.entry:
                start = shifted.points[:2]
                above = (start[0], start[1] - stretch)
                bend = (*above, *straight(*above, *start), *shifted.points[2:])
                shifted = Route(bend, shifted.label)
            routes[piece.lines[index]] = shifted
    return x, y, routes


def _mirrored(route: Route, mirror: float) -> Route:
    if mirror > 0:
        return route
    points = [-v if i % 2 == 0 else v for i, v in enumerate(route.points)]
    return Route(tuple(points), route.label and (-route.label[0], route.label[1]))


def _loop(place: tuple[float, float], size: tuple[float, float]) -> Route:
    right, y, reach = place[0] + size[0] / 2, place[1], min(size[1] / 2, 10.0)
    start, end = (right, y + reach / 2), (right, y - reach / 2)
    return Route((*start, right + 16, start[1] + 6, right + 16, end[1] - 6, *end))
