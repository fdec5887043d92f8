"""Graphs to lay out, and what every layout must keep to."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import numpy as np
import pytest

from netviz_desktop.layout import Box, Edge, Frame, Placement

LABEL = (60.0, 12.0)


class Asked:
    """A question to the layout: boxes of mixed sizes and edges by their numbers."""

    def __init__(
        self,
        count: int,
        pairs: Iterable[tuple[int, int]],
        *,
        labels: bool = True,
        seed: int = 0,
        frames: Mapping[str, str] | None = None,
        inside: Mapping[int, str] | None = None,
    ) -> None:
        """`frames`: a frame and the one around it; `inside`: a box and the frame around it."""
        sizes = random.Random(seed)
        inside = inside or {}
        self.boxes = tuple(
            Box(
                f"box {i}",
                sizes.choice((50.0, 90.0, 130.0)),
                sizes.choice((22.0, 60.0)),
                inside.get(i, ""),
            )
            for i in range(count)
        )
        self.frames = tuple(Frame(f, 70.0, 20.0, outer) for f, outer in (frames or {}).items())
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

    def borders(self, placement: Placement) -> dict[str, tuple[float, float, float, float]]:
        """Left, top, right, bottom of every frame."""
        return {
            f.id: (
                f.x - f.width / 2, f.y - f.height / 2, f.x + f.width / 2, f.y + f.height / 2
            )
            for f in placement.frames
        }  # fmt: skip

    def crossed(self, placement: Placement) -> list[tuple[str, str]]:
        """Edges that run through boxes, and through frames that hold neither of their ends."""
        outer = {f.id: f.frame for f in self.frames}
        around: dict[str, set[str]] = {}
        for box in self.boxes:
            around[box.id], frame = {box.id}, box.frame
            while frame:
                around[box.id].add(frame)
                frame = outer[frame]
        obstacles = self.rectangles(placement) | self.borders(placement)
        names = list(obstacles)
        left, top, right, bottom = np.array([obstacles[name] for name in names]).T
        found = []
        for edge, placed in zip(self.edges, placement.edges, strict=True):
            mine = around[edge.source] | around[edge.target]
            x, y = _on_curve(placed.points)
            inside = (
                (left[:, None] + 1 < x) & (x < right[:, None] - 1)
                & (top[:, None] + 1 < y) & (y < bottom[:, None] - 1)
            ).any(axis=1)  # fmt: skip
            found += [(edge.id, names[i]) for i in np.flatnonzero(inside) if names[i] not in mine]
        return found

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


def _on_curve(points: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Points along a chain of cubics."""
    flat = np.array(points).reshape(-1, 2)
    t = np.linspace(0, 1, 17)[:, None]
    pieces = [
        (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
        for a, b, c, d in (flat[i : i + 4] for i in range(0, len(flat) - 3, 3))
    ]
    return np.concatenate(pieces).T


@pytest.fixture
def asked() -> type[Asked]:
    return Asked
