"""Convolutions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._convolve import convolve

_TRANSPOSED: dict[int, Callable[..., Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


@onnx_op("Conv")
def conv(
    x: Tensor,  # (N, C, ...)
    weight: Tensor,  # (O, C / group, ...)
    bias: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: list[int] | None = None,
    group: int = 1,
    kernel_shape: list[int] | None = None,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    del kernel_shape  # the weight has it
    return convolve(x, weight, bias, auto_pad, dilations, group, pads, strides)


@onnx_op("FusedConv", domain="com.microsoft")
def fused_conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    added: Tensor | None = None,
    *,
    activation: str = "",
    activation_params: list[float] | None = None,
    auto_pad: str = "NOTSET",
    dilations: list[int] | None = None,
    group: int = 1,
    kernel_shape: list[int] | None = None,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    del kernel_shape
    y = convolve(x, weight, bias, auto_pad, dilations, group, pads, strides)
    if added is not None:
        y = y + added
    parameters = activation_params or []
    return _FUSED[activation](y, *parameters)


_FUSED: dict[str, Callable[..., Tensor]] = {
    "": lambda x: x,
    "Relu": torch.relu,
    "Tanh": torch.tanh,
    "Sigmoid": torch.sigmoid,
    "LeakyRelu": F.leaky_relu,
    "Clip": torch.clamp,
    "HardSigmoid": lambda x, alpha=0.2, beta=0.5: (alpha * x + beta).clamp(0, 1),
}


@onnx_op("ConvTranspose")
def conv_transpose(
    x: Tensor,  # (N, C, ...)
    weight: Tensor,  # (C, O / group, ...)
    bias: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: list[int] | None = None,
    group: int = 1,
    kernel_shape: list[int] | None = None,
    output_padding: list[int] | None = None,
    output_shape: list[int] | None = None,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    del kernel_shape
    rank = x.ndim - 2
    stride = strides or [1] * rank
    dilation = dilations or [1] * rank
    extra = output_padding or [0] * rank
    full = [
        (size - 1) * s + (k - 1) * d + 1
        for size, s, k, d in zip(x.shape[2:], stride, weight.shape[2:], dilation, strict=True)
    ]
    if output_shape or auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        wanted = (
            output_shape[-rank:]
            if output_shape
            else [size * s for size, s in zip(x.shape[2:], stride, strict=True)]
        )
        total = [max(f + e - w, 0) for f, e, w in zip(full, extra, wanted, strict=True)]
        if output_shape:
            extra = [max(w - f, e) for f, e, w in zip(full, extra, wanted, strict=True)]
        begin = [t - t // 2 if auto_pad == "SAME_LOWER" else t // 2 for t in total]
        end = [t - b for t, b in zip(total, begin, strict=True)]
    elif auto_pad == "VALID" or not pads:
        begin = end = [0] * rank
    else:
        begin, end = pads[:rank], pads[rank:]
    convolution = _TRANSPOSED[rank]
    plain = begin == end and all(
        e < max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)
    )
    if plain:
        return convolution(x, weight, bias, stride, begin, extra, group, dilation)
    y = convolution(x, weight, None, stride, 0, 0, group, dilation)
    y = F.pad(y, [n for e in reversed(extra) for n in (0, e)])
    for axis, (b, e) in enumerate(zip(begin, end, strict=True)):
        y = y.narrow(axis + 2, b, y.shape[axis + 2] - b - e)
    return y if bias is None else y + bias.reshape((-1,) + (1,) * rank)


@onnx_op("DeformConv")
def deform_conv(
    x: Tensor,  # (N, C, H, W)
    weight: Tensor,  # (O, C / group, kH, kW)
    offset: Tensor,  # (N, offset_group · kH · kW · 2, oH, oW)
    bias: Tensor | None = None,
    mask: Tensor | None = None,  # (N, offset_group · kH · kW, oH, oW)
    *,
    dilations: list[int] | None = None,
    group: int = 1,
    kernel_shape: list[int] | None = None,
    offset_group: int = 1,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    """Deformable convolution v2 (Zhu et al. 2019, https://arxiv.org/abs/1811.11168)."""
    del kernel_shape
    if x.ndim != 4:
        raise NotImplementedError("deformable convolution is known for images only")
    samples, channels, height, width = x.shape
    out_height, out_width = offset.shape[2:]
    kernel_height, kernel_width = weight.shape[2:]
    dilation, stride = dilations or [1, 1], strides or [1, 1]
    top, left = (pads or [0, 0])[:2]
    points = kernel_height * kernel_width
    offset = offset.reshape(samples, offset_group, points, 2, out_height, out_width)
    rows = torch.arange(out_height, device=x.device, dtype=x.dtype)[:, None] * stride[0] - top
    columns = torch.arange(out_width, device=x.device, dtype=x.dtype)[None] * stride[1] - left
    x = x.reshape(samples * offset_group, channels // offset_group, height, width)
    sampled = []
    kernel = itertools.product(range(kernel_height), range(kernel_width))
    for point, (i, j) in enumerate(kernel):
        at_row = rows + i * dilation[0] + offset[:, :, point, 0]  # (N, G, oH, oW)
        at_column = columns + j * dilation[1] + offset[:, :, point, 1]
        grid = torch.stack((_unit(at_column, width), _unit(at_row, height)), dim=-1).flatten(0, 1)
        part = F.grid_sample(x, grid, padding_mode="zeros", align_corners=True)
        part = part.reshape(samples, offset_group, -1, out_height, out_width)
        if mask is not None:
            at = mask.reshape(samples, offset_group, points, out_height, out_width)[:, :, point]
            part = part * at[:, :, None]
        sampled.append(part.reshape(samples, channels, out_height, out_width))
    stacked = torch.stack(sampled, dim=2)  # (N, C, kH · kW, oH, oW)
    stacked = stacked.reshape(samples, group, -1, out_height * out_width)
    weights = weight.reshape(group, weight.shape[0] // group, -1)
    y = torch.einsum("ngkp,gok->ngop", stacked, weights)
    y = y.reshape(samples, weight.shape[0], out_height, out_width)
    return y if bias is None else y + bias[:, None, None]


def _unit(position: Tensor, size: int) -> Any:
    """Pixels -> the -1 to 1 of grid_sample with aligned corners."""
    return position * (2 / (size - 1)) - 1 if size > 1 else position * 2
