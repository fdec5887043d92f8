"""Several lines between the same two boxes, beside each other from end to end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from netviz_desktop.layout.geometry import Edge
from netviz_desktop.layout.sketch import Route

_Pair = tuple[float, float]

_GAP = 8.0  # two arrow heads beside each other
_CORNER = 8.0  # of a box, where no line begins or ends


def apart(
    edges: Sequence[Edge],
    routes: list[Route],
    places: dict[str, float],
    widths: dict[str, float],
    turn: Callable[[_Pair], _Pair],
) -> list[Route]:
    """The routes, those of twins, which are the same, drawn apart.

    Args:
        places, widths: of boxes, across the flow.
        turn: from across and along the flow to x and y, and back.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for index, edge in enumerate(edges):
        groups.setdefault((edge.source, edge.target), []).append(index)
    found = list(routes)
    for (source, target), group in groups.items():
        if len(group) < 2 or source == target:
            continue
        points = routes[group[0]].points
        starts = _spread(points[0], len(group), places[source], widths[source])
        ends = _spread(points[-2], len(group), places[target], widths[target])
        said = [i for i in group if routes[i].label is not None]
        for index, start, end in zip(group, starts, ends, strict=True):
            label = routes[index].label
            if label is not None:  # beside all of the lines, one below the other
                row = said.index(index) - (len(said) - 1) / 2
                aside = math.copysign((ends[-1] - ends[0]) / 2, label[0] - _middle(points))
                x, y = turn((label[0] + aside, label[1]))
                label = turn((x, y + row * edges[index].label_height))
            found[index] = Route(_moved(points, start, end), label)
    return found


def _middle(points: Sequence[float]) -> float:
    return points[len(points) // 4 * 2]


def _spread(at: float, count: int, place: float, width: float) -> list[float]:
    """So many places around one, on the box."""
    room = max(width - 2 * _CORNER, 0.0)
    gap = min(_GAP, room / (count - 1))
    extent = gap * (count - 1)
    first = min(max(at - extent / 2, place - room / 2), place + room / 2 - extent)
    return [first + gap * turn for turn in range(count)]


def _moved(points: tuple[float, ...], start: float, end: float) -> tuple[float, ...]:
    """To another start and another end, and between them as far as both on average."""
    by_start, by_end = start - points[0], end - points[-2]
    count = len(points) // 2
    by = [by_start] * 2 + [(by_start + by_end) / 2] * (count - 4) + [by_end] * 2
    return tuple(v + by[i // 2] if i % 2 == 0 else v for i, v in enumerate(points))
