"""What numbers say about a tensor of any size: extremes, mean, spread, histogram."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from netviz_desktop.link.messages import Statistics

BINS = 64
_CHUNK = 1 << 18  # numbers that are widened to float64 at a time: they stay in the cache
_NARROWEST = 1e-300  # below it, one over the width of a bin is infinite


def statistics(tensor: Tensor) -> Statistics | None:
    """Of all its finite numbers, complex ones by magnitude; None for an empty tensor.

    `std` is the population's. A tensor of one repeated number has it in the middle bin.
    """
    if not tensor.numel():
        return None
    values = real(tensor).reshape(-1)
    nan_count = inf_count = 0
    low, high = (float(extreme) for extreme in values.aminmax())  # NaN if any number is
    if not (math.isfinite(low) and math.isfinite(high)):
        nan_count, inf_count = int(values.isnan().sum()), int(values.isinf().sum())
        values = values[values.isfinite()]
        if not values.numel():
            return _of_none(tensor.numel(), nan_count, inf_count)
        low, high = (float(extreme) for extreme in values.aminmax())
    mean, std, counts = _moments_and_histogram(values, low, high)
    return Statistics(
        count=tensor.numel(),
        minimum=low,
        maximum=high,
        mean=mean,
        std=std,
        zeros=1 - int(values.count_nonzero()) / values.numel(),
        nan_count=nan_count,
        inf_count=inf_count,
        counts=counts.numpy(),
    )


def real(tensor: Tensor) -> Tensor:
    """The same numbers in float32, or float64 where float32 cannot hold them."""
    if tensor.is_complex():
        return tensor.abs()
    if tensor.dtype in (torch.float64, torch.int64, torch.int32):
        return tensor.cpu().double()
    return tensor.float()


def _moments_and_histogram(values: Tensor, low: float, high: float) -> tuple[float, float, Tensor]:
    """Mean, deviation and bin counts, in float64 and one pass (Chan et al. 1979)."""
    counts = torch.zeros(BINS, dtype=torch.int64)
    seen, mean, squares = 0, 0.0, 0.0
    for start in range(0, values.numel(), _CHUNK):
        wide = values[start : start + _CHUNK].to("cpu", torch.float64)
        counts += _histogram(wide, low, high)
        centre, variance = float(wide.mean()), float(wide.var(correction=0))
        count, apart = wide.numel(), centre - mean
        squares += variance * count + apart * apart * seen * count / (seen + count)
        mean += apart * count / (seen + count)
        seen += count
    return mean, math.sqrt(squares / seen), counts


def _histogram(values: Tensor, low: float, high: float) -> Tensor:
    """As numpy counts: each bin without its upper end, but the last."""
    if low == high:
        counts = torch.zeros(BINS, dtype=torch.int64)
        counts[BINS // 2] = values.numel()
        return counts
    if not _NARROWEST < high - low < math.inf:
        return torch.histc(values, BINS, low, high).long()
    # five times as fast as histc
    found = (values - low).mul_(BINS / (high - low)).to(torch.int32)
    counts = torch.bincount(found, minlength=BINS + 1)
    counts[BINS - 1] += counts[BINS]
    return counts[:BINS]


def _of_none(count: int, nan_count: int, inf_count: int) -> Statistics:
    nan, counts = math.nan, torch.zeros(BINS, dtype=torch.int64).numpy()
    return Statistics(count, nan, nan, nan, nan, 0.0, nan_count, inf_count, counts)
