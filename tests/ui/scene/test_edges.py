"""A line can be pointed at, selected and followed."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication

from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.link.messages import ModelOpened
from netviz_desktop.ui import theme
from netviz_desktop.ui.selection import Edge

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def wire(view, value: str, target: str) -> int:
    ends = enumerate(view.chart.wires)
    return next(i for i, w in ends if w.value == value and w.target.split("\n")[-1] == target)


def on(view, value: str, target: str, share: float = 0.5) -> QPoint:
    """A point on a line, in the viewport."""
    return view.mapFromScene(view.chart.path(wire(view, value, target)).pointAtPercent(share))


@pytest.fixture
def view(open_graph, graph):
    view = open_graph(graph)
    view.actual_size()
    return view


def test_a_click_on_a_line_selects_its_edge_and_says_what_flows(qtbot, view, selection) -> None:
    with qtbot.waitSignal(view.noted) as noted:
        qtbot.mouseClick(view.viewport(), LEFT, pos=on(view, "r", "add") + QPoint(3, 0))

    assert selection.edge == Edge("relu", "add", "r", 1)
    assert selection.node == "relu"
    assert noted.args == ["r  ·  1×8×?×16  ·  float32  ·  relu → add"]


def test_inputs_and_outputs_of_the_graph_are_ends_of_edges(qtbot, view, selection) -> None:
    qtbot.mouseClick(view.viewport(), LEFT, pos=on(view, "image", "conv"))
    assert selection.edge == Edge(None, "conv", "image", 0)

    qtbot.mouseClick(view.viewport(), LEFT, pos=on(view, "scores", "scores", 0.4))
    assert selection.edge == Edge("fc", None, "scores")


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_the_line_under_the_pointer_and_the_selected_one_stand_out(
    qtbot, view, selection, themes, choice
) -> None:
    themes(choice)
    where = on(view, "r", "add", 0.3)

    def colour() -> np.ndarray:
        return np.array(view.grab().toImage().pixelColor(where).getRgb()[:3])

    for point in (QPoint(3, 3), where):
        qtbot.mouseMove(view.viewport(), point)
    assert abs(colour() - QColor(theme.current().accent).getRgb()[:3]).max() < 40

    selection.set_edge(Edge("relu", "add", "r", 1))
    qtbot.mouseMove(view.viewport(), QPoint(3, 3))
    assert abs(colour() - QColor(theme.current().selected).getRgb()[:3]).max() < 40
    assert "float32 1×8×?×16" in view.tooltip(QPointF(where))


def test_enter_and_a_double_click_follow_an_edge_from_end_to_end(qtbot, view, selection) -> None:
    view.zoom_to(3)
    view.center_on("relu")
    selection.set_edge(Edge("relu", "add", "r", 1))

    def is_in_the_middle(node: str) -> bool:
        away = view.mapFromScene(view.scene_rect_of(node).center())
        return (away - view.viewport().rect().center()).manhattanLength() <= 3

    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert is_in_the_middle("add")
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert is_in_the_middle("relu")

    qtbot.mouseDClick(view.viewport(), LEFT, pos=on(view, "r", "add", 0.2))
    assert is_in_the_middle("add")
    assert selection.edge == Edge("relu", "add", "r", 1)


def test_from_an_edge_ctrl_and_arrows_lead_to_its_ends_and_to_the_line_beside(
    qtbot, view, selection
) -> None:
    selection.set_node("conv")
    qtbot.keyClick(view, Qt.Key.Key_E)
    first = selection.edge
    assert first.source == "conv"

    qtbot.keyClick(view, Qt.Key.Key_Right, CTRL)
    second = selection.edge
    assert {first.target, second.target} == {"relu", "add"}

    qtbot.keyClick(view, Qt.Key.Key_Down, CTRL)
    assert (selection.edge, selection.node) == (None, second.target)
    qtbot.keyClick(view, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert selection.edge.target == second.target
    qtbot.keyClick(view, Qt.Key.Key_Up, CTRL)
    assert (selection.edge, selection.node) == (None, selection.node)


def test_ctrl_c_on_the_canvas_copies_the_name_of_the_value(qtbot, view, selection) -> None:
    selection.set_edge(Edge("relu", "add", "r", 1))

    qtbot.keyClick(view, Qt.Key.Key_C, CTRL)

    assert QGuiApplication.clipboard().text() == "r"


def test_where_lines_run_together_each_click_is_for_the_next(
    qtbot, view, selection, lay_out
) -> None:
    reads = [Node(f"n{i}", "Neg", "", "", (), (f"v{i - 1}", "m"), (f"v{i}",)) for i in range(1, 40)]
    mask = Node("mask", "Sub", "", "", (), ("x",), ("m",))
    graph = ModelGraph("t", "t", ("x", "v0"), ("v39",), (mask, *reads), {"m": Value("m")})
    selection.set_model(ModelOpened("t", 1, graph))
    lay_out()
    chart = view.chart
    shared = next(
        (point, wires)
        for x, y, *_ in chart.segments.tolist()
        if len(wires := chart.wires_at(point := QPointF(x, y), 0.5)) > 2
        and chart.figure_at(point) is None
    )
    view.actual_size()
    view.look_at(shared[0])
    seen = []
    for _ in shared[1]:
        qtbot.mouseClick(view.viewport(), LEFT, pos=view.mapFromScene(shared[0]))
        seen.append(selection.edge.target)

    assert len(set(seen)) == len(shared[1])


def test_a_line_between_closed_scopes_is_the_first_edge_that_it_stands_for(
    qtbot, view, selection, lay_out
) -> None:
    def node(name: str, *inputs: str) -> Node:
        return Node(name, "Op", "", name, tuple(name.split(".")[:-1]), inputs, (name,))

    nodes = (node("a.0", "x"), node("a.1", "a.0"), node("b.0", "a.1"), node("b.1", "b.0", "a.1"))
    selection.set_model(ModelOpened("t", 1, ModelGraph("t", "t", ("x",), ("b.1",), nodes, {})))
    lay_out()
    view.scopes.open_to_level(0)
    lay_out()

    target = next(f.id for f in view.chart.figures if f.title == "b").split("\n")[-1]
    qtbot.mouseClick(view.viewport(), LEFT, pos=on(view, "a.1", target))
    assert selection.edge == Edge("a.1", "b.0", "a.1", 0)

    view.scopes.open_all()
    lay_out()
    assert view.chart.wires[view._item.marks.wire].target == "b.0"
    selection.set_edge(Edge("b.0", "b.1", "b.0", 0))
    view.scopes.open_to_level(0)
    lay_out()
    assert view._item.marks.wire is None
