"""What a model costs: parameters, multiply-adds and bytes of activations, node by node.

A multiply-add is one multiplication and one addition in a sum of products: the work of
convolutions, matrix products, attention and recurrent layers. A bias, an activation and
pooling count as none. Everything is for one sample: a free batch dimension counts as 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from netviz_desktop.graph import _keras_counts as keras
from netviz_desktop.graph.model import Attribute, Dimension, ModelGraph, Node, Value

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Counts:
    """Of one node; None where a shape that is needed is not known."""

    parameters: int
    multiply_adds: int | None
    activation_bytes: int | None


@dataclass(frozen=True)
class Total:
    """Of several nodes: the sums of what is known.

    Args:
        uncounted: how many nodes' multiply-adds are not known.
        unmeasured: how many nodes' activation bytes are not known.
    """

    parameters: int
    multiply_adds: int
    activation_bytes: int
    uncounted: int = 0
    unmeasured: int = 0


def counts(graph: ModelGraph) -> dict[str, Counts]:
    """What each node costs, by id."""
    return dict(each(graph))


def each(graph: ModelGraph) -> Iterator[tuple[str, Counts]]:
    """As `counts`, node by node, for whoever does something else in between."""
    batch = _free_batch(graph)
    for node in graph.nodes:
        yield node.id, _of_node(node, graph.values, batch)


def total(graph: ModelGraph, by_node: Mapping[str, Counts]) -> Total:
    """What these nodes, all or some of `counts`, cost together; a parameter that several
    share counts once, a buffer not at all."""
    parameters = {
        p.name: p.count for node in by_node for p in graph.node(node).parameters if not p.buffer
    }
    work = [found.multiply_adds for found in by_node.values()]
    size = [found.activation_bytes for found in by_node.values()]
    return Total(
        sum(parameters.values()),
        sum(number or 0 for number in work),
        sum(number or 0 for number in size),
        work.count(None),
        size.count(None),
    )


def itemsize(dtype: str | None) -> float | None:
    """Bytes of one number of numpy's or ml_dtypes' type; None when that has no fixed size."""
    if dtype == "bool":
        return 1
    bits = re.match(r"(?:u?int|b?float|complex)(\d+)", dtype or "")
    return int(bits[1]) / 8 if bits else None


def _free_batch(graph: ModelGraph) -> frozenset[Dimension]:
    """What stands for the batch: the inputs' free first dimensions."""
    shapes = [graph.values[name].shape for name in graph.inputs if name in graph.values]
    return frozenset(shape[0] for shape in shapes if shape and not isinstance(shape[0], int))


def _shape(value: Value | None, batch: frozenset[Dimension]) -> Shape | None:
    if value is None or value.shape is None:
        return None
    sizes = [_size(dimension, axis, batch) for axis, dimension in enumerate(value.shape)]
    known = tuple(size for size in sizes if size is not None)
    return known if len(known) == len(sizes) else None


def _size(dimension: Dimension, axis: int, batch: frozenset[Dimension]) -> int | None:
    if isinstance(dimension, int):
        return dimension
    if dimension is None:
        return 1 if axis == 0 and None in batch else None
    # torch's exporter writes such as "4*batch".
    factors = [1 if factor in batch else _whole(factor) for factor in dimension.split("*")]
    known = [factor for factor in factors if factor is not None]
    return math.prod(known) if len(known) == len(factors) else None


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _of_node(node: Node, values: dict[str, Value], batch: frozenset[Dimension]) -> Counts:
    names = [name for name in (*node.inputs, *node.outputs) if name]
    shapes = {name: _shape(values.get(name), batch) for name in names}
    size = 0
    for name in filter(None, node.outputs):
        shape, each = shapes[name], itemsize(values[name].dtype if name in values else None)
        if shape is None or each is None:
            return Counts(node.parameter_count, _multiply_adds(node, shapes), None)
        size += math.ceil(math.prod(shape) * each)
    known = size if node.outputs else None  # of a module tree no values are known at all
    return Counts(node.parameter_count, _multiply_adds(node, shapes), known)


def _multiply_adds(node: Node, shapes: dict[str, Shape | None]) -> int | None:
    if node.domain == "keras":
        return _of_keras(node, shapes)
    rule = _RULES.get(node.op_type)
    if rule is None:
        # A subgraph, or somebody's own op: what happens inside is not known here.
        return None if node.op_type in _OPAQUE or node.domain not in _KNOWN_DOMAINS else 0
    try:
        return rule(_Shapes(node, shapes))
    except (_UnknownShapeError, LookupError, ValueError):
        return None  # shapes that the operator does not take: the model is invalid


def _of_keras(node: Node, shapes: dict[str, Shape | None]) -> int | None:
    rule = keras.RULES.get(node.op_type)
    if rule is None:
        return None if node.op_type in keras.OPAQUE or node.fault else 0
    try:
        return rule(_Shapes(node, shapes))
    except (_UnknownShapeError, ValueError, IndexError):  # weights that do not fit the layer
        return None


class _UnknownShapeError(Exception):
    """A rule needs a shape that is not known, or that it cannot be right about."""


@dataclass(frozen=True)
class _Shapes:
    """A node's shapes, for the rules below; what is not known ends the rule."""

    node: Node
    by_name: dict[str, Shape | None] = field(repr=False)

    def input(self, index: int) -> Shape:
        return self._known(self.node.inputs, index)

    def output(self, index: int = 0) -> Shape:
        return self._known(self.node.outputs, index)

    @property
    def parameters(self) -> list[Shape]:
        return [parameter.shape for parameter in self.node.parameters]

    def attribute(self, name: str, default: Attribute) -> Attribute:
        return self.node.attributes.get(name, default)

    def unknown(self) -> Exception:
        return _UnknownShapeError()

    def _known(self, names: tuple[str, ...], index: int) -> Shape:
        shape = self.by_name.get(names[index]) if index < len(names) else None
        if shape is None:
            raise _UnknownShapeError
        return shape


Rule: TypeAlias = Callable[[_Shapes], int]


def _convolution(weight: int = 1) -> Rule:
    """Each output element sums over its group's channels and the kernel."""
    return lambda s: math.prod(s.output()) * math.prod(s.input(weight)[1:])


def _transposed_convolution(s: _Shapes) -> int:
    """Each input element is spread over its group's output channels and the kernel."""
    return math.prod(s.input(0)) * math.prod(s.input(1)[1:])


def _product(left: int = 0) -> Rule:
    """Each output element sums over the left matrix's rows."""
    return lambda s: math.prod(s.output()) * s.input(left)[-1]


def _gemm(s: _Shapes) -> int:
    return math.prod(s.output()) * s.input(0)[0 if s.attribute("transA", 0) else -1]


def _linear(s: _Shapes) -> int:
    return math.prod(s.output()) * s.input(1)[-1]


def _bilinear(s: _Shapes) -> int:
    """y_o = Σ_i x1_i (Σ_j W_oij x2_j)."""
    outputs, left, right = s.input(2)
    return math.prod(s.output()[:-1]) * outputs * left * (right + 1)


def _einsum(s: _Shapes) -> int:
    """Of two operands: one product for each combination of all letters."""
    equation = s.attribute("equation", None)
    if not isinstance(equation, str) or "." in equation:
        raise _UnknownShapeError
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    if len(terms) > 2:
        raise _UnknownShapeError  # the order of contraction decides
    size = {
        letter: dimension
        for index, term in enumerate(terms)
        for letter, dimension in zip(term, s.input(index), strict=True)
    }
    return math.prod(size.values()) if len(terms) == 2 else 0


def _attention(s: _Shapes) -> int:
    """Q·Kᵀ, then the weights times V: (N, H, T, E), (N, H, S, E), (N, H, S, F)."""
    query, key, value = s.input(0), s.input(1), s.input(2)
    if len(query) == 3 and s.node.domain != "torch":  # ONNX: (N, T, H·E)
        heads = s.attribute("q_num_heads", None), s.attribute("kv_num_heads", None)
        if heads[0] != heads[1]:
            raise _UnknownShapeError
    pairs = math.prod(query[:-1]) * key[-2]
    return pairs * (query[-1] + value[-1])


def _multi_head_attention(s: _Shapes) -> int:
    """torch's composite: projections in and out, and the attention between; inputs are
    (T, N, E), (S, N, E), (S, N, E)."""
    query, key, value = s.input(0), s.input(1), s.input(2)
    embedding = query[-1]
    projections = sum(math.prod(shape) for shape in (query, key, value, query)) * embedding
    pairs = math.prod(query[:-1]) * key[0]
    return projections + 2 * pairs * embedding


def _recurrent(s: _Shapes) -> int:
    """ONNX: every weight of W (D, G·H, I) and R (D, G·H, H) once a step: X is (T, N, I)."""
    steps, batch = s.input(0)[:2]
    return steps * batch * (math.prod(s.input(1)) + math.prod(s.input(2)))


def _torch_recurrent(s: _Shapes) -> int:
    steps = math.prod(s.input(0)[:-1])
    return steps * sum(math.prod(shape) for shape in s.parameters if len(shape) == 2)


_RULES: dict[str, Rule] = {
    "Conv": _convolution(),
    "ConvInteger": _convolution(),
    "FusedConv": _convolution(),
    "QLinearConv": _convolution(weight=3),
    "ConvTranspose": _transposed_convolution,
    "Gemm": _gemm,
    "QGemm": _gemm,
    "MatMul": _product(),
    "MatMulInteger": _product(),
    "FusedMatMul": _product(),
    "QLinearMatMul": _product(),
    "Einsum": _einsum,
    "Attention": _attention,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    # torch
    "conv1d": _convolution(),
    "conv2d": _convolution(),
    "conv3d": _convolution(),
    "conv_transpose1d": _transposed_convolution,
    "conv_transpose2d": _transposed_convolution,
    "conv_transpose3d": _transposed_convolution,
    "linear": _linear,
    "bilinear": _bilinear,
    "matmul": _product(),
    "mm": _product(),
    "bmm": _product(),
    "mv": _product(),
    "dot": lambda s: math.prod(s.input(0)),
    "addmm": _product(left=1),
    "baddbmm": _product(left=1),
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _multi_head_attention,
    "lstm": _torch_recurrent,
    "gru": _torch_recurrent,
    "rnn_tanh": _torch_recurrent,
    "rnn_relu": _torch_recurrent,
}

_OPAQUE = frozenset({"If", "Loop", "Scan", "SequenceMap", "DeformConv", "deform_conv2d"})
_KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "torch", "aten", "prims"})
