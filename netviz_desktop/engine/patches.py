"""The grid of patches that a transformer cuts the image into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netviz_desktop.graph.receptive_field import Field

_MOST_PREFIXES = 16  # class, distillation and register tokens


@dataclass(frozen=True)
class Patches:
    """Args:
    size: rows and columns of patches.
    field: where on the image each patch lies, by the axes of (N, C, H, W); None: not known.
    """

    size: tuple[int, int]
    field: Field | None

    def prefixes(self, shape: tuple[int, ...]) -> int | None:
        """How many tokens of (N, T, D) stand before those of the patches; None: it has none of
        them."""
        if len(shape) != 3:
            return None
        before = shape[1] - self.size[0] * self.size[1]
        return before if 0 <= before <= _MOST_PREFIXES else None


def patches(shapes: Mapping[str, tuple[int, ...]], fields: Mapping[str, Field]) -> Patches | None:
    """Where a map (N, D, h, w) became tokens (N, h * w, D) first; None: nowhere."""
    tokens = {shape for shape in shapes.values() if len(shape) == 3}
    for name, shape in shapes.items():
        if len(shape) == 4 and shape[2] * shape[3] > 1:
            samples, channels, height, width = shape
            if (samples, height * width, channels) in tokens:
                return Patches((height, width), fields.get(name))
    return None
