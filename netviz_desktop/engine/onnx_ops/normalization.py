"""Normalisation and dropout."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("BatchNormalization")
def batch_norm_before_training(
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon: float = 1e-5,
    is_test: int = 1,
    momentum: float = 0.9,
    spatial: int = 1,
) -> Tensor:
    del momentum, is_test  # as trained: a file before opset 14 is run to predict
    if not spatial:
        return (x - mean) / torch.sqrt(variance + epsilon) * scale + bias
    return _batch_norm(x, scale, bias, mean, variance, epsilon)


@onnx_op("BatchNormalization", since=14)
def batch_norm(
    x: Tensor,  # (N, C, ...)
    scale: Tensor,  # (C,)
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    if not training_mode:
        return _batch_norm(x, scale, bias, mean, variance, epsilon)
    axes = [0, *range(2, x.ndim)]
    now_mean, now_variance = x.mean(dim=axes), x.var(dim=axes, correction=0)
    return (
        _batch_norm(x, scale, bias, now_mean, now_variance, epsilon),
        mean * momentum + now_mean * (1 - momentum),
        variance * momentum + now_variance * (1 - momentum),
    )


def _batch_norm(
    x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> Tensor:
    if mean.requires_grad or variance.requires_grad or mean.dtype != x.dtype or x.ndim < 2:
        # torch's own refuses statistics that have a gradient or another type
        shape = (1, -1) + (1,) * (x.ndim - 2) if x.ndim > 1 else (-1,)
        mean, variance, scale, bias = (t.reshape(shape) for t in (mean, variance, scale, bias))
        return ((x - mean) / torch.sqrt(variance + epsilon) * scale + bias).to(x.dtype)
    return F.batch_norm(x, mean, variance, scale, bias, False, 0.0, epsilon)


@onnx_op("InstanceNormalization")
def instance_norm(x: Tensor, scale: Tensor, bias: Tensor, *, epsilon: float = 1e-5) -> Tensor:
    axes = tuple(range(2, x.ndim))
    variance, mean = torch.var_mean(x, dim=axes, correction=0, keepdim=True)
    shape = (-1,) + (1,) * (x.ndim - 2)
    normal = (x - mean) / torch.sqrt(variance + epsilon)
    return normal * scale.reshape(shape) + bias.reshape(shape)


@onnx_op("LayerNormalization")
def layer_norm(
    x: Tensor,
    scale: Tensor,
    bias: Tensor | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
    output_count: int = 1,
) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    del stash_type  # float16 is computed in float32 anyway
    shape = x.shape[axis % x.ndim :]
    if output_count == 1 and scale.shape == shape and (bias is None or bias.shape == shape):
        return F.layer_norm(x, shape, scale, bias, epsilon)
    axes = tuple(range(axis % x.ndim, x.ndim))
    variance, mean = torch.var_mean(x, dim=axes, correction=0, keepdim=True)
    inverse = torch.rsqrt(variance + epsilon)
    y = (x - mean) * inverse * scale
    return (y if bias is None else y + bias), mean, inverse


@onnx_op("GroupNormalization")
def group_norm_by_group(
    x: Tensor,
    scale: Tensor,  # (groups,)
    bias: Tensor,
    *,
    epsilon: float = 1e-5,
    num_groups: int,
) -> Tensor:
    each = x.shape[1] // num_groups
    return F.group_norm(
        x, num_groups, scale.repeat_interleave(each), bias.repeat_interleave(each), epsilon
    )


@onnx_op("GroupNormalization", since=21)
def group_norm(
    x: Tensor,
    scale: Tensor,  # (C,)
    bias: Tensor,
    *,
    epsilon: float = 1e-5,
    num_groups: int,
    stash_type: int = 1,
) -> Tensor:
    del stash_type
    return F.group_norm(x, num_groups, scale, bias, epsilon)


@onnx_op("RMSNormalization")
@onnx_op("SimplifiedLayerNormalization")
@onnx_op("SimplifiedLayerNormalization", domain="com.microsoft")
def rms_norm(
    x: Tensor, scale: Tensor, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Tensor:
    del stash_type
    axes = tuple(range(axis % x.ndim, x.ndim))
    return x * torch.rsqrt(x.square().mean(dim=axes, keepdim=True) + epsilon) * scale


@onnx_op("SkipLayerNormalization", domain="com.microsoft")
def skip_layer_norm(
    x: Tensor,
    skip: Tensor,
    gamma: Tensor,
    beta: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    epsilon: float = 1e-12,
) -> tuple[Tensor, None, None, Tensor]:
    total = x + skip if bias is None else x + skip + bias
    return F.layer_norm(total, gamma.shape, gamma, beta, epsilon), None, None, total


@onnx_op("SkipSimplifiedLayerNormalization", domain="com.microsoft")
def skip_rms_norm(
    x: Tensor, skip: Tensor, gamma: Tensor, bias: Tensor | None = None, *, epsilon: float = 1e-12
) -> tuple[Tensor, None, None, Tensor]:
    total = x + skip if bias is None else x + skip + bias
    return rms_norm(total, gamma, epsilon=epsilon), None, None, total


@onnx_op("EmbedLayerNormalization", domain="com.microsoft")
def embed_layer_norm(
    ids: Tensor,  # (N, T)
    segments: Tensor | None,
    words: Tensor,
    positions: Tensor,
    segment_table: Tensor | None,
    gamma: Tensor,
    beta: Tensor,
    mask: Tensor | None = None,
    position_ids: Tensor | None = None,
    *,
    epsilon: float = 1e-12,
    mask_index_type: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    del mask_index_type
    at = torch.arange(ids.shape[1], device=ids.device) if position_ids is None else position_ids
    total = words[ids.long()] + positions[at.long()]
    if segments is not None and segment_table is not None:
        total = total + segment_table[segments.long()]
    lengths = torch.zeros(ids.shape[0], dtype=torch.int32, device=ids.device)
    if mask is not None:
        lengths = mask.sum(dim=1).to(torch.int32)
    return F.layer_norm(total, gamma.shape, gamma, beta, epsilon), lengths, total


@onnx_op("LRN")
def local_response_norm(
    x: Tensor, *, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, size: int
) -> Tensor:
    squares = F.pad(x.square(), (0, 0) * (x.ndim - 2) + ((size - 1) // 2, size // 2))
    window = squares.unfold(1, size, 1).sum(dim=-1)
    return x / (bias + alpha / size * window) ** beta


@onnx_op("LpNormalization")
def lp_norm(x: Tensor, *, axis: int = -1, p: int = 2) -> Tensor:
    norm = torch.linalg.vector_norm(x, ord=p, dim=axis, keepdim=True)
    return torch.where(norm == 0, torch.zeros_like(x), x / torch.where(norm == 0, 1, norm))


@onnx_op("MeanVarianceNormalization")
def mean_variance_norm(
    x: Tensor,
    *,
    axes: list[int] | None = None,
    across_channels: int = 0,
    normalize_variance: int = 1,
) -> Tensor:
    if axes is None:
        axes = [0, 2, 3]
    if across_channels:
        axes = list(range(1, x.ndim))
    mean = x.mean(dim=axes, keepdim=True)
    if not normalize_variance:
        return x - mean
    variance = x.square().mean(dim=axes, keepdim=True) - mean.square()
    return (x - mean) / (torch.sqrt(variance) + 1e-9)


@onnx_op("Dropout")
def dropout_of_inference(
    x: Tensor, *, is_test: int = 1, ratio: float = 0.5, output_count: int = 1, opset_version: int
) -> Tensor | tuple[Tensor, Tensor]:
    del is_test, ratio
    mask_type = torch.bool if opset_version >= 10 else x.dtype
    return x if output_count == 1 else (x, torch.ones_like(x, dtype=mask_type))


@onnx_op("Dropout", since=12)
def dropout(
    x: Tensor,
    ratio: Tensor | None = None,
    training_mode: Tensor | None = None,
    *,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    share = 0.5 if ratio is None else ratio.item()
    if training_mode is None or not bool(training_mode) or share == 0:
        return x, torch.ones_like(x, dtype=torch.bool)
    drawn = np.random.RandomState(seed % 2**32).uniform(size=x.shape)  # as ONNX's reference does
    kept = torch.from_numpy(np.asarray(drawn >= share)).to(x.device)
    return x * kept / (1 - share), kept
