"""The module tree in a TorchScript archive's data.pkl, shaped like a pickled nn.Module."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netviz_desktop.readers._script_archive import ScriptClass
from netviz_desktop.readers._stubs import Global, Instance, StubTensor

CONSTANTS = "constants"
"""The path of the tensors that stand in the code: all weights of a frozen module."""

_MANGLED = re.compile(r"___torch_mangle_\d+\.")


@dataclass(frozen=True)
class ScriptTree:
    """Args:
    root: stubs as `_module_tree` takes them.
    shared: path of a module that has an earlier one, too -> the first.
    """

    root: Instance
    shared: Mapping[str, str]


def script_tree(
    root: Instance, classes: Mapping[str, ScriptClass], constants: tuple[Any, ...]
) -> ScriptTree:
    """The modules, each with its parameters, buffers and parts apart, as its class says."""
    identity = _identities(root)
    shaped = {identity[id(root)]: Instance(root.kind)}
    first_path = {identity[id(root)]: ""}
    shared: dict[str, str] = {}
    tensors: dict[Hashable, StubTensor] = {}
    waiting = [root]
    while waiting:
        part = waiting.pop()
        path = first_path[identity[id(part)]]
        known = classes.get(str(part.kind), ScriptClass())
        state: dict[str, Any] = {"_parameters": {}, "_buffers": {}, "_modules": {}}
        inner = []
        for name, held in _attributes(part):
            if isinstance(held, StubTensor):
                table = "_parameters" if name in known.parameters else "_buffers"
                state[table][name] = tensors.setdefault(_place(held), held)
            elif _is_object(held):
                key, inner_path = identity[id(held)], f"{path}.{name}" if path else name
                if key in first_path:
                    shared[inner_path] = first_path[key]
                else:
                    first_path[key], shaped[key] = inner_path, Instance(held.kind)
                    inner.append(held)
                state["_modules"][name] = shaped[key]
            elif name not in state:
                state[name] = held
        shaped[identity[id(part)]].state = state
        waiting.extend(reversed(inner))
    made = shaped[identity[id(root)]]
    weights = {
        str(at): t for at, t in enumerate(constants) if isinstance(t, StubTensor) and t.shape
    }
    if weights:
        state = {"_parameters": weights, "_buffers": {}, "_modules": {}}
        made.state["_modules"][CONSTANTS] = Instance(Global("", "Constants"), state=state)
    return ScriptTree(made, shared)


def _identities(root: Instance) -> dict[int, Hashable]:
    """id(object) -> what is the same for those that are one module: scripting writes a module
    that stands in two places twice, with the same weights."""
    alike: dict[int, int] = {}  # id(object) -> a number for its class and weights
    number_of: dict[Hashable, int] = {}
    with_weights: set[int] = set()
    under_way: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        part, inner_are_known = waiting.pop()
        if id(part) in under_way and not inner_are_known:
            continue
        held = list(_attributes(part))
        if not inner_are_known:
            under_way.add(id(part))
            waiting.append((part, True))
            waiting.extend((inner, False) for _, inner in held if _is_object(inner))
            continue
        own = tuple((name, _place(item)) for name, item in held if isinstance(item, StubTensor))
        inner = tuple((name, alike.get(id(item))) for name, item in held if _is_object(item))
        kind = _MANGLED.sub("", str(part.kind))
        number = alike[id(part)] = number_of.setdefault((kind, own, inner), len(number_of))
        if own or any(one in with_weights for _, one in inner):
            with_weights.add(number)
    return {
        which: number if number in with_weights else ("weightless", which)
        for which, number in alike.items()
    }


def _attributes(part: Instance) -> Iterator[tuple[str, Any]]:
    state = part.state if isinstance(part.state, dict) else {}
    return ((name, held) for name, held in state.items() if isinstance(name, str))


def _is_object(held: Any) -> bool:
    return isinstance(held, Instance) and held.kind.module.startswith("__torch__")


def _place(tensor: StubTensor) -> Hashable:
    """The same for a tensor that two modules share: the pickle has it twice."""
    return (tensor.storage.key, tensor.offset, tensor.shape, tensor.strides)
