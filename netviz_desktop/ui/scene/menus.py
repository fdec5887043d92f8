"""The canvas's menus: what can be done with what is under the pointer, and a tensor's uses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from netviz_desktop.ui.scene.captions import elided
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.spot import Spot
from netviz_desktop.ui.selection import Selection

if TYPE_CHECKING:
    from netviz_desktop.ui.scene.graph_view import GraphView

_MOST_USES = 60


def of_spot(view: GraphView, chart: Chart, selection: Selection, spot: Spot) -> QMenu:
    """For what is at a spot, which is selected."""
    menu = _menu(view)
    if spot.figure is not None:
        _add_figure(menu, view, chart, selection, spot.figure)
        menu.addSeparator()
    elif spot.wire is not None:
        menu.addAction("Follow to Its Other End", view.follow_edge)
    if spot.figure is not None or spot.wire is not None or spot.scope is not None:
        menu.addAction("Trace Inputs", view.tracing.inputs)
        menu.addAction("Trace Outputs", view.tracing.outputs)
        menu.addSeparator()
    if (scope := view.scopes.in_focus()) is not None:
        verb = "Close" if view.scopes.is_open(scope) else "Open"
        menu.addAction(f"{verb} {scope.name}", lambda: view.scopes.toggle(scope))
        menu.addSeparator()
    menu.addAction("Fit", view.fit)
    return menu


def of_uses(view: GraphView, chart: Chart, value: str, parent: QWidget | None = None) -> QMenu:
    """Goes to any of the boxes that name a tensor."""
    menu = _menu(parent or view)
    menu.setTitle(f"Uses of {elided(value)}")
    readers = chart.drawing.hubs[value].readers
    for reader in readers[:_MOST_USES]:
        figure = chart.figures[chart.index[reader]]
        name = (figure.node or figure.full).replace("&", "&&")
        menu.addAction(name, partial(view.go_to, reader))
    if len(readers) > _MOST_USES:
        menu.addAction(f"… and {len(readers) - _MOST_USES:,} more").setEnabled(False)
    return menu


def _menu(parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, not isinstance(parent, QMenu))
    return menu


def _add_figure(
    menu: QMenu, view: GraphView, chart: Chart, selection: Selection, index: int
) -> None:
    figure, node = chart.figures[index], selection.selected_node
    menu.addAction("Copy Name", view.copy_name)
    menu.addAction("Centre", lambda: view.look_closely(index))
    for value in filter(None, (row.follows for row in figure.rows)):
        source = chart.drawing.hubs[value].source
        if source == figure.id:
            menu.addMenu(of_uses(view, chart, value, menu))
        else:
            menu.addAction(f"Go to {elided(value)}", partial(view.go_to, source))
    for name in node.bodies if node is not None else ():
        enter = partial(selection.page_asked.emit, name)
        menu.addAction(f"Look Inside: {name.rpartition(' › ')[2]}", enter)
    if node is not None and selection.scope is None:
        ask = partial(view.type_asked.emit, node.op_type)
        menu.addAction(f"Select All {elided(node.op_type)}", ask)
