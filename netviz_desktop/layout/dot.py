"""Small parts, laid out by Graphviz in a process of its own, all in one go."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import graphviz

from netviz_desktop.layout.labels import labelled
from netviz_desktop.layout.order import ranks
from netviz_desktop.layout.sketch import (
    GAP,
    LABEL_DISTANCE,
    SEPARATION,
    Asked,
    Part,
    Route,
    Sketch,
    straight,
    swing,
)
from netviz_desktop.problems import Cancelled, Problem

TIME_LIMIT_SECONDS = 6.0
_POINTS_PER_INCH = 72
_ROOMS_LIMIT = 450  # boxes and crossed rows
_CHAIN_WEIGHT = 12  # what only leads on goes straight down
_SPINE_WEIGHT = 30  # a line from entry to exit is the residual path: it stays straight


def sketches(parts: Sequence[Part], cancelled: Asked) -> list[Sketch | None]:
    """A sketch of each part; None where Graphviz took too long or put a line upside down.

    Raises:
        Problem: there is no Graphviz on this machine.
        Cancelled: `cancelled` said so.
    """
    text = _run("".join(_source(part) for part in parts), cancelled)
    found: list[Sketch | None] = [
        _sketch(part, block) for part, block in zip(parts, _blocks(text), strict=False)
    ]
    return found + [None] * (len(parts) - len(found))


@cache
def executable() -> str:
    """Where `dot` is: the one that is installed with this program, else the system's.

    Raises:
        Problem: there is none.
    """
    suffix = ".exe" if sys.platform == "win32" else ""
    folders = [Path(sysconfig.get_path("scripts")), Path(sys.executable).parent]
    if getattr(sys, "frozen", False):
        # a bundle keeps it beside its libraries, in a folder that PyInstaller names
        folders.insert(0, Path(getattr(sys, "_MEIPASS", folders[-1])))
    for folder in folders:
        for place in (folder, folder / "bin"):
            file = place / f"graphviz-pure{suffix}"
            if file.is_file():
                return str(file)
    found = shutil.which("graphviz-pure") or shutil.which("dot")
    if found is None:
        raise Problem(
            "The graph cannot be laid out: Graphviz is not on this machine.",
            "Install it with `pip install graphviz-pure`, then open the model again.",
        )
    return found


def _run(source: str, cancelled: Asked) -> str:
    process = subprocess.Popen(  # noqa: S603 - our own executable, fed by stdin
        [executable(), "-Kdot", "-Tplain"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    deadline = time.monotonic() + TIME_LIMIT_SECONDS
    text: str | None = source
    while True:
        try:
            return process.communicate(text, timeout=0.03)[0]
        except subprocess.TimeoutExpired:
            text = None  # communicate goes on with what it was given first
            stop = cancelled()
            if stop or time.monotonic() > deadline:
                process.kill()
                output = process.communicate()[0]
                if stop:
                    raise Cancelled from None
                return output


def _source(part: Part) -> str:
    with_labels = _has_rooms(part)
    graph = graphviz.Digraph(
        graph_attr={
            # rooms for labels add to it by themselves
            "ranksep": _inches(GAP if with_labels else GAP + _label_height(part)),
            "nodesep": _inches(SEPARATION),
            "splines": "true",
        },
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"dir": "none"},
    )
    ports = _ports(part)
    for box, (width, height) in enumerate(part.sizes):
        label = {"label": _gates(width, height, ports[box])} if box in ports else {}
        graph.node(str(box), width=_inches(width), height=_inches(height), **label)
    for rank, boxes in (("source", part.first), ("sink", part.last)):
        if boxes:
            with graph.subgraph(graph_attr={"rank": rank}) as row:
                for box in boxes:
                    row.node(str(box))
    starts = part.first if part.entry is None else (part.entry,)
    leaving = Counter(line.source for line in part.lines)
    entering = Counter(line.target for line in part.lines)
    for line in part.lines:
        attributes = {}
        if with_labels and line.label_width:
            attributes["label"] = _room(line.label_width + LABEL_DISTANCE, line.label_height)
        if line.target == part.exit and line.source in starts:
            attributes["weight"] = str(_SPINE_WEIGHT)
        elif leaving[line.source] == entering[line.target] == 1:
            attributes["weight"] = str(_CHAIN_WEIGHT)
        ends = (_end(line.source, line.leaves, "s"), _end(line.target, line.enters, "n"))
        graph.edge(*ends, **attributes)
    fed = {line.target for line in part.lines}
    for source, target in part.above:
        if target not in fed:  # what has an input stands below the entry by itself
            graph.edge(str(source), str(target), style="invis", weight="0")
    return str(graph.source)


def _ports(part: Part) -> dict[int, set[int]]:
    """Where lines must start or end, in whole pixels right of the middle, by box."""
    found: dict[int, set[int]] = defaultdict(set)
    for line in part.lines:
        for box, at in ((line.source, line.leaves), (line.target, line.enters)):
            if at is not None:
                found[box].add(round(at))
    return found


def _end(box: int, at: float | None, side: str) -> str:
    return f"{box}:{side}" if at is None else f"{box}:p{round(at)}:{side}"


def _gates(width: float, height: float, ports: set[int]) -> str:
    """A row of cells over all of a box, a narrow one at each port."""
    cells, left = [], -width / 2
    for at in sorted(ports):
        middle = max(left + 0.5, min(at, width / 2 - 0.5))
        if middle - 0.5 > left:
            cells.append((middle - 0.5 - left, ""))
        cells.append((1.0, f' port="p{at}"'))
        left = middle + 0.5
    if left < width / 2:
        cells.append((width / 2 - left, ""))
    row = "".join(
        f'<td fixedsize="true" width="{w:.1f}" height="{height:.1f}"{port}></td>'
        for w, port in cells
    )
    return (
        '<<table border="0" cellborder="0" cellspacing="0" cellpadding="0" fixedsize="true" '
        f'width="{width:.1f}" height="{height:.1f}"><tr>{row}</tr></table>>'
    )


def _room(width: float, height: float) -> str:
    return (
        '<<table border="0" cellborder="0" cellspacing="0" cellpadding="0" fixedsize="true" '
        f'width="{width:.0f}" height="{height:.0f}"><tr><td></td></tr></table>>'
    )


def _has_rooms(part: Part) -> bool:
    """Whether Graphviz keeps room for the labels. That doubles the rows, and much more than
    the time: in larger parts labels take what room there is."""
    if not any(line.label_width for line in part.lines):
        return False
    rank = ranks(len(part.sizes), [line[:2] for line in part.lines], part.first, part.last)
    crossed = sum(rank[line.target] - rank[line.source] - 1 for line in part.lines)
    return len(part.sizes) + crossed <= _ROOMS_LIMIT


def _label_height(part: Part) -> float:
    return max((line.label_height for line in part.lines), default=0.0)


def _inches(pixels: float) -> str:
    return f"{pixels / _POINTS_PER_INCH:.4f}"


def _blocks(text: str) -> Iterator[list[list[str]]]:
    """The finished graphs of the output, as lines of words."""
    block: list[list[str]] = []
    for line in text.splitlines():
        words = line.split()
        if words == ["stop"]:
            yield block
            block = []
        else:
            block.append(words)


def _sketch(part: Part, block: list[list[str]]) -> Sketch | None:
    with_labels = _has_rooms(part)
    x, y = [0.0] * len(part.sizes), [0.0] * len(part.sizes)
    # lines come back sorted by their ends; those of the same ends in the order given
    waiting: dict[tuple[int, int], list[int]] = {}
    for index, line in enumerate(part.lines):
        waiting.setdefault((line.source, line.target), []).append(index)
    for pairs in waiting.values():
        pairs.reverse()
    edges: list[list[str]] = []
    for words in block:
        if words[0] == "node":
            box = int(words[1])
            x[box] = float(words[2]) * _POINTS_PER_INCH
            y[box] = -float(words[3]) * _POINTS_PER_INCH
        elif words[0] == "edge" and words[-2] != "invis":
            edges.append(words)
    rows = _Rows(part, y)
    routes = [Route(())] * len(part.lines)
    for words in edges:
        # some versions tell the ports, too
        tail, head = (int(word.partition(":")[0]) for word in words[1:3])
        index = waiting[tail, head].pop()
        line = part.lines[index]
        count = int(words[3])
        points = [float(word) * _POINTS_PER_INCH for word in words[4 : 4 + 2 * count]]
        points[1::2] = [-value for value in points[1::2]]
        label = None
        if with_labels and line.label_width:
            # the last words are the text, the centre of its room, style and colour
            right, up = (float(word) * _POINTS_PER_INCH for word in words[-4:-2])
            label = (right + LABEL_DISTANCE / 2, -up)
        start = (
            points[0] if line.leaves is None else x[line.source] + line.leaves,
            y[line.source] + part.sizes[line.source][1] / 2,
        )
        end = (
            points[-2] if line.enters is None else x[line.target] + line.enters,
            y[line.target] - part.sizes[line.target][1] / 2,
        )
        row = rows.row(y[line.source])
        if row + 1 == rows.row(y[line.target]):
            at = None if label is None else label[0] - line.label_width / 2 - LABEL_DISTANCE
            points = _short(start, end, rows.bottom[row], rows.top[row + 1], at, line.label_height)
        else:
            # Graphviz stops a pixel short of, or inside, some boxes
            points[:2], points[-2:] = start, end
        routes[index] = Route(tuple(points), label)
    for source, target in part.above:
        if y[target] - part.sizes[target][1] / 2 < y[source] + part.sizes[source][1] / 2:
            return None
    if not with_labels:
        routes = labelled(part.lines, routes, x, y, part.sizes)
    return Sketch(x, y, routes)


class _Rows:
    """Where the rows of boxes start and end."""

    def __init__(self, part: Part, y: Sequence[float]) -> None:
        self._heights = sorted({round(value) for value in y})
        self.top = [float("inf")] * len(self._heights)
        self.bottom = [float("-inf")] * len(self._heights)
        for box, (_, height) in enumerate(part.sizes):
            row = self.row(y[box])
            self.top[row] = min(self.top[row], y[box] - height / 2)
            self.bottom[row] = max(self.bottom[row], y[box] + height / 2)

    def row(self, y: float) -> int:
        return bisect_left(self._heights, round(y))


def _short(
    start: tuple[float, float],
    end: tuple[float, float],
    upper: float,
    lower: float,
    at: float | None,
    label_height: float,
) -> list[float]:
    """A line between neighbouring rows, from `upper` to `lower`: one calm swing, or two by
    way of the place left of its label. Graphviz would make it wobble."""
    points = list(start)
    here = (start[0], upper)
    there = (end[0], lower)
    if here != start:
        points += straight(*start, *here)
    middle = (upper + lower) / 2
    if at is not None and label_height > (lower - upper) / 2:
        # a long label along the way, as when a graph runs from left to right
        before, after = (at, middle - label_height / 2), (at, middle + label_height / 2)
        points += swing(*here, *before) + straight(*before, *after) + swing(*after, *there)
    elif at is not None:
        # it leans a little while it passes its label, but not where that is out of its way
        between = min(start[0], end[0]) < at < max(start[0], end[0])
        lean, drop = (end[0] - start[0]) * 0.1 * between, (lower - upper) * 0.2
        quarter = (lower - upper) * 0.3
        points += (here[0], upper + quarter, at - lean, middle - drop, at, middle)
        points += (at + lean, middle + drop, there[0], lower - quarter, *there)
    else:
        points += swing(*here, *there)
    if there != end:
        points += straight(*there, *end)
    return points
