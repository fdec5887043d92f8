"""Colour maps: perceptually uniform, and readable by people who see fewer colours."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from netviz_desktop.ui import theme

pg.setConfigOptions(imageAxisOrder="row-major", antialias=False)

SEQUENTIAL = ("viridis", "cividis", "inferno", "magma")
"""For values from low to high."""


def diverging() -> str:
    """For signed values: blue is negative, red positive, zero as quiet as the theme."""
    return "CET-D4" if theme.current().dark else "CET-D1A"


def colour_map(name: str) -> Any:
    """A `pyqtgraph.ColorMap` by its name."""
    return pg.colormap.get(name)


@cache
def table(name: str) -> NDArray[np.uint8]:
    """(256, 3): the colours from low to high."""
    colours: NDArray[np.uint8] = colour_map(name).getLookupTable(nPts=256, alpha=False)
    return colours
