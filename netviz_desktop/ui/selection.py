"""What is being looked at: the model, its last run, a node, a class. Docks follow it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.graph.overlay import Overlay
from netviz_desktop.graph.scopes import Scope, Scopes
from netviz_desktop.graph.search import SearchIndex
from netviz_desktop.link.messages import ModelOpened, Preprocessing, RunFinished
from netviz_desktop.problems import Problem


@dataclass(frozen=True)
class Edge:
    """A value on its way from the node that computes it to one that reads it.

    Args:
        source: a node's id; None: the value is an input of the graph.
        target: a node's id; None: the value is an output of the graph.
        value: its name.
        input: which of the target's inputs it is, from 0; -1 for an output of the graph.
    """

    source: str | None
    target: str | None
    value: str
    input: int = -1


@dataclass(frozen=True)
class Page:
    """A graph inside a node that is looked at in place of the one around it.

    Args:
        name: one of the node's bodies.
        holder: the node's id in the graph around it.
    """

    name: str
    holder: str
    graph: ModelGraph

    @property
    def title(self) -> str:
        """What tells it from the other graphs inside the same node."""
        return self.name.rpartition(" › ")[2]


class Selection(QObject):
    """One of each, or None. Setting what is already set says nothing.

    A new model clears run, node and target; a new run keeps the node where it still
    exists, and clears the target, so that the predicted class is in view. (Whoever runs
    the same image again sets it again.)
    """

    model_changed = Signal(object)
    """`ModelOpened` or None."""
    run_changed = Signal(object)
    """`RunFinished` or None; None also while there is no answer for the current image."""
    page_changed = Signal(object)
    """The `Page`s that one is in, outermost first, a tuple; empty: the whole model."""
    page_asked = Signal(str)
    """The name of a graph inside the selected node that someone wants to look at."""
    node_changed = Signal(object)
    """A node id or None."""
    scope_changed = Signal(object)
    """A `Scope` or None; the node is then the one that computes its output."""
    edge_changed = Signal(object)
    """An `Edge` or None; the node is then its source."""
    others_changed = Signal(object)
    """The ids of nodes that are selected beside the node, a tuple."""
    target_changed = Signal(object)
    """A class index, or None for the predicted class."""
    preprocessing_changed = Signal(object)
    """How the person wants images prepared, a `Preprocessing`; None: as inferred."""
    images_changed = Signal(object)
    """The paths of the images that were opened together, a tuple, or which of them is in view."""
    image_asked = Signal(str)
    """The path of one of them that someone wants to look at."""
    inputs_asked = Signal()
    """Someone wants to say what the model's inputs are given."""
    stop_changed = Signal(object)
    """The `Problem` that ended the latest run at a node, or None."""
    look_asked = Signal(object)
    """A node id or a `Scope` that shall come into view on the canvas, as it is seen there."""
    open_asked = Signal(object)
    """A node id that shall be seen for itself, or a `Scope` that shall open or close."""
    cell_changed = Signal(object)
    """Left, top, width and height of what the cell under the cursor sees, in pixels of
    `RunFinished.seen`, or None."""
    overlay_changed = Signal(object)
    """The `Overlay` by which the graph is coloured, or None."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model: ModelOpened | None = None
        self.run: RunFinished | None = None
        self.pages: tuple[Page, ...] = ()
        self.node: str | None = None
        self.scope: Scope | None = None
        self.edge: Edge | None = None
        self.others: tuple[str, ...] = ()
        self.target: int | None = None
        self.preprocessing: Preprocessing | None = None
        self.images: tuple[str, ...] = ()
        self.image = ""
        self.stop: Problem | None = None
        self.overlay: Overlay | None = None
        self.cell: tuple[float, float, float, float] | None = None
        self._scopes: Scopes | None = None
        self._search_index: SearchIndex | None = None
        self._searched_run: RunFinished | None = None
        self._preparing: Iterator[None] = iter(())

    @property
    def graph(self) -> ModelGraph | None:
        """The graph in view: the model's, or one inside a node."""
        return self.pages[-1].graph if self.pages else self.whole

    @property
    def whole(self) -> ModelGraph | None:
        """The model's graph: as it ran where that is known, else as opened."""
        if self.run is not None and self.run.graph is not None:
            return self.run.graph
        return self.model.graph if self.model is not None else None

    @property
    def run_in_view(self) -> RunFinished | None:
        """The last run; it says nothing of what is inside nodes."""
        return None if self.pages else self.run

    @property
    def scopes(self) -> Scopes | None:
        """Of the graph in view."""
        graph = self.graph
        if graph is None:
            self._scopes = None
        elif self._scopes is None or self._scopes.graph is not graph:
            self._scopes = Scopes(graph)
        return self._scopes

    @property
    def search_index(self) -> SearchIndex | None:
        """Of the graph in view, with the shapes of the last run. Whoever will soon search asks
        for it early: it is made ready bit by bit."""
        graph, run, known = self.graph, self.run_in_view, self._search_index
        if graph is None:
            self._search_index = None
        elif known is None or known.graph is not graph or self._searched_run is not run:
            self._search_index = SearchIndex(graph, run.shapes if run is not None else None)
            self._searched_run = run
            self._preparing = self._search_index.prepare()
            self._prepare()
        return self._search_index

    def _prepare(self) -> None:
        if next(self._preparing, "done") != "done":
            QTimer.singleShot(0, self, self._prepare)

    @property
    def selected_node(self) -> Node | None:
        graph = self.graph
        if graph is None or self.node is None or self.node not in graph:
            return None
        return graph.node(self.node)

    def _named(self) -> list[str]:
        """Every node that is part of what is selected."""
        target = self.edge.target if self.edge is not None else None
        return [node for node in (*self.others, self.node, target) if node is not None]

    def fault(self, node: Node) -> str:
        """Why the model cannot be run, or did not run to its end, because of this node."""
        if node.fault or self.stop is None or self.stop.node != node.id or self.pages:
            return node.fault
        return self.stop.what

    def set_model(self, model: ModelOpened | None) -> None:
        self.set_stop(None)
        self.set_run(None)
        self.set_pages(())
        self.set_node(None)
        self.set_overlay(None)
        self.model = model
        self.model_changed.emit(model)

    def set_run(self, run: RunFinished | None) -> None:
        if run is self.run:
            return
        self.set_target(None)
        self.set_cell(None)
        self.run = run
        if not all(node in (self.graph or ()) for node in self._named()):
            self.set_node(None)
        self.run_changed.emit(run)

    def set_pages(self, pages: tuple[Page, ...]) -> None:
        """Look at a graph inside a node, in the last of these; nothing in it is selected."""
        if [page.name for page in pages] != [page.name for page in self.pages]:
            self._set(None)
            self.pages = pages
            self.page_changed.emit(pages)

    def leave_to(self, depth: int) -> None:
        """Look again at the graph that so many pages are around, and at the node come from."""
        if depth < len(self.pages):
            holder = self.pages[depth].holder
            self.set_pages(self.pages[:depth])
            if self.graph is not None and holder in self.graph:
                self.set_node(holder)

    def set_preprocessing(self, how: Preprocessing | None) -> None:
        if how != self.preprocessing:
            self.preprocessing = how
            self.preprocessing_changed.emit(how)

    def set_images(self, images: tuple[str, ...], image: str) -> None:
        """All that were opened together, and the one of them that is in view."""
        if (images, image) != (self.images, self.image):
            self.images, self.image = images, image
            self.images_changed.emit(images)

    def set_stop(self, problem: Problem | None) -> None:
        if problem is not self.stop:
            self.stop = problem
            self.stop_changed.emit(problem)

    def set_cell(self, cell: tuple[float, float, float, float] | None) -> None:
        if cell != self.cell:
            self.cell = cell
            self.cell_changed.emit(cell)

    def set_overlay(self, overlay: Overlay | None) -> None:
        if overlay is not self.overlay:
            self.overlay = overlay
            self.overlay_changed.emit(overlay)

    def set_node(self, node: str | None) -> None:
        self._set(node)

    def set_scope(self, scope: Scope) -> None:
        """All that is in a scope; docks that show a single node show what it computes."""
        output = self.scopes.output(scope) if self.scopes is not None else None
        self._set(output[0].id if output is not None else None, scope=scope)

    def set_edge(self, edge: Edge) -> None:
        """A line; docks that show a single node show the one that computes its value."""
        self._set(edge.source, edge=edge)

    def toggle_node(self, node: str) -> None:
        """Select one more node, which docks then show; or one less."""
        chosen = [other for other in (*self.others, self.node) if other is not None]
        if node in chosen:
            chosen.remove(node)
        else:
            chosen.append(node)
        self._set(chosen[-1] if chosen else None, others=tuple(chosen[:-1]))

    def set_nodes(self, nodes: Sequence[str]) -> None:
        """Several nodes, of which docks show the last."""
        self._set(nodes[-1] if nodes else None, others=tuple(nodes[:-1]))

    def restore(
        self, node: str | None, scope: Scope | None, edge: Edge | None, others: tuple[str, ...]
    ) -> None:
        """All of it as it was once."""
        self._set(node, scope=scope, edge=edge, others=others)

    def _set(
        self,
        node: str | None,
        *,
        scope: Scope | None = None,
        edge: Edge | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        if others != self.others:
            self.others = others
            self.others_changed.emit(others)
        if edge != self.edge:
            self.edge = edge
            self.edge_changed.emit(edge)
        if scope is not self.scope:
            self.scope = scope
            self.scope_changed.emit(scope)
        if node != self.node:
            self.set_cell(None)
            self.node = node
            self.node_changed.emit(node)

    def set_target(self, target: int | None) -> None:
        if target != self.target:
            self.target = target
            self.target_changed.emit(target)
