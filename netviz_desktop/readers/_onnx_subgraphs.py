"""What is inside nodes: the bodies of If, Loop and Scan, and functions of the model."""

from __future__ import annotations

from collections import ChainMap, Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from sys import intern
from typing import TypeAlias

import onnx

from netviz_desktop.readers._onnx_constants import held
from netviz_desktop.readers._onnx_tensors import StoredTensor, stored

FunctionKey: TypeAlias = tuple[str, str, str]
Read: TypeAlias = tuple[onnx.NodeProto, int, str, StoredTensor]
"""A node inside, which of its inputs, a name that is unique in the model, and the tensor."""
_Names: TypeAlias = ChainMap[str, tuple[str, StoredTensor]]
_Place: TypeAlias = tuple[str, Iterable[onnx.NodeProto], tuple[onnx.TensorProto, ...], _Names]

_MOST_CALLS = 100_000  # functions that are looked into, of a file in which each calls the next
_KINDS_NAMED = 8


def subgraphs(node: onnx.NodeProto) -> Sequence[tuple[str, onnx.GraphProto]]:
    """Attribute name and graph, for each that the node holds."""
    attributes = node.attribute
    if not attributes:
        return ()
    found = []
    for attribute in attributes:
        if attribute.HasField("g"):
            found.append((attribute.name, attribute.g))
        for index, graph in enumerate(attribute.graphs):
            found.append((f"{attribute.name}[{index}]", graph))
    return found


def wires(node: onnx.NodeProto) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Its inputs and its outputs. protobuf makes each name anew each time it is asked for it:
    these are one object for all nodes that name it, which is quickly found by."""
    return tuple(map(intern, node.input)), tuple(map(intern, node.output))


def taken(node: onnx.NodeProto) -> tuple[str, ...]:
    """The values that the subgraphs of a node take from outside."""
    if not node.attribute:
        return ()
    names: list[str] = []
    inner: list[tuple[onnx.NodeProto, tuple[set[str], ...]]] = [(node, ())]
    while inner:
        holder, around = inner.pop()
        for _, graph in subgraphs(holder):
            own = {value.name for value in (*graph.input, *graph.initializer)}
            own.update(tensor.values.name for tensor in graph.sparse_initializer)
            own.update(output for child in graph.node for output in child.output)
            scopes = (*around, own)
            wanted = [name for child in graph.node for name in child.input]
            wanted += [output.name for output in graph.output]
            names += [name for name in wanted if not any(name in scope for scope in scopes)]
            inner += [(child, scopes) for child in graph.node]
    return tuple(names)


def contents(nodes: Iterable[onnx.NodeProto]) -> str:
    """How many nodes these are, with those inside them, and of which kinds."""
    kinds: Counter[str] = Counter()
    found = list(nodes)
    for node in found:  # grows while it is read
        kinds[node.op_type] += 1
        found += [child for _, graph in subgraphs(node) for child in graph.node]
    common = kinds.most_common(_KINDS_NAMED)
    said = [f"{count} {kind}" for kind, count in common]
    if rest := kinds.total() - sum(count for _, count in common):
        said.append(f"{rest} of other kinds")
    total = f"{kinds.total()} node{'s' if kinds.total() != 1 else ''}"
    return ": ".join([total, ", ".join(said)]) if said else total


def function_key(called: onnx.NodeProto) -> FunctionKey:
    return called.domain, called.op_type, called.overload


class Inside:
    """Looks for the stored tensors that nodes inside other nodes read.

    Args:
        functions: those that the model defines.
    """

    def __init__(self, path: Path, functions: Mapping[FunctionKey, onnx.FunctionProto]) -> None:
        self._path = path
        self._functions = functions
        self._calls = 0

    def reads(
        self, node: onnx.NodeProto, node_id: str, outer: Mapping[str, StoredTensor]
    ) -> list[Read]:
        """Of one node of the main graph. What a function holds has one name wherever it is
        called, for it is there once."""
        graphs = subgraphs(node)
        if not graphs and not self._functions:
            return []
        called = deque([function_key(node)])
        found: list[Read] = []
        if graphs:
            places: list[_Place] = [
                (f"{node_id}/{name}", graph.node, _tensors(graph), ChainMap())
                for name, graph in graphs
            ]
            found, further = self._walk(places, outer)
            called += further
        seen = set(called)
        while called and self._calls < _MOST_CALLS:
            key = called.popleft()
            function = self._functions.get(key)
            if function is None:
                continue
            self._calls += 1
            own, further = self._walk([(_name(key), function.node, (), ChainMap())], {})
            found += own
            called.extend(further - seen)
            seen |= further
        return found

    def _walk(
        self, places: list[_Place], outer: Mapping[str, StoredTensor]
    ) -> tuple[list[Read], set[FunctionKey]]:
        """What is read in these places and the graphs inside them, and what is called."""
        found: list[Read] = []
        called: set[FunctionKey] = set()
        waiting = deque(places)
        while waiting:
            place, nodes, tensors, around = waiting.popleft()
            own = stored(self._path, tensors)
            for child in nodes:
                tensor = held(child)
                if tensor is not None:
                    own[child.output[0]] = StoredTensor(self._path, child.output[0], tensor)
            names: _Names = around.new_child({n: (f"{place}/{n}", t) for n, t in own.items()})
            for index, child in enumerate(nodes):
                called.add(function_key(child))
                for at, read in enumerate(child.input):
                    if read in names:
                        found.append((child, at, *names[read]))
                    elif read in outer:
                        found.append((child, at, read, outer[read]))
                label = child.name or f"{child.op_type}_{index}"
                waiting += [
                    (f"{place}/{label}/{name}", graph.node, _tensors(graph), names)
                    for name, graph in subgraphs(child)
                ]
        return found, called & self._functions.keys()


def _tensors(graph: onnx.GraphProto) -> tuple[onnx.TensorProto, ...]:
    return (*graph.initializer, *graph.sparse_initializer)


def _name(key: FunctionKey) -> str:
    return ".".join(filter(None, key))
