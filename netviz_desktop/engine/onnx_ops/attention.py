"""Attention, as onnxruntime's transformer optimiser writes it (com.microsoft).

ai.onnx's own Attention, RotaryEmbedding and their kin run as the function bodies that ONNX
defines, so that each score and weight inside has its place in the definition.
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._attention import attended, heads, mask_of, rotated
from netviz_desktop.engine.onnx_ops._numbers import real


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
    q, k, v = (heads(part, num_heads) for part in (q, k, v))
    if past is not None:  # (2, N, heads, P, D / heads)
        k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
    mask = mask_of(mask_index, q, k, mask_filter_value)
    y = attended(q, k, v, mask, attention_bias, scale, bool(unidirectional), mask_filter_value)
    return y, torch.stack((k, v))


@onnx_op("QAttention", domain="com.microsoft")
def quantised_attention(
    x: Tensor,
    weights: Tensor,
    bias: Tensor,
    x_scale: Tensor,
    weight_scale: Tensor,
    mask_index: Tensor | None = None,
    x_zero_point: Tensor | None = None,
    weight_zero_point: Tensor | None = None,
    past: Tensor | None = None,
    *,
    do_rotary: int = 0,
    mask_filter_value: float = -10000.0,
    num_heads: int,
    past_present_share_buffer: int = 0,
    scale: float | None = None,
    unidirectional: int = 0,
) -> tuple[Tensor, Tensor]:
    whole, matrix = real(x, bias.dtype), real(weights, bias.dtype)
    if x_zero_point is not None:
        whole = whole - real(x_zero_point)
    if weight_zero_point is not None:
        matrix = matrix - real(weight_zero_point)
    return attention(
        whole * x_scale, matrix * weight_scale, bias, mask_index, past, do_rotary=do_rotary,
        mask_filter_value=mask_filter_value, num_heads=num_heads, scale=scale,
        past_present_share_buffer=past_present_share_buffer, unidirectional=unidirectional,
    )  # fmt: skip


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
    if key is None:  # (N, T, heads, 3, D / heads)
        query, key, value = (part.flatten(2) for part in query.unbind(3))
    elif value is None:  # (N, S, heads, 2, D / heads)
        key, value = (part.flatten(2) for part in key.unbind(3))
    assert value is not None
    if bias is not None:
        q_size, k_size = query.shape[-1], bias.numel() - query.shape[-1] - value.shape[-1]
        b_q, b_k, b_v = torch.split(bias, [q_size, k_size, value.shape[-1]])
        query = query + b_q
        key, value = (key + b_k, value + b_v) if key.ndim == 3 else (key, value)
    q = heads(query, num_heads)
    k = key if key.ndim == 4 else heads(key, num_heads)
    v = value if value.ndim == 4 else heads(value, num_heads)
    if past_key is not None and past_value is not None:
        k, v = torch.cat((past_key, k), dim=2), torch.cat((past_value, v), dim=2)
    mask = mask_of(key_padding_mask, q, k, mask_filter_value)
    y = attended(q, k, v, mask, attention_bias, scale, bool(unidirectional), mask_filter_value)
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
    del is_packed_batching, scale
    size = rotary_embedding_dim or 2 * cos.shape[-1]
    y = x if x.ndim == 4 else heads(x, num_heads or x.shape[-1] // size)
    at = positions.long()
    if at.numel() == 1:
        at = at.reshape(1, 1) + torch.arange(y.shape[2], device=x.device)[None]
    y = rotated(y, cos[at], sin[at], interleaved=bool(interleaved))
    return y if x.ndim == 4 else y.transpose(1, 2).reshape(x.shape)
