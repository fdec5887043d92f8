"""Self-attention whose weights can be seen: the softmax is an operation of its own."""

# Calling a module gives Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from torch import Tensor


def attended(qkv: Tensor, heads: int) -> Tensor:
    """softmax(q kᵀ / √d) v, the heads side by side.

    Args:
        qkv: (N, T, 3 D): queries, keys and values, each of D = heads x d channels.

    Returns:
        (N, T, D)
    """
    samples, tokens, channels = qkv.shape
    size = channels // (3 * heads)
    q, k, v = qkv.reshape(samples, tokens, 3, heads, size).permute(2, 0, 3, 1, 4)  # (N, h, T, d)
    weights = (q * size**-0.5 @ k.transpose(-2, -1)).softmax(dim=-1)  # (N, h, T, T)
    return (weights @ v).transpose(1, 2).reshape(samples, tokens, heads * size)
