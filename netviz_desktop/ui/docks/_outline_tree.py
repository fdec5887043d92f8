"""The tree of scopes and nodes for Qt's item views; rows are made where somebody looks."""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate, pairwise
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from netviz_desktop.graph import Node
from netviz_desktop.graph.scopes import Scope, Scopes
from netviz_desktop.ui import theme
from netviz_desktop.ui.costs import Costs
from netviz_desktop.ui.scene.captions import scope_title, short_count
from netviz_desktop.ui.widgets.labels import plain_tip
from netviz_desktop.ui.widgets.numbers import count, counted, short

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("Name", "Nodes", "Parameters", "Mult-adds")
_LONGEST = 80
_UNKNOWN = "–"
_NOWHERE = QModelIndex()
_ALIGNED = (
    Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
)


class OutlineTree(QAbstractItemModel):
    """An item's number is that of its scope in `Scopes.all`, or behind these its node's."""

    def __init__(self, costs: Costs, parent: QObject) -> None:
        super().__init__(parent)
        self._costs = costs
        self._scopes: Scopes | None = None
        self._wanted: Collection[int] | None = None
        self._children: dict[int, list[int]] = {}
        self._rows: dict[int, int] = {}
        self._outer: dict[int, int] = {}
        self._parameters: dict[int, int] = {}
        self._work: list[int] = []
        self._unknown: list[int] = []
        self._at: dict[int, int] = {}
        costs.changed.connect(self._counted)

    def take(self, scopes: Scopes | None, found: Collection[str] | None = None) -> None:
        """Show these; of their nodes only those that were found, where something is sought."""
        self.beginResetModel()
        if scopes is not self._scopes:
            self._scopes, self._parameters = scopes, {}
            self._sum_up()
        self._children, self._rows, self._outer = {}, {}, {}
        self._wanted = None if scopes is None or found is None else _with_scopes(scopes, found)
        self.endResetModel()

    def part(self, index: Index) -> Scope | Node | None:
        """What an index stands for."""
        return self._part(index.internalId()) if index.isValid() else None

    def index_of(self, part: Scope | str) -> QModelIndex:
        """Where a scope or a node is; nowhere when it is left out."""
        scopes = self._scopes
        if scopes is None:
            return QModelIndex()
        if isinstance(part, str):
            around = scopes.around(part)
            owner = scopes.number(around[-1]) if around else 0
            path = [len(scopes.all) + scopes.place(part), owner]
        elif part.id in scopes.by_id:
            path = [scopes.number(part)]
        else:  # what folds some members of a run stands for the run
            path = [scopes.all[part.members[0]].parent]
        while path[-1] > 0:
            path.append(scopes.all[path[-1]].parent)
        for inner, outer in pairwise(path):
            if inner not in self._below(outer):
                return QModelIndex()
        return self.createIndex(self._rows[path[0]], 0, path[0])

    # --- Qt's model -----------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        below = self._below(parent.internalId() if parent.isValid() else 0)
        if not (0 <= row < len(below) and 0 <= column < len(COLUMNS)):
            return QModelIndex()
        return self.createIndex(row, column, below[row])

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override] # QObject has one, too
        number = index.internalId() if index.isValid() else 0
        outer = self._outer.get(number, 0)
        return self.createIndex(self._rows[outer], 0, outer) if outer else QModelIndex()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if parent.column() > 0:
            return 0
        return len(self._below(parent.internalId() if parent.isValid() else 0))

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        """Without looking inside."""
        scopes = self._scopes
        return scopes is not None and (not parent.isValid() or self._is_scope(parent.internalId()))

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        del parent
        return len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNED[section > 0]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        number, column = index.internalId(), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._name(number) if column == 0 else self._figure(number, column)
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._tip(number))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _ALIGNED[column > 0]
            case Qt.ItemDataRole.ForegroundRole if column > 0:
                return QColor(theme.current().muted)
        return None

    # --- what the items are ---------------------------------------------------------------

    def _is_scope(self, number: int) -> bool:
        return self._scopes is not None and number < len(self._scopes.all)

    def _part(self, number: int) -> Scope | Node | None:
        scopes = self._scopes
        if scopes is None:
            return None
        if self._is_scope(number):
            return scopes.all[number]
        return scopes.graph.nodes[number - len(scopes.all)]

    def _below(self, number: int) -> list[int]:
        """The items in a scope, in the graph's order."""
        scopes = self._scopes
        if scopes is None or not self._is_scope(number):
            return []
        if number not in self._children:
            scope = scopes.all[number]
            inner = [i for i in scope.members or scope.children if scopes.all[i].count]
            inside = [len(scopes.all) + node for node in scope.nodes]
            if self._wanted is not None:
                inner, inside = (
                    list(filter(self._wanted.__contains__, x)) for x in (inner, inside)
                )
            first = {i: min(scopes.order[scopes.all[i].start : scopes.all[i].stop]) for i in inner}
            first |= {i: i - len(scopes.all) for i in inside}
            below = sorted((*inner, *inside), key=first.__getitem__)
            self._children[number] = below
            self._rows |= {item: row for row, item in enumerate(below)}
            self._outer |= dict.fromkeys(below, number)
        return self._children[number]

    # --- what is said of them -------------------------------------------------------------

    def _name(self, number: int) -> str:
        part, scopes = self._part(number), self._scopes
        if isinstance(part, Scope) and scopes is not None:
            kind = scopes.kind(part).rpartition(".")[2]
            name = scope_title(part)
        elif isinstance(part, Node):
            kind = part.op_type
            name = part.name or part.id
            name = name.replace("/", ".").rstrip(".").rpartition(".")[2]
        else:
            return ""
        both = f"{name}  {kind}" if kind and kind.lower() != name.lower() else name
        return short(both, _LONGEST)

    def _figure(self, number: int, column: int) -> str:
        nodes, parameters, work, unknown = self._figures(number)
        if column == 1:
            return count(nodes) if self._is_scope(number) else ""
        if column == 2:
            return short_count(parameters) if parameters else ""
        if not self._work or (unknown and not work):
            return _UNKNOWN if self._work else ""
        return (f"≥ {short_count(work)}" if unknown else short_count(work)) if work else ""

    def _tip(self, number: int) -> str:
        part = self._part(number)
        nodes, parameters, work, unknown = self._figures(number)
        if isinstance(part, Node):
            said = [part.op_type, part.name or part.id]
        elif isinstance(part, Scope):
            said = [".".join(part.path) or part.name, counted(nodes, "node")]
        else:
            return ""
        if parameters:
            said.append(counted(parameters, "parameter"))
        if work:
            without = f", without {counted(unknown, 'node')} of unknown shape" if unknown else ""
            said.append(counted(work, "multiply-add") + without)
        return " · ".join(said)

    def _figures(self, number: int) -> tuple[int, int, int, int]:
        """Nodes, parameters, multiply-adds, and nodes whose multiply-adds are not known."""
        part, scopes = self._part(number), self._scopes
        if scopes is None or part is None:
            return 0, 0, 0, 0
        if isinstance(part, Node):
            at = self._at[number - len(scopes.all)] if self._work else 0
            span = (at, at + 1)
            parameters = part.parameter_count
        else:
            span = (part.start, part.stop)
            if number not in self._parameters:
                self._parameters[number] = scopes.parameters(part)
            parameters = self._parameters[number]
        if not self._work:
            return span[1] - span[0], parameters, 0, 0
        work, unknown = (sums[span[1]] - sums[span[0]] for sums in (self._work, self._unknown))
        return span[1] - span[0], parameters, work, unknown

    def _counted(self) -> None:
        self._sum_up()
        self.layoutChanged.emit()

    def _sum_up(self) -> None:
        """Running sums in the scopes' own order: any scope is the difference of two."""
        self._work, self._unknown, self._at = [], [], {}
        scopes, by_node = self._scopes, self._costs.by_node
        if scopes is None or not by_node or len(by_node) != len(scopes.graph.nodes):
            return
        ids = [scopes.graph.nodes[index].id for index in scopes.order]
        if ids[0] not in by_node or ids[-1] not in by_node:
            return  # still those of the graph before
        work = [by_node[node].multiply_adds for node in ids]
        self._work = [0, *accumulate(number or 0 for number in work)]
        self._unknown = [0, *accumulate(int(number is None) for number in work)]
        self._at = {index: at for at, index in enumerate(scopes.order)}


def _with_scopes(scopes: Scopes, found: Collection[str]) -> Collection[int]:
    """The nodes, and the scopes that they are in."""
    wanted: set[int] = set()
    for node in found:
        wanted.add(len(scopes.all) + scopes.place(node))
        for scope in reversed(scopes.around(node)):
            number = scopes.number(scope)
            if number in wanted:
                break
            wanted.add(number)
    return wanted
