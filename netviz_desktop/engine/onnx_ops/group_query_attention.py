"""Attention whose heads share keys and values, as exported language models have it.
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._attention import heads, rotated


@onnx_op("GroupQueryAttention", domain="com.microsoft")
def group_query_attention(
    query: Tensor,  # (N, T, heads · D), or with keys and values behind it
    key: Tensor | None,  # (N, T, shared heads · D)
    value: Tensor | None,
    past_key: Tensor | None,  # (N, shared heads, P, D)
    past_value: Tensor | None,
    seqlens_k: Tensor,  # (N,): the position of the last token
    total_sequence_length: Tensor,
    cos: Tensor | None = None,  # (longest, D / 2)
    sin: Tensor | None = None,
    position_ids: Tensor | None = None,
    attention_bias: Tensor | None = None,
    head_sink: Tensor | None = None,  # (heads,)
    *,
    do_rotary: int = 0,
    k_quant_type: str = "NONE",
    kv_cache_bit_width: int = 0,
    kv_num_heads: int,
    local_window_size: int = -1,
    num_heads: int,
    qk_output: int = 0,
    rotary_interleaved: int = 0,
    scale: float = 0.0,
    smooth_softmax: int = -1,
    softcap: float = 0.0,
    v_quant_type: str = "NONE",
) -> tuple[Tensor, Tensor, Tensor]:
    """Ainslie et al. 2023, https://arxiv.org/abs/2305.13245."""
    if qk_output or kv_cache_bit_width or {k_quant_type, v_quant_type} != {"NONE"}:
        raise NotImplementedError("a quantised cache and scores as an output are not known")
    if key is None or value is None:
        each = query.shape[-1] // (num_heads + 2 * kv_num_heads)
        shared = kv_num_heads * each
        query, key, value = torch.split(query, [num_heads * each, shared, shared], dim=-1)
    q, k, v = heads(query, num_heads), heads(key, kv_num_heads), heads(value, kv_num_heads)
    length, total = q.shape[2], int(total_sequence_length)
    last = seqlens_k.reshape(-1).long()
    start = last + 1 - length  # (N,): how many tokens came before
    start = torch.zeros_like(start) if length == total else start
    at = start[:, None] + torch.arange(length, device=q.device)[None]  # (N, T)
    if do_rotary and cos is not None and sin is not None:
        place = at if position_ids is None else position_ids.long()
        c, s, interleaved = cos[place], sin[place], bool(rotary_interleaved)
        q = rotated(q, c, s, interleaved=interleaved)
        k = rotated(k, c, s, interleaved=interleaved)
    k, v = _appended(past_key, k, start, total), _appended(past_value, v, start, total)
    group = num_heads // kv_num_heads
    scores = q @ k.repeat_interleave(group, dim=1).mT * (scale or 1 / math.sqrt(q.shape[-1]))
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    keys = torch.arange(k.shape[2], device=q.device)
    seen = keys <= torch.minimum(at, last[:, None])[..., None]  # (N, T, S)
    if local_window_size >= 0:
        seen = seen & (keys > at[..., None] - local_window_size)
    if attention_bias is not None:
        scores = scores + F.pad(attention_bias, (0, k.shape[2] - attention_bias.shape[-1]))
    scores = scores.masked_fill(~seen[:, None], -torch.inf)
    weights = _softmax(scores, head_sink, smooth=smooth_softmax > 0)
    y = weights @ v.repeat_interleave(group, dim=1)
    return y.transpose(1, 2).flatten(2), k, v


def _softmax(scores: Tensor, sink: Tensor | None, *, smooth: bool) -> Tensor:
    """Over the keys, and one more that has a score but no value, which may take the rest."""
    if sink is None and not smooth:
        return torch.softmax(scores, dim=-1)
    rest = scores.new_zeros(scores.shape[1]) if sink is None else sink
    rest = rest.reshape(1, -1, 1, 1).expand(*scores.shape[:-1], 1)
    return torch.softmax(torch.cat((scores, rest), dim=-1), dim=-1)[..., :-1]


def _appended(past: Tensor | None, present: Tensor, start: Tensor, total: int) -> Tensor:
    """The new keys or values behind those that came before: (N, heads, S, D)."""
    if past is None:
        return present
    length = max(past.shape[2], total)
    rows = []
    for before, new, count in zip(past, present, start.tolist(), strict=True):
        row = torch.cat((before[:, :count], new), dim=1)
        rows.append(F.pad(row, (0, 0, 0, length - row.shape[1])))
    return torch.stack(rows)
