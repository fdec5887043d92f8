"""Room for labels on lines that are already drawn: beside them, on no box and no other label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netviz_desktop.layout.sketch import LABEL_DISTANCE, Line, Route

_CELL = 128.0
_ALONG = (0.5, 0.35, 0.65, 0.2, 0.8)

_Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


def labelled(
    lines: Sequence[Line],
    routes: Sequence[Route],
    x: Sequence[float],
    y: Sequence[float],
    sizes: Sequence[tuple[float, float]],
) -> list[Route]:
    """The routes, each with its label where there is room for it, else without one."""
    taken = _Taken()
    for box, (width, height) in enumerate(sizes):
        taken.add(
            (x[box] - width / 2, y[box] - height / 2, x[box] + width / 2, y[box] + height / 2)
        )
    found = []
    for line, route in zip(lines, routes, strict=True):
        place = None
        if line.label_width:
            place = next((p for p in _places(line, route) if taken.free(_around(p, line))), None)
            if place is not None:
                taken.add(_around(place, line))
        found.append(Route(route.points, place))
    return found


def _places(line: Line, route: Route) -> Iterator[tuple[float, float]]:
    """Centres worth trying: right of the line, then left of it, from its middle outwards."""
    points = route.points
    pieces = (len(points) - 2) // 6
    aside = LABEL_DISTANCE + line.label_width / 2
    for share in _ALONG:
        piece = min(int(share * pieces), pieces - 1)
        t = share * pieces - piece
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        x0, y0, x1, y1, x2, y2, x3, y3 = points[6 * piece : 6 * piece + 8]
        x, y = a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3
        yield x + aside, y
        yield x - aside, y


def _around(place: tuple[float, float], line: Line) -> _Rectangle:
    x, y = place
    return (
        x - line.label_width / 2,
        y - line.label_height / 2,
        x + line.label_width / 2,
        y + line.label_height / 2,
    )


class _Taken:
    """Rectangles, found by the cells of a coarse grid."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[_Rectangle]] = {}

    def add(self, rectangle: _Rectangle) -> None:
        for cell in _cells(rectangle):
            self._cells.setdefault(cell, []).append(rectangle)

    def free(self, rectangle: _Rectangle) -> bool:
        left, top, right, bottom = rectangle
        return not any(
            other[0] < right and left < other[2] and other[1] < bottom and top < other[3]
            for cell in _cells(rectangle)
            for other in self._cells.get(cell, ())
        )


def _cells(rectangle: _Rectangle) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(value // _CELL) for value in rectangle)
    for column in range(left, right + 1):
        for row in range(top, bottom + 1):
            yield column, row
