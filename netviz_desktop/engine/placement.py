"""A layer's map laid over what the model saw, cell by cell where the cells look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from netviz_desktop.graph.receptive_field import Axis, Field


@dataclass(frozen=True)
class Placement:
    """Args:
    placed: (H, W), over the model's input.
    sentence: how it was placed.
    """

    placed: Tensor
    sentence: str


def place(raw: Tensor, field: Field | None, size: tuple[int, int]) -> Placement:
    """A map at a layer's resolution as one at the input's.

    Bilinear between the centres of the cells' receptive fields; beyond the outermost
    centres the map keeps its border values.

    Args:
        raw: (h, w).
        field: of the layer's two spatial axes, in their order; None when it is not known,
            then the map is stretched over the input.
        size: (H, W) of the input.
    """
    axes = rows_and_columns(field)
    if not axes:
        stretched = F.interpolate(raw[None, None], size, mode="bilinear", align_corners=False)
        return Placement(
            stretched[0, 0],
            "Stretched over the input: where its cells look is not known for this node.",
        )
    placed = _along(_along(raw, axes[0], size[0]).T, axes[1], size[1]).T
    return Placement(placed.contiguous(), _sentence(axes, tuple(raw.shape), size))


def rows_and_columns(field: Field | None) -> tuple[Axis, ...]:
    """How the rows and the columns of a map follow those of the image; empty when it is not
    known, or when they do not follow them upright."""
    axes = () if field is None else tuple(field[position] for position in sorted(field))
    upright = len(axes) == 2 and axes[0].of < axes[1].of and all(axis.jump > 0 for axis in axes)
    return axes if upright else ()


def _along(raw: Tensor, axis: Axis, size: int) -> Tensor:
    """(h, w) -> (size, w): linear between the centres."""
    pixel = torch.arange(size, dtype=torch.float64, device="cpu")
    cell = ((pixel - axis.start) / axis.jump).clamp(0, raw.shape[0] - 1)
    low = cell.floor().clamp(max=max(raw.shape[0] - 2, 0)).long()
    high = (low + 1).clamp(max=raw.shape[0] - 1)
    share = (cell - low).to(raw.dtype).to(raw.device)[:, None]
    low, high = low.to(raw.device), high.to(raw.device)
    return raw[low] * (1 - share) + raw[high] * share


def _sentence(axes: tuple[Axis, ...], shape: tuple[int, ...], size: tuple[int, int]) -> str:
    moved = [
        axis.start - ((extent / cells - 1) / 2)
        for axis, cells, extent in zip(axes, shape, size, strict=True)
    ]
    stride = " × ".join(f"{axis.jump:g}" for axis in axes)
    sees = (
        "the whole input"
        if any(math.isinf(axis.size) for axis in axes)
        else " × ".join(f"{axis.size:g}" for axis in axes) + " pixels"
    )
    apart = (
        f"; plain stretching would be off by {max(map(abs, moved)):.1f} pixels"
        if max(map(abs, moved)) >= 0.5
        else ""
    )
    return f"Placed by receptive fields: cells {stride} pixels apart, each seeing {sees}{apart}."
