"""Convolution of any spatial rank that torch has, with ONNX's padding."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops._windows import windows

_CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def convolve(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    auto_pad: str,
    dilations: list[int] | None,
    group: int,
    pads: list[int] | None,
    strides: list[int] | None,
) -> Tensor:
    rank = weight.ndim - 2
    if rank not in _CONVOLUTIONS:
        raise NotImplementedError(f"convolution over {rank} spatial axes is not known")
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        found = windows(x.shape[2:], weight.shape[2:], strides, dilations, pads, auto_pad)
        pads = [*found.before, *found.after]
    elif auto_pad == "VALID":
        pads = None
    stride, dilation = strides or 1, dilations or 1
    convolution = _CONVOLUTIONS[rank]
    if not pads:
        return convolution(x, weight, bias, stride, 0, dilation, group)
    before, after = pads[:rank], pads[rank:]
    if before == after and min(before) >= 0:
        return convolution(x, weight, bias, stride, before, dilation, group)
    both = [n for pair in zip(reversed(before), reversed(after), strict=True) for n in pair]
    return convolution(F.pad(x, both), weight, bias, stride, 0, dilation, group)
