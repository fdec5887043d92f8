"""What a row of pictures is: a tensor's channels, heads or slices, or a weight's kernels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pictures:
    """A tensor, cut up to be drawn.

    Args:
        kind: "grid" (many pictures), "matrix" (one), "vector" or "scalar".
        noun: what one picture is: "channel", "kernel".
        values: (P, h, w) float32, or (P, h, w, 3): each colour is one input channel.
        size: (H, W) of a picture in full; where it is larger than (h, w), `values` are
            averages.
        minimum, maximum: (P,), of the pictures in full.
        unit: for the colour bar.
        signed: zero is the middle of the colours.
        limits: the least and the greatest number where the pictures are but a part of a
            tensor; None: those of the pictures.
        reduced: averages are all there is.
        mean, std, zeros: (P,), of each picture in full, `zeros` as a share; empty where they
            are not known.
        beneath: (H, W, 3) uint8, the image over which a picture can be laid; None: none.
        index_labels: names for the places of a vector; empty when there are none.
    """

    kind: str
    noun: str
    values: NDArray[Any]
    size: tuple[int, int]
    minimum: NDArray[Any]
    maximum: NDArray[Any]
    unit: str
    signed: bool = False
    limits: tuple[float, float] | None = None
    reduced: bool = False
    index_labels: tuple[str, ...] = ()
    beneath: NDArray[Any] | None = None
    mean: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.float32))
    std: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.float32))
    zeros: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def count(self) -> int:
        return int(self.values.shape[0])

    @property
    def coloured(self) -> bool:
        return self.values.ndim == 4

    @property
    def is_exact(self) -> bool:
        """`values` are the numbers themselves, not averages."""
        return tuple(self.values.shape[1:3]) == tuple(self.size)

    @property
    def is_final(self) -> bool:
        """There is nothing more exact to ask for."""
        return self.is_exact or self.reduced

    @cached_property
    def dead(self) -> NDArray[np.bool_]:
        """(P,): the pictures that are zero everywhere."""
        zero: NDArray[np.bool_] = (self.minimum == 0) & (self.maximum == 0)
        return zero
