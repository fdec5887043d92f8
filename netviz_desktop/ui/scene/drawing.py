"""What is in each box and on each line, and how large it is, before anything has a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication

from netviz_desktop.graph import ModelGraph, Node, Value, collector
from netviz_desktop.graph.category import Category, category
from netviz_desktop.graph.scopes import Link, Opened, Scope, Scopes, Visible, input_id, output_id
from netviz_desktop.layout import Box, Edge, Frame
from netviz_desktop.ui.scene.captions import (
    attribute_rows,
    body_rows,
    elided,
    scope_rows,
    scope_title,
    shape_text,
    weight_rows,
)
from netviz_desktop.ui.scene.hubs import Hub, without_hubs

HEADER_HEIGHT = 22.0
ROW_HEIGHT = 14.0
PADDING = 9.0
ROWS_PADDING = 5.0
LABEL_HEIGHT = 13.0
TITLE_HEIGHT = 24.0
"""Of the bar above what is in a frame."""
BUTTON = 14.0
"""The side of what opens a box, or closes a frame, and of each end of a run's steps."""
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
    chips: bool = False
    """Whether what very many boxes read is named in them, in place of lines."""


@dataclass(frozen=True)
class Row:
    """A line under the header: a name, and what it is.

    Args:
        follows: it is a chip: the name of a value that leads from here to its source, or at
            its source to those that read it.
    """

    name: str
    text: str
    follows: str = ""


@dataclass(frozen=True)
class Figure:
    """A box.

    Args:
        node: the node it is; None: a closed scope, or an input or output of the graph.
        full: all of what `title` may have cut short.
        scope: the closed scope it is.
        frame: the id of the frame it is in; empty for none.
        faulty: because of it, or of something in it, the model cannot be run.
    """

    id: str
    node: str | None
    title: str
    category: Category | None
    rows: tuple[Row, ...]
    width: float
    height: float
    full: str
    scope: Scope | None = None
    frame: str = ""
    faulty: bool = False

    @property
    def is_end(self) -> bool:
        """An input or output of the graph."""
        return self.node is None and self.scope is None

    @property
    def rows_top(self) -> float:
        """Where the rows begin, from its upper side."""
        return HEADER_HEIGHT + (-3 if self.is_end else ROWS_PADDING)

    def row_at(self, y: float) -> Row | None:
        """The row that is so far below its upper side."""
        index = int((y - self.rows_top) // ROW_HEIGHT)
        return self.rows[index] if 0 <= index < len(self.rows) else None


@dataclass(frozen=True)
class Border:
    """A frame around what is in an open scope.

    Args:
        width: of its title and buttons.
        depth: frames around it.
        frame: the id of the one directly around it; empty for none.
        step: of a run that shows one member: which one.
    """

    id: str
    scope: Scope
    title: str
    detail: str
    width: float
    depth: int
    frame: str = ""
    step: int | None = None


@dataclass(frozen=True)
class Wire:
    """A line: a value on its way from one figure to another.

    Args:
        others: further values that take the same line, between scopes.
        input: between nodes: which of the target's inputs it is; else -1.
        is_inferred: neither the file nor a run says what the label does.
    """

    id: str
    source: str
    target: str
    value: str
    label: str
    label_width: float
    others: tuple[str, ...] = ()
    input: int = -1
    is_inferred: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        return (self.value, *self.others)


@dataclass(frozen=True)
class Drawing:
    """All figures, wires and borders of a graph."""

    figures: tuple[Figure, ...]
    wires: tuple[Wire, ...]
    values: Mapping[str, Value] = field(default_factory=dict)
    borders: tuple[Border, ...] = ()
    seen_as: Mapping[str, str] = field(default_factory=dict)
    """Node id -> the id of its figure: that of a closed scope, where it is in one."""
    hubs: Mapping[str, Hub] = field(default_factory=dict)
    """Values that figures name in chips, in place of lines."""

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(Box(f.id, f.width, f.height, f.frame) for f in self.figures)

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(Frame(b.id, b.width, TITLE_HEIGHT, b.frame) for b in self.borders)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(
            Edge(w.id, w.source, w.target, w.label_width, LABEL_HEIGHT if w.label else 0)
            for w in self.wires
        )


def step_text(run: Scope, step: int | None) -> str:
    """Which member of a run is shown."""
    return f"{'all' if step is None else step + 1} of {len(run.members)}"


class Lettering:
    """The fonts of the canvas, in pixels at 100 %, and the widths of texts in them."""

    def __init__(self) -> None:
        self.header = _font(11, QFont.Weight.Medium)
        self.row = _font(9)
        self.label = _font(10)
        self.inferred = _font(10)
        """Of labels that say what was inferred."""
        self.inferred.setItalic(True)
        self._widths: dict[tuple[int, str], float] = {}
        self._metrics = {
            id(font): QFontMetricsF(font)
            for font in (self.header, self.row, self.label, self.inferred)
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
    scopes: Scopes | None = None,
    opened: Opened | None = None,
) -> Drawing:
    """The graph's figures and wires.

    Args:
        shapes: what a run has found the values' shapes to be.
        scopes: the graph's, if they are known already.
        opened: which of them are open; None: all.
    """
    scopes = scopes if scopes is not None else Scopes(graph)
    opened = opened if opened is not None else scopes.everything()
    values = dict(graph.values)
    for name, shape in (shapes or {}).items():
        known = values.get(name)
        dtype = known.dtype if known is not None else None
        values[name] = Value(name, tuple(shape), dtype, "observed")
    with collector.at_rest():
        return _Draughtsman(scopes, opened, options, lettering, values).drawing()


class _Draughtsman:
    def __init__(
        self,
        scopes: Scopes,
        opened: Opened,
        options: Options,
        lettering: Lettering,
        values: dict[str, Value],
    ) -> None:
        self._scopes = scopes
        self._opened = opened
        self._options = options
        self._lettering = lettering
        self._values = values
        self._chips: Mapping[str, Sequence[Row]] = {}

    def drawing(self) -> Drawing:
        graph, visible = self._scopes.graph, self._scopes.visible(self._opened)
        links: Sequence[Link] = visible.links
        hubs: Mapping[str, Hub] = {}
        if self._options.chips:
            links, hubs = without_hubs(links, [box.id for box in visible.boxes])
        self._chips = _chips(hubs)
        wires = tuple(self._wire(index, link) for index, link in enumerate(links))
        # an input that nothing reads, or an output that nothing computes, stands there alone
        inputs = [self._pill(input_id(name), name) for name in dict.fromkeys(graph.inputs)]
        boxes = [
            self._closed(box)
            if isinstance(box, Scope)
            else self._box(box, visible.frame_of.get(box.id, ""), alone=not wires)
            for box in visible.boxes
        ]
        faulty = {visible.box_of[node.id] for node in graph.nodes if node.fault}
        boxes = [
            replace(box, frame=visible.frame_of.get(box.id, ""), faulty=box.id in faulty)
            if box.id in visible.frame_of or box.id in faulty
            else box
            for box in boxes
        ]
        outputs = [self._pill(output_id(name), name) for name in dict.fromkeys(graph.outputs)]
        figures = (*inputs, *boxes, *outputs)
        return Drawing(figures, wires, self._values, self._borders(visible), visible.box_of, hubs)

    def _wire(self, index: int, link: Link) -> Wire:
        label, is_inferred = "", False
        if len(link.values) > 1:
            label = f"{len(link.values)} tensors"
        elif self._options.names:
            label = elided(link.values[0])
        elif not link.source.startswith("in\n") and not link.target.startswith("out\n"):
            known = self._values.get(link.values[0])  # a pill says its own shape
            label = shape_text(known.shape) if known is not None else ""
            label = label if len(label) <= _LONGEST_LABEL else ""
            is_inferred = known is not None and known.origin == "inferred"
        font = self._lettering.inferred if is_inferred else self._lettering.label
        width = self._lettering.width(font, label) if label else 0.0
        value, *others = link.values
        ends = str(index), link.source, link.target
        return Wire(*ends, value, label, width, tuple(others), link.input, is_inferred=is_inferred)

    def _borders(self, visible: Visible) -> tuple[Border, ...]:
        letters = self._lettering
        depth: dict[str, int] = {}
        borders = []
        for scope in visible.frames:
            outer = visible.frame_of.get(scope.id, "")
            depth[scope.id] = depth[outer] + 1 if outer else 0
            step = self._opened.step(scope.id) if scope.members else None
            title, detail = elided(scope_title(scope), 40), elided(self._scopes.kind(scope), 30)
            width = BUTTON + 6 + letters.width(letters.header, title)
            width += letters.width(letters.row, detail) + 8 if detail else 0
            if scope.members:
                width += 2 * BUTTON + letters.width(letters.row, step_text(scope, step)) + 16
            borders.append(
                Border(scope.id, scope, title, detail, width, depth[scope.id], outer, step)
            )
        return tuple(borders)

    def _closed(self, scope: Scope) -> Figure:
        rows = [Row(*row) for row in scope_rows(self._scopes, scope, self._values)]
        title = scope_title(scope)
        return self._figure(scope.id, None, elided(title, 30), None, rows, title, scope=scope)

    def _box(self, node: Node, frame: str, *, alone: bool) -> Figure:
        rows = []
        title = node.op_type.rsplit(".", 1)[-1] or "?"
        name = node.name or node.id
        if alone and (around := self._scopes.by_id.get(frame)) is not None:
            name = name.removeprefix(".".join((*around.path, "")))  # the frame says it
        if self._options.names or (alone and node.op_type in _SHAPED_TREES):
            title = name
        elif alone:
            rows.append(Row("", elided(name, 30)))
        rows += [Row(*row) for row in body_rows(node)]
        rows += [Row(*row) for row in attribute_rows(node, everything=self._options.attributes)]
        if self._options.weights:
            rows += [Row(*row) for row in weight_rows(node)]
        kind = category(node.op_type, node.domain)
        return self._figure(node.id, node.id, elided(title), kind, rows, title)

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
        scope: Scope | None = None,
    ) -> Figure:
        letters = self._lettering
        rows = [*rows, *self._chips.get(figure_id, ())]
        width = letters.width(letters.header, title)
        if scope is not None:
            width += BUTTON + 6
        for row in rows:
            text = letters.width(letters.row, row.text)
            name = letters.width(letters.row, row.name) + NAME_GAP if row.name else 0
            width = max(width, name + text)
        height = HEADER_HEIGHT
        if rows:
            is_end = node is None and scope is None
            height += len(rows) * ROW_HEIGHT + (2 if is_end else 2 * ROWS_PADDING)
        width = max(_SMALLEST_WIDTH, round(width + 2 * PADDING))
        return Figure(figure_id, node, title, kind, tuple(rows), width, height, full, scope)


def _chips(hubs: Mapping[str, Hub]) -> Mapping[str, Sequence[Row]]:
    """The rows of figures that name hubs."""
    found: dict[str, list[Row]] = {}
    for value, hub in hubs.items():
        found.setdefault(hub.source, []).append(Row("", f"→ {len(hub.readers):,} uses", value))
        for reader in hub.readers:
            found.setdefault(reader, []).append(Row("", f"← {elided(value, 24)}", value))
    return found


def _font(pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)  # the same at any zoom
    return font
