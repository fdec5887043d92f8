"""Attention, as onnxruntime's transformer optimiser writes it (com.microsoft).

ai.onnx's own Attention, RotaryEmbedding and their kin run as the function bodies that ONNX
defines, so that each score and weight inside has its place in the definition.
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._softmax import masked_softmax


@onnx_op("Attention", domain="com.microsoft")
def attention(
    x: Tensor,  # (N, T, D)
    weights: Tensor,  # (D, Dq + Dk + Dv)
    bias: Tensor | None = None,
    mask_index: Tensor | None = None,
    past: Tensor | None = None,
    attention_bias: Tensor | None = None,
    past_sequence_length: Tensor | None = None,
    *,
    do_rotary: int = 0,
    mask_filter_value: float = -10000.0,
    num_heads: int,
    past_present_share_buffer: int = 0,
    qkv_hidden_sizes: list[int] | None = None,
    rotary_embedding_dim: int = 0,
    scale: float | None = None,
    unidirectional: int = 0,
) -> tuple[Tensor, Tensor]:
    if do_rotary or past_present_share_buffer or past_sequence_length is not None:
        raise NotImplementedError("rotary embedding and shared buffers are not known in Attention")
    del rotary_embedding_dim
    projected = x @ weights
    if bias is not None:
        projected = projected + bias
    third = projected.shape[-1] // 3
    q, k, v = torch.split(projected, qkv_hidden_sizes or [third] * 3, dim=-1)
    q, k, v = (_heads(part, num_heads) for part in (q, k, v))
    if past is not None:  # (2, N, heads, P, D / heads)
        k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
    mask = _mask(mask_index, q, k, mask_filter_value)
    y = _attend(q, k, v, mask, attention_bias, scale, bool(unidirectional), mask_filter_value)
    return y, torch.stack((k, v))


@onnx_op("MultiHeadAttention", domain="com.microsoft")
def multi_head_attention(
    query: Tensor,  # (N, T, D)
    key: Tensor | None = None,  # (N, S, D), or (N, heads, S, D / heads)
    value: Tensor | None = None,
    bias: Tensor | None = None,  # (3 · D,)
    key_padding_mask: Tensor | None = None,
    attention_bias: Tensor | None = None,
    past_key: Tensor | None = None,
    past_value: Tensor | None = None,
    *,
    mask_filter_value: float = -10000.0,
    num_heads: int,
    scale: float | None = None,
    unidirectional: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    if key is None or value is None:
        raise NotImplementedError("packed queries, keys and values are not known")
    if bias is not None:
        q_size, k_size = query.shape[-1], bias.numel() - query.shape[-1] - value.shape[-1]
        b_q, b_k, b_v = torch.split(bias, [q_size, k_size, value.shape[-1]])
        query = query + b_q
        key, value = (key + b_k, value + b_v) if key.ndim == 3 else (key, value)
    q = _heads(query, num_heads)
    k = key if key.ndim == 4 else _heads(key, num_heads)
    v = value if value.ndim == 4 else _heads(value, num_heads)
    if past_key is not None and past_value is not None:
        k, v = torch.cat((past_key, k), dim=2), torch.cat((past_value, v), dim=2)
    mask = _mask(key_padding_mask, q, k, mask_filter_value)
    y = _attend(q, k, v, mask, attention_bias, scale, bool(unidirectional), mask_filter_value)
    return y, k, v


@onnx_op("RotaryEmbedding", domain="com.microsoft")
def rotary_embedding(
    x: Tensor,  # (N, T, heads · D) or (N, heads, T, D)
    positions: Tensor,  # (1,): the first; or (N, T)
    cos: Tensor,  # (longest, D / 2)
    sin: Tensor,
    *,
    interleaved: int = 0,
    is_packed_batching: int = 0,
    num_heads: int = 0,
    rotary_embedding_dim: int = 0,
    scale: float = 1.0,
) -> Tensor:
    """Su et al. 2021, https://arxiv.org/abs/2104.09864."""
    del is_packed_batching, scale
    size = rotary_embedding_dim or 2 * cos.shape[-1]
    y = x if x.ndim == 4 else _heads(x, num_heads or x.shape[-1] // size)
    length = y.shape[2]
    at = positions.long()
    if at.numel() == 1:
        at = at.reshape(1, 1) + torch.arange(length, device=x.device)[None]
    c, s = cos[at][:, None], sin[at][:, None]  # (N, 1, T, D / 2)
    turned, rest = y[..., :size], y[..., size:]
    if interleaved:
        a, b = turned[..., 0::2], turned[..., 1::2]
        both = torch.stack((a * c - b * s, a * s + b * c), dim=-1).flatten(-2)
    else:
        a, b = turned.chunk(2, dim=-1)
        both = torch.cat((a * c - b * s, a * s + b * c), dim=-1)
    y = torch.cat((both, rest), dim=-1)
    return y if x.ndim == 4 else y.transpose(1, 2).reshape(x.shape)


def _heads(x: Tensor, count: int) -> Tensor:
    """(N, T, D) -> (N, heads, T, D / heads)."""
    return x.reshape(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


def _mask(given: Tensor | None, q: Tensor, k: Tensor, value: float) -> Tensor | None:
    """What is added to the scores: (N, 1, 1 or T, S)."""
    if given is None:
        return None
    samples, queries, keys = q.shape[0], q.shape[2], k.shape[2]
    if given.ndim == 1:  # how many keys count, in each sample
        if samples != given.numel():
            raise NotImplementedError("masks with a beginning and an end are not known")
        seen = torch.arange(keys, device=given.device)[None] < given[:, None]
        seen = seen[:, None, None]
    elif given.ndim == 2:
        seen = (given != 0)[:, None, None]
    elif given.ndim == 3:
        seen = (given != 0)[:, None]
    else:
        seen = (given != 0)[..., :queries, :keys]
    return torch.zeros(seen.shape, device=given.device).masked_fill(~seen, value)


def _attend(
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
