"""What feeds a node, what it feeds, and what lies between two, lit on the canvas."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from netviz_desktop.graph import Node
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import graph_item

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def graph(graph):
    """conv → relu → add → fc in one scope, and beside it a node that nobody reads."""
    aside = Node("aside", "Neg", "ai.onnx", "", (), ("c",), ("n",))
    end = Node("end", "Exp", "ai.onnx", "", (), ("scores",), ("e",))
    nodes = [replace(node, scope=("body",)) for node in graph.nodes[:3]]
    return replace(graph, nodes=(*nodes, graph.nodes[3], aside, end), outputs=("e",))


def lit(view) -> set[str]:
    mask = view._item.marks.lit
    assert mask is not None
    figures = (f for f, on in zip(view.chart.figures, mask.figures, strict=True) if on)
    return {figure.title for figure in figures}


def lines(view) -> set[str]:
    mask = view._item.marks.lit.wires
    return {wire.value for wire, on in zip(view.chart.wires, mask, strict=True) if on}


def at(view, figure: str) -> QPoint:
    return view.mapFromScene(view.scene_rect_of(figure).center())


def colour(view, figure: str) -> QColor:
    """Of the header of a box."""
    where = view.mapFromScene(view.scene_rect_of(figure).topLeft()) + QPoint(6, 8)
    return view.grab().toImage().pixelColor(where)


def test_inputs_of_a_node_are_all_before_it_back_to_the_graphs_own(open_graph, graph, selection):
    view = open_graph(graph)
    selection.set_node("relu")

    view.tracing.inputs()

    assert lit(view) == {"image", "Conv", "Relu"}
    assert lines(view) == {"image", "c"}


def test_outputs_of_a_node_are_all_behind_it_and_both_are_both(open_graph, graph, selection):
    view = open_graph(graph)
    selection.set_node("add")

    view.tracing.outputs()
    assert lit(view) == {"Add", "Gemm", "Exp", "e"}

    view.tracing.both()
    assert lit(view) == {"image", "Conv", "Relu", "Add", "Gemm", "Exp", "e"}


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.parametrize("tiles_from", [0, 5000])
def test_what_is_not_lit_is_dimmed_until_escape(
    qtbot, open_graph, graph, selection, themes, monkeypatch, choice, tiles_from
):
    monkeypatch.setattr(graph_item, "_TILES_FROM", tiles_from)
    themes(choice)
    view = open_graph(graph)
    view.actual_size()
    ground = QColor(theme.current().canvas)
    qtbot.waitUntil(lambda: ground not in (colour(view, "conv"), colour(view, "end")))
    before = {name: colour(view, name) for name in ("conv", "end")}
    selection.set_node("relu")

    view.tracing.inputs()

    def contrast(end: QColor) -> int:
        return abs(end.lightness() - ground.lightness())

    qtbot.waitUntil(lambda: contrast(colour(view, "end")) < contrast(before["end"]) / 2)
    qtbot.waitUntil(lambda: colour(view, "conv") == before["conv"])

    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert selection.node == "relu"
    qtbot.waitUntil(lambda: colour(view, "end") == before["end"])
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert selection.node is None


def test_a_closed_scope_is_lit_when_something_in_it_is(open_graph, graph, selection, lay_out):
    view = open_graph(graph)
    selection.set_node("relu")
    view.tracing.inputs()

    view.scopes.open_to_level(0)
    lay_out()

    assert lit(view) == {"image", "body"}
    assert lines(view) == {"image"}


def test_of_a_closed_scope_all_that_feeds_anything_in_it_is_traced(
    qtbot, open_graph, graph, lay_out
):
    view = open_graph(graph)
    view.scopes.open_to_level(0)
    lay_out()
    scope = next(f for f in view.chart.figures if f.scope is not None)
    qtbot.mouseClick(view.viewport(), LEFT, pos=at(view, scope.id) - QPoint(10, 0))

    view.tracing.outputs()

    assert lit(view) == {"body", "Gemm", "Exp", "e", "Neg"}


def test_two_nodes_are_selected_with_ctrl_and_what_lies_between_them_is_lit_and_counted(
    qtbot, open_graph, graph, selection
):
    view = open_graph(graph)
    qtbot.mouseClick(view.viewport(), LEFT, pos=at(view, "fc"))
    qtbot.mouseClick(view.viewport(), LEFT, CTRL, pos=at(view, "conv"))
    assert (selection.node, selection.others) == ("conv", ("fc",))

    with qtbot.waitSignal(view.tracing.said) as said:
        view.tracing.path()

    assert lit(view) == {"Conv", "Relu", "Add", "Gemm"}
    assert said.args == [
        "4 nodes lie on the paths from “conv” to “fc”; the shortest has 3."
    ]  # fmt: skip


def test_where_there_is_no_path_or_no_second_node_that_is_said(qtbot, open_graph, graph, selection):
    view = open_graph(graph)
    selection.set_node("aside")
    with qtbot.waitSignal(view.tracing.said) as said:
        view.tracing.path()
    assert "Select two nodes" in said.args[0]

    selection.toggle_node("end")
    with qtbot.waitSignal(view.tracing.said) as said:
        view.tracing.path()
    assert said.args == ["No path leads from “aside” to “end”, nor back."]
    assert not view.tracing.is_active


def test_another_model_has_nothing_lit(open_graph, graph, selection):
    view = open_graph(graph)
    selection.set_node("relu")
    view.tracing.both()

    open_graph(replace(graph))

    assert view._item.marks.lit is None
