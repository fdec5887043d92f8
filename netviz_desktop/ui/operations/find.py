"""Find nodes by what is written in and on them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from netviz_desktop.ui import icons
from netviz_desktop.ui.scene import GraphView
from netviz_desktop.ui.selection import Selection


class FindBar(QFrame):
    """Above the graph while somebody searches; Enter goes to the next, Shift+Enter back."""

    closed = Signal()

    def __init__(self, view: GraphView, selection: Selection, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("FindBar")
        self._view = view
        self._selection = selection
        self._found: list[str] = []
        self._at = -1
        """Of what was found: the one in view, -1 for none."""
        self._is_chosen = False
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Find nodes by name, type or value")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._search)
        self.count = QLabel(self)
        self.count.setMinimumWidth(72)
        self._previous = self._button("Previous (Shift+Enter)", self.previous)
        self._next = self._button("Next (Enter)", self.next)
        self._close = self._button("Close (Esc)", self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        for part in (self.count, self._previous, self._next, self._close):
            row.addWidget(part)
        selection.model_changed.connect(self._model_changed)
        self._draw()
        self.hide()

    def begin(self) -> None:
        self.show()
        self._search()  # what was searched for last
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def dismiss(self) -> None:
        self.hide()
        self._view.find("")  # nothing is marked any more
        self._view.setFocus()
        self.closed.emit()

    def next(self) -> None:
        self._step(1)

    def previous(self) -> None:
        self._step(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._step(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Down:
            self.next()
        elif event.key() == Qt.Key.Key_Up:
            self.previous()
        elif event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_close"):
            self._draw()
        super().changeEvent(event)

    def _search(self) -> None:
        """Looks at the first of what is found, and chooses nothing yet."""
        text = self.field.text().strip()
        self._found = self._view.find(text)
        self._at, self._is_chosen = -1, False
        if self._found:
            self._look_at(0, opening=False)
        else:
            self.count.setText("None" if text else "")

    def _model_changed(self) -> None:
        if self.isVisible():
            self._search()

    def _step(self, by: int) -> None:
        """Choose the one in view, or if it is chosen already, the next."""
        if self._found:
            self._look_at(self._at + by if self._is_chosen else self._at)
            self._is_chosen = True
            self._selection.set_node(self._found[self._at])

    def _look_at(self, index: int, *, opening: bool = True) -> None:
        self._at = index % len(self._found)
        self.count.setText(f"{self._at + 1} of {len(self._found)}")
        self._view.center_on(self._found[self._at], opening=opening)

    def _button(self, tip: str, action: object) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(tip)
        button.setIconSize(QSize(16, 16))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(action)
        return button

    def _draw(self) -> None:
        self._previous.setIcon(icons.icon("previous"))
        self._next.setIcon(icons.icon("next"))
        self._close.setIcon(icons.icon("close"))
