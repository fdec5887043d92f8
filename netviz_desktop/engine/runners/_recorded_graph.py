"""A recording -> the model graph as it ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from netviz_desktop.engine.runners._node_attributes import node_attributes
from netviz_desktop.engine.runners._recorder import Operation, Recorder
from netviz_desktop.graph import ModelGraph, Node, Parameter, Value


def rename_outputs(recorder: Recorder, result: Any) -> tuple[str, ...]:
    """The names of the model's outputs, which the recording now uses for them.

    One tensor is "output"; those of a dict or a dataclass have its keys; others have
    their place: "output.1".
    """
    found = [(wanted, recorder.name_of(tensor)) for wanted, tensor in _named(result, "output")]
    computed = {name for operation in recorder.operations for name in operation.outputs}
    new_names: dict[str, str] = {}
    taken = set(recorder.values)
    for wanted, name in found:
        if name in computed and name not in new_names and wanted not in taken:
            new_names[name] = wanted
            taken.add(wanted)
    for operation in recorder.operations:
        if not new_names.keys().isdisjoint(operation.inputs + operation.outputs):
            operation.inputs = [new_names.get(name, name) for name in operation.inputs]
            operation.outputs = [new_names.get(name, name) for name in operation.outputs]
    recorder.values = {new_names.get(n, n): seen for n, seen in recorder.values.items()}
    return tuple(dict.fromkeys(new_names.get(name, name) for _, name in found))


def parameters_of(module: nn.Module) -> dict[str, Parameter]:
    """Its parameters and buffers by state_dict key."""
    return {
        name: Parameter(
            name, tuple(tensor.shape), _dtype(tensor), name.rpartition(".")[2], buffer=buffer
        )
        for found, buffer in ((module.named_parameters(), False), (module.named_buffers(), True))
        for name, tensor in found
    }


def recorded_graph(
    recorder: Recorder,
    parameters: Mapping[str, Parameter],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    like: ModelGraph,
    stopped: Operation | None = None,
    fault: str = "",
) -> ModelGraph:
    """The graph of a recording.

    Args:
        like: what was known of it before.
        stopped: what could not be run, and became the last node with this `fault`.
    """
    nodes = tuple(_node(operation, parameters) for operation in recorder.operations)
    if stopped is not None:
        nodes = (*nodes, replace(_node(stopped, parameters), execution="", fault=fault))
    read = {name for node in nodes for name in node.inputs}
    values = {
        name: Value(name, tuple(seen.held.shape), _dtype(seen.held), "observed")
        for name, seen in recorder.values.items()
        if name in read or not name.startswith("constant")
    }
    values |= {p.name: Value(p.name, p.shape, p.dtype) for node in nodes for p in node.parameters}
    metadata = {key: said for key, said in like.metadata.items() if key != "structure"}
    modules = like.modules | recorder.modules
    return ModelGraph(like.format, like.name, inputs, outputs, nodes, values, metadata, modules)


def ran_alike(
    recorder: Recorder, inputs: tuple[str, ...], outputs: tuple[str, ...], before: ModelGraph
) -> bool:
    """Whether this recording has the graph that an earlier run of the same program had: to
    compare takes a third of the time of building it."""
    return (
        len(recorder.operations) == len(before.nodes)
        and inputs == before.inputs
        and outputs == before.outputs
        and recorder.modules.items() <= before.modules.items()
        and all(map(_is_alike, recorder.operations, before.nodes))
        and all(
            value.shape == seen.held.shape and value.dtype == _dtype(seen.held)
            for name, seen in recorder.values.items()
            if (value := before.values.get(name)) is not None  # a constant that nobody reads
        )
    )


def _is_alike(operation: Operation, node: Node) -> bool:
    return (
        operation.id == node.id
        and operation.op_type == node.op_type
        and operation.path == node.name
        and operation.source == node.source
        and tuple(operation.inputs) == node.inputs
        and tuple(operation.outputs) == node.outputs
        and node_attributes(operation.function, operation.arguments, operation.keywords)
        == node.attributes
    )


def _node(operation: Operation, parameters: Mapping[str, Parameter]) -> Node:
    return Node(
        id=operation.id,
        op_type=operation.op_type,
        domain="torch",
        name=operation.path,
        scope=_scope(operation.path),
        inputs=tuple(operation.inputs),
        outputs=tuple(operation.outputs),
        attributes=node_attributes(operation.function, operation.arguments, operation.keywords),
        parameters=tuple(
            parameters[name] for name in dict.fromkeys(operation.inputs) if name in parameters
        ),
        execution="torch",
        source=operation.source,
    )


@cache
def _scope(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _named(result: Any, name: str, *, inside: bool = False) -> Iterator[tuple[str, Tensor]]:
    if isinstance(result, Tensor):
        yield name, result
        return
    if isinstance(result, Mapping):
        items = [(str(key), item) for key, item in result.items()]
    elif isinstance(result, tuple) and hasattr(result, "_fields"):
        items = list(zip(result._fields, result, strict=True))
    elif isinstance(result, (list, tuple)):
        items = [(f"{name}.{place}", item) for place, item in enumerate(result)]
        inside = False
    elif is_dataclass(result):
        items = [(part.name, getattr(result, part.name)) for part in fields(result)]
    else:
        return
    for key, item in items:
        yield from _named(item, f"{name}.{key}" if inside else key, inside=True)


def _dtype(tensor: Tensor) -> str:
    return _name(tensor.dtype)


@cache
def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
