"""Boxes and edges in, places and lines out: pure functions, in scene units (1 = 1 px at 100 %)."""

from __future__ import annotations

from netviz_desktop.layout.geometry import Box, Edge, PlacedBox, PlacedEdge, Placement

__all__ = ["Box", "Edge", "PlacedBox", "PlacedEdge", "Placement"]
