"""What the numbers of a tensor are like."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass, field

import numpy as np

from netviz_desktop.link.messages.base import Array


@dataclass(frozen=True)
class Statistics:
    """Of all finite numbers of a tensor; `zeros` is the share (0 to 1) that is exactly 0.

    `count` is of all numbers, finite or not. `std` is the population's. `counts` are the
    numbers in each of 64 equal bins between `minimum` and `maximum`.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    std: float
    zeros: float
    nan_count: int
    inf_count: int
    counts: Array = field(default_factory=lambda: np.zeros(0))
