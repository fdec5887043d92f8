"""The module tree as a graph without data flow, from a live nn.Module or from stubs of one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from netviz_desktop.graph import Attribute, ModelGraph, Node, Parameter, Value
from netviz_desktop.readers._layer_of_weights import layer_of
from netviz_desktop.readers._stubs import Global, Instance, StubTensor

_MOST_MODULES = 200_000
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def is_module(found: Any) -> bool:
    """Whether it is an nn.Module, live or in stubs."""
    return isinstance(found, Instance) and {"_modules", "_parameters"} <= _state(found).keys()


def module_tree(module: Any, *, format_label: str, name: str) -> ModelGraph:
    """One node for each module that has no parts, or weights of its own."""
    nodes = []
    classes: dict[str, str] = {}
    first_name: dict[int, str] = {}
    for path, part in named_modules(module):
        state = _state(part)
        if path:
            classes[path] = _class_name(part)
        weights = tuple(
            _parameter(_first(first_name, tensor, _join(path, key)), tensor, buffer=buffer)
            for table, buffer in (("_parameters", False), ("_buffers", True))
            for key, tensor in _table(state, table).items()
            if _is_tensor(tensor)
        )
        if weights or not any(part is not None for part in _table(state, "_modules").values()):
            nodes.append(_node(path, _class_name(part), weights, _hyperparameters(state)))
    return _graph(nodes, format_label, name, classes)


def weight_tree(weights: Mapping[str, Any], *, format_label: str, name: str) -> ModelGraph:
    """One node for each module path that has weights, with the layer that they make certain.

    Args:
        weights: anything with shape and dtype, by state_dict key.
    """
    by_module: dict[str, list[Parameter]] = {}
    for key, tensor in weights.items():
        path, _, role = key.rpartition(".")
        by_module.setdefault(path, []).append(_parameter(key, tensor, buffer=role in _BUFFERS))
    nodes = []
    for path, found in by_module.items():
        layer = layer_of(path, {parameter.role: parameter.shape for parameter in found})
        nodes.append(_node(path, layer.op_type, tuple(found), layer.attributes))
    return _graph(nodes, format_label, name, {})


def named_modules(module: Any) -> Iterator[tuple[str, Any]]:
    """Each module once, with its path, in the order of nn.Module.named_modules."""
    waiting: list[tuple[str, Any]] = [("", module)]
    met: set[int] = set()
    while waiting and len(met) < _MOST_MODULES:
        path, part = waiting.pop()
        if id(part) in met:
            continue
        met.add(id(part))
        yield path, part
        parts = list(_table(_state(part), "_modules").items())
        waiting.extend(
            (_join(path, str(key)), inner) for key, inner in reversed(parts) if inner is not None
        )


def weights_of(module: Any) -> dict[str, StubTensor]:
    """Every parameter and buffer of a module in stubs, by state_dict key."""
    return {
        _join(path, str(key)): tensor
        for path, part in named_modules(module)
        for table in ("_parameters", "_buffers")
        for key, tensor in _table(_state(part), table).items()
        if isinstance(tensor, StubTensor)
    }


def _state(module: Any) -> Mapping[str, Any]:
    if isinstance(module, Instance):
        return module.state if isinstance(module.state, dict) else {}
    state: dict[str, Any] = vars(module)
    return state


def _table(state: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = state.get(name)
    return table if isinstance(table, dict) else {}


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else str(key)


def _first(names: dict[int, str], tensor: Any, name: str) -> str:
    """The first of the names of a weight that several modules share."""
    return names.setdefault(id(tensor), name)


def _is_tensor(found: Any) -> bool:
    return isinstance(found, StubTensor) or (
        hasattr(found, "shape") and hasattr(found, "dtype") and not isinstance(found, Instance)
    )


def _parameter(name: str, tensor: Any, *, buffer: bool) -> Parameter:
    return Parameter(
        name,
        tuple(int(size) for size in tensor.shape),
        str(tensor.dtype).removeprefix("torch."),
        name.rpartition(".")[2],
        buffer=buffer,
    )


def _class_name(module: Any) -> str:
    return module.kind.name if isinstance(module, Instance) else type(module).__name__


def _node(
    path: str, op_type: str, weights: tuple[Parameter, ...], attributes: dict[str, Attribute]
) -> Node:
    return Node(
        id=path or op_type,
        op_type=op_type,
        domain="torch.nn",
        name=path,
        scope=tuple(path.split(".")[:-1]) if path else (),
        inputs=(),
        outputs=(),
        attributes=attributes,
        parameters=weights,
    )


def _graph(nodes: list[Node], format_label: str, name: str, classes: dict[str, str]) -> ModelGraph:
    values = {p.name: Value(p.name, p.shape, p.dtype) for node in nodes for p in node.parameters}
    return ModelGraph(
        format_label,
        name,
        (),
        (),
        tuple(nodes),
        values,
        {"structure": "The module tree; how data flows is known once the model has run."},
        classes,
    )


def _hyperparameters(state: Mapping[str, Any]) -> dict[str, Attribute]:
    return {
        name: simple
        for name, found in state.items()
        if isinstance(name, str)
        and not name.startswith("_")
        and name != "training"
        and (simple := _simple(found)) is not None
    }


def _simple(found: Any) -> Attribute:
    if isinstance(found, float) and not math.isfinite(found):
        return str(found)
    if isinstance(found, (bool, int, float)):
        return found
    if isinstance(found, str):
        return found[:200]
    if isinstance(found, Global):
        return str(found)
    if isinstance(found, (list, tuple)) and len(found) <= 16:
        items = [_simple(item) for item in found]
        return None if any(item is None for item in items) else list(items)
    return None
