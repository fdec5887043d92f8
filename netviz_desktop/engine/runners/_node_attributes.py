"""How a torch function was called, apart from its tensors, as a node's attributes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import get_testing_overrides

from netviz_desktop.engine.runners._listening import tensors_in
from netviz_desktop.graph import Attribute


def node_attributes(
    function: Callable[..., Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any]
) -> dict[str, Attribute]:
    """stride, padding, dim, ...: what is neither a tensor nor left out, by its name."""
    names = getattr(function, "argument_names", None)
    if names is None:
        names = _names(function)
    found: dict[str, Attribute] = {}
    for place, name, is_plain in _places(names, tuple(map(type, arguments))):
        if is_plain:
            found[name] = arguments[place]
        else:
            _describe(found, name, arguments[place])
    for name, argument in keywords.items():
        if argument is not None and not isinstance(argument, Tensor):
            _describe(found, name, argument)
    return found


@lru_cache(1024)
def _places(names: tuple[str, ...], kinds: tuple[type, ...]) -> tuple[tuple[int, str, bool], ...]:
    """Which arguments of these types are attributes: their names, and whether of themselves."""
    return tuple(
        (place, name, kind in _PLAIN and not name.startswith("_"))
        for place, kind in enumerate(kinds)
        for name in (names[place] if place < len(names) else f"argument {place}",)
        if kind is not type(None) and not issubclass(kind, Tensor)
    )


def _describe(found: dict[str, Attribute], name: str, argument: Any) -> None:
    if type(argument) in _SEQUENCES and _PLAIN.issuperset(map(type, argument)):
        attribute: Attribute = list(argument)
    elif name != "index" and tensors_in((argument,)):
        return
    else:
        attribute = _as_attribute(argument)
    if not name.startswith("_"):
        found[name] = attribute


@cache
def _names(function: Callable[..., Any]) -> tuple[str, ...]:
    schema = getattr(function, "_schema", None)
    if schema is not None:
        return tuple(argument.name for argument in schema.arguments)
    if function in (Tensor.__getitem__, Tensor.__setitem__):
        return ("input", "index", "value")
    # C functions have no signature; torch keeps one of each for its own tests.
    described = get_testing_overrides().get(function, function)
    try:
        return tuple(_spelled_out(described))
    except (TypeError, ValueError):
        return ()


def _spelled_out(function: Callable[..., Any]) -> Iterator[str]:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            return
        yield parameter.name


_PLAIN = frozenset((bool, int, str))
_SEQUENCES = frozenset((tuple, list))


def _as_attribute(argument: Any) -> Attribute:
    if isinstance(argument, (bool, int, str)):
        return argument
    if isinstance(argument, float):
        return argument if math.isfinite(argument) else str(argument)
    if isinstance(argument, (torch.dtype, torch.device, torch.layout, torch.memory_format)):
        return str(argument).removeprefix("torch.")
    if isinstance(argument, (list, tuple)) and all(
        isinstance(item, (bool, int, float, str)) for item in argument
    ):
        return [_as_attribute(item) for item in argument]
    return _index(argument)[:200]


def _index(argument: Any) -> str:
    if isinstance(argument, Tensor):
        return "tensor"
    if isinstance(argument, tuple):
        return ", ".join(_index(item) for item in argument)
    if isinstance(argument, slice):
        start, stop, step = (
            "" if part is None else str(part)
            for part in (argument.start, argument.stop, argument.step)
        )
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if argument is Ellipsis:
        return "..."
    return repr(argument)
