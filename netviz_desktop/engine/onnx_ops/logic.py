"""Comparisons and Boolean algebra."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._broadcast import aligned

for _name, _function in {
    "And": torch.logical_and,
    "Or": torch.logical_or,
    "Xor": torch.logical_xor,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
}.items():

    def _binary(
        a: Tensor,
        b: Tensor,
        *,
        axis: int | None = None,
        broadcast: int = 1,
        _function: Callable[[Tensor, Tensor], Tensor] = _function,
    ) -> Tensor:
        return _function(a, aligned(a, b, axis, broadcast))

    onnx_op(_name)(_binary)


@onnx_op("Not")
def logical_not(x: Tensor) -> Tensor:
    return torch.logical_not(x)


@onnx_op("IsNaN")
def is_nan(x: Tensor) -> Tensor:
    return torch.isnan(x)


@onnx_op("IsInf")
def is_inf(x: Tensor, *, detect_negative: int = 1, detect_positive: int = 1) -> Tensor:
    found = torch.zeros_like(x, dtype=torch.bool)
    if detect_negative:
        found = found | torch.isneginf(x)
    if detect_positive:
        found = found | torch.isposinf(x)
    return found


@onnx_op("Where", moves=True)
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return torch.where(condition, x, y)
