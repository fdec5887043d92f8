"""What is in each box and on each line, and how large it is, before anything has a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication

from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.graph.category import Category, category
from netviz_desktop.layout import Box, Edge
from netviz_desktop.ui.scene.captions import attribute_rows, elided, shape_text, weight_rows

HEADER_HEIGHT = 22.0
ROW_HEIGHT = 14.0
PADDING = 9.0
ROWS_PADDING = 5.0
LABEL_HEIGHT = 13.0
_SMALLEST_WIDTH = 46.0
NAME_GAP = 5.0
_LONGEST_LABEL = 24
_SHAPED_TREES = ("Weights", "Module", "")  # op types that say nothing


@dataclass(frozen=True)
class Options:
    """What the View menu toggles."""

    attributes: bool = False
    weights: bool = True
    names: bool = False


@dataclass(frozen=True)
class Row:
    """A line under the header: a name, and what it is."""

    name: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A box.

    Args:
        node: the node it is; None: an input or output of the graph.
        full: all of what `title` may have cut short.
        faulty: because of it, the model cannot be run.
    """

    id: str
    node: str | None
    title: str
    category: Category | None
    rows: tuple[Row, ...]
    width: float
    height: float
    full: str
    faulty: bool = False


@dataclass(frozen=True)
class Wire:
    """A line: a value on its way from one figure to another."""

    id: str
    source: str
    target: str
    value: str
    label: str
    label_width: float


@dataclass(frozen=True)
class Drawing:
    """All figures and wires of a graph."""

    figures: tuple[Figure, ...]
    wires: tuple[Wire, ...]
    values: Mapping[str, Value] = field(default_factory=dict)

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(Box(f.id, f.width, f.height) for f in self.figures)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(
            Edge(w.id, w.source, w.target, w.label_width, LABEL_HEIGHT if w.label else 0)
            for w in self.wires
        )


class Lettering:
    """The three fonts of the canvas, in pixels at 100 %, and the widths of texts in them."""

    def __init__(self) -> None:
        self.header = _font(11, QFont.Weight.Medium)
        self.row = _font(9)
        self.label = _font(10)
        self._widths: dict[tuple[int, str], float] = {}
        self._metrics = {
            id(font): QFontMetricsF(font) for font in (self.header, self.row, self.label)
        }

    def width(self, font: QFont, text: str) -> float:
        key = (id(font), text)
        if key not in self._widths:
            self._widths[key] = self._metrics[id(font)].horizontalAdvance(text)
        return self._widths[key]

    def ascent(self, font: QFont) -> float:
        return self._metrics[id(font)].ascent()

    def height(self, font: QFont) -> float:
        return self._metrics[id(font)].height()


def draw(
    graph: ModelGraph,
    options: Options,
    lettering: Lettering,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Drawing:
    """The graph's figures and wires.

    Args:
        shapes: what a run has found the values' shapes to be.
    """
    values = dict(graph.values)
    for name, shape in (shapes or {}).items():
        known = values.get(name)
        values[name] = Value(name, tuple(shape), known.dtype if known is not None else None)
    return _Draughtsman(graph, options, lettering, values).drawing()


class _Draughtsman:
    def __init__(
        self,
        graph: ModelGraph,
        options: Options,
        lettering: Lettering,
        values: dict[str, Value],
    ) -> None:
        self._graph = graph
        self._options = options
        self._lettering = lettering
        self._values = values

    def drawing(self) -> Drawing:
        graph = self._graph
        wires: list[Wire] = []
        source = {name: f"in\n{name}" for name in graph.inputs}
        source |= graph.producer
        read = set()
        for node in graph.nodes:
            for name in node.inputs:
                if name in source:
                    read.add(name)
                    wires.append(self._wire(len(wires), source[name], node.id, name))
        outputs = []
        for name in dict.fromkeys(graph.outputs):
            # one that nothing computes stands there alone, as does an input that nothing reads
            figure = self._pill(f"out\n{name}", name)
            outputs.append(figure)
            if name in source:
                wires.append(self._wire(len(wires), source[name], figure.id, name))
        inputs = [self._pill(f"in\n{name}", name) for name in dict.fromkeys(graph.inputs)]
        nodes = [self._box(node, alone=not wires) for node in graph.nodes]
        return Drawing((*inputs, *nodes, *outputs), tuple(wires), self._values)

    def _wire(self, index: int, source: str, target: str, value: str) -> Wire:
        label = ""
        if self._options.names:
            label = elided(value)
        elif "\n" not in source and "\n" not in target:  # a pill says its own shape
            known = self._values.get(value)
            label = shape_text(known.shape) if known is not None else ""
            label = label if len(label) <= _LONGEST_LABEL else ""
        width = self._lettering.width(self._lettering.label, label) if label else 0.0
        return Wire(str(index), source, target, value, label, width)

    def _box(self, node: Node, *, alone: bool) -> Figure:
        rows = []
        title = node.op_type.rsplit(".", 1)[-1] or "?"
        name = node.name or node.id
        if self._options.names or (alone and node.op_type in _SHAPED_TREES):
            title = name
        elif alone:
            rows.append(Row("", elided(name, 30)))
        rows += [Row(*row) for row in attribute_rows(node, everything=self._options.attributes)]
        if self._options.weights:
            rows += [Row(*row) for row in weight_rows(node)]
        kind = category(node.op_type, node.domain)
        figure = self._figure(node.id, node.id, elided(title), kind, rows, title)
        return replace(figure, faulty=True) if node.fault else figure

    def _pill(self, figure_id: str, name: str) -> Figure:
        value = self._values.get(name)
        shape = shape_text(value.shape) if value is not None else ""
        return self._figure(
            figure_id,
            None,
            elided(name, 30),
            None,
            [Row("", elided(shape, 40))] if shape else [],
            name,
        )

    def _figure(
        self,
        figure_id: str,
        node: str | None,
        title: str,
        kind: Category | None,
        rows: list[Row],
        full: str,
    ) -> Figure:
        letters = self._lettering
        width = letters.width(letters.header, title)
        for row in rows:
            text = letters.width(letters.row, row.text)
            name = letters.width(letters.row, row.name) + NAME_GAP if row.name else 0
            width = max(width, name + text)
        height = HEADER_HEIGHT
        if rows:
            height += len(rows) * ROW_HEIGHT + (2 * ROWS_PADDING if node is not None else 2)
        width = max(_SMALLEST_WIDTH, round(width + 2 * PADDING))
        return Figure(figure_id, node, title, kind, tuple(rows), width, height, full)


def _font(pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)  # the same at any zoom
    return font
