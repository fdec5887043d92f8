"""Elements picked, and put, by index."""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("Gather", moves=True)
def gather(x: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    axis = axis % x.ndim
    index = _not_negative(indices, x.shape[axis])
    if index.ndim == 0:
        return x.select(axis, int(index))
    picked = x.index_select(axis, index.reshape(-1))
    return picked.reshape(x.shape[:axis] + index.shape + x.shape[axis + 1 :])


@onnx_op("GatherElements", moves=True)
def gather_elements(x: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    return x.gather(axis, _not_negative(indices, x.shape[axis]))


@onnx_op("GatherND", domain="com.microsoft", moves=True)
@onnx_op("GatherND", moves=True)
def gather_nd(x: Tensor, indices: Tensor, *, batch_dims: int = 0) -> Tensor:
    batch = x.shape[:batch_dims]
    index = _not_negative_nd(indices, x.shape[batch_dims:])
    index = index.reshape(-1, *index.shape[batch_dims:])
    rows = x.reshape(-1, *x.shape[batch_dims:])
    picked = (
        [row[tuple(at.unbind(dim=-1))] for row, at in zip(rows, index, strict=True)]
        if batch_dims
        else [x[tuple(index.reshape(indices.shape).unbind(dim=-1))]]
    )
    return torch.stack(picked).reshape(batch + picked[0].shape) if batch_dims else picked[0]


@onnx_op("Slice", moves=True)
def slice_by_attribute(
    x: Tensor, *, axes: list[int] | None = None, ends: list[int], starts: list[int]
) -> Tensor:
    return _sliced(x, starts, ends, axes, None)


@onnx_op("Slice", since=10, moves=True)
def slice_(
    x: Tensor,
    starts: Tensor,
    ends: Tensor,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    return _sliced(
        x,
        starts.tolist(),
        ends.tolist(),
        None if axes is None else axes.tolist(),
        None if steps is None else steps.tolist(),
    )


def _sliced(
    x: Tensor, starts: list[int], ends: list[int], axes: list[int] | None, steps: list[int] | None
) -> Tensor:
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if step == 0:
            raise ValueError("a slice cannot have step 0")
        size = x.shape[axis]
        picked = range(size)[start:end:step]
        if step > 0:
            rows = slice(picked.start, max(picked.stop, picked.start), step)
            x = x[(slice(None),) * (axis % x.ndim) + (rows,)]
        else:  # torch knows no negative step
            x = x.index_select(axis, torch.tensor(list(picked), dtype=torch.int64, device=x.device))
    return x


@onnx_op("ScatterElements")
@onnx_op("Scatter")
def scatter_elements(
    x: Tensor, indices: Tensor, updates: Tensor, *, axis: int = 0, reduction: str = "none"
) -> Tensor:
    index = _not_negative(indices, x.shape[axis])
    if reduction == "none":
        return x.scatter(axis, index, updates)
    return x.scatter_reduce(axis, index, updates, _REDUCTIONS[reduction], include_self=True)


_REDUCTIONS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


@onnx_op("ScatterND")
def scatter_nd(x: Tensor, indices: Tensor, updates: Tensor, *, reduction: str = "none") -> Tensor:
    depth = indices.shape[-1]
    index = _not_negative_nd(indices, x.shape)
    if reduction == "none":
        return x.index_put(tuple(index.unbind(dim=-1)), updates)
    if reduction == "add":
        return x.index_put(tuple(index.unbind(dim=-1)), updates, accumulate=True)
    rest = 1
    for size in x.shape[depth:]:
        rest *= size
    flat = torch.zeros(index.shape[:-1], dtype=torch.int64, device=x.device)
    for axis in range(depth):
        flat = flat * x.shape[axis] + index[..., axis]
    rows = x.reshape(-1, rest)
    at = flat.reshape(-1, 1).expand(-1, rest)
    new = updates.reshape(-1, rest)
    return rows.scatter_reduce(0, at, new, _REDUCTIONS[reduction], include_self=True).reshape(
        x.shape
    )


@onnx_op("TensorScatter")
def tensor_scatter(
    past: Tensor,
    update: Tensor,
    write_indices: Tensor | None = None,
    *,
    axis: int = -2,
    mode: str = "linear",
) -> Tensor:
    axis = axis % past.ndim
    length = update.shape[axis]
    first = (
        past.new_zeros(past.shape[0], dtype=torch.int64) if write_indices is None else write_indices
    )
    at = first[:, None] + torch.arange(length, device=past.device)[None]  # (N, length)
    if mode == "circular":
        at = at % past.shape[axis]
    shape = [1] * past.ndim
    shape[0], shape[axis] = at.shape
    return past.scatter(axis, at.reshape(shape).expand(update.shape), update)


@onnx_op("NonZero")
def non_zero(x: Tensor) -> Tensor:
    return torch.nonzero(x).T.contiguous() if x.ndim else torch.nonzero(x.reshape(1)).T


@onnx_op("Compress", moves=True)
def compress(x: Tensor, condition: Tensor, *, axis: int | None = None) -> Tensor:
    if axis is None:
        x, axis = x.reshape(-1), 0
    return x.index_select(axis, torch.nonzero(condition).reshape(-1))


@onnx_op("ReverseSequence", moves=True)
def reverse_sequence(
    x: Tensor, lengths: Tensor, *, batch_axis: int = 1, time_axis: int = 0
) -> Tensor:
    times = torch.arange(x.shape[time_axis], device=x.device)[:, None]
    ends = lengths[None]  # (1, N)
    at = torch.where(times < ends, ends - 1 - times, times)  # (T, N)
    if batch_axis < time_axis:
        at = at.T
    shape = [1] * x.ndim
    shape[time_axis], shape[batch_axis] = x.shape[time_axis], x.shape[batch_axis]
    return x.gather(time_axis, at.reshape(shape).expand(x.shape))


@onnx_op("Unique")
def unique(
    x: Tensor,
    *,
    axis: int | None = None,
    sorted: int = 1,  # noqa: A002
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if axis is None:
        x, axis = x.reshape(-1), 0
    values, inverse, counts = torch.unique(
        x.detach(), sorted=True, return_inverse=True, return_counts=True, dim=axis
    )
    places = torch.arange(inverse.numel(), device=x.device)
    first = places.new_full((counts.numel(),), inverse.numel())
    first = first.scatter_reduce(0, inverse, places, "amin", include_self=True)
    if not sorted:
        order = first.argsort()
        rank = torch.empty_like(order).scatter(
            0, order, torch.arange(order.numel(), device=x.device)
        )
        first, counts, inverse = first[order], counts[order], rank[inverse]
    del values
    return x.index_select(axis, first), first, inverse, counts


def _not_negative(indices: Tensor, size: int) -> Tensor:
    index = indices.long()
    return torch.where(index < 0, index + size, index)


def _not_negative_nd(indices: Tensor, sizes: torch.Size) -> Tensor:
    index = indices.long()
    limits = index.new_tensor(sizes[: index.shape[-1]])
    return torch.where(index < 0, index + limits, index)
