"""Which of the operators that an exported program names may be called, and what they are.

A target in the file is a path of attributes: torch itself would follow "torch.hub.load" or
"torch.os.system" as readily as "torch.ops.aten.relu.default". Here a target is looked up
only where operators on tensors and numbers are registered.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import operator
from collections.abc import Callable
from functools import cache
from typing import Any

HIGHER_ORDER = "torch.ops.higher_order."
REGIONS = frozenset(
    HIGHER_ORDER + name for name in ("wrap_with_set_grad_enabled", "wrap_with_autocast")
)
"""Calls that only say how a part of the graph is computed: it stands in their place."""
CONTROL = frozenset(HIGHER_ORDER + name for name in ("cond", "while_loop", "map_impl", "scan"))
"""Calls with subgraphs that a runner knows."""

_OPERATORS = frozenset(
    "eq ne le ge lt gt neg pos mul add sub floordiv mod pow truediv and_ or_ lshift rshift "
    "getitem".split()
)
_MATH = frozenset("trunc ceil floor sqrt".split())
_SYMBOLIC = frozenset("not int float ite max min sqrt sum fresh_size".split())
# Torch's own registries whose operators start programs, talk to other machines or are tests.
_CLOSED = frozenset(
    "prim c10d _c10d_functional _c10d_functional_autograd symm_mem inductor inductor_prims "
    "static_runtime profiler _test debugprims debug_mode_ops export _dtensor onnx "
    "higher_order".split()
)
_TENSORS_AND_NUMBERS = frozenset(
    base
    for kind in "Tensor int float bool number complex ScalarType Layout MemoryFormat".split()
    for base in (kind, f"Optional[{kind}]", f"List[{kind}]", f"List[Optional[{kind}]]")
) | {
    "Optional[List[int]]", "Optional[List[float]]", "Optional[List[Tensor]]",
    "Device", "Optional[Device]", "Optional[Generator]", "Optional[List[bool]]",
}  # fmt: skip
_REGISTERED_BY = {
    "quantized_decomposed": "torch.ao.quantization.fx._decomposed", "torchvision": "torchvision",
}  # fmt: skip
_NO_MODE = frozenset(("filename", "s"))  # of aten::from_file and aten::_print
_ALSO_TEXT = frozenset(("aten", "prims", "quantized", "quantized_decomposed"))


def fault(target: str) -> str:
    """Why this operator cannot be called, as the end of a sentence; empty when it can."""
    if target in REGIONS or target in CONTROL or function(target) is not None:
        return ""
    if target.startswith(HIGHER_ORDER):
        return "which this version does not run"
    if target.startswith("torch.ops."):
        return "an operator that is not known here"
    return "which is no operator"


def function(target: str) -> Callable[..., Any] | None:
    """The function of this name; None for one that may not be called or is not there."""
    room, _, name = target.rpartition(".")
    if room == "_operator":
        return getattr(operator, name) if name in _OPERATORS else None
    if room == "math":
        return getattr(math, name) if name in _MATH else None
    import torch

    if room == "torch" and name.startswith("sym_") and name[4:] in _SYMBOLIC:
        return getattr(torch, name, None)
    parts = target.split(".")
    if parts[:2] != ["torch", "ops"] or len(parts) != 5:
        return None
    return _registered(*parts[2:])


def _registered(namespace: str, name: str, overload: str) -> Callable[..., Any] | None:
    import torch

    if namespace in _CLOSED or not all(map(str.isidentifier, (namespace, name, overload))):
        return None
    _register(namespace)
    full = f"{namespace}::{name}" + ("" if overload == "default" else f".{overload}")
    if not torch._C._dispatch_has_kernel(full):
        return None  # known to TorchScript alone, as aten::save is, or to nobody
    found = getattr(getattr(getattr(torch.ops, namespace), name), overload)
    return found if _takes_numbers(found, namespace in _ALSO_TEXT) else None


@cache
def _takes_numbers(found: Any, also_text: bool) -> bool:
    """Whether all that it is given are tensors and numbers, or says how to compute."""
    return all(
        str(argument.type) in _TENSORS_AND_NUMBERS
        or (
            str(argument.type) in ("str", "Optional[str]")
            and also_text
            and argument.name not in _NO_MODE
        )
        for argument in found._schema.arguments
    )


def _register(namespace: str) -> None:
    """Some of PyTorch's own operators are there once their library is imported."""
    module = _REGISTERED_BY.get(namespace)
    if module is not None:
        with contextlib.suppress(ImportError, RuntimeError):  # not there, or not for this torch
            importlib.import_module(module)
