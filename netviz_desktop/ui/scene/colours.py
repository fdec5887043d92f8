"""The colours of the canvas: one for each kind of node, as Netron's users know them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from netviz_desktop.graph.category import Category
from netviz_desktop.ui.theme import Theme, blend

_FILLS = {
    Category.LAYER: "#335588",
    Category.ACTIVATION: "#702921",
    Category.POOL: "#335533",
    Category.NORMALIZATION: "#335544",
    Category.DROPOUT: "#454770",
    Category.SHAPE: "#6c4f47",
    Category.TENSOR: "#59423b",
    Category.TRANSFORM: "#335544",
    Category.DATA: "#555555",
    Category.QUANTIZATION: "#502800",
    Category.ATTENTION: "#783c00",
    Category.ARITHMETIC: "#4d5768",
    Category.OTHER: "#3a3d42",
}
_DARK_FILLS = {
    Category.ACTIVATION: "#8a352b",
    Category.ATTENTION: "#8f4a08",
    Category.QUANTIZATION: "#774312",
    Category.OTHER: "#4a4e55",
    Category.ARITHMETIC: "#566176",
    Category.LAYER: "#3d66a3",
    Category.POOL: "#3f6b3f",
    Category.NORMALIZATION: "#3d6a54",
    Category.TRANSFORM: "#3d6a54",
}


_SCOPE = "#5b4b8a"  # no node has it: what opens is of another kind
_DARK_SCOPE = "#6f5fa3"


class Fill(NamedTuple):
    """A header's colour and that of the text on it, as #rrggbb."""

    fill: str
    text: str


@lru_cache(maxsize=128)
def header(category: Category | None, theme: Theme, *, closed: bool = False) -> Fill:
    """Of a node's header, or a closed scope's; None: an input or output of the graph."""
    if closed:
        colour = blend(_DARK_SCOPE, theme.node, 0.85) if theme.dark else _SCOPE
        return Fill(colour, "#f4f6f8" if theme.dark else "#ffffff")
    if category in (None, Category.CONSTANT, Category.CONTROL):
        if theme.dark:
            return Fill("#3f4349", theme.text)
        return Fill("#e9ebee", theme.text)
    if theme.dark:
        return Fill(blend(_DARK_FILLS.get(category, _FILLS[category]), theme.node, 0.85), "#f4f6f8")
    return Fill(_FILLS[category], "#ffffff")


@lru_cache(maxsize=8)
def blank(theme: Theme) -> Fill:
    """Of a box without a value, where an overlay colours the others; seen also from afar."""
    return Fill("#484d55" if theme.dark else "#c8cdd4", theme.text)


@lru_cache(maxsize=64)
def frame(depth: int, theme: Theme) -> tuple[str, str, str]:
    """Of the ground of a frame, its border, and its title."""
    colour = "#9d8ad6" if theme.dark else _SCOPE
    ground = blend(colour, theme.canvas, (0.10 if depth % 2 else 0.055) * (1 + 0.4 * theme.dark))
    return ground, blend(colour, theme.canvas, 0.38), blend(colour, theme.text, 0.75)


@lru_cache(maxsize=8)
def outline(theme: Theme) -> str:
    """The border of a box."""
    return blend(theme.text, theme.node, 0.3 if theme.dark else 0.42)


@lru_cache(maxsize=8)
def label(theme: Theme) -> str:
    """Text beside a line."""
    return blend(theme.text, theme.canvas, 0.72)


@lru_cache(maxsize=8)
def far_line(theme: Theme) -> str:
    """Lines seen from afar, where there are many."""
    return blend(theme.edge, theme.canvas, 0.75)
