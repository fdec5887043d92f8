"""All nodes in a table that sorts and filters: what each is, and what it costs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QTableView,
    QWidget,
)

from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.search import words
from netviz_desktop.link.messages import RunFinished
from netviz_desktop.ui.costs import Costs
from netviz_desktop.ui.docks._following import Following
from netviz_desktop.ui.docks._layers_table import Layers
from netviz_desktop.ui.docks._reasons import NO_MODEL
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Message, Notice
from netviz_desktop.ui.widgets.layouts import GRID, column, row
from netviz_desktop.ui.widgets.numbers import count, counted, number, size
from netviz_desktop.ui.widgets.save_dialog import ask_where

_LEAST_WINDOW = 880  # pixels of height, for a table below two rows of docks
_HEIGHT = 260
_FLOATING_SHARE = 0.8
_WIDTHS = (220, 120, 160, 130, 90, 110, 120, 80)


class LayersDock(Following):
    """A click on a title sorts, and a third one gives the graph's own order back."""

    ID = "layers"
    TITLE = "Layers"
    AREA = Qt.DockWidgetArea.BottomDockWidgetArea
    ORDER = 10
    VISIBLE = False
    FOLLOWS = ("model", "run", "page", "node")

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self._costs = Costs.of(selection)
        self._shown: tuple[ModelGraph | None, RunFinished | None] = (None, None)
        self._follows_itself = False
        self.field = QLineEdit()
        self.field.setPlaceholderText("Filter: conv, scope:layer3, shape:64, …")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the selected rows, else all, for a spreadsheet (Ctrl+C)")
        self.copy.clicked.connect(self.copy_rows)
        self.export = QPushButton("Export…")
        self.export.setToolTip("Save all rows with exact numbers, as .csv or .tsv")
        self.export.clicked.connect(self._ask_where)
        self.notice = Notice()
        self.notice.hide()
        self.layers = Layers(self._costs, self)
        self.view = _Table(self)
        self.view.setModel(self.layers)
        header = self.view.horizontalHeader()
        for section, width in enumerate(_WIDTHS):
            header.resizeSection(section, width)
        self.view.selectionModel().currentRowChanged.connect(self._chosen)
        self.view.activated.connect(self._asked_to_open)
        self.totals = QLabel()
        self.totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.totals.setMinimumWidth(40)
        self.layers.layoutChanged.connect(self._say_totals)
        self.message = Message()
        self.message.say(NO_MODEL.what, NO_MODEL.remedy)
        page = QWidget()
        above = row(self.field, self.copy, self.export)
        column(page, above, self.notice, self.view, self.totals, margin=GRID)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.message)
        self._pages.addWidget(page)
        self.setWidget(self._pages)

    def refresh(self) -> None:
        self._costs.ask()
        graph, run = self.selection.graph, self.selection.run_in_view
        self._pages.setCurrentIndex(0 if graph is None else 1)
        if graph is not self._shown[0] or run is not self._shown[1]:
            self._shown = (graph, run)
            self.notice.say("")
            self._filter()
        self._follow()
        self.shown.emit(self.selection.node or "")

    def copy_rows(self) -> None:
        """The selected rows, where there are several, else all."""
        chosen = sorted({index.row() for index in self.view.selectionModel().selectedRows()})
        rows = chosen if len(chosen) > 1 else range(self.layers.rowCount())
        QGuiApplication.clipboard().setText(self.layers.text(rows, "\t"))

    def save(self, path: Path) -> None:
        """All rows, as they stand."""
        separator = "\t" if path.suffix.lower() == ".tsv" else ","
        text = self.layers.text(range(self.layers.rowCount()), separator)
        try:
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            self.notice.say(f"{path.name} cannot be written: {error.strerror or error}.")
        else:
            self.notice.say("")

    def setVisible(self, visible: bool) -> None:
        """It floats over a small window, which has no room below the other docks, and would
        grow beyond its screen."""
        window = self.parentWidget()
        appears = visible and self.isHidden() and not self.isFloating()
        if appears and window is not None and window.height() < _LEAST_WINDOW:
            self.setFloating(True)
            self.resize(window.size() * _FLOATING_SHARE)
        super().setVisible(visible)
        if appears and not self.isFloating():
            QTimer.singleShot(0, self, self._take_room)  # once it has its place

    def _take_room(self) -> None:
        """Qt gives a dock that appears its least height, of two rows."""
        window = self.parentWidget()
        if isinstance(window, QMainWindow) and self.height() < _HEIGHT and not self.isFloating():
            window.resizeDocks([self], [_HEIGHT], Qt.Orientation.Vertical)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.FocusIn:
            _ = self.selection.search_index  # ready when the first letter comes
        return super().eventFilter(watched, event)

    def _ask_where(self) -> None:
        model = self.selection.model
        name = f"{Path(model.path).stem}-layers.csv" if model is not None else "layers.csv"
        kinds = {".csv": "Comma-separated values", ".tsv": "Tab-separated values"}
        ask_where(self, "Export layers", name, kinds, self.save)

    def _filter(self) -> None:
        search = words(self.field.text())
        index = self.selection.search_index if search else None
        self._follows_itself = True
        self.layers.take(*self._shown, index.find(search) if index is not None else None)
        self._follows_itself = False
        self._say_totals()
        self._follow()

    def _say_totals(self) -> None:
        self.totals.setText(self._totals())

    def _totals(self) -> str:
        found = self.layers.total()
        said = [counted(self.layers.rowCount(), "node")]
        if found is None:
            return said[0]
        said.append(counted(found.parameters, "parameter"))
        work = f"{count(found.multiply_adds)} multiply-adds"
        said.append(work + _without(found.uncounted))
        memory = f"{size(found.activation_bytes)} of activations"
        said.append(memory + _without(found.unmeasured))
        spent = self.layers.milliseconds()
        return " · ".join([*said, f"{number(spent)} ms"] if spent else said)

    def _follow(self) -> None:
        node = self.selection.node
        at = self.layers.row_of(node) if node is not None else -1
        if at >= 0 and at == self.view.currentIndex().row():
            return
        self._follows_itself = True
        if at < 0:
            self.view.setCurrentIndex(QModelIndex())
            self.view.clearSelection()
        else:
            self.view.selectRow(at)
            self.view.scrollTo(self.layers.index(at, 0))
        self._follows_itself = False

    def _chosen(self, index: QModelIndex) -> None:
        node = self.layers.node(index.row())
        if not self._follows_itself and node is not None:
            self.selection.set_node(node.id)
            self.selection.look_asked.emit(node.id)

    def _asked_to_open(self, index: QModelIndex) -> None:
        node = self.layers.node(index.row())
        if node is not None:
            self.selection.open_asked.emit(node.id)


def _without(nodes: int) -> str:
    return f" without {counted(nodes, 'node')} of unknown shape" if nodes else ""


class _Table(QTableView):
    """Whole rows; titles sort in three steps."""

    def __init__(self, dock: LayersDock) -> None:
        super().__init__()
        self._dock = dock
        self.setAccessibleName("Layers")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._dock.copy_rows()
        else:
            super().keyPressEvent(event)


DOCK = LayersDock
