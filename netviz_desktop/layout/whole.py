"""The whole layout: components side by side, each cut into pieces that are laid out once and
stacked, with long edges beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from netviz_desktop.layout import buses, dot, grid, layered
from netviz_desktop.layout.geometry import Box, Edge, PlacedBox, PlacedEdge, Placement
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
    straight,
)
from netviz_desktop.problems import Cancelled

_MARGIN = 12.0
_COMPONENT_GAP = 48.0
_ASPECT = 1.6  # of components that go to a further row
_DOT_LIMIT = 900  # boxes and lines of a part above which Graphviz gets slow


def place_all(
    boxes: tuple[Box, ...], edges: tuple[Edge, ...], left_to_right: bool, cancelled: Asked
) -> Placement:
    """As `layout.place`."""
    # left to right is top to bottom on a sheet that is turned over its diagonal
    turn = (lambda pair: (pair[1], pair[0])) if left_to_right else (lambda pair: pair)
    number = {box.id: index for index, box in enumerate(boxes)}
    sizes = [turn((box.width, box.height)) for box in boxes]
    lines = [
        Line(number[edge.source], number[edge.target], *turn((edge.label_width, edge.label_height)))
        for edge in edges
    ]
    sheet = _place(sizes, lines, cancelled)
    width, height = turn((sheet.width + 2 * _MARGIN, sheet.height + 2 * _MARGIN))
    placed = [turn((x + _MARGIN, y + _MARGIN)) for x, y in sheet.places]
    return Placement(
        width,
        height,
        tuple(PlacedBox(box.id, *place) for box, place in zip(boxes, placed, strict=True)),
        tuple(
            _placed_edge(edge, route, left_to_right)
            for edge, route in zip(edges, sheet.routes, strict=True)
        ),
    )


def _placed_edge(edge: Edge, route: Route, left_to_right: bool) -> PlacedEdge:
    points = [value + _MARGIN for value in route.points]
    label = route.label and (route.label[0] + _MARGIN, route.label[1] + _MARGIN)
    if left_to_right:
        points[0::2], points[1::2] = points[1::2], points[0::2]
        label = label and (label[1], label[0])
    return PlacedEdge(edge.id, tuple(points), *(label or (None, None)))


@dataclass
class _Sheet:
    """Centres of boxes and routes of lines; everything lies right of and below (0, 0)."""

    places: list[tuple[float, float]] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    width: float = 0
    height: float = 0


def _place(sizes: list[tuple[float, float]], lines: list[Line], cancelled: Asked) -> _Sheet:
    reversed_lines = acyclic(len(sizes), [(line.source, line.target) for line in lines])
    pointing_down = [
        Line(line.target, line.source, *line[2:]) if back else line
        for line, back in zip(lines, reversed_lines, strict=True)
    ]
    loops = {i for i, line in enumerate(lines) if line.source == line.target}
    groups = components(len(sizes), [(line.source, line.target) for line in lines])
    group_of = [0] * len(sizes)
    for index, group in enumerate(groups):
        for box in group:
            group_of[box] = index
    lines_of: list[list[int]] = [[] for _ in groups]
    for index, line in enumerate(pointing_down):
        if index not in loops:
            lines_of[group_of[line.source]].append(index)

    sheets: list[tuple[list[int], list[int], _Sheet]] = []
    alone = [group[0] for group, inside in zip(groups, lines_of, strict=True) if not inside]
    for group, inside in zip(groups, lines_of, strict=True):
        if inside:
            local = {box: index for index, box in enumerate(group)}
            part_lines = [
                Line(local[line.source], local[line.target], *line[2:])
                for line in (pointing_down[i] for i in inside)
            ]
            sheet = _component([sizes[box] for box in group], part_lines, cancelled)
            sheets.append((group, inside, sheet))
    if alone:
        sheets.append((alone, [], _grid([sizes[box] for box in alone])))

    whole = _side_by_side(sheets, len(sizes), len(lines))
    for index in loops:
        box = lines[index].source
        whole.routes[index] = _loop(whole.places[box], sizes[box])
    for index, back in enumerate(reversed_lines):
        if back:
            points = whole.routes[index].points
            pairs = [points[i : i + 2] for i in range(len(points) - 2, -1, -2)]
            flat = tuple(value for pair in pairs for value in pair)
            whole.routes[index] = Route(flat, whole.routes[index].label)
    return whole


def _side_by_side(
    sheets: list[tuple[list[int], list[int], _Sheet]], boxes: int, lines: int
) -> _Sheet:
    whole = _Sheet([(0.0, 0.0)] * boxes, [Route(())] * lines)
    area = sum((s.width + _COMPONENT_GAP) * (s.height + _COMPONENT_GAP) for _, _, s in sheets)
    limit = max([math.sqrt(area) * _ASPECT, *(s.width for _, _, s in sheets)])
    left, top, row_height = 0.0, 0.0, 0.0
    for group, inside, sheet in sheets:
        if left and left + sheet.width > limit:
            left, top, row_height = 0.0, top + row_height + _COMPONENT_GAP, 0.0
        for box, (x, y) in zip(group, sheet.places, strict=True):
            whole.places[box] = (x + left, y + top)
        for index, route in zip(inside, sheet.routes, strict=True):
            whole.routes[index] = _moved(route, left, top)
        whole.width = max(whole.width, left + sheet.width)
        whole.height = max(whole.height, top + sheet.height)
        left += sheet.width + _COMPONENT_GAP
        row_height = max(row_height, sheet.height)
    return whole


def _grid(sizes: list[tuple[float, float]]) -> _Sheet:
    places = grid.columns(sizes)
    return _Sheet(
        places,
        [],
        max(x + w / 2 for (x, _), (w, _) in zip(places, sizes, strict=True)),
        max(y + h / 2 for (_, y), (_, h) in zip(places, sizes, strict=True)),
    )


def _component(sizes: list[tuple[float, float]], lines: list[Line], cancelled: Asked) -> _Sheet:
    pieces, lifted = cut(sizes, lines)
    sketches = _sketches([piece.part for piece in pieces], cancelled)
    x, y, routes = _stack(sizes, pieces, sketches)

    lefts = [x[box] - w / 2 for box, (w, _) in enumerate(sizes)]
    rights = [x[box] + w / 2 for box, (w, _) in enumerate(sizes)]
    for index, route in routes.items():
        lefts.append(min(route.points[::2]))
        rights.append(max(route.points[::2]))
        if route.label is not None:
            lefts.append(route.label[0] - lines[index].label_width / 2)
            rights.append(route.label[0] + lines[index].label_width / 2)
    beside = sorted(lifted)
    at_side = buses.routes([lines[i] for i in beside], x, y, sizes, max(rights))
    routes |= dict(zip(beside, at_side, strict=True))
    rights += [max(route.points[::2]) for route in at_side]

    left = min(lefts)
    top = min(y[box] - h / 2 for box, (_, h) in enumerate(sizes))
    top = min([top, *(min(route.points[1::2]) for route in routes.values())])
    bottom = max(y[box] + h / 2 for box, (_, h) in enumerate(sizes))
    bottom = max([bottom, *(max(route.points[1::2]) for route in routes.values())])
    return _Sheet(
        [(x[box] - left, y[box] - top) for box in range(len(sizes))],
        [_moved(routes[index], -left, -top) for index in range(len(lines))],
        max(rights) - left,
        bottom - top,
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
    gap = GAP + max(line.label_height for line in part.lines)
    start, end = upper / 2, upper / 2 + gap
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
            mirror = -1.0 if drift * x[entry] > 0 else 1.0
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
            moved = _moved(points, dx, dy + stretch)
            if stretch and line.source == part.entry:
                start = moved.points[:2]
                above = (start[0], start[1] - stretch)
                moved = Route((*above, *straight(*above, *start), *moved.points[2:]), moved.label)
            routes[piece.lines[index]] = moved
    return x, y, routes


def _mirrored(route: Route, mirror: float) -> Route:
    if mirror > 0:
        return route
    points = [-v if i % 2 == 0 else v for i, v in enumerate(route.points)]
    return Route(tuple(points), route.label and (-route.label[0], route.label[1]))


def _moved(route: Route, dx: float, dy: float) -> Route:
    points = tuple(v + (dy if i % 2 else dx) for i, v in enumerate(route.points))
    return Route(points, route.label and (route.label[0] + dx, route.label[1] + dy))


def _loop(place: tuple[float, float], size: tuple[float, float]) -> Route:
    right, y, reach = place[0] + size[0] / 2, place[1], min(size[1] / 2, 10.0)
    start, end = (right, y + reach / 2), (right, y - reach / 2)
    return Route((*start, right + 16, start[1] + 6, right + 16, end[1] - 6, *end))
