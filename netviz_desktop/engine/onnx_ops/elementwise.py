"""Arithmetic, element by element."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._broadcast import aligned

for _name, _function in {
    "Abs": torch.abs,
    "Acos": torch.acos,
    "Acosh": torch.acosh,
    "Asin": torch.asin,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Atanh": torch.atanh,
    "Ceil": torch.ceil,
    "Cos": torch.cos,
    "Cosh": torch.cosh,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "Log": torch.log,
    "Neg": torch.neg,
    "Reciprocal": torch.reciprocal,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Sinh": torch.sinh,
    "Sqrt": torch.sqrt,
    "Tan": torch.tan,
    "Tanh": torch.tanh,
}.items():

    def _unary(x: Tensor, *, _function: Callable[[Tensor], Tensor] = _function) -> Tensor:
        return _function(x)

    onnx_op(_name)(_unary)


@onnx_op("Round")
def round_half_even(x: Tensor) -> Tensor:
    return torch.round(x)


@onnx_op("Add")
def add(a: Tensor, b: Tensor, *, axis: int | None = None, broadcast: int = 1) -> Tensor:
    return a + (b if axis is None else aligned(a, b, axis, broadcast))


@onnx_op("Sub")
def sub(a: Tensor, b: Tensor, *, axis: int | None = None, broadcast: int = 1) -> Tensor:
    return a - (b if axis is None else aligned(a, b, axis, broadcast))


@onnx_op("Mul")
def mul(a: Tensor, b: Tensor, *, axis: int | None = None, broadcast: int = 1) -> Tensor:
    return a * (b if axis is None else aligned(a, b, axis, broadcast))


@onnx_op("Div")
def div(a: Tensor, b: Tensor, *, axis: int | None = None, broadcast: int = 1) -> Tensor:
    b = aligned(a, b, axis, broadcast)
    if a.is_floating_point() or a.is_complex():
        return a / b
    return torch.div(a, b, rounding_mode="trunc")


@onnx_op("Pow")
def power(a: Tensor, b: Tensor, *, axis: int | None = None, broadcast: int = 1) -> Tensor:
    b = aligned(a, b, axis, broadcast)
    if a.is_floating_point() and not b.is_floating_point():
        b = b.to(a.dtype)  # the derivative is not there for all integers
    return torch.pow(a, b).to(a.dtype)


@onnx_op("Mod")
def mod(a: Tensor, b: Tensor, *, fmod: int = 0) -> Tensor:
    return torch.fmod(a, b) if fmod else torch.remainder(a, b)


@onnx_op("Max")
def maximum(*xs: Tensor) -> Tensor:
    return functools.reduce(torch.maximum, xs)


@onnx_op("Min")
def minimum(*xs: Tensor) -> Tensor:
    return functools.reduce(torch.minimum, xs)


@onnx_op("Sum")
def total(*xs: Tensor) -> Tensor:
    return functools.reduce(operator.add, xs)


@onnx_op("Mean")
def mean(*xs: Tensor) -> Tensor:
    return functools.reduce(operator.add, xs) / len(xs)


@onnx_op("Clip")
def clip_to_attributes(
    x: Tensor,
    *,
    min: float = float("-inf"),  # noqa: A002
    max: float = float("inf"),  # noqa: A002
) -> Tensor:
    return x.clamp(min, max)


@onnx_op("Clip", since=11)
def clip(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    if low is None and high is None:
        return x  # torch.clamp refuses to be given no limit at all
    return x.clamp(low, high)


@onnx_op("BitShift")
def bit_shift(a: Tensor, b: Tensor, *, direction: str) -> Tensor:
    return a << b if direction == "LEFT" else a >> b


@onnx_op("BitwiseAnd")
def bitwise_and(a: Tensor, b: Tensor) -> Tensor:
    return a & b


@onnx_op("BitwiseOr")
def bitwise_or(a: Tensor, b: Tensor) -> Tensor:
    return a | b


@onnx_op("BitwiseXor")
def bitwise_xor(a: Tensor, b: Tensor) -> Tensor:
    return a ^ b


@onnx_op("BitwiseNot")
def bitwise_not(x: Tensor) -> Tensor:
    return ~x
