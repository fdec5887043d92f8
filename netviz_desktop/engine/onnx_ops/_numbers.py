"""Element types: what ONNX calls them, what torch computes with, and rounding to them."""

from __future__ import annotations

from typing import Any

import torch
from onnx import TensorProto
from torch import Tensor

# float16 and bfloat16 are computed in float32: on a CPU they are 2 to 44 times slower, and
# gradients underflow in them. 4-bit and 2-bit integers lie in 8 bits.
_COMPUTED = {
    "FLOAT": torch.float32, "DOUBLE": torch.float64,
    "FLOAT16": torch.float32, "BFLOAT16": torch.float32, "FLOAT4E2M1": torch.float32,
    "FLOAT6E2M3": torch.float32, "FLOAT6E3M2": torch.float32,
    "BOOL": torch.bool, "UINT8": torch.uint8, "INT8": torch.int8, "INT16": torch.int16,
    "INT32": torch.int32, "INT64": torch.int64,
    "UINT16": torch.uint16, "UINT32": torch.uint32, "UINT64": torch.uint64,
    "UINT4": torch.uint8, "INT4": torch.int8, "UINT2": torch.uint8, "INT2": torch.int8,
    "COMPLEX64": torch.complex64, "COMPLEX128": torch.complex128,
    "FLOAT8E4M3FN": torch.float8_e4m3fn, "FLOAT8E4M3FNUZ": torch.float8_e4m3fnuz,
    "FLOAT8E5M2": torch.float8_e5m2, "FLOAT8E5M2FNUZ": torch.float8_e5m2fnuz,
    "FLOAT8E8M0": torch.float8_e8m0fnu,
}  # fmt: skip
_BY_CODE = {
    getattr(TensorProto, name): dtype
    for name, dtype in _COMPUTED.items()
    if hasattr(TensorProto, name)  # the newest types are not in every onnx
}
_ROUNDED = {TensorProto.FLOAT16: torch.float16, TensorProto.BFLOAT16: torch.bfloat16}
FLOAT8 = frozenset(
    {
        torch.float8_e4m3fn,
        torch.float8_e4m3fnuz,
        torch.float8_e5m2,
        torch.float8_e5m2fnuz,
        torch.float8_e8m0fnu,
    }
)
UNSIGNED = frozenset({torch.uint16, torch.uint32, torch.uint64})
"""Types for which torch has storage but hardly an operation."""


def computed_dtype(code: int) -> torch.dtype:
    """What torch computes an ONNX element type with.

    Raises:
        ValueError: torch has nothing like it.
    """
    if code not in _BY_CODE:
        raise ValueError(f"torch has no element type for ONNX's {code}")
    return _BY_CODE[code]


def narrow_code(name: str) -> int:
    """ONNX's element type for numpy's "int4", "uint4", "int2" or "uint2"; else 0."""
    return next((code for code, narrow in _NARROW.items() if narrow == name), 0)


def integer_range(code: int) -> tuple[int, int] | None:
    """Smallest and largest number of an ONNX integer type; None for other types."""
    bits = _INTEGERS.get(code)
    if bits is None:
        return None
    return (0, 2**bits - 1) if code in _WITHOUT_SIGN else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


_INTEGERS = {
    getattr(TensorProto, name): bits
    for name, bits in {
        "UINT2": 2, "INT2": 2, "UINT4": 4, "INT4": 4, "UINT8": 8, "INT8": 8, "UINT16": 16,
        "INT16": 16, "UINT32": 32, "INT32": 32, "UINT64": 64, "INT64": 64,
    }.items()
    if hasattr(TensorProto, name)
}  # fmt: skip
_WITHOUT_SIGN = frozenset(
    getattr(TensorProto, name)
    for name in ("UINT2", "UINT4", "UINT8", "UINT16", "UINT32", "UINT64")
    if hasattr(TensorProto, name)
)


_NARROW = {
    getattr(TensorProto, name): name.lower()
    for name in ("INT4", "UINT4", "INT2", "UINT2")
    if hasattr(TensorProto, name)
}


def marked(x: Tensor, code: int) -> Tensor:
    """`x`, remembering that its 8-bit integers are of a narrower type."""
    if code in _NARROW:
        x._netviz_code = code  # type: ignore[attr-defined]
    return x


def code_of(x: Tensor) -> int:
    """ONNX's element type of a tensor, as far as it can be told."""
    code = getattr(x, "_netviz_code", None)
    return _CODES.get(x.dtype, TensorProto.UNDEFINED) if code is None else int(code)


_CODES = {
    dtype: code
    for code, dtype in reversed(_BY_CODE.items())
    if code not in _NARROW and code not in _ROUNDED
}


class _StraightThrough(torch.autograd.Function):
    """Forward another value; backward as if it were `x`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor) -> Tensor:
        del ctx, x
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        del ctx
        return grad, None


def straight_through(x: Tensor, value: Tensor) -> Tensor:
    """`value`, with the gradient of `x`: rounding is treated as the identity."""
    if not x.requires_grad:
        return value
    return _StraightThrough.apply(x, value.to(x.dtype))  # type: ignore[no-any-return, no-untyped-call]


def with_real(integers: Tensor, real: Tensor) -> Tensor:
    """`integers`, remembering the real numbers whose rounding they are."""
    if real.requires_grad:
        integers._netviz_real = real  # type: ignore[attr-defined]
    return integers


def remembered(integers: Tensor) -> Tensor | None:
    """The real numbers that `with_real` left on a tensor of integers."""
    return getattr(integers, "_netviz_real", None)


def ordered_by(x: Tensor, integers: Tensor) -> Tensor:
    """`x`, remembering the order of its elements before rounding made some of them equal."""
    known = remembered(integers)
    if known is not None:
        x._netviz_order = known.detach()  # type: ignore[attr-defined]
    return x


def order_of(x: Tensor) -> Tensor | None:
    """Numbers in the order that `ordered_by` left on a tensor."""
    return getattr(x, "_netviz_order", None)


def real(x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Integers as floating point, with the gradient of the reals that they round."""
    known = remembered(x)
    value = x.to(torch.float32).to(dtype) if x.dtype in FLOAT8 else x.to(dtype)
    return value if known is None else straight_through(known.to(dtype), value)


def rounded_to(x: Tensor, code: int) -> Tensor:
    """`x`, its numbers rounded to float16 or bfloat16 when that is what `code` says."""
    narrow = _ROUNDED.get(code)
    if narrow is None:
        return x
    with torch.no_grad():
        value = x.to(narrow).to(torch.float32)
    return straight_through(x if x.dtype == torch.float32 else x.to(torch.float32), value)
