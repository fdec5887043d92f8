"""Conversions between element types."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from onnx import TensorProto
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._numbers import (
    FLOAT8,
    code_of,
    computed_dtype,
    integer_range,
    marked,
    real,
    remembered,
    rounded_to,
    with_real,
)
from netviz_desktop.engine.onnx_ops._small_floats import to_float4, to_float8


@onnx_op("Cast", moves=False)
def cast(x: Any, *, to: int, saturate: int = 1, round_mode: str = "up") -> Any:
    if isinstance(x, np.ndarray):
        return _from_text(x, to)
    if to == TensorProto.STRING:
        return _to_text(x)
    dtype = computed_dtype(to)
    if dtype in FLOAT8:
        return to_float8(real(x), dtype, saturate=bool(saturate), round_mode=round_mode)
    if to == getattr(TensorProto, "FLOAT4E2M1", -1):
        return to_float4(real(x))
    if dtype.is_floating_point:
        return rounded_to(x if x.dtype == dtype else real(x, dtype), to)
    if dtype.is_complex:
        return x.to(dtype)
    known, y = remembered(x), _to_integer(x, dtype, to)
    return y if known is None or dtype == torch.bool else with_real(y, known)


@onnx_op("CastLike")
def cast_like(x: Any, like: Any, *, saturate: int = 1, round_mode: str = "up") -> Any:
    if isinstance(like, np.ndarray):
        return _to_text(x) if isinstance(x, Tensor) else x
    code = code_of(like)
    return cast(x, to=code, saturate=saturate, round_mode=round_mode)


@onnx_op("BitCast")
def bit_cast(x: Tensor, *, to: int) -> Tensor:
    if to in (TensorProto.FLOAT16, TensorProto.BFLOAT16):
        narrow = torch.float16 if to == TensorProto.FLOAT16 else torch.bfloat16
        return x.view(narrow).to(torch.float32)
    return x.view(computed_dtype(to))


def _to_integer(x: Tensor, dtype: torch.dtype, code: int) -> Tensor:
    if dtype == torch.bool:
        return x != 0 if x.dtype not in FLOAT8 else x.to(torch.float32) != 0
    if x.dtype in FLOAT8:
        x = x.to(torch.float32)
    limits = integer_range(code)
    if limits is None or torch.iinfo(dtype).max == limits[1]:
        if x.is_floating_point() and torch.iinfo(dtype).bits < 64:
            x = x.to(torch.int64)  # what does not fit wraps around, as in C
        return x.to(dtype)
    low, high = limits  # 2 and 4 bits, kept in 8
    whole = x.to(torch.int64)
    return marked(((whole - low) % (high - low + 1) + low).to(dtype), code)


def _from_text(x: Any, code: int) -> Any:
    dtype = computed_dtype(code)
    if dtype.is_floating_point:
        return rounded_to(torch.from_numpy(x.astype(np.float64)).to(dtype), code)
    return torch.from_numpy(x.astype(np.float64).astype(np.int64)).to(dtype)


def _to_text(x: Any) -> Any:
    array = x.detach().cpu().numpy()
    if array.dtype.kind == "f":
        return np.array([str(n) for n in array.reshape(-1)], dtype=object).reshape(array.shape)
    return array.astype(str).astype(object)
