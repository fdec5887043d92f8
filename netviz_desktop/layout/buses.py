"""Edges that were taken out of the ranking: one lane for each source along the right side,
reached through the free channels between the rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from netviz_desktop.layout.sketch import Line, Route, rounded

_LANE = 9.0
_TAPS = 12
"""So many taps divide a lane, so that lines of one source share their pieces."""
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
        passed: list[tuple[float, float]] = []  # where lines have left the lane before
        for index in sorted(group, key=lambda index: y[lines[index].target]):
            target = lines[index].target
            start = x[source] + (lines[index].leaves or 0.0)
            end_x = x[target] + (lines[index].enters or 0.0)
            top = y[target] - sizes[target][1] / 2
            row = bisect_right(starts, y[target]) - 1
            above = rows[row][0] - max(_STUB, _share(rows, row - 1, lane))
            found[index] = Route(
                rounded(
                    [
                        (start, bottom),
                        (start, below),
                        (lane_x, below),
                        *passed,
                        (lane_x, above),
                        (end_x, above),
                        (end_x, top),
                    ]
                )
            )
            if len(passed) < _TAPS and (not passed or above > passed[-1][1]):
                passed.append((lane_x, above))
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
