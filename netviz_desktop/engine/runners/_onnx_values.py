"""Between numpy, which reads and writes files, and the values that operators compute with."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor

from netviz_desktop.engine.onnx_ops._numbers import marked, narrow_code

_WIDENED = {
    "float16": np.float32, "bfloat16": np.float32, "float4_e2m1fn": np.float32,
    "float6_e2m3fn": np.float32, "float6_e3m2fn": np.float32,
    "int4": np.int8, "int2": np.int8, "uint4": np.uint8, "uint2": np.uint8,
}  # fmt: skip
_FLOAT8 = {
    "float8_e4m3fn": torch.float8_e4m3fn, "float8_e4m3fnuz": torch.float8_e4m3fnuz,
    "float8_e5m2": torch.float8_e5m2, "float8_e5m2fnuz": torch.float8_e5m2fnuz,
    "float8_e8m0fnu": torch.float8_e8m0fnu,
}  # fmt: skip


def to_torch(array: NDArray[Any], device: torch.device) -> Any:
    """A tensor over the same memory where torch knows the type; text stays numpy."""
    name = array.dtype.name
    if array.dtype.kind in "OUS":
        return array.astype(object)
    if name in _WIDENED:
        array = array.astype(_WIDENED[name])
    if name in _FLOAT8:
        raw = torch.from_numpy(np.ascontiguousarray(array).view(np.uint8).copy())
        return raw.view(_FLOAT8[name]).to(device)
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    return marked(torch.from_numpy(array).to(device), narrow_code(name))


def to_numpy(value: Any) -> Any:
    """The same for values that leave torch: tensors, text, and sequences of them."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        if str(value.dtype)[6:] in _FLOAT8:
            import ml_dtypes

            return value.view(torch.uint8).numpy().view(getattr(ml_dtypes, str(value.dtype)[6:]))
        return value.numpy()
    if isinstance(value, list):
        return [to_numpy(entry) for entry in value]
    return value


def from_numpy(value: Any, device: torch.device | None) -> Any:
    """What an evaluator that computes in numpy gives, as operators here take it."""
    if isinstance(value, list):
        return [from_numpy(entry, device) for entry in value]
    if isinstance(value, np.ndarray | np.generic):
        return to_torch(np.asarray(value), device or torch.device("cpu"))
    return value


def type_of(value: Any) -> onnx.TypeProto:
    """How ONNX names the type of a value; an empty one for what it has no name for."""
    kind = onnx.TypeProto()
    if isinstance(value, Tensor):
        array = to_numpy(value.new_zeros(0))
        code = helper.np_dtype_to_tensor_dtype(array.dtype)
        kind.CopyFrom(helper.make_tensor_type_proto(code, tuple(value.shape)))
    elif isinstance(value, list) and value:
        kind.CopyFrom(helper.make_sequence_type_proto(type_of(value[0])))
    elif isinstance(value, np.ndarray):
        kind.CopyFrom(helper.make_tensor_type_proto(onnx.TensorProto.STRING, value.shape))
    return kind
