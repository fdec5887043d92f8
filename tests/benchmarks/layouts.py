"""How long layouts take, how much memory, and whether they are right.

    python tests/benchmarks/layouts.py [--only NAME] [--way WAY]

Each graph is laid out in a process of its own; CPU is that of all threads and of Graphviz.
`open` frames every scope, `flat` none, `as opened` is what a person sees first.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from graphs import GRAPHS

from netviz_desktop.graph import Node
from netviz_desktop.graph.scopes import Opened, Scope, Scopes
from netviz_desktop.layout import Box, Edge, Frame, Placement, place

_ROOT = Path(__file__).resolve().parents[2]
_JUDGED = 2_000
_WAYS = ("flat", "open", "as opened")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="graphs whose name begins so")
    parser.add_argument("--way", choices=_WAYS, action="append")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return 0
    print(f"{os.cpu_count()} cores")
    print(
        f"{'':30} {'':9} {'boxes':>7} {'lines':>7} {'CPU s':>6} {'s':>6} {'MB':>5} "
        f"{'overlaps':>8} {'crossed':>8} {'width':>7} {'height':>8}"
    )
    for name, way in itertools.product(GRAPHS, options.way or _WAYS):
        if not name.startswith(options.only):
            continue
        done = subprocess.run(
            [sys.executable, __file__, "--measure", name, way],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
        )
        row = json.loads(done.stdout)
        print(
            f"{name:30} {way:9} {row['boxes']:7} {row['lines']:7} {row['cpu']:6.2f} "
            f"{row['wall']:6.2f} {row['mb']:5.0f} {row['overlaps']:8} {row['crossed']:8} "
            f"{row['width']:7.0f} {row['height']:8.0f}",
            flush=True,
        )
    return 0


def measure(name: str, way: str) -> dict[str, float]:
    boxes, edges, frames = question(name, way)
    before = _memory()
    cpu, wall = _cpu(), time.perf_counter()
    placement = place(boxes, edges, frames)
    cpu, wall = _cpu() - cpu, time.perf_counter() - wall
    return {
        "boxes": len(boxes),
        "lines": len(edges),
        "cpu": cpu,
        "wall": wall,
        "mb": _memory() - before,
        "overlaps": overlaps(boxes, placement),
        "crossed": crossed(boxes, edges, placement),
        "width": placement.width,
        "height": placement.height,
    }


def question(name: str, way: str) -> tuple[list[Box], list[Edge], list[Frame]]:
    graph = GRAPHS[name]()
    if way == "flat":
        nodes = tuple(Node(**{**vars(node), "scope": ()}) for node in graph.nodes)
        graph = type(graph)(**{**_fields(graph), "nodes": nodes})
    scopes = Scopes(graph)
    opened: Opened = scopes.readable() if way == "as opened" else scopes.everything()
    visible = scopes.visible(opened)
    boxes = [
        Box(
            b.id,
            130.0 if isinstance(b, Scope) else 60.0 + 8 * (len(b.op_type) % 8),
            80.0 if isinstance(b, Scope) else (22.0, 46.0)[len(b.op_type) % 2],
            visible.frame_of.get(b.id, ""),
        )
        for b in visible.boxes
    ]
    boxes.insert(0, Box("in\nx", 70, 36))
    boxes += [Box(f"out\n{name}", 70, 36) for name in graph.outputs]
    edges = [
        Edge(str(i), link.source, link.target, 60.0, 13.0) for i, link in enumerate(visible.links)
    ]
    frames = [Frame(f.id, 90.0, 24.0, visible.frame_of.get(f.id, "")) for f in visible.frames]
    return boxes, edges, frames


def overlaps(boxes: list[Box], placement: Placement) -> int:
    """Pairs of boxes that lie on each other."""
    size = np.array([(b.width, b.height) for b in boxes])
    centre = np.array([(b.x, b.y) for b in placement.boxes])
    low, high = centre - size / 2 + 1e-6, centre + size / 2 - 1e-6
    order = np.argsort(low[:, 1])
    found = 0
    for rank, index in enumerate(order):
        stop = np.searchsorted(low[order, 1], high[index, 1])
        others = order[rank + 1 : stop]
        found += int(((low[others, 0] < high[index, 0]) & (low[index, 0] < high[others, 0])).sum())
    return found


def crossed(boxes: list[Box], edges: list[Edge], placement: Placement) -> int:
    """Lines that run through a box that is neither of their ends; of many, some are judged."""
    size = np.array([(b.width, b.height) for b in boxes])
    centre = np.array([(b.x, b.y) for b in placement.boxes])
    low, high = centre - size / 2 + 1, centre + size / 2 - 1
    order = np.argsort(low[:, 1])
    top = low[order, 1]
    tallest = float((high - low)[:, 1].max())
    number = {box.id: index for index, box in enumerate(boxes)}
    t = np.linspace(0, 1, 9)[:, None]
    weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
    found = 0
    looked_at = slice(None, None, max(1, len(edges) // _JUDGED))
    for edge, placed in zip(edges[looked_at], placement.edges[looked_at], strict=True):
        flat = np.array(placed.points).reshape(-1, 2)
        curve = np.concatenate(
            [
                sum(w * p for w, p in zip(weights, flat[i : i + 4], strict=True))
                for i in range(0, len(flat) - 3, 3)
            ]
        )
        start = np.searchsorted(top, curve[:, 1].min() - tallest)
        near = order[start : np.searchsorted(top, curve[:, 1].max())]
        near = near[(low[near, 0] < curve[:, 0].max()) & (high[near, 0] > curve[:, 0].min())]
        near = near[(near != number[edge.source]) & (near != number[edge.target])]
        inside = (low[near, None] < curve) & (curve < high[near, None])
        found += bool(inside.all(axis=2).any())
    return found


def _fields(graph: object) -> dict[str, object]:
    return {name: getattr(graph, name) for name in graph.__dataclass_fields__}


def _cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _memory() -> float:
    """MB at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
