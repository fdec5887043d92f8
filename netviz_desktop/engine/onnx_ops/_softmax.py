"""Softmax whose gradient survives rows that are wholly masked."""

from __future__ import annotations

import torch
from torch import Tensor


def masked_softmax(x: Tensor, axis: int) -> Tensor:
    """Softmax over an axis. A row of nothing but -inf is NaN, as in every runtime.

    Attention often puts a number in place of such rows afterwards; torch's own derivative
    would still send their NaN back to every query and key.
    """
    y = torch.softmax(x, dim=axis)
    if not x.requires_grad or not bool(torch.isnan(y.detach().sum())):
        return y
    masked = torch.isneginf(x).all(dim=axis, keepdim=True)
    return torch.where(masked, torch.nan, torch.softmax(torch.where(masked, 0.0, x), dim=axis))
