"""A call of an exported program, as a Python call: its operator, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

from netviz_desktop.problems import Problem
from netviz_desktop.readers._exported_operators import CONTROL, HIGHER_ORDER, REGIONS, function
from netviz_desktop.readers._exported_schema import (
    DTYPES,
    MEMORY_FORMATS,
    Argument,
    Call,
    Graph,
    Named,
    Number,
    OptionalTensor,
)
from netviz_desktop.readers._exported_steps import Names

Environment = dict[str, Any]
"""Everything that is computed so far, by the names of the program."""
Get = Callable[[Environment], Any]
Tick = Callable[[], None]

_LAYOUTS = {
    1: torch.sparse_coo, 2: torch.sparse_csr, 3: torch.sparse_csc, 4: torch.sparse_bsr,
    5: torch.sparse_bsc, 7: torch.strided,
}  # fmt: skip


@dataclass(frozen=True)
class Compiled:
    """A call that can be made."""

    function: Callable[..., Any]
    positional: tuple[Get, ...]
    keywords: dict[str, Get]
    outputs: tuple[Argument, ...]
    names: Names

    def arguments(self, values: Environment) -> tuple[list[Any], dict[str, Any]]:
        return (
            [get(values) for get in self.positional],
            {name: get(values) for name, get in self.keywords.items()},
        )

    def assign(self, result: Any, values: Environment) -> None:
        """Store what the call gave under the names of its outputs."""
        if len(self.outputs) == 1:
            if self.outputs[0].kind != "as_tensors" and isinstance(result, (list, tuple)):
                result = result[0]
            self._assign(0, result, values)
        else:
            for place, part in zip(range(len(self.outputs)), result or (), strict=False):
                self._assign(place, part, values)

    def _assign(self, place: int, part: Any, values: Environment) -> None:
        kind = self.outputs[place].kind
        parts = part if kind in ("as_tensors", "as_sym_ints") else [part]
        values.update(zip(self._named[place], parts, strict=False))

    @cached_property
    def _named(self) -> list[list[str]]:
        """The names that each output gives."""
        return [
            [self.names[name] for name in (*output.tensors(), *output.numbers())]
            for output in self.outputs
        ]


def compiled(call: Call, names: Names, device: torch.device, tick: Tick) -> Compiled:
    """Args:
    tick: called whenever a subgraph is computed, of which loops have no end.
    """
    todo: Callable[..., Any] | None
    if call.target in CONTROL or call.target in REGIONS:
        todo = partial(_as_one, _CONTROL[call.target.removeprefix(HIGHER_ORDER)])
    else:
        todo = _WITH_DERIVATIVE.get(call.target) or function(call.target)
    if todo is None:
        raise Problem(
            f"{call.target} is no operator that can be run.", "Export the network without it."
        )
    schema = getattr(todo, "_schema", None)
    by_name = {a.name for a in schema.arguments if a.kwarg_only} if schema is not None else set()
    positional: list[Get] = []
    keywords: dict[str, Get] = {}
    for given in call.inputs:
        get = _getter(given.arg, names, device, tick)
        if given.kind == 2 or (given.kind is None and given.name in by_name):
            keywords[given.name] = get
        else:
            positional.append(get)
    return Compiled(todo, tuple(positional), keywords, tuple(call.outputs), names)


def meant(argument: Argument, values: Environment, device: torch.device) -> Any:
    """What an argument stands for."""
    return _getter(argument, Names(), device, lambda: None)(values)


def _getter(argument: Argument, names: Names, device: torch.device, tick: Tick) -> Get:
    kind, value = argument.kind, argument.value
    constant = _constant(kind, value, device)
    if constant is not _COMPUTED:
        return lambda _: constant
    if kind == "as_graph":
        subgraph = _Subgraph(value.graph, device, tick)
        return lambda _: subgraph
    return _looked_up(value, names)


_COMPUTED = object()


def _constant(kind: str, value: Any, device: torch.device) -> Any:
    match kind:
        case "as_none":
            return None
        case "as_scalar_type":
            return getattr(torch, DTYPES.get(value, ""), None)
        case "as_memory_format":
            return getattr(torch, MEMORY_FORMATS.get(value, ""), None)
        case "as_layout":
            return _LAYOUTS.get(value)
        case "as_device":
            return device  # wherever it was exported, here it runs on this one
        case "as_complex":
            return complex(value.real, value.imag)
        case "as_float" | "as_floats" | "as_float_lists":
            return _floats(value)
        case "as_int" | "as_ints" | "as_int_lists" | "as_bool" | "as_bools":
            return value
        case "as_string" | "as_strings":
            return value
    return _COMPUTED


def _floats(value: Any) -> Any:
    """JSON has no infinity: "Infinity" stands for it."""
    return [_floats(item) for item in value] if isinstance(value, list) else float(value)


def _looked_up(value: Any, names: Names) -> Get:
    match value:
        case list():
            parts = [_looked_up(item, names) for item in value]
            return lambda values: [get(values) for get in parts]
        case Named(name=name) | Number(as_name=str(name)):
            key = names[name]
            return lambda values: values[key]
        case OptionalTensor(as_tensor=Named(name=name)):
            key = names[name]
            return lambda values: values[key]
        case Number():
            number = value.value
            return lambda _: number
    return lambda _: None  # an optional tensor that is left out


class _Subgraph:
    """A graph that a call of the program is given."""

    def __init__(self, graph: Graph, device: torch.device, tick: Tick) -> None:
        names = Names()
        self._tick = tick
        self._calls = [compiled(call, names, device, tick) for call in graph.nodes]
        self._inputs = [[*a.tensors(), *a.numbers()] for a in graph.inputs]
        self._outputs = [_getter(output, names, device, tick) for output in graph.outputs]

    def __call__(self, *operands: Any) -> list[Any]:
        self._tick()
        values: Environment = {}
        for names, operand in zip(self._inputs, operands, strict=False):
            values.update((name, operand) for name in names)
        for call in self._calls:
            positional, keywords = call.arguments(values)
            call.assign(call.function(*positional, **keywords), values)
        return [get(values) for get in self._outputs]


# --- calls with subgraphs ---------------------------------------------------------------------


def _as_one(control: Callable[..., Any], *arguments: Any) -> Any:
    """Whatever it computes on the way is one operation to who listens."""
    tensors = [a for a in _flat(arguments) if isinstance(a, Tensor)]
    if has_torch_function(tensors):
        return handle_torch_function(control, tensors, *arguments)
    return control(*arguments)


def _cond(
    predicate: Any, if_true: _Subgraph, if_false: _Subgraph, operands: Sequence[Any] = ()
) -> list[Any]:
    results = (if_true if predicate else if_false)(*operands)
    # What a branch only passes on is a value of its own all the same.
    return [r.view_as(r) if any(r is operand for operand in operands) else r for r in results]


def _while_loop(
    condition: _Subgraph, body: _Subgraph, carried: Sequence[Any], constant: Sequence[Any] = ()
) -> list[Any]:
    state = [t.clone() if isinstance(t, Tensor) else t for t in carried]
    while condition(*state, *constant)[0]:
        state = body(*state, *constant)
    return state


def _map(body: _Subgraph, mapped: Sequence[Tensor], constant: Sequence[Any] = ()) -> list[Any]:
    turns = [body(*slices, *constant) for slices in zip(*mapped, strict=True)]
    return [torch.stack(results) for results in zip(*turns, strict=True)]


def _scan(
    body: _Subgraph, start: Sequence[Any], scanned: Sequence[Tensor], constant: Sequence[Any] = ()
) -> list[Any]:
    state, turns = list(start), []
    for slices in zip(*scanned, strict=True):
        results = body(*state, *slices, *constant)
        state = results[: len(state)]
        turns.append(results[len(state) :])
    return [*state, *(torch.stack(results) for results in zip(*turns, strict=True))]


def _gradients_if(enabled: bool, body: _Subgraph, *operands: Any) -> list[Any]:
    with torch.set_grad_enabled(enabled and torch.is_grad_enabled()):
        return body(*operands)


def _autocast(
    kind: str, dtype: torch.dtype, enabled: bool, cache: bool, body: _Subgraph, *operands: Any
) -> list[Any]:
    with torch.autocast(kind, dtype, enabled, cache):
        return body(*operands)


_CONTROL: dict[str, Callable[..., Any]] = {
    "cond": _cond, "while_loop": _while_loop, "map_impl": _map, "scan": _scan,
    "wrap_with_set_grad_enabled": _gradients_if, "wrap_with_autocast": _autocast,
}  # fmt: skip


def copy(own: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    del non_blocking
    return source.to(own).expand_as(own).clone()


# What stands for an operator of which torch itself has no derivative.
_WITH_DERIVATIVE: dict[str, Callable[..., Any]] = {"torch.ops.aten.copy.default": copy}


def _flat(found: Any) -> Iterator[Any]:
    if isinstance(found, (list, tuple)):
        for item in found:
            yield from _flat(item)
    else:
        yield found
