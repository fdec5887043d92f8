"""What the attention operators of onnxruntime share."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops._softmax import masked_softmax


def heads(x: Tensor, count: int) -> Tensor:
    """(N, T, D) -> (N, heads, T, D / heads)."""
    return x.reshape(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


def mask_of(given: Tensor | None, q: Tensor, k: Tensor, value: float) -> Tensor | None:
    """What is added to the scores: (N, 1, 1 or T, S)."""
    if given is None:
        return None
    samples, queries, keys = q.shape[0], q.shape[2], k.shape[2]
    if given.ndim == 1:  # where the keys that count end in each sample, and perhaps begin
        if given.numel() not in (samples, 2 * samples):
            raise NotImplementedError("a mask of packed sequences is not known")
        at = torch.arange(keys, device=given.device)[None]
        seen = at < given[:samples, None]
        if given.numel() == 2 * samples:
            seen = seen & (at >= given[samples:, None])
        seen = seen[:, None, None]
    elif given.ndim == 2:
        seen = (given != 0)[:, None, None]
    elif given.ndim == 3:
        seen = (given != 0)[:, None]
    else:
        seen = (given != 0)[..., :queries, :keys]
    return torch.zeros(seen.shape, device=given.device).masked_fill(~seen, value)


def attended(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    added: Tensor | None,
    scale: float | None,
    causal: bool,
    filled: float,
) -> Tensor:
    scores = (q @ k.mT) * (scale or 1 / math.sqrt(q.shape[-1]))
    if causal:
        queries, keys = scores.shape[-2:]
        seen = torch.ones(queries, keys, dtype=torch.bool, device=q.device).tril(keys - queries)
        scores = scores.masked_fill(~seen, filled)
    for more in (mask, added):
        if more is not None:
            scores = scores + more
    y = masked_softmax(scores, -1) @ v
    return y.transpose(1, 2).flatten(2)


def rotated(x: Tensor, cos: Tensor, sin: Tensor, *, interleaved: bool) -> Tensor:
    """Rotary position embedding (Su et al. 2021, https://arxiv.org/abs/2104.09864).

    Args:
        x: (N, heads, T, D).
        cos, sin: (N or 1, T, R / 2) for the positions of `x`; the first R of D are turned.
    """
    c, s = cos[:, None], sin[:, None]
    size = 2 * cos.shape[-1]
    turned, rest = x[..., :size], x[..., size:]
    if interleaved:
        a, b = turned[..., 0::2], turned[..., 1::2]
        both = torch.stack((a * c - b * s, a * s + b * c), dim=-1).flatten(-2)
    else:
        a, b = turned.chunk(2, dim=-1)
        both = torch.cat((a * c - b * s, a * s + b * c), dim=-1)
    return torch.cat((both, rest), dim=-1)
