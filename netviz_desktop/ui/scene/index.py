"""Which of many rectangles touch an area, without looking at all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

_LONG = 0.98  # the share of rectangles that are not exceptionally long


class Index:
    """Rectangles sorted along the longer side of all of them; the long ones stand apart.

    Args:
        bounds: (N, 4): left, top, right, bottom.
    """

    def __init__(self, bounds: NDArray[np.float64]) -> None:
        self._axis = 0
        if len(bounds):
            extent = bounds[:, 2:].max(axis=0) - bounds[:, :2].min(axis=0)
            self._axis = int(extent[1] > extent[0])
        start, end = bounds[:, self._axis], bounds[:, self._axis + 2]
        length = end - start
        self._reach = float(np.sort(length)[int(len(length) * _LONG)]) if len(bounds) else 0.0
        is_long = length > self._reach
        self._long = np.flatnonzero(is_long)
        short = np.flatnonzero(~is_long)
        self._short = short[np.argsort(start[short], kind="stable")]
        self._starts = start[self._short]
        self._bounds = bounds
        self._short_bounds = np.ascontiguousarray(bounds[self._short].T)
        self._long_bounds = np.ascontiguousarray(bounds[self._long].T)

    def touching(self, area: QRectF) -> NDArray[Any]:
        """Indices of the rectangles that touch the area, in their order."""
        low = (area.left(), area.top())[self._axis] - self._reach
        high = (area.right(), area.bottom())[self._axis]
        first, last = np.searchsorted(self._starts, (low, high), side="left")
        last = np.searchsorted(self._starts, high, side="right")
        near = _inside(self._short_bounds[:, first:last], area)
        far = _inside(self._long_bounds, area)
        return np.sort(np.concatenate([self._short[first:last][near], self._long[far]]))


def _inside(bounds: NDArray[np.float64], area: QRectF) -> NDArray[np.bool_]:
    left, top, right, bottom = bounds
    found: NDArray[np.bool_] = left <= area.right()
    found &= right >= area.left()
    found &= top <= area.bottom()
    found &= bottom >= area.top()
    return found
