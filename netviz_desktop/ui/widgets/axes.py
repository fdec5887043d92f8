"""Axes of plots: quiet lines, muted numbers with true minus signs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets.numbers import number


def prepare(axes: Iterable[Any]) -> None:
    """Once, for `pyqtgraph.AxisItem`s."""
    for axis in axes:
        axis.enableAutoSIPrefix(False)
        axis.setStyle(tickLength=3, tickTextOffset=3, maxTickLevel=0)
        axis.tickStrings = _tick_strings  # a subclass could not reach a colour bar's own axis


def restyle(axes: Iterable[Any]) -> None:
    """In the colours of the theme in force."""
    colours = theme.current()
    for axis in axes:
        axis.setPen(colours.border)
        axis.setTextPen(colours.muted)


def ticks(low: float, high: float, *, every: int = 1) -> list[float]:
    """Round numbers between two, three to six of them; `pyqtgraph` may find but one.

    Args:
        every: only each second, third, ... of them; zero stays.
    """
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(step for step in (1, 2, 5) if step * power <= rough) * power
    first, last = math.ceil(low / step), math.floor(high / step)
    return [place * step for place in range(first, last + 1) if place % every == 0]


def _tick_strings(values: Iterable[float], scale: float, spacing: float) -> list[str]:
    # what is far below the distance of two ticks is a rounding error of zero
    return [number(0.0 if abs(v) < spacing * 1e-6 else v * scale) for v in values]
