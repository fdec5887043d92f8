"""The values that an ONNX graph declares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

import onnx

from netviz_desktop.graph import Dimension, Value
from netviz_desktop.readers._onnx_attributes import text
from netviz_desktop.readers._onnx_tensors import StoredTensor, dtype_name


def values_of(
    graph: onnx.GraphProto,
    constants: Mapping[str, StoredTensor],
    inferred: Collection[str] = (),
) -> dict[str, Value]:
    """By name, with those that the graph has from the file.

    Args:
        inferred: those whose shapes the file does not say.
    """
    values = {name: Value(name, tensor.shape, tensor.dtype) for name, tensor in constants.items()}
    for declared in (*graph.input, *graph.output, *graph.value_info):
        name = declared.name
        if name in constants or not name:
            continue
        if name not in values or values[name].shape is None:
            values[name] = _value(declared, "inferred" if name in inferred else "file")
    given = {i.name for i in graph.input}
    for name in given & set(values):
        value = values[name]
        if name not in constants and value.shape is not None and 0 in value.shape:
            shape = tuple(d or None for d in value.shape)
            values[name] = Value(name, shape, value.dtype, value.origin)
    return values


def _value(declared: onnx.ValueInfoProto, origin: str) -> Value:
    shape, dtype = _typed(declared.type.SerializeToString())
    return Value(declared.name, shape, dtype, origin)


@lru_cache(maxsize=4096)
def _typed(serialised: bytes) -> tuple[tuple[Dimension, ...] | None, str | None]:
    """Shape and dtype. Many values have the same ones, and each dimension takes its time."""
    declared = onnx.TypeProto.FromString(serialised)
    if not declared.HasField("tensor_type"):
        return None, None
    tensor = declared.tensor_type
    shape = tuple(map(_dimension, tensor.shape.dim)) if tensor.HasField("shape") else None
    return shape, dtype_name(tensor.elem_type)


def _dimension(dim: onnx.TensorShapeProto.Dimension) -> Dimension:
    if dim.HasField("dim_value"):
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    # Shape inference makes up names where it knows nothing.
    name = text(dim.dim_param)
    return None if name.startswith("unk__") else name or None
