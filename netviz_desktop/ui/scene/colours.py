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


class Fill(NamedTuple):
    """A header's colour and that of the text on it, as #rrggbb."""

    fill: str
    text: str


@lru_cache(maxsize=128)
def header(category: Category | None, theme: Theme) -> Fill:
    """Of a node's header; None: an input or output of the graph."""
    if category in (None, Category.CONSTANT, Category.CONTROL):
        if theme.dark:
            return Fill("#3f4349", theme.text)
        return Fill("#e9ebee", theme.text)
    if theme.dark:
        return Fill(blend(_DARK_FILLS.get(category, _FILLS[category]), theme.node, 0.85), "#f4f6f8")
    return Fill(_FILLS[category], "#ffffff")


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
