"""Quantisation, its undoing, and products of quantised tensors."""

from __future__ import annotations

import torch
from onnx import TensorProto
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._convolve import convolve
from netviz_desktop.engine.onnx_ops._numbers import (
    FLOAT8,
    code_of,
    computed_dtype,
    integer_range,
    marked,
    ordered_by,
    real,
    rounded_to,
    with_real,
)
from netviz_desktop.engine.onnx_ops._quantize import (
    along,
    dynamically_quantized,
    integers,
    quantized,
)
from netviz_desktop.engine.onnx_ops._small_floats import to_float4, to_float8


@onnx_op("QuantizeLinear", domain="com.microsoft", rounds=True)
@onnx_op("QuantizeLinear", rounds=True)
def quantize_linear(
    x: Tensor,
    scale: Tensor,
    zero_point: Tensor | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
    precision: int = 0,
    saturate: int = 1,
) -> Tensor:
    del precision
    code = output_dtype or TensorProto.UINT8
    dtype = computed_dtype(code)
    if zero_point is not None and not output_dtype:
        dtype = zero_point.dtype
        code = code_of(zero_point)
    scaled = real(x) / along(scale, x, axis, block_size).to(torch.float32)
    if dtype in FLOAT8:
        return to_float8(scaled, dtype, saturate=bool(saturate), round_mode="up")
    if dtype.is_floating_point:
        return to_float4(scaled)
    limits = integer_range(code)
    if limits is None:
        raise ValueError(f"nothing is quantised to {dtype}")
    if zero_point is None:
        return marked(integers(scaled, scaled.new_zeros(()), dtype, limits), code)
    zero = real(along(zero_point, x, axis, block_size))
    return marked(integers(scaled, zero, dtype, limits), code)


@onnx_op("DequantizeLinear", domain="com.microsoft")
@onnx_op("DequantizeLinear")
def dequantize_linear(
    x: Tensor,
    scale: Tensor,
    zero_point: Tensor | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
) -> Tensor:
    y = real(x, scale.dtype)
    if zero_point is not None:
        y = y - real(along(zero_point, x, axis, block_size), scale.dtype)
    y = ordered_by(y * along(scale, x, axis, block_size), x)
    return rounded_to(y, output_dtype) if output_dtype else y


@onnx_op("DynamicQuantizeLinear", rounds=True)
def dynamic_quantize_linear(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    q, scale, zero_point = dynamically_quantized(x)
    return q, scale, zero_point.to(torch.uint8)


@onnx_op("MatMulInteger")
def matmul_integer(
    a: Tensor, b: Tensor, a_zero_point: Tensor | None = None, b_zero_point: Tensor | None = None
) -> Tensor:
    left, right = real(a, torch.float64), real(b, torch.float64)
    if a_zero_point is not None:
        zero = a_zero_point.to(torch.float64)
        left = left - (zero[..., None] if zero.ndim == 1 and zero.numel() > 1 else zero)
    if b_zero_point is not None:
        right = right - b_zero_point.to(torch.float64)
    return _int32(left @ right)


@onnx_op("ConvInteger")
def conv_integer(
    x: Tensor,
    weight: Tensor,
    x_zero_point: Tensor | None = None,
    weight_zero_point: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: list[int] | None = None,
    group: int = 1,
    kernel_shape: list[int] | None = None,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    del kernel_shape
    left, right = real(x, torch.float64), real(weight, torch.float64)
    if x_zero_point is not None:
        left = left - x_zero_point.to(torch.float64)
    if weight_zero_point is not None:
        right = right - along(weight_zero_point, weight, 0, 0).to(torch.float64)
    return _int32(convolve(left, right, None, auto_pad, dilations, group, pads, strides))


def _int32(exact: Tensor) -> Tensor:
    with torch.no_grad():
        integers = torch.round(exact).to(torch.int64).to(torch.int32)
    return with_real(integers, exact)


@onnx_op("QLinearMatMul", rounds=True)
def qlinear_matmul(
    a: Tensor,
    a_scale: Tensor,
    a_zero_point: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero_point: Tensor,
    y_scale: Tensor,
    y_zero_point: Tensor,
) -> Tensor:
    left = real(a) - real(_rows(a_zero_point, a))
    right = real(b) - real(b_zero_point)
    scaled = (left @ right) * (_rows(a_scale, a) * b_scale / y_scale)
    return quantized(scaled, y_zero_point)


def _rows(parameter: Tensor, x: Tensor) -> Tensor:
    """One parameter for all, or one a row."""
    rowwise = parameter.ndim == 1 and parameter.numel() > 1 and x.ndim > 1
    return parameter[:, None] if rowwise else parameter


@onnx_op("QLinearConv", rounds=True)
def qlinear_conv(
    x: Tensor,
    x_scale: Tensor,
    x_zero_point: Tensor,
    weight: Tensor,
    weight_scale: Tensor,
    weight_zero_point: Tensor,
    y_scale: Tensor,
    y_zero_point: Tensor,
    bias: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: list[int] | None = None,
    group: int = 1,
    kernel_shape: list[int] | None = None,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    del kernel_shape
    left = real(x) - real(x_zero_point)
    right = real(weight) - real(along(weight_zero_point, weight, 0, 0))
    added = None if bias is None else real(bias)
    total = convolve(left, right, added, auto_pad, dilations, group, pads, strides)
    scale = weight_scale.reshape(-1, *(1,) * (x.ndim - 2)) * (x_scale / y_scale)
    return quantized(total * scale, y_zero_point)
