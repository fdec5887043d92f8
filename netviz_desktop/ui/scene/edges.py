"""Lines of a chart, and the edges of the graph that they stand for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netviz_desktop.graph import Value
from netviz_desktop.graph.scopes import Scopes, input_id, output_id
from netviz_desktop.ui.scene.captions import shape_text
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.selection import Edge


def edge_of(chart: Chart, scopes: Scopes, wire: int) -> Edge:
    """The edge that a line is; of one between closed scopes, the first that it stands for."""
    line = chart.wires[wire]
    source = scopes.graph.producer.get(line.value)
    target = chart.figures[chart.index[line.target]]
    if target.node is not None:
        return Edge(source, target.node, line.value, line.input)
    if target.scope is not None:
        for node in scopes.nodes(target.scope):
            if line.value in node.inputs:
                return Edge(source, node.id, line.value, node.inputs.index(line.value))
    return Edge(source, None, line.value)


def wire_of(chart: Chart, edge: Edge) -> int | None:
    """The line that an edge is part of; None: it is inside of a closed scope."""
    seen_as = chart.drawing.seen_as
    source = input_id(edge.value) if edge.source is None else seen_as.get(edge.source)
    target = output_id(edge.value) if edge.target is None else seen_as.get(edge.target)
    if source not in chart.index or target not in chart.index:
        return None
    for wire in chart.inputs_of[chart.index[target]]:
        line = chart.wires[wire]
        ported = line.input in (-1, edge.input) or edge.target is None
        if line.source == source and edge.value in line.values and ported:
            return wire
    return None


def beside(chart: Chart, wire: int, by: int) -> int:
    """The next line from the same box, else to the same box, in the order of their ends."""
    line = chart.wires[wire]
    row = chart.outputs_of[chart.index[line.source]]
    if len(row) < 2:
        row = chart.inputs_of[chart.index[line.target]]
    row = sorted(row, key=lambda other: (chart.points(other)[-2:], other))
    return row[(row.index(wire) + by) % len(row)]


def other_end(chart: Chart, wire: int, middle: tuple[float, float]) -> int:
    """The figure at that end of a line that is farther away from the middle of the view."""
    line = chart.wires[wire]
    points = chart.points(wire)
    from_source = np.hypot(points[0] - middle[0], points[1] - middle[1])
    from_target = np.hypot(points[-2] - middle[0], points[-1] - middle[1])
    return chart.index[line.source if from_source > from_target else line.target]


def said(edge: Edge, values: Mapping[str, Value]) -> str:
    """One line: what flows, and from where to where."""
    value = values.get(edge.value)
    known = [] if value is None else [shape_text(value.shape), value.dtype or ""]
    ends = f"{edge.source or 'input'} → {edge.target or 'output'}"
    return "  ·  ".join([edge.value, *filter(None, known), ends])
