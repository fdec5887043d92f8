"""What a node with subgraphs (If, Loop, Scan) reads from the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import onnx

from netviz_desktop.readers._onnx_tensors import StoredTensor, stored

Held = Callable[[onnx.NodeProto], onnx.TensorProto | onnx.SparseTensorProto | None]
"""The tensor of a Constant node, None for any other node."""


def subgraphs(node: onnx.NodeProto) -> Iterator[tuple[str, onnx.GraphProto]]:
    """Attribute name and graph, for each that the node holds."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.name, attribute.g
        for index, graph in enumerate(attribute.graphs):
            yield f"{attribute.name}[{index}]", graph


def reads(node: onnx.NodeProto) -> list[str]:
    """The values that a node reads, those that its subgraphs take from outside included."""
    names = list(node.input)
    inner = [node]
    while inner:
        for _, graph in subgraphs(inner.pop()):
            for child in graph.node:
                names.extend(child.input)
                inner.append(child)
            names.extend(output.name for output in graph.output)
    return names


def inner_reads(
    node: onnx.NodeProto,
    node_id: str,
    path: Path,
    outer: Mapping[str, StoredTensor],
    held: Held,
) -> Iterable[tuple[onnx.NodeProto, int, str, StoredTensor]]:
    """For each stored tensor that a node inside reads: that node, which of its inputs, a
    name that is unique in the model, and the tensor."""
    waiting: list[tuple[str, onnx.GraphProto, Mapping[str, StoredTensor], dict[str, str]]]
    waiting = [(f"{node_id}/{name}", graph, outer, {}) for name, graph in subgraphs(node)]
    while waiting:
        place, graph, around, around_names = waiting.pop(0)
        own = stored(path, (*graph.initializer, *graph.sparse_initializer))
        for child in graph.node:
            tensor = held(child)
            if tensor is not None:
                own[child.output[0]] = StoredTensor(path, child.output[0], tensor)
        seen = {**around, **own}
        names = {**around_names, **{name: f"{place}/{name}" for name in own}}
        for index, child in enumerate(graph.node):
            for at, read in enumerate(child.input):
                if read in seen:
                    yield child, at, names.get(read, read), seen[read]
            label = child.name or f"{child.op_type}_{index}"
            waiting += [
                (f"{place}/{label}/{name}", inner, seen, names) for name, inner in subgraphs(child)
            ]
