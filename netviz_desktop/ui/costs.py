"""What the nodes of the graph in view cost, counted while the window goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from PySide6.QtCore import QObject, QTimer, Signal

from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.counts import Counts, each
from netviz_desktop.link.messages import RunFinished
from netviz_desktop.ui.selection import Selection

_AT_A_TIME = 2000  # nodes, some 15 ms


class Costs(QObject):
    """Counts once somebody asks, and again when another graph is in view."""

    changed = Signal()
    """Other numbers are known, or none."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self._selection = selection
        self._counting: Iterator[tuple[str, Counts]] = iter(())
        self._so_far: dict[str, Counts] = {}
        self._wanted = False
        self.graph: ModelGraph | None = None
        """What is counted: the graph in view, with shapes of the run where it knows none."""
        self.by_node: Mapping[str, Counts] = {}
        """Of all nodes, or empty while they are being counted."""
        selection.model_changed.connect(self._begin)
        selection.run_changed.connect(self._begin)
        selection.page_changed.connect(self._begin)

    @classmethod
    def of(cls, selection: Selection) -> Costs:
        """The one that all who follow this selection share."""
        found = selection.findChild(cls)
        return found if isinstance(found, Costs) else cls(selection)

    def ask(self) -> None:
        """Count what is in view, now and from now on."""
        if not self._wanted:
            self._wanted = True
            self._begin()

    def _begin(self) -> None:
        graph, run = self._selection.graph, self._selection.run_in_view
        if graph is not None and run is not None:
            graph = _as_run(graph, run)
        if not self._wanted or graph is self.graph:
            return
        self.graph, self.by_node, self._so_far = graph, {}, {}
        self._counting = each(graph) if graph is not None else iter(())
        self.changed.emit()
        self._go_on()

    def _go_on(self) -> None:
        some = dict(islice(self._counting, _AT_A_TIME))
        self._so_far |= some
        if len(some) == _AT_A_TIME:
            QTimer.singleShot(0, self, self._go_on)
        elif self._so_far:
            self.by_node = self._so_far
            self.changed.emit()


def _as_run(graph: ModelGraph, run: RunFinished) -> ModelGraph:
    """The same graph where it knows all that it is counted by."""
    seen = {
        name: replace(value, shape=run.shapes[name], dtype=value.dtype or run.dtypes.get(name))
        for name, value in graph.values.items()
        if name in run.shapes and value.shape is None
    }
    return replace(graph, values=graph.values | seen) if seen else graph
