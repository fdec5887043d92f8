"""Rounding to the 8-bit and 4-bit floating-point types."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops._numbers import straight_through


def to_float8(x: Tensor, dtype: torch.dtype, *, saturate: bool, round_mode: str) -> Tensor:
    if dtype == torch.float8_e8m0fnu:
        return _to_e8m0(x, saturate=saturate, round_mode=round_mode)
    largest = torch.finfo(dtype).max
    if saturate:
        return x.clamp(-largest, largest).to(dtype)
    # Whether torch saturates by itself depends on its version and on the type.
    too_large = 2.0 ** (math.frexp(largest)[1] - 2 - _FRACTION_BITS[dtype]) + largest
    even = dtype == torch.float8_e4m3fn  # its largest number: a tie is rounded down to it
    beyond = x.abs() > too_large if even else x.abs() >= too_large
    instead = torch.inf if dtype == torch.float8_e5m2 else torch.nan
    return torch.where(beyond, torch.copysign(torch.full_like(x, instead), x), x).to(dtype)


_FRACTION_BITS = {
    torch.float8_e4m3fn: 3,
    torch.float8_e4m3fnuz: 3,
    torch.float8_e5m2: 2,
    torch.float8_e5m2fnuz: 2,
}


def _to_e8m0(x: Tensor, *, saturate: bool, round_mode: str) -> Tensor:
    """Powers of two, the exponent in eight bits (OCP Microscaling Formats 1.0)."""
    with torch.no_grad():
        bits = x.abs().contiguous().view(torch.int32)
        exponent, fraction = bits >> 23, bits & 0x7FFFFF
        up = {
            "up": (fraction > 0) & ((exponent > 0) | (fraction > 0x400000)),
            "down": torch.zeros_like(fraction, dtype=torch.bool),
            "nearest": (fraction > 0x400000) | ((fraction == 0x400000) & (exponent > 0)),
        }[round_mode]
        exponent = exponent + up.int()
        if saturate:
            exponent = exponent.clamp(max=254)
        exponent = torch.where(torch.isnan(x), 255, exponent.clamp(0, 255))
        if saturate:
            exponent = torch.where(torch.isinf(x), 254, exponent)
        return exponent.to(torch.uint8).view(torch.float8_e8m0fnu)


def to_float4(x: Tensor) -> Tensor:
    """The nearest of 0, 0.5, 1, 1.5, 2, 3, 4, 6; of two equally near ones the even."""
    with torch.no_grad():
        size = x.abs()
        step = torch.where(size < 2, 0.5, torch.where(size < 4, 1.0, 2.0))
        value = (torch.round(size / step) * step).clamp(max=6.0)
        value = torch.where(torch.isnan(x), -0.0, torch.copysign(value, x))  # it has no NaN
    return straight_through(x, value)
