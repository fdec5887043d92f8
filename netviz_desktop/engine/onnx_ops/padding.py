"""Padding and cropping."""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("Pad")
def pad_by_attribute(
    x: Tensor, *, mode: str = "constant", pads: list[int] | None = None,
    paddings: list[int] | None = None, value: float = 0.0,
) -> Tensor:  # fmt: skip
    return _padded(x, pads or paddings or [], None, mode, torch.tensor(value, device=x.device))


@onnx_op("Pad", domain="com.microsoft", moves=True)
@onnx_op("Pad", since=11, moves=True)
def pad(
    x: Tensor,
    pads: Tensor,
    value: Tensor | None = None,
    axes: Tensor | None = None,
    *,
    mode: str = "constant",
) -> Tensor:
    return _padded(x, pads.tolist(), None if axes is None else axes.tolist(), mode, value)


def _padded(
    x: Tensor, pads: list[int], axes: list[int] | None, mode: str, value: Tensor | None
) -> Tensor:
    axes = list(range(x.ndim)) if axes is None else [axis % x.ndim for axis in axes]
    half = len(pads) // 2
    for axis, before, after in zip(axes, pads[:half], pads[half:], strict=True):
        if before == after == 0:
            continue
        if mode == "constant":
            x = _with_constant(x, axis, before, after, value)
        else:
            x = x.index_select(axis, _sources(x, axis, before, after, mode))
    return x


def _with_constant(x: Tensor, axis: int, before: int, after: int, value: Tensor | None) -> Tensor:
    cut_before, cut_after = max(-before, 0), max(-after, 0)
    x = x.narrow(axis, cut_before, x.shape[axis] - cut_before - cut_after)
    fill = x.new_zeros(()) if value is None else value.reshape(()).to(x.dtype)
    parts = []
    for count in (before, after):
        shape = list(x.shape)
        shape[axis] = max(count, 0)
        # torch's own pad takes a number, and with it drops the gradient of the value
        parts.append(fill.expand(shape))
    return torch.cat((parts[0], x, parts[1]), dim=axis)


def _sources(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    """For each element after padding, which element it repeats."""
    size = x.shape[axis]
    at = torch.arange(-before, size + after, device=x.device)
    if mode == "edge":
        return at.clamp(0, size - 1)
    if mode == "wrap":
        return at % size
    if mode != "reflect":
        raise NotImplementedError(f"the padding mode {mode} is not known")
    period = max(2 * (size - 1), 1)
    at = at % period
    return torch.where(at < size, at, period - at)
