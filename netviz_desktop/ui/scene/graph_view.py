"""The graph in view: asks the engine where everything goes, and says what is chosen."""

from __future__ import annotations

import html
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QMenu, QToolTip

from netviz_desktop.graph import ModelGraph
from netviz_desktop.layout import Placement
from netviz_desktop.link.messages import LayOut, ModelOpened, Placed, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui.engine_client import Call, EngineClient
from netviz_desktop.ui.scene import walk
from netviz_desktop.ui.scene.canvas import READABLE_SCALE, Canvas
from netviz_desktop.ui.scene.captions import shape_text
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import Drawing, Options, draw
from netviz_desktop.ui.scene.notice import Notice
from netviz_desktop.ui.scene.search import search
from netviz_desktop.ui.selection import Selection

_NOTICE_AFTER_MS = 300
_LONGEST_TOOLTIP = 600


class GraphView(Canvas):
    """Follows the selection's model and run, and sets its node."""

    laid_out = Signal()
    """The graph has been drawn in its places."""

    def __init__(self, engine: EngineClient, selection: Selection) -> None:
        super().__init__()
        self._engine = engine
        self._selection = selection
        self._options = Options()
        self._graph: ModelGraph | None = None
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._drawing: Drawing | None = None
        self._call: Call[Placed] | None = None
        self._placed_as: tuple[LayOut, Placement] | None = None
        self._anchor: tuple[str, QPointF] | None = None
        self._wanted: str | None = None  # a node to look at once it has a place
        self._notice = Notice(self.viewport())
        self._slow = QTimer(self, singleShot=True, interval=_NOTICE_AFTER_MS)
        self._slow.timeout.connect(lambda: self._notice.say("Laying out the graph…"))

        self.setAccessibleName("Model graph")
        self.setAccessibleDescription(
            "Ctrl and an arrow key walks from node to node, F shows the whole graph."
        )
        selection.model_changed.connect(self._model_changed)
        selection.run_changed.connect(self._run_changed)
        selection.node_changed.connect(self._node_changed)
        selection.stop_changed.connect(self._stop_changed)
        engine.restarted.connect(self._resume)
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

    def center_on(self, node_id: str) -> None:
        """Bring a node to the middle, large enough to be read; KeyError: no such node.

        While the graph is being laid out, as soon as that is done.
        """
        if self.chart is not None and node_id in self.chart.index:
            self.look_closely(self.chart.index[node_id])
        elif self._graph is not None and node_id in self._graph:
            self._wanted = node_id
        else:
            raise KeyError(node_id)

    def scene_rect_of(self, node_id: str) -> QRectF:
        """Where a node's box is; KeyError: no such node, or nothing drawn yet."""
        if self.chart is None:
            raise KeyError(node_id)
        return self.chart.rectangle(self.chart.index[node_id])

    def find(self, text: str) -> list[str]:  # type: ignore[override] # QWidget.find is of X11's days
        """Ids of the nodes that all words of the text are found in, which are marked."""
        found = search(self._graph, text) if self._graph is not None else []
        if self.chart is not None:
            index = self.chart.index
            self._item.found = frozenset(index[node] for node in found if node in index)
            self._item.update()
        return found

    # --- from model to picture ------------------------------------------------------------

    def _model_changed(self, model: ModelOpened | None) -> None:
        self._graph = model.graph if model is not None else None
        self._shapes = {}
        self._untouched = True
        self._wanted = None
        self._show(None)
        self._redraw()

    def _run_changed(self, run: RunFinished | None) -> None:
        if run is None or self._selection.graph is None:
            return
        self._graph = self._selection.graph
        self._shapes = run.shapes
        self._redraw()

    def _redraw(self) -> None:
        """Draw the graph anew, and lay it out again if that changed any size."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._slow.stop()
        self._notice.hide()
        if self._graph is None:
            self._drawing = None
            return
        drawing = draw(self._graph, self._options, self.lettering, self._shapes)
        self._keep_place()
        self._lay_out(drawing)

    def _lay_out(self, drawing: Drawing) -> None:
        self._drawing = drawing
        request = LayOut(drawing.boxes, drawing.edges, self._left_to_right)
        if self._placed_as is not None and self._placed_as[0] == request:
            self._show(Chart(drawing, self._placed_as[1]))
            self.laid_out.emit()
            return
        self._slow.start()
        call = self._engine.ask(request, slot="layout")
        self._call = call
        call.then(lambda placed: self._placed(call, drawing, request, placed), self._failed)
        call.progressed.connect(self._progressed)

    def _resume(self) -> None:
        """The engine is there again; what it was laying out when it died is asked anew."""
        if self._call is not None and self._drawing is not None:
            self._lay_out(self._drawing)

    def _placed(
        self, call: Call[Placed], drawing: Drawing, request: LayOut, placed: Placed
    ) -> None:
        if call is not self._call:
            return
        self._call = None
        self._slow.stop()
        self._notice.hide()
        self._placed_as = (request, placed.placement)
        self._show(Chart(drawing, placed.placement))
        self.laid_out.emit()

    def _failed(self, problem: Problem) -> None:
        self._call = None
        self._slow.stop()
        self._notice.say(problem.what, problem.remedy)

    def _progressed(self, done: float, what: str) -> None:
        if not self._slow.isActive():
            self._notice.say(what or "Laying out the graph…", done=done)

    def _show(self, chart: Chart | None) -> None:
        self.chart = chart
        self._item.set_chart(chart)
        if chart is None:
            self.viewport().update()
            self.view_changed.emit()
            return
        self._item.selected = self._figure_of(self._selection.node)
        self._stop_changed(self._selection.stop)
        self._set_scale(self.scale_factor)  # the room around the graph depends on it
        if self._untouched:
            self._look_at_start()
        elif self._anchor is not None and self._anchor[0] in chart.index:
            figure, at = self._anchor
            self._put(chart.rectangle(chart.index[figure]).center(), at)
        self._anchor = None
        if self._wanted in chart.index:
            self.look_closely(chart.index[self._wanted])
        self._wanted = None
        self.viewport().update()
        self.view_changed.emit()

    def _keep_place(self) -> None:
        """Remember what is in the middle, to find it there again in another layout."""
        if self.chart is None or not self.chart.figures:
            return
        chosen = self._item.selected
        if chosen is None or not self.visible_area().intersects(self.chart.rectangle(chosen)):
            chosen = walk.nearest(self.chart, self.visible_area().center())
        centre = self.chart.rectangle(chosen).center()
        self._anchor = (self.chart.figures[chosen].id, self._viewport_point(centre))

    def _figure_of(self, node: str | None) -> int | None:
        if self.chart is None or node is None:
            return None
        return self.chart.index.get(node)

    # --- choosing -------------------------------------------------------------------------

    def _node_changed(self, node: str | None) -> None:
        self._item.selected = self._figure_of(node)
        self._item.update()
        if node is not None:
            self.setAccessibleDescription(f"Selected: {node}")

    def _stop_changed(self, stop: Problem | None) -> None:
        self._item.stopped = self._figure_of(stop.node) if stop is not None else None
        self._item.update()

    def choose(self, figure: int | None) -> None:
        if figure is None or self.chart is None:
            self._item.found = frozenset()
            self._selection.set_node(None)
            self._item.selected = None
        else:
            self._selection.set_node(self.chart.figures[figure].node)
            self._item.selected = figure
        self._item.update()

    def _walk(self, key: int) -> None:
        if self.chart is None or not self.chart.figures:
            return
        target = walk.neighbour(self.chart, self._item.selected, key, self._left_to_right)
        if target is None:
            return
        self.choose(target)
        box = self.chart.rectangle(target)
        if not self.visible_area().contains(box):
            self.look_at(box.center())

    def _copy_name(self, figure: int) -> None:
        if self.chart is not None:
            chosen = self.chart.figures[figure]
            QGuiApplication.clipboard().setText(chosen.node or chosen.full)

    # --- Qt's events ----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.matches(QKeySequence.StandardKey.Copy) and self._item.selected is not None:
            self._copy_name(self._item.selected)
        elif ctrl and event.key() in walk.KEYS:
            self._walk(event.key())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._notice.place()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.chart is None:
            return
        figure = self._at(QPointF(event.pos()))
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            figure = self._item.selected
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if figure is not None:
            self.choose(figure)
            name = self.chart.figures[figure].id
            menu.addAction("Copy Name", lambda: self._copy_name(figure))
            menu.addAction("Centre", lambda: self.center_on(name))
            menu.addSeparator()
        menu.addAction("Fit", self.fit)
        menu.popup(event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self._tooltip(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), text, self.viewport())
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def _tooltip(self, position: QPointF) -> str:
        """What is under the pointer and cannot be read there."""
        if self.chart is None:
            return ""
        lines: list[str] = []
        figure = self._at(position)
        if figure is not None:
            chosen = self.chart.figures[figure]
            if chosen.node is not None and self._graph is not None and chosen.node in self._graph:
                node = self._graph.node(chosen.node)
                lines = [node.op_type, node.name or node.id]
                lines += filter(None, (self._selection.fault(node), node.note))
            elif chosen.title != chosen.full or self.scale_factor < READABLE_SCALE:
                lines = [chosen.full]
        elif (
            wire := self.chart.wire_at(self._scene_point(position), 5 / self.scale_factor)
        ) is not None:
            name = self.chart.wires[wire].value
            value = self.chart.drawing.values.get(name)
            lines = [name]
            if value is not None and (value.shape is not None or value.dtype):
                lines.append(" ".join(filter(None, (value.dtype, shape_text(value.shape)))))
        cut = (
            line if len(line) <= _LONGEST_TOOLTIP else line[:_LONGEST_TOOLTIP] + "…"
            for line in lines
        )
        # names may look like HTML
        return "<br>".join(html.escape(line) for line in cut)
