"""Nets of layers -> the model graph: a node for each call of a layer, nested models as scopes.

A layer that ends in an activation is two nodes, "conv" and "conv/activation": what comes
before the softmax is what a target is a number of.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from netviz_desktop.graph import Attribute, ModelGraph, Node, Parameter, Value
from netviz_desktop.problems import Problem
from netviz_desktop.readers._hdf5 import Stored
from netviz_desktop.readers._keras_archive import KerasFile
from netviz_desktop.readers._keras_code import foreign_code, of_tensorflow
from netviz_desktop.readers._keras_config import (
    Call,
    Layer,
    Net,
    Ref,
    Shape,
    declared_shape,
    dtype_of,
)
from netviz_desktop.readers._keras_layers import class_in_snake_case, fused_activation, role
from netviz_desktop.readers._keras_weights import Weights, parameter, weights_of_layer

DOMAIN = "keras"
ACTIVATION = "activation"

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_NOT_LAYERS = ("optimizer", "compile_metrics", "metrics", "loss")
_MOST_NODES = 50_000
_MOST_OUTPUTS = 1000
_LONGEST_TEXT = 200
_LONGEST_LIST = 16

Path = tuple[str, ...]
Ids = dict[tuple[Path, int], str]
"""Scopes and layer, and which of its calls -> the node's id."""


@dataclass
class _Building:
    file: KerasFile
    weights: Weights
    trusted: bool
    nodes: list[Node] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    ids: Ids = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)


def keras_graph(
    net: Net, weights: Weights, file: KerasFile, format_label: str, *, trusted: bool
) -> tuple[ModelGraph, Ids]:
    """Args:
        trusted: code that is not Keras's own may run.

    Raises:
        Problem: it is too large to be drawn.
    """
    building = _Building(file, weights, trusted)
    inputs = tuple(ref.layer for ref in net.inputs)
    for name in inputs:
        layer = next((one for one in net.layers if one.name == name), None)
        shape = declared_shape(layer) if layer is not None else None
        dtype = dtype_of(layer.config) if layer is not None else None
        building.values[name] = Value(name, shape, dtype or "float32")
    outputs = _flatten(net, (), (), inputs, building)
    for node in building.nodes:
        if node.name.endswith(f"/{ACTIVATION}"):  # what it reads has the shape of what it gives
            known = building.values[node.outputs[0]]
            building.values[node.inputs[0]] = replace(known, name=node.inputs[0])
    values = building.values | {
        p.name: Value(p.name, p.shape, p.dtype) for node in building.nodes for p in node.parameters
    }
    graph = ModelGraph(
        format_label, net.name, inputs, outputs, tuple(building.nodes), values, _metadata(file),
        building.modules,
    )  # fmt: skip
    return graph, building.ids


def joined(path: Path, call: int) -> str:
    """The id of a call of a layer, or the name of a scope: "block/conv#2"."""
    return "/".join(path) + (f"#{call + 1}" if call else "")


def weight_tree(file: KerasFile, format_label: str) -> ModelGraph:
    """One node for each layer that has weights, without data flow."""
    by_layer: dict[str, list[Parameter]] = {}
    for path, name, stored in _weights_alone(file):
        by_layer.setdefault(path, []).append(parameter(stored, name))
    nodes = [
        Node(
            id=path, op_type="Weights", domain=DOMAIN, name=path, scope=tuple(path.split("/")[:-1]),
            inputs=(), outputs=(), parameters=tuple(found),
        )
        for path, found in by_layer.items()
    ]  # fmt: skip
    values = {p.name: Value(p.name, p.shape, p.dtype) for node in nodes for p in node.parameters}
    metadata = _metadata(file) | {"structure": "Weights by layer; how data flows is not known."}
    return ModelGraph(format_label, file.path.stem, (), (), tuple(nodes), values, metadata)


def attributes_of(layer: Layer) -> dict[str, Attribute]:
    """The settings of a layer, in plain types."""
    plain = {
        name: _plain(value)
        for name, value in layer.config.items()
        if name not in ("name", "layers") and value is not None
    }
    if (dtype := dtype_of(layer.config)) is not None:
        plain["dtype"] = dtype
    return {name: value for name, value in plain.items() if value is not None}


def _flatten(
    net: Net, scope: Path, home: Path, given: tuple[str, ...], building: _Building
) -> tuple[str, ...]:
    """Add the nodes of a net that is called on `given`; the names of its outputs.

    Args:
        scope: where the nodes are drawn: ("encoder#2",).
        home: where the layers live: ("encoder",).
    """
    names: dict[tuple[str, int, int], str] = {}
    entering = {ref.layer: name for ref, name in zip(net.inputs, given, strict=False)}
    outputs = _output_counts(net)

    def named(ref: Ref) -> str:
        key = (ref.layer, ref.call, ref.output)
        name = names.get(key) or joined((*scope, ref.layer), ref.call)
        known = building.values.get(name)
        if known is None or (known.shape is None and ref.shape is not None):
            dtype = ref.dtype or (known.dtype if known is not None else None)
            building.values[name] = Value(name, ref.shape, dtype)
        return name

    for layer, number, call, fault in _in_order(net):
        reading = tuple(named(ref) for ref in call.inputs)
        if layer.name in entering:
            reading = (entering[layer.name],)
        if layer.net is not None:
            inner = (*scope, joined((layer.name,), number))
            building.modules[".".join(inner)] = layer.class_name
            made = _flatten(layer.net, inner, (*home, layer.name), reading, building)
        else:
            count = outputs.get((layer.name, number), 1)
            made = _add(layer, number, call, reading, count, fault, scope, home, building)
        names.update(((layer.name, number, i), name) for i, name in enumerate(made))
    return tuple(named(ref) for ref in net.outputs)


def _output_counts(net: Net) -> dict[tuple[str, int], int]:
    """How many outputs of each call are read."""
    counts: dict[tuple[str, int], int] = {}
    read = (ref for layer in net.layers for call in layer.calls for ref in call.inputs)
    for ref in (*read, *net.outputs):
        key = (ref.layer, ref.call)
        counts[key] = min(max(counts.get(key, 1), ref.output + 1), _MOST_OUTPUTS)
    return counts


def _add(
    layer: Layer,
    number: int,
    call: Call,
    reading: tuple[str, ...],
    count: int,
    fault: str,
    scope: Path,
    home: Path,
    building: _Building,
) -> tuple[str, ...]:
    """Add the node of a call, and that of its activation; the names of what it gives."""
    if len(building.nodes) >= _MOST_NODES:
        raise Problem(
            f"{building.file.path.name} has more than {_MOST_NODES} calls of layers: "
            "it cannot be drawn.",
            "Save a smaller model.",
        )
    node_id = _unique((*scope, layer.name), number, building)
    is_input = layer.class_name == "InputLayer"
    first = f"{node_id}:0" if is_input else node_id
    outputs = (first, *(f"{node_id}:{output}" for output in range(1, count)))
    given = building.values.get(reading[0]) if reading and is_input else None
    shape = given.shape if given is not None else _told_shape(layer)
    dtype = given.dtype if given is not None else None
    building.values.setdefault(first, Value(first, shape, dtype))
    building.nodes.append(
        Node(
            id=node_id,
            op_type=layer.class_name,
            domain=DOMAIN,
            name=layer.name,
            scope=scope,
            inputs=reading,
            outputs=outputs,
            attributes=attributes_of(layer) | _constants(layer, call),
            parameters=building.weights.get((*home, layer.name), ()),
            fault=_code_fault(layer, building.trusted) or fault,
        )
    )
    function = fused_activation(layer.class_name, layer.config)
    if not function:
        return outputs
    ending = _unique((*scope, layer.name, ACTIVATION), number, building)
    building.values[ending] = Value(ending, shape)
    building.nodes.append(
        Node(ending, function, DOMAIN, f"{layer.name}/{ACTIVATION}", scope, (first,), (ending,))
    )
    return (ending,)


def _unique(path: Path, number: int, building: _Building) -> str:
    wanted = found = joined(path, number)
    again = 1
    while found in building.taken:
        again += 1
        found = f"{wanted}~{again}"
    building.taken.add(found)
    building.ids[path, number] = found
    return found


def _in_order(net: Net) -> Iterator[tuple[Layer, int, Call, str]]:
    """Every call of a layer, in the file's order but after those that it reads; calls in a
    circle last, with a fault."""
    calls = [
        (layer, number, call) for layer in net.layers for number, call in enumerate(layer.calls)
    ]
    place = {(layer.name, number): i for i, (layer, number, _) in enumerate(calls)}
    waiting = [0] * len(calls)
    readers: dict[int, list[int]] = {}
    faults: dict[int, str] = {}
    for i, (_, _, call) in enumerate(calls):
        for layer, number in {(ref.layer, ref.call) for ref in call.inputs}:
            source = place.get((layer, number))
            if source is None:
                faults[i] = f"It reads “{layer}”, which no layer computes."
            else:
                waiting[i] += 1
                readers.setdefault(source, []).append(i)
    ready = [i for i, count in enumerate(waiting) if count == 0]
    done: set[int] = set()
    while ready:
        i = heapq.heappop(ready)
        done.add(i)
        yield (*calls[i], faults.get(i, ""))
        for reader in readers.get(i, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    for i, circling in enumerate(calls):
        if i not in done:
            yield (*circling, "It waits for its own output: the layers form a circle.")


def _code_fault(layer: Layer, trusted: bool) -> str:
    if of_tensorflow(layer.class_name):
        return f"{layer.class_name} is an operation of TensorFlow, which only Keras 2 runs."
    if trusted:
        return ""
    module = {"module": layer.module} if layer.module else {}
    found = foreign_code({"class_name": layer.class_name, "config": layer.config, **module})
    if not found:
        return ""
    if found[0].is_lambda:
        return "It holds Python code, which runs only if you trust the file."
    return f"{found[0]} is not a part of Keras: it runs only if you trust the file."


def _told_shape(layer: Layer) -> Shape | None:
    """What a Dense gives, when it says what it takes."""
    units = layer.config.get("units")
    if layer.class_name == "Dense" and layer.input_shape and isinstance(units, int):
        return (*layer.input_shape[:-1], units)
    return None


def _constants(layer: Layer, call: Call) -> dict[str, Attribute]:
    if layer.class_name == "GetItem" and "argument 2" in call.constants:
        index = call.constants["argument 2"]
        parts = index if isinstance(index, list) else [index]
        return {"index": ", ".join(map(_index, parts))[:_LONGEST_TEXT]}
    plain = {name: _plain(value) for name, value in call.constants.items()}
    return {name: value for name, value in plain.items() if value is not None}


def _index(part: Any) -> str:
    if isinstance(part, dict) and part.get("class_name") == "__slice__":
        inner = part.get("config") or {}
        start, stop, step = (inner.get(name) for name in ("start", "stop", "step"))
        text = f"{'' if start is None else start}:{'' if stop is None else stop}"
        return text if step is None else f"{text}:{step}"
    if isinstance(part, dict) and part.get("class_name") == "__ellipsis__":
        return "..."
    return str(part)[:_LONGEST_TEXT]


def _plain(found: Any) -> Attribute:
    """A setting as JSON's plain types; an object by its class; None for what says nothing."""
    if isinstance(found, (bool, int, float)) or found is None:
        return found
    if isinstance(found, str):
        return found[:_LONGEST_TEXT]
    if isinstance(found, list):
        items = [_plain(item) for item in found[:_LONGEST_LIST]]
        return [*items, "…"] if len(found) > _LONGEST_LIST else items
    if isinstance(found, dict) and "class_name" in found:
        inner = found.get("config")
        name = inner if isinstance(inner, str) else found["class_name"]
        return str(name)[:_LONGEST_TEXT]
    return None


def _metadata(file: KerasFile) -> dict[str, str]:
    return {"keras_version": file.version} if file.version else {}


def _weights_alone(file: KerasFile) -> Iterator[tuple[str, str, Stored]]:
    """Layer, role and numbers of a file without a configuration."""
    if file.legacy:
        top = "model_weights" if "model_weights" in file.groups else ""
        for path in file.groups:
            layer = path.removeprefix(f"{top}/") if top else path
            if path and "/" not in layer and path != top:
                for name, stored in weights_of_layer(file, layer):
                    whole = name.rpartition(":")[0] if ":" in name else name
                    inner = whole.removeprefix(f"{layer}/")
                    yield layer, inner, stored
        return
    for path, stored in file.stored.items():
        home, variables, number = f"/{path}".partition("/vars/")
        parts = home.lstrip("/").split("/")
        if not variables or parts[0] in _NOT_LAYERS:
            continue
        layer = "/".join(part for part in parts if part not in _CONTAINERS) or file.path.stem
        yield layer, role(class_in_snake_case(parts[-1]), {}, f"vars/{number}"), stored
