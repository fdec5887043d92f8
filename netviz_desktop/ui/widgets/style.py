"""How numbers become colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.ui.widgets import colour_maps, levels
from netviz_desktop.ui.widgets.levels import Levels, Scale
from netviz_desktop.ui.widgets.pictures import Pictures


@dataclass(frozen=True)
class Style:
    """Levels, the name of a colour map, and what the colour bar says."""

    levels: Levels
    colours: str
    unit: str


def style_of(
    pictures: Pictures, scale: Scale, index: int | None = None, fixed: Levels = (0.0, 1.0)
) -> Style:
    """Of all pictures; of the one of this index where each has its own scale.

    Args:
        fixed: the levels of `Scale.FIXED`.
    """
    symmetric = pictures.signed or scale is Scale.SYMMETRIC
    if scale is Scale.FIXED:
        symmetric = fixed[0] == -fixed[1]
    colours = colour_maps.diverging() if symmetric else colour_maps.SEQUENTIAL[0]
    if scale is Scale.FIXED:
        return Style(fixed, colours, f"{pictures.unit}, fixed range")
    if index is not None and scale is Scale.DEVIATIONS:
        mean, std = float(pictures.mean[index]), float(pictures.std[index])
        if std > 0:
            first, last = (mean + share * std for share in levels.DEVIATIONS)
            return Style((first, last), colours, f"{pictures.unit}, two deviations around the mean")
    if scale is Scale.CLIPPED and pictures.kind == "grid":
        clipped = levels.clipped(pictures.values, symmetric=symmetric)
        return Style(clipped, colours, f"{pictures.unit}, the strongest clipped")
    low, high = pictures.minimum, pictures.maximum
    if index is not None and scale is Scale.CHANNEL:
        low, high = low[index : index + 1], high[index : index + 1]
    elif pictures.limits is not None:
        low, high = (np.array([limit]) for limit in pictures.limits)
    return Style(levels.spread(low, high, symmetric=symmetric), colours, pictures.unit)


def each_on_its_own(pictures: Pictures) -> tuple[NDArray[np.float32], Style]:
    """The pictures, each over its own range, and the style they share."""
    symmetric = pictures.signed
    shown = levels.normalise(
        pictures.values, pictures.minimum, pictures.maximum, symmetric=symmetric
    )
    share = "greatest magnitude" if symmetric else "range, from its least to its greatest"
    colours = colour_maps.diverging() if symmetric else colour_maps.SEQUENTIAL[0]
    unit = f"share of each {pictures.noun}'s {share}"
    return shown, Style((-1.0 if symmetric else 0.0, 1.0), colours, unit)


def each_around_its_mean(pictures: Pictures) -> tuple[NDArray[np.float32], Style]:
    """The pictures in deviations from their means, and the style they share."""
    shown = levels.standardise(pictures.values, pictures.mean, pictures.std)
    colours = colour_maps.diverging() if pictures.signed else colour_maps.SEQUENTIAL[0]
    unit = f"deviations from each {pictures.noun}'s mean"
    return shown, Style(levels.DEVIATIONS, colours, unit)


def as_colours(values: NDArray[Any], spread: Levels) -> NDArray[np.float32]:
    """Numbers (..., 3) as colours between 0 and 1; zero is the middle grey."""
    low, high = spread
    clean = np.nan_to_num(values, nan=0.0)
    result: NDArray[np.float32] = np.clip((clean - low) / (high - low), 0.0, 1.0)
    return result.astype(np.float32, copy=False)
