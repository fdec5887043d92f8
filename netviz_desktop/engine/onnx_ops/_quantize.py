"""Quantisation: real numbers to integers, and the parameters that both take.

Rounding has no derivative: gradients pass straight through it, as far as the number is in
range (Bengio et al. 2013, https://arxiv.org/abs/1308.3432).
"""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops._numbers import FLOAT8, code_of, integer_range, real, with_real
from netviz_desktop.engine.onnx_ops._small_floats import to_float8


def quantized(scaled: Tensor, zero_point: Tensor) -> Tensor:
    limits = integer_range(code_of(zero_point))
    if limits is None:  # a small float
        return to_float8(scaled, zero_point.dtype, saturate=True, round_mode="up")
    return integers(scaled, real(zero_point), zero_point.dtype, limits)


def integers(
    scaled: Tensor, zero_point: Tensor, dtype: torch.dtype, limits: tuple[int, int]
) -> Tensor:
    """round(scaled) + zero_point, within the limits, remembering what was rounded."""
    low, high = limits
    with torch.no_grad():
        rounded = (torch.round(scaled) + zero_point).clamp(low, high)
        q = rounded.to(torch.int32).to(dtype)
    return with_real(q, (scaled + zero_point).clamp(low, high)) if scaled.requires_grad else q


def dynamically_quantized(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`x` in uint8, with the scale and zero point that use its whole range, 0 included."""
    low, high = x.detach().amin().clamp(max=0), x.detach().amax().clamp(min=0)
    scale = (high - low) / 255
    zero_point = torch.round((0 - low / scale).clamp(0, 255)).nan_to_num()
    return integers(x / scale, zero_point, torch.uint8, (0, 255)), scale, zero_point


def along(parameter: Tensor, x: Tensor, axis: int, block_size: int) -> Tensor:
    """A scale or zero point, one for all, one for each index of `axis`, or one a block."""
    if parameter.numel() == 1 and not block_size:
        return parameter.reshape(())
    if block_size:
        repeated = parameter
        if repeated.dtype in FLOAT8:
            repeated = repeated.to(torch.float32)
        return repeated.repeat_interleave(block_size, dim=axis).narrow(axis, 0, x.shape[axis])
    shape = [1] * x.ndim
    shape[axis] = -1
    return parameter.reshape(shape)
