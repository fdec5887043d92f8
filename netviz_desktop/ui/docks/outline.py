"""The modules of the model as a tree, with what each holds."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHeaderView, QLineEdit, QStackedWidget, QTreeView, QWidget

from netviz_desktop.graph import Node
from netviz_desktop.graph.scopes import Scope, Scopes
from netviz_desktop.graph.search import words
from netviz_desktop.ui.costs import Costs
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.docks._outline_tree import OutlineTree
from netviz_desktop.ui.docks._reasons import NO_MODEL
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Message
from netviz_desktop.ui.widgets.layouts import GRID, column

_ROOM = {1: 400, 3: 320}
"""Columns that need so many pixels to be there; names and parameters always are."""
_INDENTATION = 12
_TIP = "A double click or Enter opens a module on the canvas, or closes it."
_FEW = 200  # nodes that are found: shown without being asked to unfold


class OutlineDock(Following):
    """A click selects; a double click or Enter opens the scope on the canvas, or closes it."""

    ID = "outline"
    TITLE = "Outline"
    AREA = Qt.DockWidgetArea.LeftDockWidgetArea
    ORDER = 40
    TABS = "node"
    FOLLOWS = ("model", "run", "page", "node", "scope")

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self._costs = Costs.of(selection)
        self._scopes: Scopes | None = None
        self._follows_itself = False
        self.field = QLineEdit()
        self.field.setPlaceholderText("Filter: conv, scope:layer3, …")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.tree = OutlineTree(self._costs, self)
        self.view = QTreeView()
        self.view.setModel(self.tree)
        self.view.setUniformRowHeights(True)  # or it would ask every row
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setExpandsOnDoubleClick(False)
        self.view.setIndentation(_INDENTATION)
        self.view.setAccessibleName("Outline")
        self.view.header().setToolTip(_TIP)
        header = self.view.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setResizeContentsPrecision(0)  # of the rows that are seen
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.view.selectionModel().currentChanged.connect(self._chosen)
        self.view.activated.connect(self._asked_to_open)
        self.message = Message()
        self.message.say(NO_MODEL.what, NO_MODEL.remedy)
        page = QWidget()
        column(page, self.field, self.view, margin=GRID)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.message)
        self._pages.addWidget(page)
        self.setWidget(self._pages)

    def refresh(self) -> None:
        self._costs.ask()
        scopes = self.selection.scopes
        self._pages.setCurrentIndex(0 if scopes is None else 1)
        if scopes is not self._scopes:
            self._scopes = scopes
            self._filter()
        self._follow()
        self.shown.emit(self.selection.node or "")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.FocusIn:
            _ = self.selection.search_index  # ready when the first letter comes
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for number, room in _ROOM.items():
            self.view.setColumnHidden(number, self.width() < room)

    def _filter(self) -> None:
        """What of the model is shown, and which of it is unfolded."""
        search = words(self.field.text())
        index = self.selection.search_index
        found = index.find(search) if search and index is not None else None
        self._follows_itself = True
        self.tree.take(self._scopes, found)
        if found is not None and len(found) <= _FEW:
            self.view.expandAll()
        self._follows_itself = False
        self._follow()

    def _follow(self) -> None:
        """Bring what is selected into view."""
        part: Scope | str | None = self.selection.scope or self.selection.node
        known = self.selection.graph is not None and (
            not isinstance(part, str) or part in self.selection.graph
        )
        index = self.tree.index_of(part) if part is not None and known else QModelIndex()
        self._follows_itself = True
        self.view.setCurrentIndex(index)
        if index.isValid():
            self.view.scrollTo(index)
        self._follows_itself = False

    def _chosen(self, index: QModelIndex) -> None:
        part = self.tree.part(index)
        if self._follows_itself or part is None:
            return
        if isinstance(part, Scope):
            self.selection.set_scope(part)
        else:
            self.selection.set_node(part.id)
        self.selection.look_asked.emit(_named(part))

    def _asked_to_open(self, index: QModelIndex) -> None:
        part = self.tree.part(index)
        if part is not None:
            self.selection.open_asked.emit(_named(part))


def _named(part: Scope | Node) -> Scope | str:
    return part if isinstance(part, Scope) else part.id


DOCK = OutlineDock
