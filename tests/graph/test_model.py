from __future__ import annotations

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value


def node(
    node_id: str, inputs: tuple[str, ...], outputs: tuple[str, ...], *parameters: Parameter
) -> Node:
    return Node(node_id, "Op", "ai.onnx", node_id, (), inputs, outputs, parameters=parameters)


SHARED = Parameter("w", (3, 4), "float32", "W")
DIAMOND = ModelGraph(
    format="ONNX",
    name="diamond",
    inputs=("x",),
    outputs=("sum",),
    nodes=(
        node("split", ("x",), ("left", "right")),
        node("scale", ("left", "w"), ("scaled",), SHARED),
        node("shift", ("right", "w"), ("shifted",), SHARED),
        node("add", ("scaled", "shifted"), ("sum",)),
        node("twice", ("sum", "sum"), ("double", "")),
    ),
    values={name: Value(name) for name in ("x", "left", "right", "w", "sum")},
)


def test_a_parameter_that_two_nodes_share_counts_once() -> None:
    assert DIAMOND.parameter_count == 12
    assert [n.parameter_count for n in DIAMOND.nodes] == [0, 12, 12, 0, 0]


def test_an_edge_says_which_output_feeds_which_input() -> None:
    assert DIAMOND.digraph.get_edge_data("split", "shift") == {
        0: {"value": "right", "output": 1, "input": 0}
    }


def test_a_value_that_is_read_twice_by_one_node_is_two_edges() -> None:
    assert DIAMOND.digraph.number_of_edges("add", "twice") == 2


def test_model_inputs_and_parameters_are_no_edges() -> None:
    assert DIAMOND.digraph.in_degree("split") == 0
    assert DIAMOND.digraph.number_of_edges() == 6


def test_an_output_that_is_left_out_has_no_producer() -> None:
    assert DIAMOND.producer == {
        "left": "split",
        "right": "split",
        "scaled": "scale",
        "shifted": "shift",
        "sum": "add",
        "double": "twice",
    }


def test_a_node_is_found_by_its_id() -> None:
    assert "add" in DIAMOND
    assert "x" not in DIAMOND
    assert DIAMOND.node("add").inputs == ("scaled", "shifted")
