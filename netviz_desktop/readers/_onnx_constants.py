"""The tensors that an ONNX graph has from its file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
from onnx import helper

from netviz_desktop.readers._onnx_tensors import StoredTensor, stored


def constants(
    path: Path, graph: onnx.GraphProto | onnx.FunctionProto
) -> tuple[dict[str, StoredTensor], frozenset[int]]:
    """By value name, and which Constant nodes they replace: those are not drawn."""
    outputs: set[str]
    if isinstance(graph, onnx.FunctionProto):
        found, outputs = {}, set(graph.output)
    else:
        found = stored(path, (*graph.initializer, *graph.sparse_initializer))
        outputs = {output.name for output in graph.output}
    candidates = [
        (index, node) for index, node in enumerate(graph.node) if node.op_type == "Constant"
    ]
    if not candidates:
        return found, frozenset()
    writers = Counter(name for node in graph.node for name in node.output)
    folded = set()
    for index, node in candidates:
        tensor = held(node)
        name = node.output[0] if tensor is not None else ""
        if tensor is not None and name and name not in outputs and writers[name] == 1:
            found[name] = StoredTensor(path, name, tensor)
            folded.add(index)
    return found, frozenset(folded)


def held(node: onnx.NodeProto) -> onnx.TensorProto | onnx.SparseTensorProto | None:
    """The tensor of a Constant node; None for other nodes, and for text, which stays one."""
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx"):
        return None
    if len(node.output) != 1 or len(node.attribute) != 1:
        return None
    attribute = node.attribute[0]
    name = node.output[0]
    match attribute.name:
        case "value":
            return attribute.t
        case "sparse_value":
            return attribute.sparse_tensor
        case "value_float":
            return helper.make_tensor(name, onnx.TensorProto.FLOAT, [], [attribute.f])
        case "value_int":
            return helper.make_tensor(name, onnx.TensorProto.INT64, [], [attribute.i])
        case "value_floats":
            floats = list(attribute.floats)
            return helper.make_tensor(name, onnx.TensorProto.FLOAT, [len(floats)], floats)
        case "value_ints":
            ints = list(attribute.ints)
            return helper.make_tensor(name, onnx.TensorProto.INT64, [len(ints)], ints)
        case _:
            return None
