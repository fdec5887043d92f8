"""Losses, as training graphs hold them."""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("NegativeLogLikelihoodLoss")
def nll_loss(
    x: Tensor,  # (N, C, ...)
    target: Tensor,  # (N, ...)
    weight: Tensor | None = None,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    # torch's own has no gradient for the weight
    known = torch.ones_like(target, dtype=torch.bool)
    if ignore_index is not None:
        known = target != ignore_index
    safe = torch.where(known, target, 0).long()
    each = torch.ones_like(x[:, 0]) if weight is None else weight[safe]
    each = torch.where(known, each, torch.zeros_like(each))
    loss = -x.gather(1, safe.unsqueeze(1)).squeeze(1) * each
    if reduction == "none":
        return loss
    return loss.sum() / each.sum() if reduction == "mean" else loss.sum()


@onnx_op("SoftmaxCrossEntropyLoss")
def cross_entropy(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> tuple[Tensor, Tensor]:
    scores = torch.log_softmax(x, dim=1)
    return nll_loss(scores, target, weight, ignore_index=ignore_index, reduction=reduction), scores
