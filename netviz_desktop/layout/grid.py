"""Boxes without edges: columns that are read from the top, then from the left."""

from __future__ import annotations

import math
from collections.abc import Sequence

_ROW_GAP = 14.0
_COLUMN_GAP = 28.0
_ASPECT = 1.5  # wider than high, as a window is


def columns(sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The centre of each box; the top left corner of all is (0, 0)."""
    tall = sum(height + _ROW_GAP for _, height in sizes)
    wide = max(width for width, _ in sizes) + _COLUMN_GAP
    height_limit = max(
        math.sqrt(tall * wide / _ASPECT), max(height for _, height in sizes) + _ROW_GAP
    )
    filled: list[list[int]] = [[]]
    height = 0.0
    for box, (_, box_height) in enumerate(sizes):
        if filled[-1] and height + box_height > height_limit:
            filled.append([])
            height = 0.0
        filled[-1].append(box)
        height += box_height + _ROW_GAP
    places = [(0.0, 0.0)] * len(sizes)
    left = 0.0
    for column in filled:
        top = 0.0
        for box in column:
            places[box] = (left + sizes[box][0] / 2, top + sizes[box][1] / 2)
            top += sizes[box][1] + _ROW_GAP
        left += max(sizes[box][0] for box in column) + _COLUMN_GAP
    return places
