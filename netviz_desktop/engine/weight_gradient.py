"""How strongly the score pulls at a weight: the norm of its gradient, beside its own.

Weights are no leaves of a run's autograd graph, which would keep more of every run. Their
gradient follows from what a node took and the gradient of what it gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.finished_run import FinishedRun
from netviz_desktop.graph import Node

_WEIGHT_INPUT = {"ConvolutionBackward0": 1, "MmBackward0": 1, "AddmmBackward0": 2}
_SAME_NUMBERS = frozenset(
    {"ViewBackward0", "UnsafeViewBackward0", "AliasBackward0", "ReshapeAliasBackward0"}
    | {"AddBackward0"}  # of a bias
)
_STEPS = 6


def gradient_to_weight(
    run: FinishedRun, node: Node, gradients: Mapping[str, Tensor]
) -> float | None:
    """Norm of d score / d weight over the norm of the weight; None for what is neither a
    convolution nor the product of an activation and a matrix of weights.

    Args:
        gradients: of all values, by name; a missing one is 0.
    """
    name = node.outputs[0] if node.outputs else ""
    function = _function(run, node, name)
    if function is None:
        return None
    convolves = function.name() == "ConvolutionBackward0"
    weight = (function._saved_weight if convolves else function._saved_mat2).detach()
    gradient = gradients.get(name, torch.zeros_like(run.forward.values[name].tensor))
    if convolves:
        found = _of_convolution(function, gradient)
    else:
        found = _of_product(run, node, weight, gradient)
    size = float(torch.linalg.vector_norm(weight))
    if found is None or size == 0:
        return None
    return float(torch.linalg.vector_norm(found)) / size


def _function(run: FinishedRun, node: Node, name: str) -> Any:
    """What autograd goes through where a weight of the node meets its input."""
    values = run.forward.values
    recorded = values.get(name)
    if recorded is None or recorded.edge is None:
        return None
    taken = [edge.node for n in node.inputs if n in values and (edge := values[n].edge)]
    function: Any = recorded.edge.node
    for _ in range(_STEPS):
        if function in taken:
            return None
        before = [found for found, _ in function.next_functions if found is not None]
        if (index := _WEIGHT_INPUT.get(function.name())) is not None:
            is_weight = function.next_functions[index][0] is None  # nothing computed it
            return function if is_weight and before else None
        if function.name() not in _SAME_NUMBERS or len(before) != 1:
            return None
        function = before[0]
    return None


def _of_convolution(function: Any, gradient: Tensor) -> Tensor | None:
    x, weight = function._saved_input.detach(), function._saved_weight.detach()
    if gradient.ndim != x.ndim:
        return None
    found: Tensor = torch.ops.aten.convolution_backward(
        gradient,
        x,
        weight,
        None,
        function._saved_stride,
        function._saved_padding,
        function._saved_dilation,
        function._saved_transposed,
        function._saved_output_padding,
        function._saved_groups,
        [False, True, False],
    )[1]
    return found


def _of_product(run: FinishedRun, node: Node, weight: Tensor, gradient: Tensor) -> Tensor | None:
    """Of x @ weight, for an x of any number of rows."""
    taken, given = weight.shape
    values = run.forward.values
    if node.attributes.get("transA") or not gradient.ndim or gradient.shape[-1] != given:
        return None
    rows = gradient.reshape(-1, given)
    for name in node.inputs:
        if name in values and values[name].edge is not None:
            x = values[name].tensor
            if x.ndim and x.shape[-1] == taken and x.numel() == len(rows) * taken:
                return x.reshape(-1, taken).T @ rows
    return None
