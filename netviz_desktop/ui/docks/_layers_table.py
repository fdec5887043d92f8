"""What every node is and costs, in rows for Qt's item views; sorted and filtered by index."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from netviz_desktop.graph import Dimension, ModelGraph, Node
from netviz_desktop.graph.counts import Counts, Total, total
from netviz_desktop.link.messages import RunFinished
from netviz_desktop.ui.costs import Costs
from netviz_desktop.ui.widgets.labels import plain_tip
from netviz_desktop.ui.widgets.numbers import count, number, shape, short, size

Index = QModelIndex | QPersistentModelIndex

_NOWHERE = QModelIndex()
_LONGEST = 200
_UNKNOWN = "–"
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

Cell = str | int | float | None
"""What a table of numbers holds; None: not known."""


class Layers(QAbstractTableModel):
    """A row a node."""

    def __init__(self, costs: Costs, parent: QObject) -> None:
        super().__init__(parent)
        self._costs = costs
        self._graph: ModelGraph | None = None
        self._run: RunFinished | None = None
        self._rows: list[int] = []
        self._counts: Mapping[str, Counts] = {}
        self._order = (-1, Qt.SortOrder.AscendingOrder)
        costs.changed.connect(self._counted)

    def take(
        self, graph: ModelGraph | None, run: RunFinished | None, found: Collection[str] | None
    ) -> None:
        """Show these nodes, or of them only those that were found."""
        self.beginResetModel()
        self._graph, self._run = graph, run
        self._take_counts()
        nodes = graph.nodes if graph is not None else ()
        wanted = None if found is None else set(found)
        self._rows = [i for i, node in enumerate(nodes) if wanted is None or node.id in wanted]
        self._arrange()
        self.endResetModel()

    def node(self, row: int) -> Node | None:
        """That a row is about."""
        if self._graph is None or not 0 <= row < len(self._rows):
            return None
        return self._graph.nodes[self._rows[row]]

    def row_of(self, node_id: str) -> int:
        """Where a node stands; -1: it is left out."""
        return next((r for r, i in enumerate(self._rows) if self._nodes[i].id == node_id), -1)

    def total(self) -> Total | None:
        """Of all rows; None while nodes are being counted."""
        if self._graph is None or not self._counts:
            return None
        ids = [self._nodes[index].id for index in self._rows]
        return total(self._graph, {node: self._counts[node] for node in ids})

    def milliseconds(self) -> float | None:
        """Of all rows together, in the last run."""
        if self._run is None:
            return None
        spent = self._run.milliseconds
        return sum(spent.get(self._nodes[index].id, 0.0) for index in self._rows)

    def text(self, rows: Iterable[int], separator: str) -> str:
        """A heading and rows with exact numbers, as spreadsheets read them."""
        written = io.StringIO()
        writer = csv.writer(written, delimiter=separator, lineterminator="\n")
        writer.writerow([column.title for column in COLUMNS])
        for row in rows:
            node = self._nodes[self._rows[row]]
            cells = [column.cell(self, node) for column in COLUMNS]
            writer.writerow(["" if cell is None else cell for cell in cells])
        return written.getvalue()

    # --- Qt's model -----------------------------------------------------------------------

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        column = COLUMNS[index.column()]
        cell = column.cell(self, self._nodes[self._rows[index.row()]])
        said = _UNKNOWN if cell is None else column.said(cell) if column.said else str(cell)
        return short(said, _LONGEST) if role == Qt.ItemDataRole.DisplayRole else plain_tip(said)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; by none, -1, in the graph's order. What is not known comes last."""
        self._order = (column, order)
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        nodes = [self._rows[index.row()] for index in before]
        self._arrange()
        place = {index: row for row, index in enumerate(self._rows)}
        after = [self.index(place[n], i.column()) for n, i in zip(nodes, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    # --- what it is made of ---------------------------------------------------------------

    @property
    def _nodes(self) -> tuple[Node, ...]:
        return self._graph.nodes if self._graph is not None else ()

    def cost(self, node: Node) -> Counts | None:
        """None while nodes are being counted."""
        return self._counts.get(node.id)

    def shape(self, node: Node) -> tuple[Dimension, ...] | None:
        """Of its first output: in the last run, or as the file says."""
        name = next(filter(None, node.outputs), "")
        if self._run is not None and name in self._run.shapes:
            return self._run.shapes[name]
        value = self._graph.values.get(name) if self._graph is not None else None
        return value.shape if value is not None else None

    def spent(self, node: Node) -> float | None:
        return self._run.milliseconds.get(node.id) if self._run is not None else None

    def _counted(self) -> None:
        self._take_counts()
        self.sort(*self._order)

    def _take_counts(self) -> None:
        by_node, nodes = self._costs.by_node, self._nodes
        fits = len(by_node) == len(nodes) > 0 and nodes[0].id in by_node and nodes[-1].id in by_node
        self._counts = by_node if fits else {}  # else they are of the graph before

    def _arrange(self) -> None:
        column, order = self._order
        self._rows.sort()
        if column < 0:
            return
        cell = COLUMNS[column].cell
        comparable = cache(_comparable)  # most texts occur many times
        key = {index: comparable(cell(self, self._nodes[index])) for index in self._rows}
        known = [index for index in self._rows if key[index] is not None]
        unknown = [index for index in self._rows if key[index] is None]
        known.sort(key=key.__getitem__, reverse=order == Qt.SortOrder.DescendingOrder)
        self._rows = known + unknown


class Column(NamedTuple):
    """A column: its title, its exact cell, and as a person reads that."""

    title: str
    cell: Callable[[Layers, Node], Cell]
    said: Callable[[Any], str] | None = None


def _shape_of(layers: Layers, node: Node) -> str | None:
    found = layers.shape(node)
    return None if found is None else shape(found)


def _cost(what: str) -> Callable[[Layers, Node], Cell]:
    def cell(layers: Layers, node: Node) -> Cell:
        found = layers.cost(node)
        known: int | None = None if found is None else getattr(found, what)
        return known

    return cell


COLUMNS = (
    Column("Name", lambda _, node: node.name or node.id),
    Column("Type", lambda _, node: node.op_type),
    Column("Scope", lambda _, node: ".".join(node.scope)),
    Column("Output shape", _shape_of),
    Column("Parameters", lambda _, node: node.parameter_count, count),
    Column("Multiply-adds", _cost("multiply_adds"), count),
    Column("Activation bytes", _cost("activation_bytes"), size),
    Column("Time (ms)", Layers.spent, number),
)
_FIRST_NUMBER = 4
_DIGITS = re.compile(r"([0-9]+)")


def _alignment(column: int) -> Qt.AlignmentFlag:
    return _RIGHT if column >= _FIRST_NUMBER else _LEFT


def _comparable(cell: Cell) -> Any:
    """Numbers as they are; in texts, 2 before 10."""
    if not isinstance(cell, str):
        return cell
    parts: list[Any] = _DIGITS.split(cell[:_LONGEST].casefold())
    parts[1::2] = map(int, parts[1::2])
    return parts
