"""What was found, as a list: which node, of which type, and where in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from netviz_desktop.graph.search import FIELDS, SearchIndex, Word
from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets.labels import plain_tip
from netviz_desktop.ui.widgets.numbers import short

_ROWS = 6
_REASON_SHARE = 0.36
_Mode = QHeaderView.ResizeMode
_LONGEST = 120
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class Results(QTreeView):
    """As high as what it lists, up to six rows."""

    chosen = Signal(int)
    """A row was clicked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._found = _Found(self)
        self.setModel(self._found)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)  # or it would ask every row
        self.setHeaderHidden(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys go on writing what to find
        self.setItemDelegateForColumn(0, _NamesByTheirEnd(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setStretchLastSection(False)
        header.setResizeContentsPrecision(0)  # of the rows that are seen
        for column, mode in enumerate((_Mode.Stretch, _Mode.ResizeToContents, _Mode.Fixed)):
            header.setSectionResizeMode(column, mode)
        self.setAccessibleName("What was found")
        self.clicked.connect(lambda index: self.chosen.emit(index.row()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.header().resizeSection(2, round(_REASON_SHARE * self.viewport().width()))

    def show_found(
        self, index: SearchIndex | None, search: Sequence[Word], found: list[str]
    ) -> None:
        self._found.take(index, search, found)
        rows = min(len(found), _ROWS)
        height = self.sizeHintForRow(0) if found else 0
        self.setFixedHeight(rows * height + 2)
        self.setVisible(bool(found))

    def point_at(self, row: int) -> None:
        """Mark the one in view."""
        index = self._found.index(row, 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)


class _NamesByTheirEnd(QStyledItemDelegate):
    """What comes first in a name is what many have in common."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideLeft


class _Found(QAbstractTableModel):
    """Says where something was found only for the rows that are seen."""

    def __init__(self, parent: Results) -> None:
        super().__init__(parent)
        self._index: SearchIndex | None = None
        self._search: Sequence[Word] = ()
        self._found: list[str] = []

    def take(self, index: SearchIndex | None, search: Sequence[Word], found: list[str]) -> None:
        self.beginResetModel()
        self._index, self._search, self._found = index, search, found
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._found)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.ForegroundRole and index.column() > 0:
            return QColor(theme.current().muted)
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        text = self._text(index.row(), index.column())
        return short(text, _LONGEST) if role == Qt.ItemDataRole.DisplayRole else plain_tip(text)

    def _text(self, row: int, column: int) -> str:
        if self._index is None:
            return ""
        node = self._index.graph.node(self._found[row])
        if column < 2:
            return (node.name or node.id, node.op_type)[column]
        reason = self._index.reason(node.id, self._search)
        said = FIELDS[reason.field]
        return said if reason.field in ("op", "name") else f"{said}: {reason.text}"
