"""Pictures at another size: numbers stay numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def fit(pictures: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """(P, h, w, ...) at (P, `height`, `width`, ...): larger by repetition, smaller by the
    mean of what falls together."""
    return _along(_along(pictures.astype(np.float32, copy=False), 1, height), 2, width)


def _along(pictures: NDArray[Any], axis: int, wanted: int) -> NDArray[Any]:
    there = pictures.shape[axis]
    if there in (wanted, 0):
        return pictures
    if there < wanted:
        larger: NDArray[Any] = np.take(pictures, np.arange(wanted) * there // wanted, axis=axis)
        return larger
    edges = np.arange(wanted + 1) * there // wanted
    sums = np.add.reduceat(pictures, edges[:-1], axis=axis)
    shape = [1] * pictures.ndim
    shape[axis] = wanted
    means: NDArray[Any] = sums / np.diff(edges).astype(np.float32).reshape(shape)
    return means
