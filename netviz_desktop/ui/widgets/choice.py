"""One of several, chosen from a list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

_ROWS = 10


class ChoiceDialog(QDialog):
    """`chosen` is what was chosen, once it is accepted.

    Args:
        other: what to write where the person may also name what is not in the list; empty:
            they may not.
    """

    def __init__(
        self,
        title: str,
        question: str,
        choices: Sequence[str],
        *,
        current: str = "",
        other: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        asked = QLabel(question, self)
        asked.setTextFormat(Qt.TextFormat.PlainText)  # it quotes names of files
        asked.setWordWrap(True)
        self.list = QListWidget(self)
        self.list.addItems(list(choices))
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setSpacing(3)
        row = self.list.sizeHintForRow(0) + 6
        self.list.setFixedHeight(row * min(max(len(choices), 3), _ROWS) + 12)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(other)
        self.field.setVisible(bool(other))
        self.field.textEdited.connect(self._typed)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._open = self._buttons.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        self._open.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.list.itemDoubleClicked.connect(lambda _item: self.accept())
        self.list.itemSelectionChanged.connect(self._selected)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(14)
        column.addWidget(asked)
        column.addWidget(self.list, 1)
        column.addWidget(self.field)
        column.addWidget(self._buttons)
        self.setMinimumWidth(520)
        self.list.setCurrentRow(list(choices).index(current) if current in choices else 0)
        self._selected()

    @property
    def chosen(self) -> str:
        typed = self.field.text().strip()
        item = self.list.currentItem()
        return typed or (item.text() if item is not None else "")

    def _selected(self) -> None:
        if self.list.selectedItems():
            self.field.clear()
        self._open.setEnabled(bool(self.chosen))

    def _typed(self) -> None:
        if self.field.text():
            self.list.clearSelection()
        self._open.setEnabled(bool(self.chosen))
