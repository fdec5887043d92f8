"""The graph in view: asks the engine where everything goes, and says what is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip

from netviz_desktop.graph import ModelGraph
from netviz_desktop.graph.scopes import Opened, Scope
from netviz_desktop.layout import Placement
from netviz_desktop.link.messages import ModelOpened, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.scene import edges, frames, menus, tooltips, walk
from netviz_desktop.ui.scene.canvas import READABLE_SCALE, Canvas
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import Drawing, Options, draw
from netviz_desktop.ui.scene.keys import Keys
from netviz_desktop.ui.scene.motion import Motion
from netviz_desktop.ui.scene.notice import Notice
from netviz_desktop.ui.scene.open_scopes import OpenScopes
from netviz_desktop.ui.scene.outlook import Outlook, top_of
from netviz_desktop.ui.scene.placing import Placing
from netviz_desktop.ui.scene.shades import shades
from netviz_desktop.ui.scene.spot import Spot, spot_at
from netviz_desktop.ui.scene.tracing import Tracing
from netviz_desktop.ui.selection import Edge, Page, Selection

_REACH = 5  # pixels beside a line that still are the line


class GraphView(Canvas):
    """Follows the selection's model and run, and sets its node."""

    laid_out = Signal()
    """The graph has been drawn in its places."""
    noted = Signal(str)
    """One line about what was selected."""
    type_asked = Signal(str)
    """All nodes of this type are wanted."""
    recoloured = Signal()
    """An overlay has come, gone or changed; or the same one colours other boxes."""

    def __init__(self, engine: EngineClient, selection: Selection) -> None:
        super().__init__()
        self._selection = selection
        self._options = Options()
        self._graph: ModelGraph | None = None
        self.scopes = OpenScopes(selection, self)
        self.scopes.changed.connect(self._open_changed)
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._kept: Outlook | None = None  # where to look once there is another layout
        self._motion = Motion(self._item, self)
        self._moves = False  # the next layout differs by what is open
        self._marked: tuple[str, ...] = ()
        self._found: list[str] = []
        self._wanted: str | None = None  # a node to look at once it has a place
        self._notice = Notice(self.viewport())
        self._placing = Placing(engine, self._notice, self)
        self._placing.placed.connect(self._placed)
        self._keys = Keys(self, selection)
        self.tracing = Tracing(selection, self)
        self.tracing.changed.connect(self._light)

        self.setAccessibleName("Model graph")
        self.setAccessibleDescription(
            "Ctrl and an arrow key walks from node to node, F shows the whole graph."
        )
        selection.model_changed.connect(self._model_changed)
        selection.run_changed.connect(self._run_changed)
        selection.page_changed.connect(self._page_changed)
        selection.node_changed.connect(self._node_changed)
        selection.others_changed.connect(self._mark_selection)
        selection.edge_changed.connect(self._edge_changed)
        selection.stop_changed.connect(self._stop_changed)
        selection.scope_changed.connect(self._scope_changed)
        selection.look_asked.connect(self.bring_into_view)
        selection.open_asked.connect(self.open_part)
        selection.overlay_changed.connect(self._overlay_changed)
        if selection.model is not None:
            self._model_changed(selection.model)

    # --- what the View menu sets ----------------------------------------------------------

    @property
    def show_attributes(self) -> bool:
        return self._options.attributes

    @show_attributes.setter
    def show_attributes(self, on: bool) -> None:
        self._set_options(replace(self._options, attributes=on))

    @property
    def show_weights(self) -> bool:
        return self._options.weights

    @show_weights.setter
    def show_weights(self, on: bool) -> None:
        self._set_options(replace(self._options, weights=on))

    @property
    def show_names(self) -> bool:
        return self._options.names

    @show_names.setter
    def show_names(self, on: bool) -> None:
        self._set_options(replace(self._options, names=on))

    @property
    def show_chips(self) -> bool:
        return self._options.chips

    @show_chips.setter
    def show_chips(self, on: bool) -> None:
        self._set_options(replace(self._options, chips=on))

    @property
    def left_to_right(self) -> bool:
        return self._left_to_right

    @left_to_right.setter
    def left_to_right(self, on: bool) -> None:
        if on != self._left_to_right:
            self._left_to_right = on
            self._untouched = True
            self._redraw()

    def _set_options(self, options: Options) -> None:
        if options != self._options:
            self._options = options
            self._redraw()

    # --- where we look --------------------------------------------------------------------

    def center_on(self, node_id: str, *, opening: bool = True) -> None:
        """Bring a node to the middle, large enough to be read; KeyError: no such node.

        While the graph is being laid out, as soon as that is done.

        Args:
            opening: whether a closed scope that it is in opens, or is itself looked at.
        """
        if self.chart is not None and node_id in self.chart.index:
            self.look_closely(self.chart.index[node_id])
        elif self._graph is None or node_id not in self._graph:
            raise KeyError(node_id)
        elif self.chart is None or opening:
            self._wanted = node_id
            if opening:
                self.scopes.open_around(node_id, self._seen_as(node_id) or "")
        elif (box := self._seen_as(node_id)) is not None:
            self.look_closely(self.chart.index[box])

    @property
    def is_waiting(self) -> bool:
        """Whether another layout than the one in view is on its way."""
        return self._placing.is_asking

    def outlook(self, anchor: str = "") -> Outlook | None:
        """Where we look: from what `anchor` names, else from what is chosen or in the middle."""
        if self.chart is None or not self.chart.figures:
            return None
        top = top_of(self.chart, anchor)
        if top is None:
            area, chosen = self.visible_area(), self._item.marks.selected
            if chosen is None or not area.intersects(self.chart.rectangle(chosen)):
                chosen = walk.nearest(self.chart, area.center())
            anchor = self.chart.figures[chosen].id
            top = top_of(self.chart, anchor)
        assert top is not None
        middle = QRectF(self.viewport().rect()).center()
        return Outlook(anchor, self._viewport_point(top) - middle, self.scale_factor)

    def look_from(self, outlook: Outlook, opened: Opened) -> None:
        """Look as once, at the graph with these scopes open."""
        self._untouched = False
        self.scopes.set(opened, outlook.anchor)
        self._moves = False  # it is a way back, not a box that opens
        self._wanted = None
        self._motion.finish()
        if self.is_waiting:
            self._kept = outlook
        else:
            self._look(outlook)

    def _look(self, outlook: Outlook) -> None:
        if self.chart is not None and (top := top_of(self.chart, outlook.anchor)) is not None:
            self._set_scale(outlook.scale)
            self._put(top, QRectF(self.viewport().rect()).center() + outlook.aside)

    def bring_into_view(self, part: str | Scope) -> None:
        """Look at a node or a scope, as it is seen, unless it is in view."""
        tree = self.scopes.tree
        if self.chart is None or tree is None:
            return
        scope = part.id if isinstance(part, Scope) else ""
        node = next(tree.nodes(part)).id if isinstance(part, Scope) else part
        box = scope if scope in self.chart.border_index else self._seen_as(node)
        top = top_of(self.chart, box) if box is not None else None
        if top is not None and not self.visible_area().contains(top):
            self.look_at(top)

    def open_part(self, part: str | Scope) -> None:
        """Bring a node into view for itself; open a scope, and what is around it, or close it."""
        if isinstance(part, Scope):
            self.scopes.toggle_with_around(part)
        else:
            self.center_on(part)

    def scene_rect_of(self, node_id: str) -> QRectF:
        """Where a node's box is; KeyError: no such node, or nothing drawn yet."""
        if self.chart is None:
            raise KeyError(node_id)
        return self.chart.rectangle(self.chart.index[node_id])

    def mark_nodes(self, nodes: Iterable[str]) -> None:
        """Set a ribbon on these; on a closed scope for those in it."""
        self._marked = tuple(nodes)
        if self.chart is not None:
            boxes = filter(None, map(self._seen_as, self._marked))
            self._item.marks.bookmarked = {self.chart.index[box] for box in boxes}
            self._item.update()

    def mark_found(self, found: list[str]) -> None:
        """Mark nodes, or with a count the closed scopes that they are in; empty: none."""
        self._found = found
        if self.chart is not None:
            seen = Counter(filter(None, map(self._seen_as, found)))
            self._item.marks.found = {self.chart.index[box]: count for box, count in seen.items()}
            self._item.update()

    # --- from model to picture ------------------------------------------------------------

    def _open_changed(self, anchor: str) -> None:
        self._moves = True
        self._redraw(anchor)

    def _seen_as(self, node_id: str) -> str | None:
        """The id of the box that a node is seen as."""
        if self.chart is None:
            return None
        box = self.chart.drawing.seen_as.get(node_id)
        return box if box in self.chart.index else None

    def _model_changed(self, _model: ModelOpened | None) -> None:
        self._take_graph()

    def _page_changed(self, _pages: tuple[Page, ...]) -> None:
        self._take_graph()

    def _take_graph(self) -> None:
        """Draw another graph."""
        self._graph = self._selection.graph
        self.tracing.end()
        self.scopes.take(self._selection.scopes)
        self._take_shapes()
        self._untouched = True
        self._wanted = None
        self._show(None)
        self._redraw()

    def _run_changed(self, run: RunFinished | None) -> None:
        if run is None or self._selection.graph is None:
            return
        if self._selection.graph is not self._graph:
            self._graph = self._selection.graph
            self.tracing.end()
            self.scopes.take(self._selection.scopes)
        self._take_shapes()
        self._redraw()

    def _take_shapes(self) -> None:
        """Those of the last run; it says nothing of what is inside nodes."""
        run = None if self._selection.pages else self._selection.run
        self._shapes = run.shapes if run is not None else {}

    def _redraw(self, anchor: str = "") -> None:
        """Draw the graph anew, and lay it out again if that changed any size."""
        self._placing.cancel()
        if self._graph is None:
            return
        drawing = draw(
            self._graph,
            self._options,
            self.lettering,
            self._shapes,
            self.scopes.tree,
            self.scopes.opened,
        )
        self._kept = self.outlook(anchor)
        self._placing.ask(drawing, left_to_right=self._left_to_right)

    def _placed(self, drawing: Drawing, placement: Placement) -> None:
        self._show(Chart(drawing, placement, self.lettering))
        self.laid_out.emit()

    def _show(self, chart: Chart | None) -> None:
        self._motion.finish()
        before, self.chart = self.chart, chart
        self._shade()
        self._item.set_chart(chart)
        if chart is None:
            self.viewport().update()
            self.view_changed.emit()
            return
        self._mark_selection()
        self._stop_changed(self._selection.stop)
        self._light()
        self.mark_nodes(self._marked)
        if self._found:
            self.mark_found(self._found)
        self._set_scale(self.scale_factor)  # the room around the graph depends on it
        if self._untouched:
            self._look_at_start()
        elif self._kept is not None:
            self._look(self._kept)
        if self._moves and before is not None and self._kept is not None:
            self._motion.start(before, chart, self._kept.anchor)
        self._moves = False
        self._kept = None
        if self._wanted in chart.index:
            self.look_closely(chart.index[self._wanted])
        self._wanted = None
        self.viewport().update()
        self.view_changed.emit()

    def _overlay_changed(self) -> None:
        self._motion.finish()
        self._shade()
        self._item.recolour()
        self.viewport().update()

    def _shade(self) -> None:
        """Colour the boxes by the overlay's values, or by what they are."""
        overlay, tree = self._selection.overlay, self.scopes.tree
        if self.chart is not None:
            self.chart.shades = None
            # what is inside nodes has no values
            if overlay is not None and tree is not None and not self._selection.pages:
                self.chart.shades = shades(overlay, self.chart.figures, tree)
        self.recoloured.emit()

    # --- choosing -------------------------------------------------------------------------

    def _node_changed(self, node: str | None) -> None:
        self._mark_selection()
        if self.chart is None:
            self._wanted = node
        if node is not None and not (self._selection.scope or self._selection.edge):
            self.setAccessibleDescription(f"Selected: {node}")

    def _stop_changed(self, stop: Problem | None) -> None:
        box = self._seen_as(stop.node) if stop is not None else None
        self._item.marks.stopped = self.chart.index[box] if self.chart and box else None
        self._item.update()

    def _scope_changed(self, scope: Scope | None) -> None:
        self._mark_selection()
        if scope is not None:
            self.setAccessibleDescription(f"Selected: {scope.name}, {scope.count} nodes")

    def _mark_selection(self) -> None:
        marks = self._item.marks
        marks.selected = marks.framed = marks.wire = None
        if self.chart is None:
            return
        boxes = dict.fromkeys(map(self._seen_as, self._selection.others))
        self._item.marks.others = tuple(self.chart.index[box] for box in boxes if box)
        scope, node = self._selection.scope, self._selection.node
        if self._selection.edge is not None:
            marks.wire = edges.wire_of(self.chart, self._selection.edge)
        elif scope is not None:
            self._item.marks.selected = self.chart.index.get(scope.id)
            self._item.marks.framed = self.chart.border_index.get(scope.id)
        elif node is not None:
            self._item.marks.selected = self.chart.index.get(self._seen_as(node) or "")
        self._item.update()

    def _light(self) -> None:
        self._item.light(self.tracing.lit(self.chart) if self.chart is not None else None)

    def choose(self, figure: int | None) -> None:
        self._motion.finish()
        chosen = None if figure is None or self.chart is None else self.chart.figures[figure]
        if chosen is None:
            self.mark_found([])
            self._selection.set_node(None)
        elif chosen.scope is not None:
            self._selection.set_scope(chosen.scope)
        else:
            self._selection.set_node(chosen.node)
            if chosen.node is None:
                self._item.marks.selected = figure
        self._item.update()

    def click(self, point: QPointF, *, adding: bool) -> None:
        spot = self._spot(point)
        if spot.scope is not None and spot.part is not None:
            self._press(spot.scope, spot.part)
        elif spot.chip and spot.figure is not None and not adding:
            self._follow_chip(spot.figure, spot.chip)
        elif spot.figure is not None and adding:
            self._add(spot.figure)
        elif spot.wires and not adding:
            chosen = self._item.marks.wire
            # where lines run together, a second click is for the next of them
            again = spot.wires.index(chosen) + 1 if chosen in spot.wires else 0
            self.choose_wire(spot.wires[again % len(spot.wires)])
        elif not adding:
            self.choose(spot.figure)

    def _press(self, scope: Scope, part: frames.Part) -> None:
        if part is frames.Part.TOGGLE:
            self.scopes.toggle(scope)
        elif part is frames.Part.TITLE:
            self._selection.set_scope(scope)
        else:
            self.scopes.step(scope, 1 if part is frames.Part.FORWARD else -1)

    def _add(self, figure: int) -> None:
        """Select one more box, or one less; of a closed scope, the node of its output."""
        assert self.chart is not None
        chosen = self.chart.figures[figure]
        node = chosen.node
        if chosen.scope is not None and self.scopes.tree is not None:
            output = self.scopes.tree.output(chosen.scope)
            node = output[0].id if output is not None else None
        if node is not None:
            self._selection.toggle_node(node)

    def _follow_chip(self, figure: int, value: str) -> None:
        """From a reader to the source; from there to one of the readers, which one is asked."""
        assert self.chart is not None
        hub = self.chart.drawing.hubs[value]
        if self.chart.figures[figure].id != hub.source:
            self.go_to(hub.source)
            return
        corner = self._viewport_point(self.chart.rectangle(figure).bottomLeft())
        menu = menus.of_uses(self, self.chart, value)
        menu.popup(self.viewport().mapToGlobal(corner.toPoint()))

    def go_to(self, figure_id: str) -> None:
        """Select what a figure is, and look at it."""
        if self.chart is not None and figure_id in self.chart.index:
            self.choose(self.chart.index[figure_id])
            self.look_closely(self.chart.index[figure_id])

    def hover(self, point: QPointF | None) -> None:
        spot = self._spot(point) if point is not None else Spot()
        marks = self._item.marks
        if (spot.figure, spot.wire) != (marks.hovered, marks.hovered_wire):
            marks.hovered, marks.hovered_wire = spot.figure, spot.wire
            self._item.update()

    def escape(self) -> None:
        if self.tracing.is_active:
            self.tracing.end()
        else:
            self.choose(None)

    def _spot(self, point: QPointF) -> Spot:
        spot = spot_at(self.chart, point, _REACH / self.scale_factor)
        can_be_read = self.scale_factor >= READABLE_SCALE
        return spot if can_be_read or not spot.chip else spot._replace(chip="")

    def open_at(self, point: QPointF) -> bool:
        spot = self._spot(point)
        if spot.chip:
            return True  # the first click of the two has followed it
        if spot.wire is not None:
            self.follow_edge()
            return True
        if spot.scope is None:
            return spot.figure is not None and self.enter()
        # of a frame's buttons, the first click of the two has pressed one
        if spot.figure is not None or spot.part is frames.Part.TITLE:
            self.scopes.toggle(spot.scope)
        return True

    def enter(self) -> bool:
        """Look at the graph inside the selected node; False: it is no node that holds one."""
        node = self._selection.selected_node
        if node is None or not node.bodies or self._selection.scope is not None:
            return False
        self._selection.page_asked.emit(node.bodies[0])
        return True

    def choose_wire(self, wire: int) -> None:
        """Select the edge that a line is."""
        self._motion.finish()
        if self.chart is not None and self.scopes.tree is not None:
            self._selection.set_edge(edges.edge_of(self.chart, self.scopes.tree, wire))

    def follow_edge(self) -> None:
        """Look at the far end of the selected edge, and from there at its other one."""
        wire = self._item.marks.wire
        if self.chart is not None and wire is not None:
            middle = self.visible_area().center()
            self.look_closely(edges.other_end(self.chart, wire, (middle.x(), middle.y())))

    def _edge_changed(self, edge: Edge | None) -> None:
        self._mark_selection()
        if edge is not None and self.chart is not None:
            said = edges.said(edge, self.chart.drawing.values)
            self.setAccessibleDescription(f"Selected: {said}")
            self.noted.emit(said)

    @property
    def chosen(self) -> int | None:
        """The figure that is selected."""
        return self._item.marks.selected

    @property
    def chosen_wire(self) -> int | None:
        """The line that is selected."""
        return self._item.marks.wire

    def copy_name(self) -> None:
        """Of what is selected, to the clipboard."""
        if self._selection.edge is not None:
            QGuiApplication.clipboard().setText(self._selection.edge.value)
        elif self.chart is not None and self.chosen is not None:
            figure = self.chart.figures[self.chosen]
            QGuiApplication.clipboard().setText(figure.node or figure.full)

    # --- Qt's events ----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keys.press(event):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._notice.place()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.chart is None:
            return
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            wire = self.chosen_wire
            spot = Spot(self.chosen, wires=(wire,) if wire is not None else ())
        else:
            spot = self._spot(self._scene_point(QPointF(event.pos())))
        if spot.figure is not None:
            self.choose(spot.figure)
        elif spot.wire is not None:
            self.choose_wire(spot.wire)
        elif spot.scope is not None:
            self._selection.set_scope(spot.scope)
        menus.of_spot(self, self.chart, self._selection, spot).popup(event.globalPos())

    def tooltip(self, position: QPointF) -> str:
        """What is under the pointer and cannot be read there."""
        scopes = self._selection.scopes
        if self.chart is None or scopes is None:
            return ""
        spot = self._spot(self._scene_point(position))
        if spot.chip:
            return tooltips.of_chip(self.chart, spot.chip)
        if spot.figure is not None:
            readable = self.scale_factor >= READABLE_SCALE
            chosen = self.chart.figures[spot.figure]
            value = self.chart.shades.text(chosen.id) if self.chart.shades is not None else ""
            fault = self._selection.fault
            return tooltips.of_figure(chosen, scopes, fault, value, readable=readable)
        return tooltips.of_wire(self.chart, spot.wire) if spot.wire is not None else ""

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.tooltip(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), text, self.viewport())
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)
