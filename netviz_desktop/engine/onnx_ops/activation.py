"""Activation functions."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._softmax import masked_softmax


@onnx_op("Relu", moves=True)
def relu(x: Tensor) -> Tensor:
    return torch.relu(x)


@onnx_op("Sigmoid")
def sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


@onnx_op("LeakyRelu")
def leaky_relu(x: Tensor, *, alpha: float = 0.01) -> Tensor:
    return F.leaky_relu(x, alpha)


@onnx_op("PRelu")
def prelu(x: Tensor, slope: Tensor) -> Tensor:
    if slope.ndim == 1 and x.ndim > 2 and slope.numel() == x.shape[1] != x.shape[-1]:
        slope = slope.reshape((-1,) + (1,) * (x.ndim - 2))  # opset 6: one per channel
    return torch.where(x < 0, slope * x, x)


@onnx_op("Elu")
def elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return F.elu(x, alpha)


@onnx_op("Selu")
def selu(
    x: Tensor, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875
) -> Tensor:
    return gamma * torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0)))


@onnx_op("Celu")
def celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return F.celu(x, alpha)


@onnx_op("Softplus")
def softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))


@onnx_op("Softsign")
def softsign(x: Tensor) -> Tensor:
    return F.softsign(x)


@onnx_op("HardSigmoid")
def hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    return (alpha * x + beta).clamp(0, 1)


@onnx_op("HardSwish")
def hard_swish(x: Tensor) -> Tensor:
    return F.hardswish(x)


@onnx_op("Mish")
def mish(x: Tensor) -> Tensor:
    return F.mish(x)


@onnx_op("Swish")
def swish(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return x * torch.sigmoid(alpha * x)


@onnx_op("ThresholdedRelu")
def thresholded_relu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return F.threshold(x, alpha, 0.0)


@onnx_op("Shrink")
def shrink(x: Tensor, *, bias: float = 0.0, lambd: float = 0.5) -> Tensor:
    zero = torch.zeros_like(x)
    return torch.where(x < -lambd, x + bias, torch.where(x > lambd, x - bias, zero)).to(x.dtype)


@onnx_op("Gelu")
@onnx_op("Gelu", domain="com.microsoft")
def gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    return F.gelu(x, approximate=approximate)


@onnx_op("FastGelu", domain="com.microsoft")
def fast_gelu(x: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.gelu(x if bias is None else x + bias, approximate="tanh")


@onnx_op("BiasGelu", domain="com.microsoft")
def bias_gelu(x: Tensor, bias: Tensor) -> Tensor:
    return F.gelu(x + bias)


@onnx_op("QuickGelu", domain="com.microsoft")
def quick_gelu(x: Tensor, *, alpha: float = 1.702) -> Tensor:
    return x * torch.sigmoid(alpha * x)


@onnx_op("Softmax")
def softmax_of_rows(x: Tensor, *, axis: int = 1) -> Tensor:
    return masked_softmax(_rows(x, axis), 1).reshape(x.shape)


@onnx_op("Softmax", since=13)
def softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return masked_softmax(x, axis)


@onnx_op("LogSoftmax")
def log_softmax_of_rows(x: Tensor, *, axis: int = 1) -> Tensor:
    return torch.log_softmax(_rows(x, axis), dim=1).reshape(x.shape)


@onnx_op("LogSoftmax", since=13)
def log_softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.log_softmax(x, dim=axis)


@onnx_op("Hardmax")
def hardmax_of_rows(x: Tensor, *, axis: int = 1) -> Tensor:
    return hardmax(_rows(x, axis)).reshape(x.shape)


@onnx_op("Hardmax", since=13)
def hardmax(x: Tensor, *, axis: int = -1) -> Tensor:
    first = x.argmax(dim=axis, keepdim=True)
    return torch.zeros_like(x).scatter(axis, first, 1)


def _rows(x: Tensor, axis: int) -> Tensor:
    """Before opset 13 everything from `axis` on was one row."""
    return x.reshape(math.prod(x.shape[: axis % x.ndim if x.ndim else 0]), -1)
