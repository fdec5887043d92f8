"""What is said about what is under the pointer, as far as it cannot be read there."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable

from netviz_desktop.graph import Node
from netviz_desktop.graph.scopes import Scopes
from netviz_desktop.ui.scene.captions import shape_text
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import Figure

_LONGEST = 600
_MOST_VALUES = 8  # of a line between scopes
_MOST_FAULTS = 3  # of a closed scope


def of_figure(
    figure: Figure,
    scopes: Scopes,
    fault: Callable[[Node], str],
    value: str = "",
    *,
    readable: bool,
) -> str:
    """Args:
    fault: see `Selection.fault`.
    value: what an overlay says of it.
    readable: whether the box is large enough to be read.
    """
    lines: list[str] = []
    if figure.scope is not None:
        lines = [" › ".join(figure.scope.path), f"{figure.scope.count:,} nodes"]
        faulty = [(node.id, said) for node in scopes.nodes(figure.scope) if (said := fault(node))]
        lines += [f"{node}: {said}" for node, said in faulty[:_MOST_FAULTS]]
    elif figure.node is not None and figure.node in scopes.graph:
        node = scopes.graph.node(figure.node)
        lines = [node.op_type, node.name or node.id, *filter(None, (fault(node), node.note))]
    elif figure.title != figure.full or not readable:
        lines = [figure.full]
    return _page([*lines, *filter(None, [value])])


def of_chip(chart: Chart, value: str) -> str:
    hub = chart.drawing.hubs[value]
    return _page([*_of_value(chart, value), f"read in {len(hub.readers):,} places"])


def of_wire(chart: Chart, wire: int) -> str:
    line = chart.wires[wire]
    return _page(
        said
        for name in (line.value, *line.others[:_MOST_VALUES])
        for said in _of_value(chart, name)
    )


def _of_value(chart: Chart, name: str) -> list[str]:
    value = chart.drawing.values.get(name)
    if value is None or (value.shape is None and not value.dtype):
        return [name]
    kind = " ".join(filter(None, (value.dtype, shape_text(value.shape))))
    is_inferred = value.shape is not None and value.origin == "inferred"
    return [name, f"{kind}, inferred" if is_inferred else kind]


def _page(lines: Iterable[str]) -> str:
    cut = (line if len(line) <= _LONGEST else line[:_LONGEST] + "…" for line in lines)
    return "<br>".join(html.escape(line) for line in cut)  # names may look like HTML
