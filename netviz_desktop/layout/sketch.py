"""What the engines share: a part of a graph, by number, and where its boxes and lines go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

GAP = 30.0
"""Between two rows of boxes."""
SEPARATION = 22.0
"""Between two boxes of a row."""
LABEL_DISTANCE = 5.0
"""Between a line and its label, which stands at its right."""

_CORNER = 6.0

Asked = Callable[[], bool]


class Line(NamedTuple):
    """An edge that points down, between two boxes of a part by their numbers.

    Args:
        leaves, enters: where on the boxes' borders, right of their middle; None: anywhere.
    """

    source: int
    target: int
    label_width: float = 0
    label_height: float = 0
    leaves: float | None = None
    enters: float | None = None


class Part(NamedTuple):
    """A part of a graph; equal parts have equal sketches.

    Args:
        sizes: (width, height) of each box; the boxes are in an order that lines follow.
        above: (a, b) pairs without a line here: a must still be above b.
        entry: the box that joins this part to the one above: the only one in its row.
        exit: the box that joins it to the one below.
        first, last: boxes that must stand in the first row, and in the last.
    """

    sizes: tuple[tuple[float, float], ...]
    lines: tuple[Line, ...]
    above: tuple[tuple[int, int], ...] = ()
    entry: int | None = None
    exit: int | None = None
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()


class Route(NamedTuple):
    """A chain of cubics, flat; and where its label's centre is."""

    points: tuple[float, ...]
    label: tuple[float, float] | None = None


@dataclass(frozen=True)
class Sketch:
    """Centres of boxes and routes of lines; the origin means nothing."""

    x: Sequence[float]
    y: Sequence[float]
    routes: Sequence[Route]


def straight(x0: float, y0: float, x1: float, y1: float) -> tuple[float, ...]:
    """The two control points and the end of a straight piece of a chain."""
    dx, dy = (x1 - x0) / 3, (y1 - y0) / 3
    return (x0 + dx, y0 + dy, x1 - dx, y1 - dy, x1, y1)


def swing(x0: float, y0: float, x1: float, y1: float) -> tuple[float, ...]:
    """As `straight`, but leaving and arriving vertically."""
    middle = (y0 + y1) / 2
    return (x0, middle, x1, middle, x1, y1)


def moved(route: Route, dx: float, dy: float) -> Route:
    """The route, elsewhere."""
    if dx == dy == 0.0:
        return route
    points = list(route.points)
    points[::2] = [x + dx for x in points[::2]]
    points[1::2] = [y + dy for y in points[1::2]]
    return Route(tuple(points), route.label and (route.label[0] + dx, route.label[1] + dy))


def rounded(corners: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """A chain along straight lines, with round corners."""
    points = [*corners[0]]
    at = corners[0]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        if before[0] == corner[0] == after[0]:  # no corner
            points += straight(*at, *corner)
            at = corner
            continue
        enter = _towards(corner, before)
        leave = _towards(corner, after)
        points += straight(*at, *enter)
        points += (*corner, *corner, *leave)
        at = leave
    points += straight(*at, *corners[-1])
    return tuple(points)


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(dx), abs(dy))
    reach = min(_CORNER, length / 2)
    return (corner[0] + dx / length * reach, corner[1] + dy / length * reach) if length else corner
