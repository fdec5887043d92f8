"""Numbers in rows and columns, as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from netviz_desktop.ui.widgets.numbers import number

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_CELL_WIDTH = 76
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class NumberTable(QTableView):
    """What is selected can be copied for a spreadsheet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers = _Numbers(self)
        self.setModel(self.numbers)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setAccessibleName("Numbers")
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setDefaultSectionSize(_CELL_WIDTH)
        down.setDefaultSectionSize(self.fontMetrics().height() + 6)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for header in (across, down):
            header.setHighlightSections(False)

    def show_rows(self, rows: NDArray[Any]) -> None:
        """Show (R, C) numbers."""
        self.numbers.take(rows)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        chosen = self.selectionModel().selectedIndexes()
        if not chosen:
            return
        rows = sorted({index.row() for index in chosen})
        columns = sorted({index.column() for index in chosen})
        part = self.numbers.rows[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        text = "\n".join("\t".join(str(one) for one in row) for row in part)
        QGuiApplication.clipboard().setText(text)


class _Numbers(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: NDArray[Any] = np.zeros((0, 0))

    def take(self, rows: NDArray[Any]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else self.rows.shape[0]

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else self.rows.shape[1]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        del orientation
        return section if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT
        one = self.rows[index.row(), index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(one)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return number(float(one)) if isinstance(one, np.floating) else str(one)
