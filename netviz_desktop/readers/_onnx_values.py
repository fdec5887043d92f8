"""The values that an ONNX graph declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import onnx

from netviz_desktop.graph import Dimension, Value
from netviz_desktop.readers._onnx_attributes import text
from netviz_desktop.readers._onnx_tensors import StoredTensor, dtype_name


def values_of(graph: onnx.GraphProto, constants: Mapping[str, StoredTensor]) -> dict[str, Value]:
    """By name, with those that the graph has from the file."""
    values = {name: Value(name, tensor.shape, tensor.dtype) for name, tensor in constants.items()}
    for declared in (*graph.input, *graph.output, *graph.value_info):
        name = declared.name
        if name in constants or not name:
            continue
        value = _value(declared)
        if name not in values or values[name].shape is None:
            values[name] = value
    given = {i.name for i in graph.input}
    for name in given & set(values):
        value = values[name]
        if name not in constants and value.shape is not None and 0 in value.shape:
            values[name] = Value(name, tuple(d or None for d in value.shape), value.dtype)
    return values


def _value(declared: onnx.ValueInfoProto) -> Value:
    if not declared.type.HasField("tensor_type"):
        return Value(declared.name)
    tensor = declared.type.tensor_type
    dtype = dtype_name(tensor.elem_type)
    if not tensor.HasField("shape"):
        return Value(declared.name, None, dtype)
    return Value(declared.name, _shape(tensor.shape.SerializeToString()), dtype)


@lru_cache(maxsize=4096)
def _shape(serialised: bytes) -> tuple[Dimension, ...]:
    """Many values have the same one, and each dimension takes its time."""
    return tuple(map(_dimension, onnx.TensorShapeProto.FromString(serialised).dim))


def _dimension(dim: onnx.TensorShapeProto.Dimension) -> Dimension:
    if dim.HasField("dim_value"):
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    # Shape inference makes up names where it knows nothing.
    name = text(dim.dim_param)
    return None if name.startswith("unk__") else name or None
