"""Edges that were taken out of the ranking: one lane for each source along the right side,
reached through the free channels between the rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from netviz_desktop.layout.sketch import Line, Route, straight

_LANE = 9.0
_CORNER = 6.0
_STUB = 9.0  # straight above a box, for the arrow head


def routes(
    lines: Sequence[Line],
    x: Sequence[float],
    y: Sequence[float],
    sizes: Sequence[tuple[float, float]],
    right: float,
) -> list[Route]:
    """The routes of `lines`, beside boxes that are placed and end before `right`."""
    rows = _rows(y, sizes)
    starts = [top for top, _ in rows]
    by_source: dict[int, list[int]] = {}
    for index, line in enumerate(lines):
        by_source.setdefault(line.source, []).append(index)

    found: list[Route | None] = [None] * len(lines)
    taken: list[float] = []  # down to where each lane is in use
    groups = sorted(by_source.items(), key=lambda item: (y[item[0]], item[0]))
    for source, group in groups:
        bottom = y[source] + sizes[source][1] / 2
        end = max(y[lines[index].target] for index in group)
        lane = next((k for k, used in enumerate(taken) if used < y[source]), len(taken))
        taken[lane : lane + 1] = [end]
        lane_x = right + 2 * _LANE + lane * _LANE
        row = bisect_right(starts, y[source]) - 1
        below = rows[row][1] + _share(rows, row, lane)
        for index in group:
            target = lines[index].target
            top = y[target] - sizes[target][1] / 2
            row = bisect_right(starts, y[target]) - 1
            above = rows[row][0] - max(_STUB, _share(rows, row - 1, lane))
            found[index] = Route(
                _rounded(
                    [
                        (x[source], bottom),
                        (x[source], below),
                        (lane_x, below),
                        (lane_x, above),
                        (x[target], above),
                        (x[target], top),
                    ]
                )
            )
    return [route for route in found if route is not None]


def _rows(y: Sequence[float], sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Top and bottom of every stretch of the height in which there are boxes."""
    spans = sorted((y[box] - h / 2, y[box] + h / 2) for box, (_, h) in enumerate(sizes))
    rows = [spans[0]]
    for top, bottom in spans[1:]:
        if top > rows[-1][1]:
            rows.append((top, bottom))
        else:
            rows[-1] = (rows[-1][0], max(rows[-1][1], bottom))
    return rows


def _share(rows: Sequence[tuple[float, float]], row: int, lane: int) -> float:
    """How far into the channel below `row` a lane's tap lies; neighbours lie apart."""
    height = rows[row + 1][0] - rows[row][1] if 0 <= row < len(rows) - 1 else 3 * _STUB
    return height * (0.3 + 0.06 * (lane % 4))


def _rounded(corners: list[tuple[float, float]]) -> tuple[float, ...]:
    points = [*corners[0]]
    at = corners[0]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
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
