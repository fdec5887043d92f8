"""Arithmetic on quantised tensors, as onnxruntime's quantiser writes it (com.microsoft).
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._numbers import real
from netviz_desktop.engine.onnx_ops._quantize import dynamically_quantized, quantized


@onnx_op("QLinearAdd", domain="com.microsoft", rounds=True)
def qlinear_add(
    a: Tensor, a_scale: Tensor, a_zero_point: Tensor | None, b: Tensor, b_scale: Tensor,
    b_zero_point: Tensor | None, scale: Tensor, zero_point: Tensor | None = None,
) -> Tensor:  # fmt: skip
    total = _real(a, a_scale, a_zero_point) + _real(b, b_scale, b_zero_point)
    return quantized(total / scale, _zero(zero_point, a))


@onnx_op("QLinearMul", domain="com.microsoft", rounds=True)
def qlinear_mul(
    a: Tensor, a_scale: Tensor, a_zero_point: Tensor | None, b: Tensor, b_scale: Tensor,
    b_zero_point: Tensor | None, scale: Tensor, zero_point: Tensor | None = None,
) -> Tensor:  # fmt: skip
    product = _real(a, a_scale, a_zero_point) * _real(b, b_scale, b_zero_point)
    return quantized(product / scale, _zero(zero_point, a))


@onnx_op("QGemm", domain="com.microsoft", rounds=True)
def qgemm(
    a: Tensor, a_scale: Tensor, a_zero_point: Tensor, b: Tensor, b_scale: Tensor,
    b_zero_point: Tensor, bias: Tensor | None = None, scale: Tensor | None = None,
    zero_point: Tensor | None = None, *, alpha: float = 1.0,
    transA: int = 0, transB: int = 0,  # noqa: N803
) -> Tensor:  # fmt: skip
    """The bias counts in units of alpha · a_scale · b_scale; without an output's scale the
    output is in floating point."""
    left = real(a) - real(a_zero_point)
    right = real(b.mT if transB else b) - real(b_zero_point)
    total = (left.mT if transA else left) @ right
    if bias is not None:
        total = total + real(bias)
    y = total * (alpha * a_scale * b_scale)
    return y if scale is None else quantized(y / scale, _zero(zero_point, a))


@onnx_op("MatMulIntegerToFloat", domain="com.microsoft")
def matmul_integer_to_float(
    a: Tensor, b: Tensor, a_scale: Tensor, b_scale: Tensor, a_zero_point: Tensor | None = None,
    b_zero_point: Tensor | None = None, bias: Tensor | None = None,
) -> Tensor:  # fmt: skip
    left = real(a) if a_zero_point is None else real(a) - real(a_zero_point)
    right = real(b) if b_zero_point is None else real(b) - real(b_zero_point)
    y = (left @ right) * (a_scale * b_scale)
    return y if bias is None else y + bias


@onnx_op("DynamicQuantizeMatMul", domain="com.microsoft", rounds=True)
def dynamic_quantize_matmul(
    a: Tensor, b: Tensor, b_scale: Tensor, b_zero_point: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:  # fmt: skip
    q, a_scale, a_zero_point = dynamically_quantized(a)
    return matmul_integer_to_float(q, b, a_scale, b_scale, a_zero_point, b_zero_point, bias)


@onnx_op("QLinearWhere", domain="com.microsoft", rounds=True)
def qlinear_where(
    condition: Tensor, x: Tensor, x_scale: Tensor, x_zero_point: Tensor, y: Tensor,
    y_scale: Tensor, y_zero_point: Tensor, scale: Tensor, zero_point: Tensor,
) -> Tensor:  # fmt: skip
    chosen = torch.where(
        condition, _real(x, x_scale, x_zero_point), _real(y, y_scale, y_zero_point)
    )
    return quantized(chosen / scale, zero_point)


@onnx_op("QLinearConcat", domain="com.microsoft", rounds=True)
def qlinear_concat(scale: Tensor, zero_point: Tensor, *parts: Tensor, axis: int) -> Tensor:
    reals = [_real(parts[at], parts[at + 1], parts[at + 2]) for at in range(0, len(parts), 3)]
    return quantized(torch.cat(reals, dim=axis) / scale, zero_point)


@onnx_op("QLinearSigmoid", domain="com.microsoft", rounds=True)
def qlinear_sigmoid(
    x: Tensor, x_scale: Tensor, x_zero_point: Tensor | None, scale: Tensor,
    zero_point: Tensor | None = None,
) -> Tensor:  # fmt: skip
    return quantized(torch.sigmoid(_real(x, x_scale, x_zero_point)) / scale, _zero(zero_point, x))


@onnx_op("QLinearLeakyRelu", domain="com.microsoft", rounds=True)
def qlinear_leaky_relu(
    x: Tensor, x_scale: Tensor, x_zero_point: Tensor | None, scale: Tensor,
    zero_point: Tensor | None = None, *, alpha: float = 0.01,
) -> Tensor:  # fmt: skip
    y = torch.nn.functional.leaky_relu(_real(x, x_scale, x_zero_point), alpha)
    return quantized(y / scale, _zero(zero_point, x))


@onnx_op("QLinearSoftmax", domain="com.microsoft", rounds=True)
def qlinear_softmax(
    x: Tensor, x_scale: Tensor, x_zero_point: Tensor | None, scale: Tensor,
    zero_point: Tensor | None = None, *, axis: int = -1, opset: int = 13,
) -> Tensor:  # fmt: skip
    y = _real(x, x_scale, x_zero_point)
    y = torch.softmax(y.flatten(axis) if opset < 13 else y, dim=-1 if opset < 13 else axis)
    return quantized(y.reshape(x.shape) / scale, _zero(zero_point, x))


@onnx_op("QLinearGlobalAveragePool", domain="com.microsoft", rounds=True)
def qlinear_global_average_pool(
    x: Tensor, x_scale: Tensor, x_zero_point: Tensor, scale: Tensor, zero_point: Tensor,
    *, channels_last: int = 0,
) -> Tensor:  # fmt: skip
    axes = tuple(range(1, x.ndim - 1)) if channels_last else tuple(range(2, x.ndim))
    y = _real(x, x_scale, x_zero_point).mean(dim=axes, keepdim=True)
    return quantized(y / scale, zero_point)


@onnx_op("QLinearAveragePool", domain="com.microsoft", rounds=True)
def qlinear_average_pool(
    x: Tensor, x_scale: Tensor, x_zero_point: Tensor, scale: Tensor, zero_point: Tensor,
    *, auto_pad: str = "NOTSET", ceil_mode: int = 0, channels_last: int = 0,
    count_include_pad: int = 0, kernel_shape: list[int], pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:  # fmt: skip
    half = len(kernel_shape)
    pad = pads or [0] * (2 * half)
    if auto_pad != "NOTSET" or channels_last or pad[:half] != pad[half:] or half != 2:
        raise NotImplementedError("this kind of quantised pooling is not known")
    y = torch.nn.functional.avg_pool2d(
        _real(x, x_scale, x_zero_point), kernel_shape, strides or [1] * half, pad[:half],
        bool(ceil_mode), bool(count_include_pad),
    )  # fmt: skip
    return quantized(y / scale, zero_point)


def _real(q: Tensor, scale: Tensor, zero_point: Tensor | None) -> Tensor:
    return (real(q) if zero_point is None else real(q) - real(zero_point)) * scale


def _zero(zero_point: Tensor | None, like: Tensor) -> Tensor:
    return (
        torch.zeros((), dtype=like.dtype, device=like.device) if zero_point is None else zero_point
    )
