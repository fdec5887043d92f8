"""A chart as one HTML page that pans, zooms, searches and tells of each node, without a server.

What the page does is in `resources/page/`. It holds the graph, as `netviz graph` gives it but
for what is empty, and the picture: boxes, frames and lines with their places.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from netviz_desktop import resource
from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.export import as_dict
from netviz_desktop.ui.scene import colours
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import Figure
from netviz_desktop.ui.theme import DARK, LIGHT, Theme

_Fills: TypeAlias = tuple[colours.Fill, colours.Fill]
"""Of a box, light and dark."""

_UNITS = 10  # of points of lines, in a pixel
_EVERYTHING_IS_HERE = "default-src 'none'; base-uri 'none'; form-action 'none'"


def as_html(chart: Chart, graph: ModelGraph, title: str, palette: Theme | None = None) -> str:
    """A page of the whole chart.

    Args:
        graph: what the chart shows.
        palette: None: light or dark as whoever reads it prefers.
    """
    if chart.drawing.values:
        graph = replace(graph, values=dict(chart.drawing.values))  # shapes that a run has found
    style, script = (
        resource.path(f"page/page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    parts = {
        "title": html.escape(title.encode("utf-8", "replace").decode()),
        "policy": f"{_EVERYTHING_IS_HERE}; style-src {_hash(style)}; script-src {_hash(script)}",
        "style": style,
        "script": script,
        "graph": _embedded(_without_empty(as_dict(graph))),
        "picture": _embedded(_picture(chart, graph, palette)),
    }
    page = resource.path("page/page.html").read_text(encoding="utf-8")
    # in one pass: what is put in is not looked at again
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)


def _picture(chart: Chart, graph: ModelGraph, palette: Theme | None) -> dict[str, Any]:
    number = {node.id: index for index, node in enumerate(graph.nodes)}
    seen_as = chart.drawing.seen_as
    fills: dict[_Fills, int] = {}
    boxes = []
    for figure, place in zip(chart.figures, np.round(chart.rectangles, 1).tolist(), strict=True):
        looks = chart.fill(figure, LIGHT), chart.fill(figure, DARK)
        fill = fills.setdefault(looks, len(fills))
        what = _what(figure, number)
        rows = [[row.name, row.text] for row in figure.rows]
        boxes.append([*place, fill, _kind(figure), figure.title, what, rows])
    frames = [
        [*place, border.depth, border.title, border.detail]
        for border, place in zip(chart.borders, np.round(chart.frames, 1).tolist(), strict=True)
    ]
    coloured = f" · {chart.shades.summary}" if chart.shades is not None else ""
    theme = None if palette is None else "dark" if palette.dark else "light"
    return {
        "about": f"{graph.format} · {len(graph.nodes):,} nodes · "
        f"{graph.parameter_count:,} parameters{coloured}",
        "size": [round(length, 1) for length in chart.size],
        "theme": theme,
        "palettes": {"light": _colours(LIGHT, fills, 0), "dark": _colours(DARK, fills, 1)},
        "boxes": boxes,
        "seen": [chart.index.get(seen_as.get(node.id, ""), -1) for node in graph.nodes],
        "frames": frames,
        "wires": [_wire(chart, index) for index in range(len(chart.wires))],
    }


def _kind(figure: Figure) -> int:
    """As the script numbers them: a node, a closed scope, a run of scopes, an input or output."""
    if figure.scope is not None:
        return 2 if figure.scope.members else 1
    return 3 if figure.is_end else 0


def _what(figure: Figure, number: dict[str, int]) -> int | str:
    return figure.full if figure.node is None else number[figure.node]


def _wire(chart: Chart, index: int) -> list[Any]:
    """Each point of its curve relative to the one before."""
    wire, centre = chart.wires[index], chart.label_centre(index)
    points = [round(_UNITS * length) for length in chart.points(index)]
    steps = points[:2] + [b - a for a, b in zip(points, points[2:], strict=False)]
    label = wire.label if centre is not None else ""
    x, y = (0, 0) if centre is None or not label else (round(centre.x(), 1), round(centre.y(), 1))
    ends = chart.index[wire.source], chart.index[wire.target]
    return [*ends, label, x, y, round(wire.label_width, 1), steps]


def _colours(theme: Theme, fills: Iterable[_Fills], which: int) -> dict[str, Any]:
    names = "window surface canvas text muted border accent node edge selected error".split()
    return {
        **{name: getattr(theme, name) for name in names},
        "far": colours.far_line(theme),
        "label": colours.label(theme),
        "outline": colours.outline(theme),
        "frames": [colours.frame(depth, theme) for depth in (0, 1)],
        "fills": [looks[which] for looks in fills],
    }


def _without_empty(graph: dict[str, Any]) -> dict[str, Any]:
    """Nodes without what is empty, for which there are many."""
    nodes = [{key: found for key, found in node.items() if found} for node in graph["nodes"]]
    return {**graph, "nodes": nodes}


def _embedded(found: Any) -> str:
    """JSON that no HTML parser takes for a tag, a comment or a character's name."""
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
