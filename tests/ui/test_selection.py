from __future__ import annotations

from dataclasses import replace

import pytest

from netviz_desktop.graph.search import words
from netviz_desktop.problems import Problem
from netviz_desktop.ui.selection import Edge, Page


@pytest.fixture
def heard(selection):
    """What the selection said, in order."""
    said: list[tuple[str, object]] = []
    for name in ("model", "run", "others", "edge", "scope", "node", "target"):
        signal = getattr(selection, f"{name}_changed")
        signal.connect(lambda value, name=name: said.append((name, value)))
    return said


def test_a_new_model_clears_run_node_and_target(selection, opened, finished):
    selection.set_model(opened())
    selection.set_run(finished())
    selection.set_node("relu")
    selection.set_target(3)

    selection.set_model(opened("/models/b.onnx"))

    assert (selection.run, selection.node, selection.target) == (None, None, None)


def test_whoever_hears_of_a_new_model_finds_nothing_of_the_old_one(selection, opened, finished):
    selection.set_model(opened())
    selection.set_run(finished())
    selection.set_node("relu")
    found: list[object] = []
    selection.model_changed.connect(lambda _: found.append((selection.run, selection.node)))

    selection.set_model(opened("/models/b.onnx"))

    assert found == [(None, None)]


def test_a_new_run_keeps_the_node_and_goes_back_to_the_predicted_class(selection, opened, finished):
    selection.set_model(opened())
    selection.set_node("relu")
    selection.set_target(3)

    selection.set_run(finished())

    assert selection.node == "relu"
    assert selection.target is None


def test_a_node_that_the_graph_as_it_ran_does_not_have_is_let_go(selection, opened, finished):
    import dataclasses

    selection.set_model(opened())
    selection.set_node("relu")
    other = opened(nodes=("conv",)).graph

    selection.set_run(dataclasses.replace(finished(), graph=other))

    assert selection.node is None
    assert selection.graph is other


def test_setting_what_is_set_says_nothing(selection, opened, heard):
    selection.set_model(opened())
    selection.set_node("relu")
    heard.clear()

    selection.set_node("relu")
    selection.set_target(None)
    selection.set_run(None)

    assert heard == []


def test_a_run_that_stopped_is_forgotten_with_its_model(selection, opened):
    selection.set_model(opened())
    node = selection.graph.node("relu")
    selection.set_stop(Problem("It broke.", "Mend it.", node="relu"))
    assert selection.fault(node) == "It broke."

    selection.set_model(opened())

    assert selection.stop is None
    assert selection.fault(node) == ""


def test_of_an_edge_the_node_is_the_one_that_computes_its_value(selection, opened, heard):
    selection.set_model(opened(nodes=("conv", "relu")))
    heard.clear()
    edge = Edge("conv", "relu", "value 0", 0)

    selection.set_edge(edge)
    assert heard == [("edge", edge), ("node", "conv")]

    selection.set_node("conv")
    assert selection.edge is None
    assert heard[2:] == [("edge", None)]


def test_an_input_of_the_graph_is_an_edge_without_a_node(selection, opened):
    selection.set_model(opened())
    selection.set_node("relu")

    selection.set_edge(Edge(None, "relu", "x", 0))

    assert selection.node is None


def test_nodes_are_selected_one_by_one_and_the_last_one_is_shown(selection, opened):
    selection.set_model(opened(nodes=("a", "b", "c")))
    shown = []
    selection.node_changed.connect(shown.append)

    for node in ("a", "b", "c", "b", "c"):
        selection.toggle_node(node)

    assert shown == ["a", "b", "c", "a"]
    assert selection.others == ()
    selection.toggle_node("c")
    selection.set_node("b")
    assert (selection.node, selection.others) == ("b", ())


def test_an_edge_that_the_graph_as_it_ran_does_not_have_is_let_go(selection, opened, finished):
    import dataclasses

    selection.set_model(opened(nodes=("a", "b")))
    selection.set_edge(Edge("a", "b", "value 0", 0))

    selection.set_run(dataclasses.replace(finished(), graph=opened(nodes=("a",)).graph))

    assert (selection.edge, selection.node) == (None, None)


def test_a_run_says_nothing_of_what_is_inside_a_node(selection, opened, finished):
    model = opened(nodes=("relu",))
    selection.set_model(model)
    selection.set_run(replace(finished(), shapes={"value 0": (7, 7)}))
    assert selection.search_index.find(words("shape:7x7")) == ["relu"]

    selection.set_pages((Page("relu › body", "relu", model.graph),))

    assert selection.run_in_view is None
    assert selection.search_index.find(words("shape:7x7")) == []
    assert selection.search_index.find(words("relu")) == ["relu"]
