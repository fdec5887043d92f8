"""Many rectangles or lines at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from shiboken6 import Shiboken


def draw_many(draw: Callable[..., None], rows: NDArray[np.float64], kind: type) -> None:
    """Hand the array to Qt as it lies: QRectF and QLineF are four doubles."""
    if len(rows):
        rows = np.ascontiguousarray(rows)
        draw(Shiboken.wrapInstance(rows.ctypes.data, kind), len(rows))
