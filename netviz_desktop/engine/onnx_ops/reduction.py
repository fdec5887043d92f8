"""Reductions along axes, and what runs along one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op

Reduction = Callable[[Tensor, list[int], bool], Tensor]


def _extreme(x: Tensor, axes: list[int], keep: bool, *, largest: bool) -> Tensor:
    if x.numel() == 0 and any(x.shape[axis] == 0 for axis in axes):
        shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        if not keep:
            shape = [size for axis, size in enumerate(x.shape) if axis not in axes]
        return torch.full(
            shape, _limit(x.dtype, largest=not largest), dtype=x.dtype, device=x.device
        )
    return x.amax(dim=axes, keepdim=keep) if largest else x.amin(dim=axes, keepdim=keep)


def _limit(dtype: torch.dtype, *, largest: bool) -> Any:
    if dtype == torch.bool:
        return largest
    if dtype.is_floating_point:
        return float("inf") if largest else float("-inf")
    return torch.iinfo(dtype).max if largest else torch.iinfo(dtype).min


def _product(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(dim=axis, keepdim=keep, dtype=x.dtype)
    return x


def _sum(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    return x.sum(dim=axes, keepdim=keep, dtype=x.dtype) if axes else x


def _mean(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    if x.is_floating_point() or x.is_complex():
        return x.mean(dim=axes, keepdim=keep)
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    return torch.div(_sum(x, axes, keep), count, rounding_mode="trunc").to(x.dtype)


def _norm(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    if not x.is_floating_point():
        return torch.sqrt(_sum(x * x, axes, keep).to(torch.float64)).to(x.dtype)
    norm: Tensor = torch.linalg.vector_norm(x, dim=axes, keepdim=keep)
    return norm


def _same(x: Tensor) -> Tensor:
    return x


# Reduction, and what a reduction over no axis at all still does to each element.
_REDUCTIONS: dict[str, tuple[Reduction, Callable[[Tensor], Tensor]]] = {
    "ReduceSum": (_sum, _same),
    "ReduceMean": (_mean, _same),
    "ReduceProd": (_product, _same),
    "ReduceMax": (lambda x, axes, keep: _extreme(x, axes, keep, largest=True), _same),
    "ReduceMin": (lambda x, axes, keep: _extreme(x, axes, keep, largest=False), _same),
    "ReduceL1": (lambda x, axes, keep: _sum(x.abs(), axes, keep), torch.abs),
    "ReduceL2": (_norm, torch.abs),
    "ReduceSumSquare": (lambda x, axes, keep: _sum(x * x, axes, keep), torch.square),
    "ReduceLogSum": (lambda x, axes, keep: torch.log(_sum(x, axes, keep)), torch.log),
    "ReduceLogSumExp": (
        lambda x, axes, keep: torch.logsumexp(x, dim=axes, keepdim=keep).to(x.dtype),
        _same,
    ),
}


def _enter(name: str, reduction: Reduction, element: Callable[[Tensor], Tensor]) -> None:
    @onnx_op(name)
    def reduce(
        x: Tensor,
        axes_given: Tensor | None = None,
        *,
        axes: list[int] | None = None,
        keepdims: int = 1,
        noop_with_empty_axes: int = 0,
    ) -> Tensor:
        chosen = axes if axes_given is None else axes_given.tolist()
        if not chosen:
            if noop_with_empty_axes:
                return element(x)
            chosen = list(range(x.ndim))
        return reduction(x, [axis % x.ndim for axis in chosen] if x.ndim else [], bool(keepdims))


for _name, (_reduction, _element) in _REDUCTIONS.items():
    _enter(_name, _reduction, _element)


@onnx_op("ArgMax")
def argmax(x: Tensor, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
    if not select_last_index:
        return x.argmax(dim=axis, keepdim=bool(keepdims))
    return x.shape[axis] - 1 - x.flip(axis).argmax(dim=axis, keepdim=bool(keepdims))


@onnx_op("ArgMin")
def argmin(x: Tensor, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
    if not select_last_index:
        return x.argmin(dim=axis, keepdim=bool(keepdims))
    return x.shape[axis] - 1 - x.flip(axis).argmin(dim=axis, keepdim=bool(keepdims))


@onnx_op("CumSum")
def cumsum(x: Tensor, axis: Tensor, *, exclusive: int = 0, reverse: int = 0) -> Tensor:
    return _running(torch.cumsum, x, int(axis), exclusive, reverse, 0)


@onnx_op("CumProd")
def cumprod(x: Tensor, axis: Tensor, *, exclusive: int = 0, reverse: int = 0) -> Tensor:
    return _running(torch.cumprod, x, int(axis), exclusive, reverse, 1)


def _running(
    along: Callable[..., Tensor], x: Tensor, axis: int, exclusive: int, reverse: int, first: int
) -> Tensor:
    if reverse:
        x = x.flip(axis)
    if exclusive:
        start = torch.full_like(x.narrow(axis, 0, 1), first)
        x = torch.cat((start, x.narrow(axis, 0, x.shape[axis] - 1)), dim=axis)
    y = along(x, dim=axis, dtype=x.dtype)
    return y.flip(axis) if reverse else y


@onnx_op("TopK")
def top_k_of_attribute(x: Tensor, *, axis: int = -1, k: int) -> tuple[Tensor, Tensor]:
    return _top_k(x, k, axis, largest=True)


@onnx_op("TopK", since=10)
def top_k(
    x: Tensor,
    k: Tensor,
    *,
    axis: int = -1,
    largest: int = 1,
    sorted: int = 1,  # noqa: A002
) -> tuple[Tensor, Tensor]:
    del sorted  # sorted is one of the orders that "in any order" allows
    return _top_k(x, int(k), axis, largest=bool(largest))


def _top_k(x: Tensor, k: int, axis: int, *, largest: bool) -> tuple[Tensor, Tensor]:
    # A stable sort: of equal elements ONNX wants the one with the lower index first.
    values, indices = torch.sort(x, dim=axis, descending=largest, stable=True)
    return values.narrow(axis, 0, k), indices.narrow(axis, 0, k)
