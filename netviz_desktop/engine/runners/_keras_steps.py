"""A Keras model -> the calls of layers that a run makes, nested models laid open.

Each step knows the values it reads and gives by the names that the graph has for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from netviz_desktop.engine.runners._keras_layers import is_scope
from netviz_desktop.engine.runners._keras_recording import Inside, recorded_inside
from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.readers._keras_config import Net
from netviz_desktop.readers._keras_graph import ACTIVATION, DOMAIN, Ids, joined

Path = tuple[str, ...]

_FREE = 83  # a size that no layer has of itself, as Keras takes it for the same purpose


@dataclass(frozen=True)
class Step:
    """One call.

    Args:
        operation: the keras.Operation; None for an InputLayer, which passes its value on.
        arguments: as Keras recorded them when the model was built.
        reads: id(KerasTensor) -> value name, of the tensors among the arguments.
        dtype: of an InputLayer, what its value becomes.
        ending: id of the node of its activation; "" when that is a part of the call.
        inside: ids of the nodes that the call is made of, when its layer is a scope.
    """

    id: str
    operation: Any
    arguments: Any
    reads: Mapping[int, str]
    outputs: tuple[str, ...]
    dtype: str = ""
    ending: str = ""
    inside: tuple[str, ...] = ()


@dataclass
class Compiled:
    """Args:
    graph: as the model will run.
    """

    graph: ModelGraph
    steps: list[Step]


@dataclass
class _Compiling:
    like: ModelGraph
    ids: Ids
    variables: Mapping[int, str]
    modules: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    specs: dict[str, Any] = field(default_factory=dict)  # value name -> KerasTensor


def compiled(
    model: Any, like: ModelGraph, net: Net, ids: Ids, variables: Mapping[int, str]
) -> Compiled:
    """Args:
    model: a built keras.Model that is functional or sequential.
    like, net, ids: what its reader found.
    variables: id(variable) -> the name of its parameter, where that is known.
    """
    functional = functional_of(model)
    names = tuple(ref.layer for ref in net.inputs)
    compiling = _Compiling(like, ids, variables)
    for name, tensor in zip(names, functional.inputs, strict=True):
        compiling.specs[name] = tensor
    outputs = _add_net(functional, net, (), (), names, compiling)
    values = {
        name: Value(name, _shape(spec), _dtype(spec), "inferred")
        for name, spec in compiling.specs.items()
    }
    for node in compiling.nodes:
        values |= {p.name: Value(p.name, p.shape, p.dtype) for p in node.parameters}
    graph = replace(
        like,
        inputs=names,
        outputs=outputs,
        nodes=tuple(compiling.nodes),
        values=values,
        modules=like.modules | compiling.modules,
    )
    return Compiled(graph, compiling.steps)


def functional_of(model: Any) -> Any:
    """The graph of layers of a model; None for one that has none."""
    from keras.src.models.functional import Functional
    from keras.src.models.sequential import Sequential

    if isinstance(model, Sequential):
        return model._functional
    return model if isinstance(model, Functional) else None


def _add_net(
    functional: Any,
    net: Net | None,
    scope: Path,
    home: Path,
    given: tuple[str, ...],
    compiling: _Compiling,
) -> tuple[str, ...]:
    """Add the steps of a net that is called on `given`; the names of its outputs."""
    names: dict[int, str] = {}
    same = _same_shapes(functional.inputs, [compiling.specs[name] for name in given])
    written = [ref.layer for ref in net.inputs] if net is not None else []
    for place, (tensor, name) in enumerate(zip(functional.inputs, given, strict=False)):
        said = written[place] if place < len(written) else tensor._keras_history.operation.name
        names[id(tensor)] = _add_input(said, tensor, name, scope, compiling)
    inner_nets = {layer.name: layer.net for layer in net.layers} if net is not None else {}
    for node, number in _nodes(functional):
        operation = node.operation
        reads = {id(tensor): names[id(tensor)] for tensor in node.input_tensors}
        inner = functional_of(operation)
        if inner is not None:
            inside = (*scope, joined((operation.name,), number))
            reading = tuple(reads[id(tensor)] for tensor in node.input_tensors)
            nested = inner_nets.get(operation.name)
            made = _add_net(inner, nested, inside, home, reading, compiling)
        else:
            specs = node.outputs if same else _respecified(node, reads, compiling)
            made = _add_call(node, number, reads, specs, scope, compiling)
        names.update((id(t), name) for t, name in zip(node.outputs, made, strict=False))
    return tuple(names[id(tensor)] for tensor in functional.outputs)


def _nodes(functional: Any) -> Iterator[tuple[Any, int]]:
    """Keras's nodes in running order, each with its place among its layer's calls here."""
    members = {id(node) for nodes in functional._nodes_by_depth.values() for node in nodes}
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        for node in functional._nodes_by_depth[depth]:
            if not node.is_input:
                calls = [one for one in node.operation._inbound_nodes if id(one) in members]
                yield node, calls.index(node)


def _add_input(name: str, tensor: Any, given: str, scope: Path, compiling: _Compiling) -> str:
    node_id = compiling.ids.get(((*scope, name), 0)) or joined((*scope, name), 0)
    output = f"{node_id}:0"
    spec = compiling.specs[given]
    compiling.specs[output] = spec
    compiling.nodes.append(
        replace(
            _known(node_id, compiling) or Node(node_id, "InputLayer", DOMAIN, name, scope, (), ()),
            inputs=(given,),
            outputs=(output,),
            execution="Keras on torch",
        )
    )
    step = Step(node_id, None, None, {0: given}, (output,), _dtype(tensor) or "")
    compiling.steps.append(step)
    return output


def _add_call(
    node: Any,
    number: int,
    reads: Mapping[int, str],
    specs: list[Any],
    scope: Path,
    compiling: _Compiling,
) -> tuple[str, ...]:
    operation = node.operation
    path = (*scope, operation.name)
    node_id = compiling.ids.get((path, number)) or joined(path, number)
    outputs = (node_id, *(f"{node_id}:{place}" for place in range(1, len(specs))))
    compiling.specs.update(zip(outputs, specs, strict=True))
    if inside := _inside(node, node_id, reads, outputs, compiling):
        ids = tuple(one.id for one in inside.graph.nodes)
        compiling.steps.append(Step(node_id, operation, node.arguments, reads, outputs, inside=ids))
        compiling.nodes += inside.graph.nodes
        compiling.modules |= inside.graph.modules
        for name, value in inside.graph.values.items():
            compiling.specs.setdefault(name, _freed(value))
        return outputs
    known = _known(node_id, compiling)
    compiling.nodes.append(
        replace(
            known or Node(node_id, type(operation).__name__, DOMAIN, operation.name, scope, (), ()),
            inputs=tuple(reads[id(tensor)] for tensor in node.input_tensors),
            outputs=outputs,
            execution="Keras on torch",
        )
    )
    ending = compiling.ids.get(((*path, ACTIVATION), number), "")
    split = _known(ending, compiling) if ending else None
    compiling.steps.append(
        Step(node_id, operation, node.arguments, reads, outputs, ending=ending if split else "")
    )
    if split is None:
        return outputs
    compiling.specs[ending] = specs[0]
    compiling.nodes.append(
        replace(split, inputs=outputs[:1], outputs=(ending,), execution="Keras on torch")
    )
    return (ending,)


def _inside(
    node: Any,
    node_id: str,
    reads: Mapping[int, str],
    outputs: tuple[str, ...],
    compiling: _Compiling,
) -> Inside | None:
    """What a layer that is a scope computes, tried without numbers; None for a node."""
    import keras

    layer = node.operation
    if not isinstance(layer, keras.Layer) or not is_scope(layer):
        return None
    given = {name: _stand_in(compiling.specs[name]) for name in reads.values()}
    args, kwargs = node.arguments.fill_in({key: given[name] for key, name in reads.items()})
    if layer._call_has_training_arg:
        kwargs["training"] = False
    try:
        return recorded_inside(
            layer,
            node_id,
            lambda: layer(*args, **kwargs),
            given,
            outputs,
            compiling.variables,
            "meta",
            gradients=False,
        )
    except Exception:  # noqa: BLE001 - a layer that looks at numbers may raise anything
        return None  # then it is one node


def _stand_in(spec: Any) -> torch.Tensor:
    sizes = [1 if place == 0 else _FREE for place in range(len(spec.shape))]
    shape = [free if size is None else size for size, free in zip(spec.shape, sizes, strict=True)]
    return torch.empty(shape, dtype=getattr(torch, str(spec.dtype)), device="meta")


def _freed(value: Value) -> Value:
    """With the sizes free that were stood in for."""
    shape = tuple(
        None if size == _FREE or place == 0 else size
        for place, size in enumerate(value.shape or ())
    )
    return replace(value, shape=shape)


def _known(node_id: str, compiling: _Compiling) -> Node | None:
    return compiling.like.node(node_id) if node_id in compiling.like else None


def _same_shapes(inner: list[Any], given: list[Any]) -> bool:
    return all(_shape(a) == _shape(b) for a, b in zip(inner, given, strict=False))


def _respecified(node: Any, reads: Mapping[int, str], compiling: _Compiling) -> list[Any]:
    """The outputs of a call, for what a nested model is given here; it may leave sizes free."""
    from keras import tree

    args, kwargs = node.arguments.fill_in({k: compiling.specs[name] for k, name in reads.items()})
    try:
        found = tree.flatten(node.operation.compute_output_spec(*args, **kwargs))
    except Exception:  # noqa: BLE001 - a layer that cannot say its shape may raise anything
        return list(node.outputs)
    return found if len(found) == len(node.outputs) else list(node.outputs)


def _shape(tensor: Any) -> tuple[int | None, ...]:
    return tuple(None if size is None else int(size) for size in tensor.shape)


def _dtype(tensor: Any) -> str | None:
    return str(tensor.dtype) if tensor.dtype else None
