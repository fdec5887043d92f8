"""The colours of an overlay: of each box by its value, and what a legend says of them.

Viridis (van der Walt and Smith 2015) grows evenly in lightness, so that it can be read in grey
and by people who see fewer colours. Text on it is black or white, whichever is the clearer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from netviz_desktop.graph.overlay import Kind, Overlay, Scale
from netviz_desktop.graph.scopes import Scopes
from netviz_desktop.ui.scene import colours
from netviz_desktop.ui.scene.captions import short_count
from netviz_desktop.ui.scene.colours import Fill
from netviz_desktop.ui.scene.drawing import Figure
from netviz_desktop.ui.theme import Theme
from netviz_desktop.ui.widgets import numbers

LEVELS = 64
"""Steps of the ramp: more cannot be told apart, and each is painted by itself."""
_DECADES = 6  # of a logarithmic scale: what is smaller has the colour of its lower end
_MOST_TICKS = 5
_AIR = 8  # between two numbers
_CATEGORIES = ("#7d94ad", "#f0b429", "#b3261e")
"""Quiet, bright and dark: they differ in lightness, too."""


class Label(NamedTuple):
    """A number below a ramp: where it belongs (0 to 1), and where its text begins."""

    at: float
    left: float
    text: str


@dataclass(frozen=True)
class Shades:
    """Of a chart.

    Args:
        values: figure id -> its value; figures without one are missing.
        fills: figure id -> its colours; missing are those without a value, and on a logarithmic
            scale those without a positive one.
        low, high: the values with the first and the last colour of the ramp.
        blank: how many nodes and scopes that are drawn have no colour.
    """

    overlay: Overlay
    values: Mapping[str, float]
    fills: Mapping[str, Fill]
    low: float
    high: float
    blank: int

    def fill(self, figure: str, palette: Theme) -> Fill:
        return self.fills.get(figure) or colours.blank(palette)

    def text(self, figure: str) -> str:
        """What it says of a figure: "Sparsity: 38.4 %"; empty for one without a value."""
        value = self.values.get(figure)
        kind = self.overlay.kind
        return f"{kind.name}: {said(kind, value)}" if value is not None else ""

    def position(self, value: float) -> float:
        """Where on the ramp a value is: 0 to 1."""
        return float(_positions([value], self.low, self.high, self.overlay.kind.scale)[0])

    @property
    def summary(self) -> str:
        """In a few words."""
        kind = self.overlay.kind
        if kind.scale is Scale.CATEGORICAL or not self.fills:
            return kind.name
        low, high = tick_text(kind, self.low), tick_text(kind, self.high)
        return f"{kind.name}, from {low} (dark) to {high} (bright)"

    @property
    def blank_says(self) -> str:
        """Why boxes have no colour; empty where all have one."""
        if not self.blank:
            return ""
        known = len(self.values) - len(self.fills)
        if known and self.blank > known:
            return "0, or not known"
        return "0" if known else "not known"

    def labels(self, room: float, wide: Callable[[str], float]) -> list[Label]:
        """The numbers that stand below a ramp without touching: both ends, then others.

        Args:
            room: the length of the ramp.
            wide: the width of a text.
        """
        kind = self.overlay.kind
        cut = kind.scale is Scale.LOGARITHMIC and any(
            0 < value < self.low for value in self.values.values()
        )
        texts = [(0.0, ("≤ " if cut else "") + tick_text(kind, self.low))]
        if self.high > self.low:
            texts.append((1.0, tick_text(kind, self.high)))
        texts += [(self.position(value), tick_text(kind, value)) for value in self.ticks()]
        found: list[Label] = []
        for at, text in texts:
            width = wide(text)
            left = max(0.0, min(at * room - width / 2, room - width))
            if all(
                left + width + _AIR <= other.left or left >= other.left + wide(other.text) + _AIR
                for other in found
            ):
                found.append(Label(at, left, text))
        return sorted(found)

    def ticks(self) -> list[float]:
        """Round numbers along the ramp, or both its ends."""
        if self.high <= self.low:
            return [self.low]
        logarithmic = self.overlay.kind.scale is Scale.LOGARITHMIC
        found = (_decades if logarithmic else _steps)(self.low, self.high)
        return found if len(found) > 1 else [self.low, self.high]


def shades(overlay: Overlay, figures: Iterable[Figure], scopes: Scopes) -> Shades:
    """How an overlay colours these figures."""
    values: dict[str, float] = {}
    inner = 0
    for figure in figures:
        value = None
        if figure.node is not None:
            value = overlay.values.get(figure.node)
        elif figure.scope is not None:
            value = overlay.of_scope(scopes, figure.scope)
        inner += not figure.is_end
        if value is not None:
            values[figure.id] = value
    kind = overlay.kind
    if kind.scale is Scale.CATEGORICAL:
        every = categories()
        fills = {name: every[min(int(v), len(every) - 1)] for name, v in values.items()}
        return Shades(overlay, values, fills, 0.0, float(len(every) - 1), inner - len(fills))
    shown = {n: v for n, v in values.items() if v > 0 or kind.scale is Scale.LINEAR}
    low, high = kind.bounds or _range(list(shown.values()), kind.scale)
    levels = np.rint(_positions(list(shown.values()), low, high, kind.scale) * (LEVELS - 1))
    steps = ramp()
    fills = {n: steps[level] for n, level in zip(shown, levels.astype(int).tolist(), strict=True)}
    return Shades(overlay, values, fills, low, high, inner - len(fills))


def said(kind: Kind, value: float) -> str:
    """A value with its unit: "1 235 496", "3.21 MB", "38.4 %", "NaN"."""
    match kind.unit:
        case "count":
            return numbers.count(round(value))
        case "bytes":
            return numbers.size(round(value))
        case "ms":
            return f"{numbers.number(value)} ms"
        case "share":
            return numbers.percent(value)
    if kind.scale is Scale.CATEGORICAL:
        return kind.categories[min(int(value), len(kind.categories) - 1)]
    return numbers.number(value)


def tick_text(kind: Kind, value: float) -> str:
    """The same, shorter: "1.2 M"."""
    if kind.unit == "count":
        return short_count(round(value))
    if kind.unit == "share":
        return f"{100 * value:.3g} %"
    return said(kind, float(f"{value:.3g}"))


# --- colours ---------------------------------------------------------------------------------


@cache
def ramp() -> tuple[Fill, ...]:
    """From low to high."""
    from netviz_desktop.ui.widgets import colour_maps  # pyqtgraph takes its time

    table = colour_maps.table("viridis")
    rows = table[np.rint(np.linspace(0, len(table) - 1, LEVELS)).astype(int)].tolist()
    return tuple(_on("#{:02x}{:02x}{:02x}".format(*row)) for row in rows)


@cache
def categories() -> tuple[Fill, ...]:
    """One for each of a kind's categories."""
    return tuple(map(_on, _CATEGORIES))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2): 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2): 0 to 1."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _on(fill: str) -> Fill:
    return Fill(fill, max(("#000000", "#ffffff"), key=lambda text: contrast(text, fill)))


# --- scales ----------------------------------------------------------------------------------


def _range(values: list[float], scale: Scale) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    if scale is Scale.LOGARITHMIC:
        return max(low, high / 10**_DECADES), high
    return (0.0 if 0 <= low <= high / 2 else low), high


def _positions(
    values: list[float], low: float, high: float, scale: Scale
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.array(values, np.float64)
    if high <= low:
        return np.full(len(found), 0.0 if high == 0 else 0.5)
    if scale is Scale.LOGARITHMIC:
        share = np.log(np.maximum(found, low) / low) / math.log(high / low)
    else:
        share = (found - low) / (high - low)
    return share.clip(0, 1)


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten; 1, 2 and 5 of each where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [10.0**e for e in range(first, last + 1)]
    found = [tick for tick in every if low <= tick <= high]
    if len(found) < 3:
        finer = [tick * factor for tick in every for factor in (1, 2, 5)]
        found = [tick for tick in finer if low <= tick <= high]
    return found[:: -(-len(found) // _MOST_TICKS)] if found else []


def _steps(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / (_MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]
