"""Attributes of ONNX nodes as JSON can say them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from onnx import helper

from netviz_desktop.graph import Attribute
from netviz_desktop.problems import Problem
from netviz_desktop.readers._onnx_subgraphs import contents
from netviz_desktop.readers._onnx_tensors import StoredTensor, dtype_name


def text(value: str | bytes) -> str:
    """protobuf hands over what is no UTF-8 as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def written_out(tensor: StoredTensor) -> Attribute:
    try:
        numbers = tensor()
    except Problem:
        return "damaged"  # whoever needs the numbers is told; the structure is still drawn
    small_type = numbers.dtype.isbuiltin != 1  # int4, bfloat16 and their like, of ml_dtypes
    return _plain((numbers.astype(np.float32) if small_type else numbers).tolist())


def _plain(value: Any) -> Attribute:
    """What JSON can say, floats as short as float32 allows."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return float(str(np.float32(value))) if math.isfinite(value) else str(value)
    return value if isinstance(value, bool | int) else str(value)


def described(proto: onnx.AttributeProto) -> Attribute:
    kind = onnx.AttributeProto
    if proto.ref_attr_name:
        return f"attribute {text(proto.ref_attr_name)} of the function"
    match proto.type:
        case kind.FLOAT | kind.INT | kind.STRING | kind.FLOATS | kind.INTS | kind.STRINGS:
            value = helper.get_attribute_value(proto)
            return _plain(value if isinstance(value, int | float | bytes) else list(value))
        case kind.TENSOR:
            return _described_tensor(proto.t)
        case kind.TENSORS:
            return [_described_tensor(tensor) for tensor in proto.tensors]
        case kind.SPARSE_TENSOR:
            return f"sparse tensor {'×'.join(map(str, proto.sparse_tensor.dims))}"
        case kind.GRAPH:
            return _described_graph(proto.g)
        case kind.GRAPHS:
            return [_described_graph(graph) for graph in proto.graphs]
        case kind.TYPE_PROTO:
            return dtype_name(proto.tp.tensor_type.elem_type) or "type"
        case _:
            return "not readable"


def _described_tensor(tensor: onnx.TensorProto) -> str:
    shape = "×".join(map(str, tensor.dims)) or "scalar"
    return f"tensor {dtype_name(tensor.data_type) or 'unknown'} {shape}"


def _described_graph(graph: onnx.GraphProto) -> str:
    return f"graph “{text(graph.name)}” of {contents(graph.node)}"
