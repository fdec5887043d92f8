"""Find nodes by what is written in and on them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QToolButton, QWidget

from netviz_desktop.graph.search import SearchIndex, Word, type_search, words
from netviz_desktop.problems import Problem
from netviz_desktop.ui import icons
from netviz_desktop.ui.operations.results import Results
from netviz_desktop.ui.scene import GraphView
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Notice
from netviz_desktop.ui.widgets.layouts import column, row

_HINT = "Find by name, type, scope, attribute, shape, data type, weight or value"
_ROOM_FOR_BUTTONS = 400  # pixels
_TIP = """<table cellspacing="4">
<tr><td colspan="2">All words must be found, in any case, anywhere in a node,<br>
or where a word says:</td></tr>
<tr><td><b>op:Conv</b></td><td>type</td></tr>
<tr><td><b>name:head</b></td><td>name</td></tr>
<tr><td><b>scope:layer3</b></td><td>module that it is in</td></tr>
<tr><td><b>attr:stride=2</b></td><td>attribute</td></tr>
<tr><td><b>shape:64x7x7</b></td><td>sizes in the shape of an output or a weight</td></tr>
<tr><td><b>dtype:float16</b></td><td>data type of an output or a weight</td></tr>
<tr><td><b>weight:bias</b></td><td>name of a weight</td></tr>
<tr><td><b>value:logits</b></td><td>name of a value</td></tr>
<tr><td><b>op:"Conv"</b></td><td>in quotes: the whole of it, with spaces</td></tr>
<tr><td colspan="2">Enter goes to the next, Alt+Enter selects all.</td></tr>
</table>"""


class FindBar(QFrame):
    """Above the graph while somebody searches; Enter goes to the next, Shift+Enter back."""

    closed = Signal()

    def __init__(self, view: GraphView, selection: Selection, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("FindBar")
        self._view = view
        self._selection = selection
        self._index: SearchIndex | None = None
        self._search: tuple[Word, ...] = ()
        self.found: list[str] = []
        """Ids of the nodes that were found."""
        self._at = -1
        """Of what was found: the one in view, -1 for none."""
        self._is_chosen = False
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(_HINT)
        self.field.setToolTip(_TIP)
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._find)
        self.count = QLabel(self)
        self.regular = self._button("Words are regular expressions (Alt+R)", self._find)
        self.regular.setText(".*")
        self.regular.setCheckable(True)
        self.regular.setShortcut("Alt+R")
        self._previous = self._button("Previous (Shift+Enter)", self.previous)
        self._next = self._button("Next (Enter)", self.next)
        self._listing = self._button("List what is found", self._list)
        self._listing.setCheckable(True)
        self._listing.setChecked(True)
        self._close = self._button("Close (Esc)", self.dismiss)
        self.refusal = Notice(parent=self)
        self.refusal.hide()
        self.results = Results(self)
        self.results.hide()
        self.results.chosen.connect(self._choose)
        parts = (self.regular, self.count, self._previous, self._next, self._listing, self._close)
        line = row(self.field, *parts, spacing=4)
        line.setStretch(0, 1)
        layout = column(self, line, self.refusal, self.results, spacing=6)
        layout.setContentsMargins(10, 6, 8, 6)
        selection.model_changed.connect(self._graph_changed)
        selection.run_changed.connect(self._graph_changed)
        selection.page_changed.connect(self._graph_changed)
        self._draw()
        self.hide()

    def begin(self) -> None:
        self.show()
        self._find()  # what was searched for last
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def find_type(self, op_type: str) -> None:
        """Find all nodes of a type, and select them."""
        self.regular.setChecked(False)
        self.field.setText(type_search(op_type))
        self.begin()
        self.select_all()

    def find_its_type(self) -> None:
        """Select all nodes of the selected one's type."""
        node = self._selection.selected_node
        if node is not None:
            self.find_type(node.op_type)

    def select_all(self) -> None:
        """Select all that is found; docks show the one in view."""
        if self.found:
            self._is_chosen = True
            shown = self.found[self._at]
            self._selection.set_nodes([*(node for node in self.found if node != shown), shown])

    def dismiss(self) -> None:
        self.hide()
        self._view.mark_found([])
        self._view.setFocus()
        self.closed.emit()

    def next(self) -> None:
        """Also without the bar; it comes where nothing has been found yet."""
        self._step(1)

    def previous(self) -> None:
        self._step(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        enters = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enters and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.select_all()
        elif enters:
            self._step(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Down:
            self.next()
        elif event.key() == Qt.Key.Key_Up:
            self.previous()
        elif event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for button in (self._previous, self._next):  # the keys do the same
            button.setVisible(self.width() >= _ROOM_FOR_BUTTONS)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "results"):
            self._draw()
        super().changeEvent(event)

    def _find(self) -> None:
        """Looks at the first of what is found, or at the selected one, and chooses nothing yet."""
        text = self.field.text()
        index = self._selection.search_index
        try:
            search = words(text, regular=self.regular.isChecked())
            found = index.find(search) if index is not None else []
        except Problem as problem:  # what was found before stays: it is half written
            self.refusal.say(problem.what)
            return
        self.refusal.say("")
        self._index, self._search, self.found = index, search, found
        self._view.mark_found(self.found)
        self._at, self._is_chosen = -1, False
        self._list()
        if self.found:
            node = self._selection.node
            self._look_at(self.found.index(node) if node in self.found else 0, opening=False)
        else:
            self.count.setText("None" if self._search else "")

    def _graph_changed(self) -> None:
        self.found = []  # they may not be nodes any more
        if self.isVisible():
            self._find()

    def _list(self) -> None:
        listed = self.found if self._listing.isChecked() else []
        self.results.show_found(self._index, self._search, listed)
        if listed and self._at >= 0:
            self.results.point_at(self._at)

    def _step(self, by: int) -> None:
        """Choose the one in view, or if it is chosen already, the next."""
        if self.found:
            self._choose(self._at + by if self._is_chosen else self._at)
        elif not self.isVisible():
            self.begin()

    def _choose(self, index: int) -> None:
        self._look_at(index)
        self._is_chosen = True
        self._selection.set_node(self.found[self._at])

    def _look_at(self, index: int, *, opening: bool = True) -> None:
        self._at = index % len(self.found)
        self.count.setText(f"{self._at + 1:,} of {len(self.found):,}")
        if self._listing.isChecked():
            self.results.point_at(self._at)
        self._view.center_on(self.found[self._at], opening=opening)

    def _button(self, tip: str, action: object) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(tip)
        button.setIconSize(QSize(16, 16))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(action)
        return button

    def _draw(self) -> None:
        for button, name in (
            (self._previous, "previous"),
            (self._next, "next"),
            (self._listing, "list"),
            (self._close, "close"),
        ):
            button.setIcon(icons.icon(name))
