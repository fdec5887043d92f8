from __future__ import annotations

from dataclasses import replace
from typing import Any

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.graph.channels_last import channels_last

MAP = (1, 8, 6, 4)


def graph(*nodes: Node) -> ModelGraph:
    return ModelGraph("test", "test", ("x",), ("z",), nodes, {})


def node(op_type: str, *names: str, **attributes: Any) -> Node:
    *inputs, output = names
    return Node(output, op_type, "", "", (), tuple(inputs), (output,), attributes)


def last(*nodes: Node, inputs: tuple[str, ...] = (), **shapes: tuple[int, ...]) -> set[str]:
    known = {"x": MAP} | {n.outputs[0]: MAP for n in nodes} | shapes
    return set(channels_last(graph(*nodes), known, inputs))


def test_an_input_with_channels_last_stays_so_until_a_transpose() -> None:
    found = last(
        node("Sub", "x", "mean", "a"),
        node("Transpose", "a", "b", perm=[0, 3, 1, 2]),
        node("Conv", "b", "w", "c"),
        inputs=("x",),
    )
    assert found == {"x", "a"}


def test_an_exported_keras_layer_turns_back_after_its_convolution() -> None:
    found = last(
        node("Transpose", "x", "a", perm=[0, 3, 1, 2]),
        node("Conv", "a", "w", "b"),
        node("Transpose", "b", "c", perm=[0, 2, 3, 1]),
        node("Relu", "c", "d"),
        inputs=("x",),
    )
    assert found == {"x", "c", "d"}


def test_a_block_that_mixes_channels_with_a_linear_layer() -> None:
    found = last(
        node("conv2d", "x", "a"),
        node("permute", "a", "b", dims=[0, 2, 3, 1]),
        node("layer_norm", "b", "c"),
        node("linear", "c", "d"),
        node("permute", "d", "e", dims=[0, 3, 1, 2]),
        node("add", "x", "e", "f"),
    )
    assert found == {"b", "c", "d"}


def test_what_is_no_map_is_left_out() -> None:
    found = last(node("ReduceMean", "x", "a"), node("Relu", "x", "b"), inputs=("x",), a=(1, 4))
    assert found == {"x", "b"}


def test_the_heads_of_attention_are_no_channels() -> None:
    assert last(node("Transpose", "x", "a", perm=[0, 2, 1, 3])) == set()


def keras_node(op_type: str, *names: str, **attributes: Any) -> Node:
    return replace(node(op_type, *names, **attributes), domain="keras")


def test_keras_keeps_channels_last_unless_a_layer_says_otherwise() -> None:
    found = last(
        keras_node("InputLayer", "x", "a"),
        keras_node("Conv2D", "a", "b", data_format="channels_last"),
        keras_node("Add", "b", "a", "c"),
        keras_node("Permute", "c", "d", dims=[3, 1, 2]),
        keras_node("Dense", "v", "e"),
        keras_node("Reshape", "e", "f"),
        v=(1, 9),
        e=(1, 192),
    )
    assert found == {"x", "a", "b", "c", "f"}
    assert not last(keras_node("Conv2D", "x", "b", data_format="channels_first"))
