"""Resizing and sampling on a grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("Upsample")
def upsample_by_attribute(x: Tensor, *, mode: str = "nearest", scales: list[float]) -> Tensor:
    return upsample(x, torch.tensor(scales), mode=mode)


@onnx_op("Upsample", since=9)
def upsample(x: Tensor, scales: Tensor, *, mode: str = "nearest") -> Tensor:
    factors = scales.tolist()
    wanted = [math.floor(size * factor) for size, factor in zip(x.shape, factors, strict=True)]
    return _resized(
        x, list(range(x.ndim)), factors, wanted, mode, "asymmetric", "away", -0.75,
        exclude_outside=False, antialias=False, roi=None, outside=0.0,
    )  # fmt: skip


@onnx_op("Resize")
def resize_of_opset_10(x: Tensor, scales: Tensor, *, mode: str = "nearest") -> Tensor:
    return upsample(x, scales, mode=mode)


@onnx_op("Resize", since=11)
def resize(
    x: Tensor,
    roi: Tensor | None = None,
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
    *,
    antialias: int = 0,
    axes: list[int] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Tensor:
    over = [axis % x.ndim for axis in axes] if axes else list(range(x.ndim))
    if sizes is not None and sizes.numel():
        wanted = sizes.tolist()
        factors = [w / x.shape[axis] for w, axis in zip(wanted, over, strict=True)]
        if keep_aspect_ratio_policy != "stretch":
            choose = min if keep_aspect_ratio_policy == "not_larger" else max
            factors = [choose(factors)] * len(over)
            wanted = [
                math.floor(factor * x.shape[axis] + 0.5)
                for factor, axis in zip(factors, over, strict=True)
            ]
    elif scales is not None and scales.numel():
        factors = scales.tolist()
        wanted = [math.floor(f * x.shape[axis]) for f, axis in zip(factors, over, strict=True)]
    else:
        raise ValueError("neither scales nor sizes are given")
    return _resized(
        x, over, factors, wanted, mode, coordinate_transformation_mode, nearest_mode,
        cubic_coeff_a, exclude_outside=bool(exclude_outside), antialias=bool(antialias),
        roi=None if roi is None else roi.tolist(), outside=extrapolation_value,
    )  # fmt: skip


def _resized(
    x: Tensor,
    axes: Sequence[int],
    factors: Sequence[float],
    wanted: Sequence[int],
    mode: str,
    transformation: str,
    nearest: str,
    a: float,
    *,
    exclude_outside: bool,
    antialias: bool,
    roi: list[float] | None,
    outside: float,
) -> Tensor:
    plain = not (exclude_outside or antialias)
    if plain and mode == "linear" and transformation in ("half_pixel", "align_corners"):
        spatial = [w for w, axis in zip(wanted, axes, strict=True) if axis >= 2]
        fixed = all(w == x.shape[axis] for w, axis in zip(wanted, axes, strict=True) if axis < 2)
        exact = all(
            f * x.shape[axis] == w for f, w, axis in zip(factors, wanted, axes, strict=True)
        )
        kinds = {3: "linear", 4: "bilinear", 5: "trilinear"}
        if (
            fixed
            and exact
            and len(spatial) == x.ndim - 2
            and x.ndim in kinds
            and x.is_floating_point()
        ):
            return F.interpolate(
                x, spatial, mode=kinds[x.ndim], align_corners=transformation == "align_corners"
            )
    kept = x
    for at, (axis, factor, length) in enumerate(zip(axes, factors, wanted, strict=True)):
        if factor == 1 and length == kept.shape[axis] and transformation != "tf_crop_and_resize":
            continue
        span = None
        if transformation == "tf_crop_and_resize" and roi is not None:
            span = (roi[at], roi[at + len(axes)])
        place = _places(kept.shape[axis], length, factor, transformation, span)
        kept = _along(kept, axis, place, factor, mode, nearest, a, exclude_outside, antialias)
        if span is not None:
            beyond = (place < 0) | (place > x.shape[axis] - 1)
            shape = [1] * kept.ndim
            shape[axis] = length
            fill = torch.tensor(outside, dtype=kept.dtype, device=x.device)
            kept = torch.where(beyond.reshape(shape).to(x.device), fill, kept)
    return kept


def _places(
    size: int, length: int, factor: float, transformation: str, span: tuple[float, float] | None
) -> Tensor:
    """For each element of the output, where it lies in the input: (length,) float64."""
    at = torch.arange(length, dtype=torch.float64)
    match transformation:
        case "half_pixel":
            return (at + 0.5) / factor - 0.5
        case "half_pixel_symmetric":
            exact = size * factor
            return size / 2 * (1 - length / exact) + (at + 0.5) / factor - 0.5
        case "pytorch_half_pixel":
            return (at + 0.5) / factor - 0.5 if length > 1 else torch.full_like(at, -0.5)
        case "align_corners":
            exact = size * factor
            return at * (size - 1) / (exact - 1) if exact != 1 else torch.zeros_like(at)
        case "asymmetric":
            return at / factor
        case "tf_half_pixel_for_nn":
            return (at + 0.5) / factor
        case "tf_crop_and_resize":
            first, last = span or (0.0, 1.0)
            if length > 1:
                return first * (size - 1) + at * (last - first) * (size - 1) / (length - 1)
            return torch.full_like(at, 0.5 * (first + last) * (size - 1))
        case _:
            raise NotImplementedError(f"the coordinates {transformation} are not known")


def _along(
    x: Tensor,
    axis: int,
    place: Tensor,
    factor: float,
    mode: str,
    nearest: str,
    a: float,
    exclude_outside: bool,
    antialias: bool,
) -> Tensor:
    size = x.shape[axis]
    if mode == "nearest":
        if nearest == "away":  # before opset 11: away from 0 where the image becomes smaller
            nearest = "ceil" if factor < 1 else "floor"
        index = _nearest(place, nearest).long().clamp(0, size - 1)
        return x.index_select(axis, index.to(x.device))
    shrink = min(factor, 1.0) if antialias else 1.0
    reach = {"linear": 1, "cubic": 2}[mode] / shrink
    # A band of weights around each place, as a matrix (length, size).
    floor = torch.floor(place)
    taps = torch.arange(-math.ceil(reach) + 1, math.ceil(reach) + 1, dtype=torch.float64)
    positions = floor[:, None] + taps[None]
    distance = (positions - place[:, None]) * shrink
    weights = _linear(distance) if mode == "linear" else _cubic(distance, a)
    if exclude_outside:
        weights = torch.where((positions < 0) | (positions > size - 1), 0.0, weights)
    if exclude_outside or antialias:
        weights = weights / weights.sum(dim=1, keepdim=True)
    columns = positions.clamp(0, size - 1).long()
    matrix = torch.zeros(len(place), size, dtype=torch.float64)
    matrix = matrix.scatter_add(1, columns, weights)
    matrix = matrix.to(x.device, x.dtype if x.is_floating_point() else torch.float32)
    y: Tensor = torch.tensordot(x.to(matrix.dtype), matrix, dims=([axis], [1]))
    y = y.movedim(-1, axis)
    return y if x.is_floating_point() else y.to(x.dtype)


def _nearest(place: Tensor, mode: str) -> Tensor:
    match mode:
        case "round_prefer_floor":
            return torch.ceil(place - 0.5)
        case "round_prefer_ceil":
            return torch.floor(place + 0.5)
        case "floor":
            return torch.floor(place)
        case "ceil":
            return torch.ceil(place)
        case _:
            raise NotImplementedError(f"the rounding {mode} is not known")


def _linear(distance: Tensor) -> Tensor:
    return (1 - distance.abs()).clamp(min=0)


def _cubic(distance: Tensor, a: float) -> Tensor:
    """Keys 1981, https://doi.org/10.1109/TASSP.1981.1163711."""
    d = distance.abs()
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return torch.where(d <= 1, near, torch.where(d < 2, far, torch.zeros_like(d)))


@onnx_op("GridSample")
@onnx_op("GridSample", domain="com.microsoft")
def grid_sample(
    x: Tensor,
    grid: Tensor,
    *,
    align_corners: int = 0,
    mode: str = "linear",
    padding_mode: str = "zeros",
) -> Tensor:
    names = {"linear": "bilinear", "cubic": "bicubic"}
    if x.ndim == 4 or (x.ndim == 5 and mode in ("linear", "bilinear", "nearest")):
        return F.grid_sample(x, grid, names.get(mode, mode), padding_mode, bool(align_corners))
    return _grid_sample_nd(x, grid, bool(align_corners), mode, padding_mode)


@onnx_op("AffineGrid")
def affine_grid(theta: Tensor, size: Tensor, *, align_corners: int = 0) -> Tensor:
    # The function body that ONNX defines squeezes away a batch of one.
    return F.affine_grid(theta, size.tolist(), align_corners=bool(align_corners))


def _grid_sample_nd(
    x: Tensor, grid: Tensor, align_corners: bool, mode: str, padding_mode: str
) -> Tensor:
    """Any number of spatial axes, and cubic over each of them."""
    rank = x.ndim - 2
    sizes = x.shape[2:]
    places = []
    for axis, size in enumerate(sizes):
        unit = grid[..., rank - 1 - axis]  # (N, ...), x first
        place = (unit + 1) / 2 * (size - 1) if align_corners else ((unit + 1) * size - 1) / 2
        if padding_mode != "zeros" and mode != "cubic":
            place = _folded(place, size, align_corners, padding_mode)
        places.append(place)
    taps = {"nearest": [0], "linear": [0, 1], "bilinear": [0, 1]}.get(mode, [-1, 0, 1, 2])
    samples = torch.arange(x.shape[0], device=x.device).reshape(-1, *(1,) * (grid.ndim - 2))
    y: Tensor | float = 0.0
    for offsets in itertools.product(taps, repeat=rank):
        weight: Tensor | float = 1.0
        index = []
        for place, offset, size in zip(places, offsets, sizes, strict=True):
            base = torch.round(place) if mode == "nearest" else torch.floor(place)
            at = base.detach() + offset
            if mode != "nearest":
                distance = at - place
                part = _linear(distance) if len(taps) == 2 else _cubic(distance, -0.75)
                weight = weight * part
            if padding_mode == "zeros":
                weight = weight * ((at >= 0) & (at <= size - 1))
            else:
                at = _folded(at, size, align_corners, padding_mode)
            index.append(at.long().clamp(0, size - 1))
        picked = x.movedim(1, -1)[(samples, *index)]  # (N, ..., C)
        y = y + picked * (weight[..., None] if isinstance(weight, Tensor) else weight)
    assert isinstance(y, Tensor)
    return y.movedim(-1, 1)


def _folded(place: Tensor, size: int, align_corners: bool, padding_mode: str) -> Tensor:
    if padding_mode == "border":
        return place.clamp(0, size - 1)
    low, high = (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)
    span = high - low
    if span <= 0:
        return torch.zeros_like(place)
    away = (place - low).abs()
    turns, rest = torch.floor(away / span), away % span
    folded = torch.where(turns % 2 == 0, rest + low, high - rest)
    return folded.clamp(0, size - 1)
