"""Tensors out of nothing but a shape or a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._numbers import computed_dtype


@onnx_op("Constant")
def constant(
    *,
    value: Any = None,
    sparse_value: Any = None,
    value_float: float | None = None,
    value_floats: list[float] | None = None,
    value_int: int | None = None,
    value_ints: list[int] | None = None,
    value_string: str | None = None,
    value_strings: list[str] | None = None,
    device: torch.device,
) -> Any:
    if value is not None:
        return value
    if sparse_value is not None:
        return sparse_value
    text = value_string if value_string is not None else value_strings
    if text is not None:
        return np.array(text, dtype=object)
    if value_float is not None or value_floats is not None:
        floats = value_float if value_float is not None else value_floats
        return torch.tensor(floats, dtype=torch.float32, device=device)
    ints = value_int if value_int is not None else value_ints
    return torch.tensor(ints, dtype=torch.int64, device=device)


@onnx_op("ConstantOfShape")
def constant_of_shape(shape: Tensor, *, value: Tensor | None = None) -> Tensor:
    if value is None:
        value = torch.zeros((), device=shape.device)
    return value.reshape(()).expand(shape.tolist()).clone()


@onnx_op("Range", domain="com.microsoft")
@onnx_op("Range")
def arange(start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    if not (start.requires_grad or delta.requires_grad):
        return torch.arange(
            start.item(), limit.item(), delta.item(), dtype=start.dtype, device=start.device
        )
    count = max(int(torch.ceil((limit - start) / delta)), 0)
    return start + delta * torch.arange(count, dtype=start.dtype, device=start.device)


@onnx_op("EyeLike")
def eye_like(x: Tensor, *, dtype: int | None = None, k: int = 0) -> Tensor:
    kind = x.dtype if dtype is None else computed_dtype(dtype)
    rows, columns = x.shape
    diagonal = torch.ones(rows, columns, device=x.device, dtype=torch.bool)
    return (diagonal.tril(k) & diagonal.triu(k)).to(kind)


@onnx_op("OneHot")
def one_hot(indices: Tensor, depth: Tensor, values: Tensor, *, axis: int = -1) -> Tensor:
    count = int(depth)
    index = indices.long() % count
    inside = (indices >= -count) & (indices < count)
    axis = axis % (indices.ndim + 1)
    shape = [1] * (indices.ndim + 1)
    shape[axis] = count
    places = torch.arange(count, device=indices.device).reshape(shape)
    hot = (index.unsqueeze(axis) == places) & inside.unsqueeze(axis)
    return torch.where(hot, values[1], values[0])


@onnx_op("Trilu", domain="com.microsoft", moves=True)
@onnx_op("Trilu", moves=True)
def trilu(x: Tensor, k: Tensor | None = None, *, upper: int = 1) -> Tensor:
    diagonal = 0 if k is None else int(k)
    return x.triu(diagonal) if upper else x.tril(diagonal)
