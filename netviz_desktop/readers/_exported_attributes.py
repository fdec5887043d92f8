"""What else a call of an exported program is given, as a node's attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from netviz_desktop.graph import Attribute
from netviz_desktop.readers import _exported_names as naming
from netviz_desktop.readers._exported_schema import DTYPES, MEMORY_FORMATS, Argument, Number, Size
from netviz_desktop.readers._exported_steps import Names, Step

_DROPPED = ("as_none", "as_graph", "as_device", "as_layout")
_LONGEST_LIST = 64


def attributes(step: Step, sizes: Mapping[str, Size]) -> dict[str, Attribute]:
    """How the step is called, apart from tensors, by the names of its operator's schema.

    Args:
        sizes: numbers that depend on the inputs' sizes.
    """
    found: dict[str, Attribute] = {}
    for place, given in enumerate(step.call.inputs):
        argument = given.arg
        if argument.kind == "as_graph":
            found[argument.value.name] = _subgraph(argument)
        elif argument.kind not in _DROPPED and "tensor" not in argument.kind:
            name = given.name or f"argument {place}"
            found[name] = _attribute(argument, step.names, sizes)
    return found


def _attribute(argument: Argument, names: Names, sizes: Mapping[str, Size]) -> Attribute:
    kind, value = argument.kind, argument.value
    if kind == "as_scalar_type":
        return DTYPES.get(value)
    if kind == "as_memory_format":
        return MEMORY_FORMATS.get(value)
    if kind == "as_complex":
        return f"{value.real}+{value.imag}j"
    if kind.startswith("as_sym_"):
        if isinstance(value, list):
            return [_number(number, names, sizes) for number in value]
        return _number(value, names, sizes)
    return _finite(value)


def _number(number: Number, names: Names, sizes: Mapping[str, Size]) -> Attribute:
    if not isinstance(number.as_name, str):
        return _finite(number.value)
    size = sizes.get(names[number.as_name])
    return (naming.dimension(size) if size is not None else None) or number.as_name


def _finite(value: Any) -> Attribute:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_finite(item) for item in value[:_LONGEST_LIST]]
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _subgraph(argument: Argument) -> str:
    calls = argument.value.graph.nodes
    listed = ", ".join(naming.operator(call.target) for call in calls[:6])
    more = ", …" if len(calls) > 6 else ""
    return f"{len(calls)} node{'' if len(calls) == 1 else 's'}: {listed}{more}"
