"""What flows into a node and out of it: types, who computes and reads it, its numbers."""

from __future__ import annotations

import html
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.link.messages import Request, RunFinished, TensorPart, TensorPartOf
from netviz_desktop.problems import Problem
from netviz_desktop.ui import theme
from netviz_desktop.ui.docks._asking import Asking
from netviz_desktop.ui.docks._reasons import NO_NODE, finished_run, selected_node
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.operations.save_tensor import KINDS, SaveTensor
from netviz_desktop.ui.selection import Edge, Selection
from netviz_desktop.ui.widgets.labels import Caption, Elided, Notice
from netviz_desktop.ui.widgets.layouts import Room, column, row, scrolled
from netviz_desktop.ui.widgets.number_table import NumberTable
from netviz_desktop.ui.widgets.numbers import shape, short
from netviz_desktop.ui.widgets.save_dialog import ask_where
from netviz_desktop.ui.widgets.statistics_view import StatisticsView

_MOST = 200  # of a node's inputs
_MOST_LINKS = 12
_LEAST_TABLE = 150  # pixels
_TALL, _NO_ROOM = QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored
_ORIGINS = {"file": "as the file says", "inferred": "inferred", "observed": "seen in a run"}


class TensorDock(Asking):
    ID = "tensor"
    TITLE = "Tensor"
    ORDER = 31
    TABS = "weights"
    FOLLOWS = ("model", "run", "page", "node", "edge", "stop")

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self._node: Node | None = None
        self._edge: Edge | None = None
        self._graph: ModelGraph | None = None
        self._readers: dict[str, list[str]] = {}
        self._links: list[str] = []
        self._summed_up: tuple[str, RunFinished] | None = None
        self._saving: SaveTensor | None = None
        self.choice = QComboBox()
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.choice.currentIndexChanged.connect(self._chosen)
        self.headline = Elided(bold=True)
        self.facts = Caption()
        self.links = QLabel()
        self.links.setWordWrap(True)
        self.links.setMinimumWidth(40)
        self.links.setTextFormat(Qt.TextFormat.RichText)
        self.links.linkActivated.connect(self._follow)
        self.statistics = StatisticsView()
        self.at: list[QSpinBox] = []
        self._axes = row(QLabel("At index"), 1, spacing=4)
        self._axes_row = QWidget()
        column(self._axes_row, self._axes)
        self.table = NumberTable()
        self.cut = Caption()
        self.export = QPushButton("Export…")
        self.export.clicked.connect(self._ask_where)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.cancel = QPushButton("Cancel")
        self.said = Notice()
        self.said.hide()
        self._about = QWidget()
        column(self._about, self.choice, self.headline, self.facts, self.links, spacing=4)
        room = Room(_LEAST_TABLE)
        column(room, self.table)
        page = QWidget()
        saving = row(self.export, 1, self.progress, self.cancel)
        layout = column(page, self.statistics, self._axes_row, room, self.cut, saving, self.said)
        layout.setStretch(2, 1)
        self._show_saving(None)
        self._page = page
        self.compose(page, self._about)
        self.setWidget(scrolled(self.widget()))  # all of it, in however small a place

    @property
    def value(self) -> str:
        """The name of the value in view; empty for none."""
        return self.choice.currentData() or ""

    def refresh(self) -> None:
        self._take(self.selection.graph, self.selection.selected_node, self.selection.edge)
        self._describe()
        super().refresh()

    def question(self) -> Request[Any] | Problem:
        node = selected_node(self.selection)
        if isinstance(node, Problem) and (node is not NO_NODE or not self.value):
            return node
        if isinstance(node, Node) and not self.value:
            return Problem(f"{short(node.op_type, 60)} has neither inputs nor outputs.", "")
        run = finished_run(self.selection)
        if isinstance(run, Problem):
            return run
        known = self._summed_up
        asks = known is None or known[0] != self.value or known[1] is not run
        return TensorPartOf(self.value, tuple(box.value() for box in self.at), asks)

    def finish(self) -> None:
        self._page.setSizePolicy(_TALL, _TALL)
        super().finish()

    def say(self, what: str, remedy: str = "", *, retry: bool = False) -> None:
        self._page.setSizePolicy(_NO_ROOM, _NO_ROOM)  # words need less room than numbers
        super().say(what, remedy, retry=retry)

    def draw(self, answer: Any) -> None:
        part: TensorPart = answer
        if part.statistics is not None:
            self.statistics.show_statistics(part.statistics)
            if self.selection.run is not None:
                self._summed_up = (part.value, self.selection.run)
        self.statistics.setVisible(0 not in part.shape)
        self._set_axes(part.shape)
        self.table.show_rows(part.rows)
        whole = tuple(part.rows.shape) == part.size
        self.cut.say("" if whole else f"The first {shape(part.rows.shape)} of {shape(part.size)}.")
        self.finish()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "said"):
            self._describe()
        super().changeEvent(event)

    # --- which value ----------------------------------------------------------------------

    def _take(self, graph: ModelGraph | None, node: Node | None, edge: Edge | None) -> None:
        """The value of a line, or those of a node, outputs first."""
        if graph is self._graph and node is self._node and edge == self._edge:
            return
        if graph is not self._graph:
            self._readers = {}
            for reader in graph.nodes if graph is not None else ():
                for name in dict.fromkeys(reader.inputs):
                    self._readers.setdefault(name, []).append(reader.id)
        self._graph, self._node, self._edge = graph, node, edge
        blocked = QSignalBlocker(self.choice)
        self.choice.clear()
        if edge is not None:
            self.choice.addItem(edge.value, edge.value)
        elif graph is not None and node is not None:
            inputs = [name for name in node.inputs if name and name not in graph.parameters]
            for what, names in (("output", node.outputs), ("input", inputs)):
                for name in list(dict.fromkeys(filter(None, names)))[:_MOST]:
                    self.choice.addItem(f"{what}: {short(name, 60)}", name)
        blocked.unblock()
        self._set_axes(())

    def _chosen(self) -> None:
        self._set_axes(())
        self.mark_stale()

    def _describe(self) -> None:
        graph, name = self._graph, self.value
        self._about.setVisible(bool(name))
        if graph is None or not name:
            return
        self.choice.setVisible(self.choice.count() > 1)
        self.headline.set_text(name)
        self.facts.say(self._type(graph, name))
        self._links = []
        lines = []
        if (source := graph.producer.get(name)) is not None:
            lines.append(f"Computed by {self._link(source)}")
        elif name in graph.inputs:
            lines.append("An input of the graph")
        readers = self._readers.get(name, [])
        if readers:
            said = [self._link(node) for node in readers[:_MOST_LINKS]]
            more = [f"{len(readers) - len(said)} more"] if len(readers) > len(said) else []
            lines.append(f"Read by {', '.join(said + more)}")
        if name in graph.outputs:
            lines.append("An output of the graph")
        elif not readers:
            lines.append("Read by nobody")
        self.links.setText("<br>".join(lines))

    def _type(self, graph: ModelGraph, name: str) -> str:
        run, value = self.selection.run_in_view, graph.values.get(name)
        if run is not None and name in run.shapes:
            known = [shape(run.shapes[name]), run.dtypes.get(name, ""), "seen in the last run"]
            if value is not None and value.shape is not None and value.origin != "observed":
                known.append(f"{shape(value.shape)} {_ORIGINS[value.origin]}")
            return " · ".join(filter(None, known))
        if value is None or (value.shape is None and not value.dtype):
            return "Shape and type are not known before a run."
        said = _ORIGINS.get(value.origin, "") if value.shape is not None else "shape not known"
        of = shape(value.shape) if value.shape is not None else ""
        return " · ".join(filter(None, (of, value.dtype, said)))

    def _link(self, node: str) -> str:
        """A number: an id may be any text, and an address may not."""
        self._links.append(node)
        colour = theme.current().accent
        return (
            f'<a href="{len(self._links) - 1}" style="color:{colour}">'
            f"{html.escape(short(node, 60))}</a>"
        )

    def _follow(self, address: str) -> None:
        node = self._links[int(address)]
        self.selection.set_node(node)
        self.selection.look_asked.emit(node)

    # --- which part of it -----------------------------------------------------------------

    def _set_axes(self, shape_: tuple[int, ...]) -> None:
        """A box for each axis before the last two."""
        sizes = shape_[:-2] if 0 not in shape_ else ()
        while len(self.at) > len(sizes):
            box = self.at.pop()
            self._axes.removeWidget(box)
            box.deleteLater()
        for axis, size in enumerate(sizes):
            if axis == len(self.at):
                box = QSpinBox()
                box.setKeyboardTracking(False)
                box.valueChanged.connect(self.mark_stale)
                self._axes.insertWidget(self._axes.count() - 1, box)
                self.at.append(box)
            blocked = QSignalBlocker(self.at[axis])
            self.at[axis].setRange(0, size - 1)
            self.at[axis].setToolTip(f"Index in axis {axis}, of {size}")
            blocked.unblock()
        self._axes_row.setVisible(bool(sizes))

    # --- saving ---------------------------------------------------------------------------

    def _ask_where(self) -> None:
        name = "".join(
            letter if letter.isalnum() or letter in "._-" else "_" for letter in self.value
        )
        run = self.selection.run
        if run is not None and self.value in run.shapes:
            save = partial(self.save, self.value, run)
            ask_where(self, "Export tensor", f"{short(name, 60)}.npy", KINDS, save)

    def save(self, value: str, run: RunFinished, path: Path) -> None:
        """Write a value of a run, unless there is another one by now."""
        if run is not self.selection.run:
            self.said.say("Not saved: the model ran again meanwhile.")
            return
        saving = SaveTensor(self.engine, value, run.shapes[value], path, self)
        saving.progressed.connect(lambda done: self.progress.setValue(round(1000 * done)))
        saving.ended.connect(self._saved)
        self._show_saving(saving)
        saving.start()

    def _saved(self, said: str) -> None:
        self._show_saving(None)
        self.said.say(said)

    def _show_saving(self, saving: SaveTensor | None) -> None:
        self._saving = saving
        self.progress.setRange(0, 1000)
        self.progress.setValue(0)
        self.progress.setVisible(saving is not None)
        self.cancel.setVisible(saving is not None)
        self.export.setEnabled(saving is None)
        if saving is not None:
            self.said.say("")
            self.cancel.clicked.connect(saving.cancel)


DOCK = TensorDock
