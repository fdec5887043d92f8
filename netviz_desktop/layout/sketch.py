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

Asked = Callable[[], bool]


class Line(NamedTuple):
    """An edge that points down, between two boxes of a part by their numbers."""

    source: int
    target: int
    label_width: float = 0
    label_height: float = 0


class Part(NamedTuple):
    """A part of a graph; equal parts have equal sketches.

    Args:
        sizes: (width, height) of each box; the boxes are in an order that lines follow.
        above: (a, b) pairs without a line here: a must still be above b.
        entry: the box that joins this part to the one above: the only one in its row.
        exit: the box that joins it to the one below.
    """

    sizes: tuple[tuple[float, float], ...]
    lines: tuple[Line, ...]
    above: tuple[tuple[int, int], ...] = ()
    entry: int | None = None
    exit: int | None = None


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
