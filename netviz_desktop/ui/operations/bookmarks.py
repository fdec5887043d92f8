"""Nodes to come back to, remembered for each model file."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from netviz_desktop.graph import ModelGraph
from netviz_desktop.link.messages import ModelOpened
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.settings import Settings


class Bookmarks(QObject):
    """Of the model that is open, in the graph's order."""

    changed = Signal()
    said = Signal(str)
    asked = Signal(str)
    """A node's id: somebody wants to go there."""

    def __init__(self, selection: Selection, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection
        self._settings = settings
        self._marked: set[str] = set()
        selection.model_changed.connect(self._model_changed)

    @property
    def nodes(self) -> list[str]:
        """Those that the model has; what is inside its nodes has none."""
        graph = self._selection.whole
        if graph is None or not self._marked:
            return []
        return [node.id for node in graph.nodes if node.id in self._marked]

    def toggle(self) -> None:
        """Mark the selected node, or no longer."""
        model, node = self._selection.model, self._selection.selected_node
        if self._selection.pages:
            self.said.emit("What is inside a node cannot be bookmarked; the node can.")
            return
        if model is None or node is None:
            self.said.emit("Select a node to bookmark it.")
            return
        self._marked ^= {node.id}
        self._settings.set_bookmarks(model.path, sorted(self._marked))
        verb = "Bookmarked" if node.id in self._marked else "No longer bookmarked:"
        self.said.emit(f"{verb} “{node.id}”.")
        self.changed.emit()

    def next(self) -> None:
        self._step(1)

    def previous(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        """To the first one behind what is selected, or before it, and around."""
        graph, nodes = self._selection.whole, self.nodes
        if graph is None or not nodes:
            self.said.emit("There is no bookmark; Ctrl+B sets one on the selected node.")
            return
        at = _place(graph, self._selection.node)
        places = [_place(graph, node) for node in nodes]
        if by > 0:
            index = next((i for i, place in enumerate(places) if place > at), 0)
        else:
            index = next((i for i, place in reversed([*enumerate(places)]) if place < at), -1)
        self.asked.emit(nodes[index])

    def _model_changed(self, model: ModelOpened | None) -> None:
        self._marked = set(self._settings.bookmarks(model.path)) if model is not None else set()
        self.changed.emit()


def _place(graph: ModelGraph, node: str | None) -> int:
    return next((i for i, other in enumerate(graph.nodes) if other.id == node), -1)
