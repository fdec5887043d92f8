"""Back and forward through the places one has been."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTimer

from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.link.messages import ModelOpened
from netviz_desktop.ui.scene import History
from netviz_desktop.ui.selection import Edge


@pytest.fixture
def graph() -> ModelGraph:
    """Three blocks of sixty nodes, too many to open at once."""
    nodes, at = [], "x"
    for block in "abc":
        for i in range(60):
            name = f"{block}.{i}"
            nodes.append(Node(name, f"Op{block}{i % 7}", "", name, (block,), (at,), (name,)))
            at = name
    values = {node.id: Value(node.id, (1, 8), "float32") for node in nodes}
    return ModelGraph("t", "t", ("x",), (at,), tuple(nodes), values)


@pytest.fixture
def been(view, selection, graph, lay_out):
    history = History(view, selection, view)
    selection.set_model(ModelOpened("t.onnx", 1, graph))
    lay_out()
    return history


def settle(history: History) -> None:
    """As after a second in which nothing moved."""
    timer = history.findChild(QTimer)
    if timer.isActive():
        timer.timeout.emit()


def test_back_brings_the_selection_and_the_view_and_forward_undoes_it(been, view, selection):
    view.scopes.open_readable()
    start = view.visible_area()
    node = next(figure.node for figure in view.chart.figures if figure.node)
    selection.set_node(node)
    view.center_on(node)
    view.zoom_to(2)
    there = view.visible_area()

    been.back()
    assert selection.node is None
    assert view.visible_area().center().y() == pytest.approx(start.center().y(), abs=2)
    assert not been.can_go_back

    been.forward()
    assert selection.node == node
    assert view.scale_factor == 2
    assert view.visible_area().center().y() == pytest.approx(there.center().y(), abs=2)
    assert not been.can_go_forward


def test_back_closes_what_was_opened_and_looks_where_it_looked(been, view, lay_out):
    before = view.scopes.opened
    view.scopes.open_to_level(0)
    lay_out()
    settle(been)
    assert view.scopes.opened != before
    y = view.visible_area().center().y()

    been.back()
    lay_out()
    assert view.scopes.opened == before

    been.forward()
    lay_out()
    assert view.scopes.opened.scopes == frozenset()
    assert view.visible_area().center().y() == pytest.approx(y, abs=2)


def test_jumps_within_a_second_are_one(been, selection):
    for node in ("a.1", "a.2", "a.3"):
        selection.set_node(node)
    settle(been)
    selection.set_node("a.4")

    been.back()
    assert selection.node == "a.3"
    been.back()
    assert selection.node is None


def test_another_way_from_an_earlier_place_forgets_what_came_after_it(been, selection):
    for node in ("a.1", "a.2"):
        selection.set_node(node)
        settle(been)
    been.back()
    selection.set_node("b.7")
    settle(been)

    assert not been.can_go_forward
    been.back()
    assert selection.node == "a.1"


def test_an_edge_and_several_nodes_come_back_as_they_were(been, selection):
    selection.set_edge(Edge("a.1", "a.2", "a.1", 0))
    settle(been)
    selection.set_node("a.5")
    selection.toggle_node("a.9")
    settle(been)
    selection.set_node(None)

    been.back()
    assert (selection.node, selection.others) == ("a.9", ("a.5",))
    been.back()
    assert selection.edge == Edge("a.1", "a.2", "a.1", 0)


def test_another_model_has_places_of_its_own(been, selection, graph):
    selection.set_node("a.1")
    settle(been)
    assert been.can_go_back

    selection.set_model(ModelOpened("u.onnx", 1, graph))

    assert not been.can_go_back
    been.back()
    assert selection.node is None
