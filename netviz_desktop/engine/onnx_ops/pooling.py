"""Pooling."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._numbers import order_of
from netviz_desktop.engine.onnx_ops._windows import Windows, windows

_MAX: dict[int, Callable[..., Tensor]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


@onnx_op("MaxPool", moves=True)
def max_pool(
    x: Tensor,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: list[int] | None = None,
    kernel_shape: list[int],
    pads: list[int] | None = None,
    storage_order: int = 0,
    strides: list[int] | None = None,
    output_count: int = 1,
) -> Tensor | tuple[Tensor, Tensor]:
    if not x.is_floating_point():
        return _max_pool_of_integers(
            x, auto_pad, ceil_mode, dilations, kernel_shape, pads, storage_order, strides,
            output_count,
        )  # fmt: skip
    over = windows(x.shape[2:], kernel_shape, strides, dilations, pads, auto_pad)
    fits = all(2 * pad <= k for pad, k in zip(over.before, over.kernel, strict=True))
    pool = _MAX[len(kernel_shape)]
    order = order_of(x)
    if order is not None and output_count == 1:
        return _picked(x, order, over, ceil=bool(ceil_mode))
    if over.symmetric and fits and output_count == 1:
        return pool(x, over.kernel, over.stride, over.before, over.dilation, bool(ceil_mode))
    counts = over.counts(x.shape[2:], ceil=bool(ceil_mode))
    padded = over.padded(x, counts, -math.inf)
    if output_count == 1:
        return pool(padded, over.kernel, over.stride, 0, over.dilation)
    y, index = pool(padded, over.kernel, over.stride, 0, over.dilation, return_indices=True)
    return y, _global_index(index, padded.shape, x.shape, over, storage_order)


def _picked(x: Tensor, order: Tensor, over: Windows, *, ceil: bool) -> Tensor:
    """The largest elements. Where rounding made several equally large, the one that was the
    largest before gets the gradient, and not just the first."""
    counts = over.counts(x.shape[2:], ceil=ceil)
    padded = over.padded(order, counts, -math.inf)
    pool = _MAX[len(over.kernel)]
    _, index = pool(padded, over.kernel, over.stride, 0, over.dilation, return_indices=True)
    padded_x = over.padded(x, counts, -math.inf)
    return padded_x.flatten(2).gather(2, index.flatten(2)).reshape(index.shape)


def _max_pool_of_integers(
    x: Tensor,
    auto_pad: str,
    ceil_mode: int,
    dilations: list[int] | None,
    kernel_shape: list[int],
    pads: list[int] | None,
    storage_order: int,
    strides: list[int] | None,
    output_count: int,
) -> Tensor | tuple[Tensor, Tensor]:
    result = max_pool(
        x.to(torch.float64), auto_pad=auto_pad, ceil_mode=ceil_mode, dilations=dilations,
        kernel_shape=kernel_shape, pads=pads, storage_order=storage_order, strides=strides,
        output_count=output_count,
    )  # fmt: skip
    if isinstance(result, tuple):
        return result[0].to(x.dtype), result[1]
    return result.to(x.dtype)


def _global_index(
    index: Tensor, padded: torch.Size, shape: torch.Size, over: Windows, storage_order: int
) -> Tensor:
    """torch counts within a padded plane; ONNX within the whole tensor, without padding."""
    place = []
    rest = index
    for size, before in reversed(list(zip(padded[2:], over.before, strict=True))):
        place.append(rest % size - before)
        rest = rest // size
    axes = list(zip(reversed(place), shape[2:], strict=True))
    if storage_order == 1:
        axes.reverse()
    flat = torch.zeros_like(index)
    for at, size in axes:
        flat = flat * size + at
    plane = math.prod(shape[2:])
    planes = torch.arange(shape[0] * shape[1], device=index.device) * plane
    return flat + planes.reshape(shape[0], shape[1], *(1,) * (index.ndim - 2))


@onnx_op("AveragePool")
def average_pool(
    x: Tensor,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: list[int] | None = None,
    kernel_shape: list[int],
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    over = windows(x.shape[2:], kernel_shape, strides, dilations, pads, auto_pad)
    fits = all(2 * pad <= k for pad, k in zip(over.before, over.kernel, strict=True))
    if over.symmetric and fits and set(over.dilation) == {1}:
        return _AVERAGE[len(kernel_shape)](
            x, over.kernel, over.stride, over.before, bool(ceil_mode), bool(count_include_pad)
        )
    counts = over.counts(x.shape[2:], ceil=bool(ceil_mode))
    ones = torch.ones_like(x[:1, :1])
    if count_include_pad:  # what ceil_mode adds beyond the stated padding never counts
        stated = [
            n
            for pair in zip(reversed(over.before), reversed(over.after), strict=True)
            for n in pair
        ]
        ones = F.pad(ones, stated, value=1.0)
        bare = Windows(
            over.kernel, over.stride, over.dilation, (0,) * len(counts), (0,) * len(counts)
        )
        ones = bare.padded(ones, counts, 0.0)
    else:
        ones = over.padded(ones, counts, 0.0)
    total = functools.reduce(operator.add, over.elements(over.padded(x, counts, 0.0), counts))
    return total / functools.reduce(operator.add, over.elements(ones, counts))


@onnx_op("LpPool")
def lp_pool(
    x: Tensor,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: list[int] | None = None,
    kernel_shape: list[int],
    p: float = 2,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    over = windows(x.shape[2:], kernel_shape, strides, dilations, pads, auto_pad)
    counts = over.counts(x.shape[2:], ceil=bool(ceil_mode))
    powers = over.padded(x.abs() ** p, counts, 0.0)
    return functools.reduce(operator.add, over.elements(powers, counts)) ** (1 / p)


@onnx_op("GlobalAveragePool")
def global_average_pool(x: Tensor) -> Tensor:
    return x.mean(dim=_spatial(x), keepdim=True)


@onnx_op("GlobalMaxPool", moves=True)
def global_max_pool(x: Tensor) -> Tensor:
    return x.amax(dim=_spatial(x), keepdim=True)


@onnx_op("GlobalLpPool")
def global_lp_pool(x: Tensor, *, p: float = 2) -> Tensor:
    return (x.abs() ** p).sum(dim=_spatial(x), keepdim=True) ** (1 / p)


@onnx_op("MaxUnpool")
def max_unpool(
    x: Tensor,
    indices: Tensor,
    output_shape: Tensor | None = None,
    *,
    kernel_shape: list[int],
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    rank = len(kernel_shape)
    stride, pad = strides or [1] * rank, pads or [0] * (2 * rank)
    own = [
        (size - 1) * s - pad[axis] - pad[axis + rank] + k
        for axis, (size, s, k) in enumerate(zip(x.shape[2:], stride, kernel_shape, strict=True))
    ]
    # The indices count in the tensor that was pooled; a larger output is filled up behind it.
    pooled = x.new_zeros((*x.shape[:2], *own))
    pooled = pooled.reshape(-1).scatter(0, indices.reshape(-1), x.reshape(-1)).reshape(pooled.shape)
    if output_shape is None:
        return pooled
    wanted = output_shape.tolist()
    missing = [w - s for w, s in zip(wanted, pooled.shape, strict=True)]
    return F.pad(pooled, [n for m in reversed(missing) for n in (0, m)])


@onnx_op("RoiAlign")
def roi_align(
    x: Tensor,  # (N, C, H, W)
    rois: Tensor,  # (R, 4): x1, y1, x2, y2
    batch_indices: Tensor,  # (R,)
    *,
    coordinate_transformation_mode: str = "output_half_pixel",
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
    opset_version: int,
) -> Tensor:
    """Mask R-CNN's region pooling (He et al. 2017, https://arxiv.org/abs/1703.06870)."""
    half_pixel = opset_version >= 16 and coordinate_transformation_mode == "half_pixel"
    shift = 0.5 if half_pixel else 0.0
    height, width = x.shape[2:]
    pooled = []
    for roi, image in zip(rois * spatial_scale - shift, batch_indices.tolist(), strict=True):
        left, top, right, bottom = roi.unbind()
        roi_height, roi_width = bottom - top, right - left
        if not half_pixel:
            roi_height, roi_width = roi_height.clamp(min=1), roi_width.clamp(min=1)
        bin_height, bin_width = roi_height / output_height, roi_width / output_width
        down = sampling_ratio or max(math.ceil(bin_height.item()), 1)
        across = sampling_ratio or max(math.ceil(bin_width.item()), 1)
        ys = top + _centres(output_height, down, x) * bin_height
        xs = left + _centres(output_width, across, x) * bin_width
        corners = _bilinear_corners(x[image], ys, xs, height, width)  # 4 of (C, rows, columns)
        sampled = functools.reduce(operator.add if mode == "avg" else torch.maximum, corners)
        bins = sampled.reshape(-1, output_height, down, output_width, across)
        pooled.append(bins.mean(dim=(2, 4)) if mode == "avg" else bins.amax(dim=(2, 4)))
    if not pooled:
        return x.new_zeros((0, x.shape[1], output_height, output_width))
    return torch.stack(pooled)


def _centres(count: int, samples: int, like: Tensor) -> Tensor:
    """Sampling points, in bins."""
    return (torch.arange(count * samples, device=like.device, dtype=like.dtype) + 0.5) / samples


def _bilinear_corners(x: Tensor, ys: Tensor, xs: Tensor, height: int, width: int) -> list[Tensor]:
    inside = ((ys >= -1) & (ys <= height))[:, None] & ((xs >= -1) & (xs <= width))[None]
    ys, xs = ys.clamp(0, height - 1), xs.clamp(0, width - 1)
    top, left = ys.detach().floor().long(), xs.detach().floor().long()
    bottom, right = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    down, across = ys - top, xs - left
    return [
        x[:, rows][:, :, columns] * (by[:, None] * bx[None]) * inside
        for rows, by in ((top, 1 - down), (bottom, down))
        for columns, bx in ((left, 1 - across), (right, across))
    ]


def _spatial(x: Tensor) -> tuple[int, ...]:
    return tuple(range(2, x.ndim))
