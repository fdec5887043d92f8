"""What is inside ONNX nodes, each as a graph of its own: the branches of If, the bodies of Loop
and Scan, and functions of the model."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.readers._onnx_constants import constants as constants_of
from netviz_desktop.readers._onnx_nodes import as_node
from netviz_desktop.readers._onnx_order import execution_order, node_ids, producers
from netviz_desktop.readers._onnx_scopes import classes
from netviz_desktop.readers._onnx_subgraphs import (
    FunctionKey,
    function_key,
    subgraphs,
    taken,
    wires,
)
from netviz_desktop.readers._onnx_tensors import StoredTensor
from netviz_desktop.readers._onnx_values import values_of

_INSIDE = " › "


@dataclass(frozen=True)
class _Body:
    graph: onnx.GraphProto | onnx.FunctionProto
    constants: Mapping[str, StoredTensor]
    values: Mapping[str, Value]
    """Both of what is around it."""


class Bodies:
    """Drawn when somebody asks: calling this with a name gives a graph, or None.

    A name is "NODE › ATTRIBUTE" as the node has it, within other such names for nodes inside
    nodes; a function's is its own wherever it is called. Ids of nodes are unique in their graph.
    """

    def __init__(self, path: Path, model: onnx.ModelProto) -> None:
        self._path = path
        self._opsets = {opset.domain: opset.version for opset in model.opset_import}
        self._functions = {(f.domain, f.name, f.overload): f for f in model.functions}
        self._found = {
            _function_name(key): _Body(function, {}, {})
            for key, function in self._functions.items()
        }

    def of(
        self,
        node: onnx.NodeProto,
        label: str,
        constants: Mapping[str, StoredTensor],
        values: Mapping[str, Value],
    ) -> tuple[str, ...]:
        """Names of what is inside a node.

        Args:
            label: what to call the node, unique in the model.
            constants, values: of the graph around it, by name.
        """
        names = []
        for attribute, graph in subgraphs(node):
            names.append(f"{label}{_INSIDE}{attribute}")
            self._found[names[-1]] = _Body(graph, constants, values)
        if self._functions and (key := function_key(node)) in self._functions:
            names.append(_function_name(key))
        return tuple(names)

    def __call__(self, name: str) -> ModelGraph | None:
        parts = name.split(_INSIDE)
        for length in range(1, len(parts)):  # what is inside is met as what is around it is drawn
            around = self._found.get(_INSIDE.join(parts[:length]))
            if around is not None and name not in self._found:
                self._drawn(_INSIDE.join(parts[:length]), around)
        body = self._found.get(name)
        return None if body is None else self._drawn(name, body)

    def _drawn(self, name: str, body: _Body) -> ModelGraph:
        graph = body.graph
        own, folded = constants_of(self._path, graph)
        constants = ChainMap(own, dict(body.constants))
        if isinstance(graph, onnx.FunctionProto):
            inputs, outputs = tuple(graph.input), tuple(graph.output)
            opsets = {opset.domain: opset.version for opset in graph.opset_import}
            values = {name: Value(name) for name in inputs}
        else:
            inputs = tuple(value.name for value in graph.input if value.name not in own)
            outputs = tuple(value.name for value in graph.output)
            opsets = self._opsets
            values = values_of(graph, own)
        protos = list(graph.node)
        read, written = zip(*map(wires, protos), strict=True) if protos else ((), ())
        ids, producer = node_ids(protos), producers(written)
        read_by = [names + taken(proto) for names, proto in zip(read, protos, strict=True)]
        order = [i for i in execution_order(read_by, producer) if i not in folded]
        known = {*inputs, *producer, *constants, ""}
        captured = dict.fromkeys(name for i in order for name in read_by[i] if name not in known)
        values |= {name: body.values.get(name, Value(name)) for name in captured}
        around = ChainMap(values, dict(body.values))
        nodes = []
        for index in order:
            proto = protos[index]
            values |= {name: Value(name) for name in written[index] if name and name not in values}
            outside = [
                name
                for name in read_by[index][len(read[index]) :]
                if name not in constants and name not in read[index]
            ]
            node, weights = as_node(
                proto,
                ids[index],
                read[index],
                written[index],
                opsets,
                constants,
                outside=outside,
                bodies=self.of(proto, f"{name}{_INSIDE}{ids[index]}", constants, around),
            )
            values |= {read: Value(read, t.shape, t.dtype) for read, t in weights.items()}
            nodes.append(node)
        return ModelGraph(
            format="ONNX",
            name=name,
            inputs=(*inputs, *captured),
            outputs=outputs,
            nodes=tuple(nodes),
            values=values,
            modules=classes(protos),
        )


def _function_name(key: FunctionKey) -> str:
    return ".".join(filter(None, key))
