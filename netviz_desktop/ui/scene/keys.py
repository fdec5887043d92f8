"""What keys do to what is selected; those that only move the view are the canvas's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from netviz_desktop.ui.scene import edges, walk
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.selection import Selection

if TYPE_CHECKING:
    from netviz_desktop.ui.scene.graph_view import GraphView

_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class Keys:
    """Walks with Ctrl and arrows, takes an edge with E, and goes in and out of scopes."""

    def __init__(self, view: GraphView, selection: Selection) -> None:
        self._view = view
        self._selection = selection

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key was one of ours."""
        view, chart = self._view, self._view.chart
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if chart is not None and event.key() == Qt.Key.Key_E and not ctrl:
            incoming = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
            self._take_edge(chart, incoming=incoming)
        elif event.matches(QKeySequence.StandardKey.Copy):
            view.copy_name()
        elif chart is not None and chart.figures and ctrl and event.key() in walk.KEYS:
            self._walk(chart, event.key())
        else:
            return event.modifiers() in _PLAIN and self._press_plain(event.key())
        return True

    def _press_plain(self, key: int) -> bool:
        """Enter opens and closes the selected scope, follows the selected edge, or goes into
        the selected node; Backspace closes what is around the selection, or goes back out; [ and
        ] step through a run."""
        scopes, scope = self._view.scopes, self._selection.scope
        enter = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and scope is not None:
            scopes.toggle(scope)
        elif enter and self._selection.edge is not None:
            self._view.follow_edge()
        elif enter:
            return self._view.enter()
        elif key == Qt.Key.Key_Backspace:
            if scopes.in_focus() is None and self._selection.pages:
                self._selection.leave_to(len(self._selection.pages) - 1)
            else:
                scopes.close_around()
        elif key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            scopes.step_in_focus(1 if key == Qt.Key.Key_BracketRight else -1)
        else:
            return False
        return True

    def _take_edge(self, chart: Chart, *, incoming: bool) -> None:
        """The first one into the selected box, or out of it."""
        if self._view.chosen is not None:
            wires = (chart.inputs_of if incoming else chart.outputs_of)[self._view.chosen]
            if wires:
                self._view.choose_wire(wires[0])

    def _walk(self, chart: Chart, key: int) -> None:
        view = self._view
        if view.chosen_wire is not None:
            self._walk_from_edge(chart, view.chosen_wire, key)
            return
        target = walk.neighbour(chart, view.chosen, key, view.left_to_right)
        if target is not None:
            self._go(chart, target)

    def _walk_from_edge(self, chart: Chart, wire: int, key: int) -> None:
        """Along the flow to an end, across it to the line beside."""
        back, forward = walk.ALONG[self._view.left_to_right]
        if key in (back, forward):
            line = chart.wires[wire]
            self._go(chart, chart.index[line.target if key == forward else line.source])
        else:
            by = 1 if key in (Qt.Key.Key_Right, Qt.Key.Key_Down) else -1
            self._view.choose_wire(edges.beside(chart, wire, by))

    def _go(self, chart: Chart, figure: int) -> None:
        self._view.choose(figure)
        box = chart.rectangle(figure)
        if not self._view.visible_area().contains(box):
            self._view.look_at(box.center())
