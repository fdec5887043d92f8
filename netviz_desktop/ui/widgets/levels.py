"""Which number gets the first colour, and which the last."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Levels = tuple[float, float]

_BULK = 0.99
_SAMPLE = 200_000  # numbers are enough to tell where the bulk is


class Scale(Enum):
    """Over what the colours are spread."""

    LAYER = "layer"
    """From the least to the greatest number of all pictures."""
    CHANNEL = "channel"
    """Each picture over its own range."""
    SYMMETRIC = "symmetric"
    """From −a to a, a being the greatest magnitude of all pictures."""
    CLIPPED = "clipped"
    """As for the layer, without its strongest hundredth, which would leave the rest pale."""
    DEVIATIONS = "deviations"
    """Each picture around its own mean: a deviation is 64 of 255 steps, the mean step 128,
    what is beyond is clipped (Chollet, Deep Learning with Python, 5.4.1)."""
    FIXED = "fixed"
    """As it was when this was chosen, whatever comes into view."""


def spread(minimum: NDArray[Any], maximum: NDArray[Any], *, symmetric: bool) -> Levels:
    """Levels that hold all finite numbers, and are never equal.

    Args:
        minimum, maximum: of each picture; what is not finite is passed over.
        symmetric: from −a to a.
    """
    low, high = _finite(minimum), _finite(maximum)
    lowest = float(low.min()) if low.size else 0.0
    highest = float(high.max()) if high.size else 0.0
    if symmetric:
        reach = max(abs(lowest), abs(highest)) or 1.0
        return -reach, reach
    if highest > lowest:
        return lowest, highest
    if lowest == 0.0:
        return 0.0, 1.0
    half = abs(lowest) / 2
    return lowest - half, lowest + half


def clipped(values: NDArray[Any], *, symmetric: bool) -> Levels:
    """Levels that hold all but the strongest hundredth of the numbers."""
    flat = values.reshape(-1)
    some = flat[:: max(1, flat.size // _SAMPLE)]
    finite = some[np.isfinite(some)]
    if not finite.size:
        return spread(finite, finite, symmetric=symmetric)
    if symmetric:
        reach = np.quantile(np.abs(finite), [_BULK])
        if reach[0] == 0:  # fewer than a hundredth are not zero
            reach = np.abs(finite).max(keepdims=True)
        return spread(-reach, reach, symmetric=True)
    low, high = np.quantile(finite, [(1 - _BULK) / 2, (1 + _BULK) / 2])
    if low == high:
        return spread(finite, finite, symmetric=False)
    return float(low), float(high)


def normalise(
    pictures: NDArray[Any], minimum: NDArray[Any], maximum: NDArray[Any], *, symmetric: bool
) -> NDArray[np.float32]:
    """Each picture over its own range: 0 to 1, or −1 to 1 around zero when symmetric.

    Args:
        pictures: (P, h, w) or (P, h, w, 3).
        minimum, maximum: (P,).
    """
    low: NDArray[Any] = np.where(np.isfinite(minimum), minimum, 0.0).astype(np.float32)
    high: NDArray[Any] = np.where(np.isfinite(maximum), maximum, 0.0).astype(np.float32)
    width: NDArray[Any]
    if symmetric:
        reach = np.maximum(np.abs(low), np.abs(high))
        low = np.zeros_like(reach)
        width = reach
    else:
        width = high - low
    width = np.where(width > 0, width, np.float32(1.0))
    each = (-1, *[1] * (pictures.ndim - 1))
    spread_out = (pictures - low.reshape(each)) / width.reshape(each)
    result: NDArray[np.float32] = spread_out.astype(np.float32, copy=False)
    return result


DEVIATIONS: Levels = (-128 / 64, 127 / 64)
"""The first and the last colour of `Scale.DEVIATIONS`, in deviations from the mean."""


def standardise(
    pictures: NDArray[Any], mean: NDArray[Any], std: NDArray[Any]
) -> NDArray[np.float32]:
    """Each picture (P, h, w) in deviations from its mean; a constant one is 0."""
    width: NDArray[Any] = np.where(std > 0, std, np.inf)
    with np.errstate(invalid="ignore"):  # an infinite number in a picture that is else constant
        apart = (pictures - mean[:, None, None]) / width[:, None, None]
    result: NDArray[np.float32] = apart.astype(np.float32, copy=False)
    return result


def _finite(numbers: NDArray[Any]) -> NDArray[Any]:
    finite: NDArray[Any] = numbers[np.isfinite(numbers)]
    return finite
