"""Boxes and edges in, places and lines out: pure functions, in scene units (1 = 1 px at 100 %).

nested     the layout of it all: frames in frames, from the innermost out
whole      the inside of one frame: components, pieces, what is stacked, what runs beside it
order      which way edges point, and the rank of every box
pieces     a component cut wherever only one tensor is live
dot        small pieces, by Graphviz
layered    pieces that Graphviz would take too long for
labels     room beside lines that are already drawn
twins      several edges between the same two boxes
buses      edges taken out of the ranking, drawn along the side
grid       boxes without edges
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netviz_desktop.graph import collector
from netviz_desktop.layout.geometry import (
    Box,
    Edge,
    Frame,
    PlacedBox,
    PlacedEdge,
    PlacedFrame,
    Placement,
)

__all__ = [
    "Box",
    "Edge",
    "Frame",
    "PlacedBox",
    "PlacedEdge",
    "PlacedFrame",
    "Placement",
    "place",
]


def place(
    boxes: Iterable[Box],
    edges: Iterable[Edge],
    frames: Iterable[Frame] = (),
    *,
    left_to_right: bool = False,
    cancelled: Callable[[], bool] | None = None,
) -> Placement:
    """Where boxes and edges go; the same question always has the same answer.

    No two boxes overlap; a frame lies around what names it, and around nothing else. Edges
    point down (or to the right), except those that close a cycle. It never hangs: what is too
    large for Graphviz is laid out by our own engine.

    Args:
        cancelled: asked now and then whether anybody still waits.

    Raises:
        Problem: there is no Graphviz on this machine.
        Cancelled: `cancelled` said so.
    """
    from netviz_desktop.layout.nested import place_all

    asked = tuple(boxes), tuple(edges), tuple(frames), left_to_right
    with collector.at_rest():
        return place_all(*asked, cancelled or (lambda: False))
