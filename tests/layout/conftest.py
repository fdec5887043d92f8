"""Graphs to lay out, and what every layout must keep to."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from netviz_desktop.layout import Box, Edge, Placement

LABEL = (60.0, 12.0)


class Asked:
    """A question to the layout: boxes of mixed sizes and edges by their numbers."""

    def __init__(
        self, count: int, pairs: Iterable[tuple[int, int]], *, labels: bool = True, seed: int = 0
    ) -> None:
        sizes = random.Random(seed)
        self.boxes = tuple(
            Box(f"box {i}", sizes.choice((50.0, 90.0, 130.0)), sizes.choice((22.0, 60.0)))
            for i in range(count)
        )
        self.edges = tuple(
            Edge(f"edge {k}", f"box {a}", f"box {b}", *(LABEL if labels else (0.0, 0.0)))
            for k, (a, b) in enumerate(pairs)
        )

    def rectangles(self, placement: Placement) -> dict[str, tuple[float, float, float, float]]:
        """Left, top, right, bottom of every box."""
        at = {box.id: box for box in placement.boxes}
        assert len(at) == len(self.boxes)
        return {
            b.id: (
                at[b.id].x - b.width / 2,
                at[b.id].y - b.height / 2,
                at[b.id].x + b.width / 2,
                at[b.id].y + b.height / 2,
            )
            for b in self.boxes
        }

    def overlaps(self, placement: Placement) -> list[tuple[str, str]]:
        """Pairs of boxes that lie on each other."""
        found = []
        active: list[tuple[str, tuple[float, float, float, float]]] = []
        rectangles = sorted(self.rectangles(placement).items(), key=lambda item: item[1][1])
        for name, box in rectangles:
            active = [(other, r) for other, r in active if r[3] > box[1] + 1e-6]
            found += [
                (other, name)
                for other, r in active
                if r[0] < box[2] - 1e-6 and box[0] < r[2] - 1e-6
            ]
            active.append((name, box))
        return found

    def upward(self, placement: Placement) -> list[str]:
        """Edges that do not lead from their source's lower border down to the target's upper."""
        boxes = self.rectangles(placement)
        ends = {edge.id: edge.points for edge in placement.edges}
        return [
            edge.id
            for edge in self.edges
            if abs(ends[edge.id][1] - boxes[edge.source][3]) > 0.01
            or abs(ends[edge.id][-1] - boxes[edge.target][1]) > 0.01
            or ends[edge.id][-1] <= ends[edge.id][1]
            or not boxes[edge.source][0] <= ends[edge.id][0] <= boxes[edge.source][2]
            or not boxes[edge.target][0] <= ends[edge.id][-2] <= boxes[edge.target][2]
        ]


@pytest.fixture
def asked() -> type[Asked]:
    return Asked
