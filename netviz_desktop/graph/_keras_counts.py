"""The multiply-adds of Keras's layers, whose kernels keep output channels last."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from netviz_desktop.graph.model import Attribute, Node

Shape: TypeAlias = tuple[int, ...]


class Shapes(Protocol):
    """What `counts` knows of a node's shapes; what is not known raises there."""

    @property
    def node(self) -> Node: ...
    def input(self, index: int) -> Shape: ...
    def output(self, index: int = 0) -> Shape: ...
    def attribute(self, name: str, default: Attribute) -> Attribute: ...
    def unknown(self) -> Exception: ...


Rule: TypeAlias = Callable[[Shapes], int]


def _weight(s: Shapes, role: str) -> Shape:
    for parameter in s.node.parameters:
        if parameter.role == role:
            return parameter.shape
    raise s.unknown()


def _convolution(s: Shapes) -> int:
    """Each output element sums over its group's channels and the kernel."""
    return math.prod(s.output()) * math.prod(_weight(s, "kernel")[:-1])


def _depthwise(s: Shapes) -> int:
    return math.prod(s.output()) * math.prod(_weight(s, _depthwise_role(s))[:-2])


def _depthwise_role(s: Shapes) -> str:
    old = any(parameter.role == "depthwise_kernel" for parameter in s.node.parameters)
    return "depthwise_kernel" if old else "kernel"


def _separable(s: Shapes) -> int:
    """A depthwise convolution, and a convolution of 1 × 1 over what it gives."""
    depthwise, pointwise = _weight(s, "depthwise_kernel"), _weight(s, "pointwise_kernel")
    cells = math.prod(s.output()) // pointwise[-1]
    return cells * (math.prod(depthwise) + math.prod(pointwise))


def _transposed(s: Shapes) -> int:
    """Each input element is spread over the output channels and the kernel."""
    return math.prod(s.input(0)) * math.prod(_weight(s, "kernel")[:-1])


def _dense(s: Shapes) -> int:
    return math.prod(s.output()) * _weight(s, "kernel")[0]


def _einsum_dense(s: Shapes) -> int:
    """One product for each combination of all letters."""
    equation = s.attribute("equation", None)
    if not isinstance(equation, str) or "." in equation:
        raise s.unknown()
    given, kernel = equation.partition("->")[0].split(",")
    size = dict(zip(given, s.input(0), strict=True))
    size |= dict(zip(kernel, _weight(s, "kernel"), strict=True))
    return math.prod(size.values())


def _recurrent(s: Shapes) -> int:
    """Every weight once a step: the input is (N, T, F)."""
    matrices = [p.shape for p in s.node.parameters if p.role.endswith("kernel")]
    return math.prod(s.input(0)[:2]) * sum(map(math.prod, matrices))


def _multi_head_attention(s: Shapes) -> int:
    """Projections in and out, and the attention between: query, value, key of (N, T, E)."""
    query, value = s.input(0), s.input(1)
    key = s.input(2) if len(s.node.inputs) > 2 and len(s.input(2)) == len(value) else value
    kernels: dict[str, Shape] = {}
    for parameter in s.node.parameters:
        layer, _, role = parameter.role.partition("/")
        if role == "kernel":
            kernels[layer.removesuffix("_dense").removeprefix("attention_")] = parameter.shape
    if kernels.keys() != {"query", "key", "value", "output"}:
        raise s.unknown()
    asked, known = math.prod(query[:-1]), math.prod(value[1:-1])
    batch = query[0]
    projections = asked * (math.prod(kernels["query"]) + math.prod(kernels["output"]))
    projections += batch * known * math.prod(kernels["value"])
    projections += math.prod(key[:-1]) * math.prod(kernels["key"])
    per_pair = math.prod(kernels["query"][-2:]) + math.prod(kernels["value"][-2:])
    return projections + asked * known * per_pair


def _dot_attention(s: Shapes) -> int:
    """The layer Attention: query, value, key of (N, T, E), without weights of its own."""
    query, value = s.input(0), s.input(1)
    return math.prod(query[:-1]) * value[-2] * (query[-1] + value[-1])


def _product(s: Shapes) -> int:
    return math.prod(s.output()) * s.input(0)[-1]


RULES: Mapping[str, Rule] = {
    **dict.fromkeys("Conv1D Conv2D Conv3D Convolution1D Convolution2D".split(), _convolution),
    **dict.fromkeys("DepthwiseConv1D DepthwiseConv2D".split(), _depthwise),
    **dict.fromkeys("SeparableConv1D SeparableConv2D".split(), _separable),
    **dict.fromkeys("Conv1DTranspose Conv2DTranspose Conv3DTranspose".split(), _transposed),
    **dict.fromkeys("LSTM GRU SimpleRNN Bidirectional".split(), _recurrent),
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "MultiHeadAttention": _multi_head_attention,
    "Attention": _dot_attention,
    "Matmul": _product,
}

OPAQUE = frozenset(
    """TimeDistributed RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D AdditiveAttention SpectralNormalization
    GroupedQueryAttention GroupQueryAttention Dot Einsum Tensordot Conv ConvTranspose Lambda
    DepthwiseConv SeparableConv DotProductAttention StackedRNNCells""".split()
)
"""Layers and operations whose work no rule knows."""
