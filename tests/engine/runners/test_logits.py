from __future__ import annotations

import pytest

from netviz_desktop.engine.runners._logits import find_logits
from netviz_desktop.graph import ModelGraph, Node, Value


def graph(*ops: str, dtype: str = "float32") -> ModelGraph:
    """A chain of these ops from v0 on."""
    nodes = tuple(
        Node(f"n{i}", op, "", "", (), (f"v{i}",), (f"v{i + 1}",)) for i, op in enumerate(ops)
    )
    last = f"v{len(ops)}"
    return ModelGraph("test", "", ("v0",), (last,), nodes, {last: Value(last, None, dtype)})


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        (("Conv", "Softmax"), ("v1", "softmax")),
        (("Conv", "LogSoftmax", "Reshape"), ("v1", "softmax")),
        (("Gemm", "Sigmoid", "Identity", "Cast"), ("v1", "sigmoid")),
        (("linear", "softmax", "squeeze_"), ("v1", "softmax")),
        (("linear", "log_softmax"), ("v1", "softmax")),
        (("Softmax", "DequantizeLinear"), ("v0", "softmax")),
        (("Softmax", "MatMul"), ("v2", "softmax")),  # attention: the output itself is the score
        (("Gemm",), ("v1", "softmax")),
        ((), ("v0", "softmax")),
    ],
)
def test_the_scores_are_what_the_last_softmax_reads(
    ops: tuple[str, ...], expected: tuple[str, str]
) -> None:
    assert find_logits(graph(*ops), lambda _: (1, 10)) == expected


@pytest.mark.parametrize("shape", [(1, 1000), (4, 2), (1, 1000, 1, 1), (10,)])
def test_shapes_that_flatten_to_classes_are_scores(shape: tuple[int, ...]) -> None:
    assert find_logits(graph("Gemm"), lambda _: shape) == ("v1", "softmax")


@pytest.mark.parametrize("shape", [(1, 21, 64, 64), (1, 1), (), (1, 5, 30_000), (0, 0)])
def test_maps_single_numbers_and_texts_have_no_classes(shape: tuple[int, ...]) -> None:
    assert find_logits(graph("Conv"), lambda _: shape) == (None, "")
    assert find_logits(graph("Conv", "Softmax"), lambda _: shape)[1] == ""


def test_of_a_map_that_ends_in_a_sigmoid_targets_index_what_it_reads() -> None:
    assert find_logits(graph("Conv", "Sigmoid"), lambda _: (1, 1, 16, 24)) == ("v1", "")


def test_one_number_under_a_sigmoid_is_the_score_of_one_class() -> None:
    assert find_logits(graph("Gemm", "Sigmoid"), lambda _: (1, 1)) == ("v1", "sigmoid")


def test_indices_are_no_scores() -> None:
    assert find_logits(graph("ArgMax", dtype="int64"), lambda _: (1, 10)) == (None, "")
