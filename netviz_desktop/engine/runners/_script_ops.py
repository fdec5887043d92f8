"""A TorchScript operation -> the function that computes it.

Those on tensors are torch's own, under the name that the recorder gives them in the plain
nn.Module, where tracing replaced it. Those on lists and dicts are Python's, because the
program means to change the very list; so are those on single numbers, which are many.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from netviz_desktop.engine.runners._script_values import NotInterpretedError, Unknown, check_size

Function: TypeAlias = Callable[..., Any]


def function_of(kind: str, schema: Any) -> tuple[Function, bool]:
    """What computes a node of this kind and schema, and whether it may compute tensors.

    Raises:
        NotInterpretedError: only TorchScript itself can.
    """
    name = kind.partition("::")[2]
    types = [str(argument.type) for argument in schema.arguments]
    first = types[0] if types else ""
    if first.startswith(("List[", "Dict[")) and name in _ON_CONTAINERS:
        return _ON_CONTAINERS[name], False
    if name in _OF_TENSORS and first == "Tensor":
        return _OF_TENSORS[name], False
    on_tensors = any("Tensor" in found for found in types)
    if not on_tensors and name in _ON_NUMBERS:
        return _ON_NUMBERS[name], False
    returns = any("Tensor" in str(found.type) for found in schema.returns)
    computed = _called(_overload(kind, schema), schema)
    known = _AS_IN_MODULES.get(name)
    if known is None or schema.overload_name == "out":
        return computed, returns or on_tensors
    return known, True


def _overload(kind: str, schema: Any) -> Any:
    namespace, _, name = kind.partition("::")
    try:
        packet = getattr(getattr(torch.ops, namespace), name)
        return getattr(packet, schema.overload_name or "default")
    except AttributeError as error:
        raise NotInterpretedError(kind) from error


def _called(overload: Any, schema: Any) -> Function:
    """It takes all arguments in their order; torch wants some by their names."""
    arguments = list(schema.arguments)
    count = sum(not argument.kwarg_only for argument in arguments)
    by_name = [
        (a.name, a.default_value if a.has_default_value() else _NO_DEFAULT)
        for a in arguments[count:]
    ]
    types = [at for at, argument in enumerate(arguments) if argument.name == "dtype"]
    if not by_name and not types:
        return overload  # type: ignore[no-any-return]

    def call(*given: Any) -> Any:
        values = list(given)
        for at in types:  # TorchScript's number for it
            values[at] = _DTYPES.get(values[at], values[at])
        keywords = {
            name: value
            for (name, default), value in zip(by_name, values[count:], strict=True)
            if default is _NO_DEFAULT or value is not default
        }
        return overload(*values[:count], **keywords)

    return call


_NO_DEFAULT = object()
_DTYPES = dict(
    enumerate(
        (
            torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
            torch.float32, torch.float64, torch.complex32, torch.complex64, torch.complex128,
            torch.bool, torch.qint8, torch.quint8, torch.qint32, torch.bfloat16,
        )
    )
)  # fmt: skip


# --- what tracing calls otherwise than the nn.Module did -----------------------------------


def _convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int],
    dilation: list[int], transposed: bool, output_padding: list[int], groups: int, *_how: bool,
) -> Any:  # fmt: skip
    if transposed:
        function = getattr(torch, f"conv_transpose{len(stride)}d")
        return function(x, weight, bias, stride, padding, output_padding, groups, dilation)
    function = getattr(torch, f"conv{len(stride)}d")
    return function(x, weight, bias, stride, padding, dilation, groups)


def _convolution_mode(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: str,
    dilation: list[int], groups: int,
) -> Any:  # fmt: skip
    function = getattr(torch, f"conv{len(stride)}d")
    return function(x, weight, bias, stride, padding, dilation, groups)


def _batch_norm(
    x: Tensor, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: float,
    eps: float, _cudnn: bool,
) -> Tensor:  # fmt: skip
    return F.batch_norm(x, mean, variance, weight, bias, training, momentum, eps)


def _embedding(weight: Tensor, indices: Tensor, padding: int, _scale: bool, sparse: bool) -> Tensor:
    return F.embedding(indices, weight, padding if padding >= 0 else None, sparse=sparse)


_AS_IN_MODULES: dict[str, Function] = {
    "_convolution": _convolution,
    "_convolution_mode": _convolution_mode,
    "batch_norm": _batch_norm,
    "embedding": _embedding,
    # F.relu(x, inplace=True) is traced as relu_.
    "relu_": lambda x: F.relu(x, inplace=True),
    "hardtanh_": lambda x, low, high: F.hardtanh(x, low, high, inplace=True),
    "leaky_relu_": lambda x, slope: F.leaky_relu(x, slope, inplace=True),
    "silu_": lambda x: F.silu(x, inplace=True),
    "mish_": lambda x: F.mish(x, inplace=True),
    "selu_": lambda x: F.selu(x, inplace=True),
    "celu_": lambda x, alpha: F.celu(x, alpha, inplace=True),
    "hardswish_": lambda x: F.hardswish(x, inplace=True),
    "hardsigmoid_": lambda x: F.hardsigmoid(x, inplace=True),
    "bitwise_not": lambda x: ~x,
    "dropout_": lambda x, p, training: F.dropout(x, p, training, inplace=True),
}

RENAMED = {
    "upsample_nearest1d": "interpolate",
    "upsample_nearest2d": "interpolate",
    "upsample_nearest3d": "interpolate",
    "upsample_linear1d": "interpolate",
    "upsample_bilinear2d": "interpolate",
    "upsample_bicubic2d": "interpolate",
    "upsample_trilinear3d": "interpolate",
}
"""Name in the program -> in the nn.Module, where it is called alike."""


# --- what looks at the numbers of a tensor -------------------------------------------------


def _number(tensor: Tensor) -> Any:
    if tensor.is_meta:
        return Unknown(tensor)
    return tensor.item()


def _converted(to: Callable[[Any], Any]) -> Function:
    def converted(tensor: Tensor) -> Any:
        number = _number(tensor)
        return number if isinstance(number, Unknown) else to(number)

    return converted


def _size(tensor: Tensor, dimension: int | None = None) -> Any:
    return list(tensor.shape) if dimension is None else tensor.shape[dimension]


_OF_TENSORS: dict[str, Function] = {
    "size": _size,
    "len": lambda tensor: tensor.shape[0],
    "dim": lambda tensor: tensor.ndim,
    "numel": lambda tensor: tensor.numel(),
    "Bool": _converted(bool),
    "Int": _converted(int),
    "Float": _converted(float),
    "IntImplicit": _converted(int),
    "FloatImplicit": _converted(float),
    "ScalarImplicit": _number,
    "item": _number,
    "is_nonzero": _converted(bool),
}


# --- lists, dicts and single numbers -------------------------------------------------------


def _repeated(items: list[Any], times: int) -> list[Any]:
    check_size(len(items) * times)
    return items * times


def _repeated_in_place(items: list[Any], times: int) -> list[Any]:
    items[:] = _repeated(items, times)
    return items


def _append(items: list[Any], item: Any) -> list[Any]:
    items.append(item)
    return items


def _added_in_place(items: list[Any], others: list[Any]) -> list[Any]:
    items += others
    return items


def _set_item(items: Any, key: Any, item: Any) -> Any:
    items[key] = item
    return items


def _slice(items: list[Any], start: int | None, stop: int | None, step: int = 1) -> list[Any]:
    return items[start:stop:step]


def _sort(items: list[Any], reverse: bool = False) -> None:
    items.sort(reverse=reverse)


_ON_CONTAINERS: dict[str, Function] = {
    "append": _append,
    "extend": lambda items, others: items.extend(others),
    "insert": lambda items, at, item: items.insert(at, item),
    "pop": lambda items, *which: items.pop(*which),
    "popitem": lambda items: items.popitem(),
    "clear": lambda items: items.clear(),
    "remove": lambda items, item: items.remove(item),
    "reverse": lambda items: items.reverse(),
    "sort": _sort,
    "sorted": sorted,
    "copy": lambda items: items.copy(),
    "index": lambda items, item: items.index(item),
    "count": lambda items, item: items.count(item),
    "_set_item": _set_item,
    "setdefault": lambda items, key, item: items.setdefault(key, item),
    "update": lambda items, others: items.update(others),
    "Delete": operator.delitem,
    "__getitem__": operator.getitem,
    "get": lambda items, key, otherwise=None: items.get(key, otherwise),
    "keys": lambda items: list(items.keys()),
    "values": lambda items: list(items.values()),
    "items": lambda items: list(items.items()),
    "len": len,
    "__contains__": operator.contains,
    "slice": _slice,
    "list": list,
    "dict": dict,
    "add": operator.add,
    "add_": _added_in_place,
    "mul": _repeated,
    "mul_": _repeated_in_place,
}


def _text(template: str, *values: Any) -> str:
    parts = template.split("{}")
    filled = (str(value) for value in values)
    return "".join(itertools.chain.from_iterable(zip(parts, (*filled, ""), strict=False)))


_ON_NUMBERS: dict[str, Function] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "floordiv": operator.floordiv,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "__not__": operator.not_,
    "__is__": operator.is_,
    "__isnot__": operator.is_not,
    "__contains__": operator.contains,
    "Int": int,
    "Float": float,
    "Bool": bool,
    "str": str,
    "format": _text,
    "dict": dict,
    "warn": lambda *_said: None,
}
