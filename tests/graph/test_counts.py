"""Judged by closed forms, and by torch's own operation counter."""

from __future__ import annotations

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.graph.counts import counts, itemsize, total
from netviz_desktop.graph.model import Attribute, Dimension


def one_node(
    op_type: str,
    inputs: list[tuple[Dimension, ...] | None],
    output: tuple[Dimension, ...] | None,
    domain: str = "ai.onnx",
    **attributes: Attribute,
) -> ModelGraph:
    names = tuple(f"x{index}" for index in range(len(inputs)))
    node = Node("n", op_type, domain, "", (), names, ("y",), attributes)
    shapes = dict(zip((*names, "y"), (*inputs, output), strict=True))
    values = {name: Value(name, shape, "float32") for name, shape in shapes.items()}
    return ModelGraph("ONNX", "", names[:1], ("y",), (node,), values)


def multiply_adds(*arguments: object, **keywords: object) -> int | None:
    return counts(one_node(*arguments, **keywords))["n"].multiply_adds  # type: ignore[arg-type]


def torch_counts(operation: object, *tensors: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        operation(*tensors)  # type: ignore[operator]
    return int(counter.get_total_flops()) // 2  # it counts both halves of a multiply-add


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_a_convolution_costs_what_torch_counts(groups: int) -> None:
    layer = torch.nn.Conv2d(6, 12, (3, 5), stride=2, groups=groups)
    x = torch.zeros(2, 6, 17, 19)
    shapes = [tuple(x.shape), tuple(layer.weight.shape), (12,)]
    assert multiply_adds("Conv", shapes, tuple(layer(x).shape)) == torch_counts(layer, x)
    assert multiply_adds("conv2d", shapes, tuple(layer(x).shape), "torch") == torch_counts(layer, x)


def test_a_transposed_convolution_costs_what_torch_counts() -> None:
    layer = torch.nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1)
    x = torch.zeros(1, 6, 9, 7)
    shapes = [tuple(x.shape), tuple(layer.weight.shape)]
    assert multiply_adds("ConvTranspose", shapes, tuple(layer(x).shape)) == torch_counts(layer, x)


def test_matrix_products_cost_rows_times_columns_times_depth() -> None:
    assert multiply_adds("MatMul", [(2, 3, 5), (5, 7)], (2, 3, 7)) == 2 * 3 * 5 * 7
    assert multiply_adds("Gemm", [(5, 3), (5, 7)], (3, 7), transA=1) == 3 * 5 * 7
    assert multiply_adds("Gemm", [(3, 5), (7, 5)], (3, 7), transB=1) == 3 * 5 * 7
    assert multiply_adds("addmm", [(7,), (3, 5), (5, 7)], (3, 7), "torch") == 3 * 5 * 7
    assert multiply_adds("linear", [(2, 3, 5), (7, 5)], (2, 3, 7), "torch") == 2 * 3 * 5 * 7
    assert multiply_adds("Einsum", [(2, 3, 5), (2, 5, 7)], (2, 3, 7), equation="bik,bkj->bij") == (
        2 * 3 * 5 * 7
    )


def test_attention_costs_two_products() -> None:
    query, key, value = (1, 4, 10, 8), (1, 4, 12, 8), (1, 4, 12, 6)
    expected = 4 * 10 * 12 * (8 + 6)
    assert (
        multiply_adds(
            "scaled_dot_product_attention", [query, key, value], (1, 4, 10, 6), domain="torch"
        )
        == expected
    )
    assert multiply_adds("Attention", [query, key, value], (1, 4, 10, 6)) == expected


def test_multi_head_attention_costs_its_projections_too() -> None:
    layer = torch.nn.MultiheadAttention(16, 4)
    x = torch.zeros(10, 2, 16)
    shapes = [(10, 2, 16)] * 3
    with torch.enable_grad():  # so that torch takes the path of separate products
        expected = torch_counts(lambda x: layer(x, x, x), x.requires_grad_())
    found = multiply_adds("multi_head_attention_forward", shapes, (10, 2, 16), domain="torch")
    assert found == expected


def test_a_recurrent_layer_costs_every_weight_once_a_step() -> None:
    weights = [(2, 4 * 8, 5), (2, 4 * 8, 8)]
    found = multiply_adds("LSTM", [(9, 3, 5), *weights], (9, 2, 3, 8))
    assert found == 9 * 3 * sum(math.prod(shape) for shape in weights)


def test_elementwise_operations_and_pooling_cost_none() -> None:
    assert multiply_adds("Relu", [None], None) == 0
    assert multiply_adds("max_pool2d", [(1, 2, 4, 4)], (1, 2, 2, 2), "torch") == 0


def test_what_happens_inside_a_foreign_op_or_a_subgraph_is_not_known() -> None:
    assert multiply_adds("If", [()], (1,)) is None
    assert multiply_adds("Mystery", [(1,)], (1,), domain="org.example") is None
    assert multiply_adds("Conv2d", [(1, 3, 8, 8)], (1, 4, 8, 8), domain="torch.nn") is None


def test_a_free_batch_counts_as_one_and_other_free_dimensions_are_not_guessed() -> None:
    assert multiply_adds("MatMul", [("batch", 5), (5, 7)], ("batch", 7)) == 5 * 7
    assert multiply_adds("MatMul", [(None, 5), (5, 7)], (None, 7)) == 5 * 7
    assert multiply_adds("MatMul", [("batch", "time", 5), (5, 7)], ("batch", "time", 7)) is None
    assert multiply_adds("MatMul", [(1, 5), (5, 7)], (None, 7)) is None
    assert multiply_adds("MatMul", [(1, 5), None], None) is None


def test_nothing_is_known_of_the_values_of_a_module_tree() -> None:
    node = Node("fc", "Linear", "torch.nn", "fc", (), (), ())
    graph = ModelGraph("PyTorch module", "", (), (), (node,), {})
    assert counts(graph)["fc"].activation_bytes is None
    assert total(graph, counts(graph)).unmeasured == 1


def test_a_multiple_of_the_batch_is_that_multiple() -> None:
    graph = one_node("Reshape", [("batch", 4, 3)], ("4*batch", 3))
    assert counts(graph)["n"].activation_bytes == 4 * 3 * 4
    graph = one_node("Reshape", [("batch", 4, 3)], ("time*batch", 3))
    assert counts(graph)["n"].activation_bytes is None


def test_activation_bytes_are_the_outputs_sizes() -> None:
    assert counts(one_node("Relu", [("n", 3, 4)], ("n", 3, 4)))["n"].activation_bytes == 3 * 4 * 4
    assert counts(one_node("Relu", [("n", 3, 4)], None))["n"].activation_bytes is None


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float32", 4),
        ("bfloat16", 2),
        ("float8_e4m3fn", 1),
        ("float4_e2m1fn", 0.5),
        ("uint4", 0.5),
        ("bool", 1),
        ("complex64", 8),
        ("int64", 8),
        ("str", None),
        (None, None),
    ],
)
def test_a_dtype_has_its_size(dtype: str | None, expected: float | None) -> None:
    assert itemsize(dtype) == expected


def test_a_total_counts_a_shared_parameter_once_and_says_what_it_lacks() -> None:
    weight = Parameter("w", (7, 5), "float32")
    values = {
        "x": Value("x", ("n", 5), "float32"),
        "w": Value("w", (7, 5), "float32"),
        "a": Value("a", ("n", 7), "float32"),
        "b": Value("b", None, "float32"),
    }
    nodes = (
        Node("a", "linear", "torch", "", (), ("x", "w"), ("a",), {}, (weight,)),
        Node("b", "linear", "torch", "", (), ("x", "w"), ("b",), {}, (weight,)),
    )
    graph = ModelGraph("PyTorch module", "", ("x",), ("a", "b"), nodes, values)
    by_node = counts(graph)
    found = total(graph, by_node)
    assert found.parameters == 35
    assert found.multiply_adds == 35
    assert found.activation_bytes == 7 * 4
    assert (found.uncounted, found.unmeasured) == (1, 1)
    assert total(graph, {"a": by_node["a"]}).uncounted == 0
