"""Random numbers: the same in every run, so that what is shown stays what it was.

They are drawn as ONNX's reference evaluator draws them, from the node's seed, else from 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op
from netviz_desktop.engine.onnx_ops._numbers import computed_dtype


@onnx_op("RandomNormal")
def random_normal(
    *,
    device: torch.device,
    dtype: int = 1,
    mean: float = 0.0,
    scale: float = 1.0,
    seed: float = 0.0,
    shape: list[int],
) -> Tensor:
    return _normal(shape, mean, scale, seed).to(device, computed_dtype(dtype))


@onnx_op("RandomNormalLike")
def random_normal_like(
    x: Tensor, *, dtype: int | None = None, mean: float = 0.0, scale: float = 1.0, seed: float = 0.0
) -> Tensor:
    kind = x.dtype if dtype is None else computed_dtype(dtype)
    return _normal(x.shape, mean, scale, seed).to(x.device, kind)


@onnx_op("RandomUniform")
def random_uniform(
    *,
    device: torch.device,
    dtype: int = 1,
    high: float = 1.0,
    low: float = 0.0,
    seed: float = 0.0,
    shape: list[int],
) -> Tensor:
    return _uniform(shape, low, high, seed).to(device, computed_dtype(dtype))


@onnx_op("RandomUniformLike")
def random_uniform_like(
    x: Tensor, *, dtype: int | None = None, high: float = 1.0, low: float = 0.0, seed: float = 0.0
) -> Tensor:
    kind = x.dtype if dtype is None else computed_dtype(dtype)
    return _uniform(x.shape, low, high, seed).to(x.device, kind)


@onnx_op("Bernoulli")
def bernoulli(x: Tensor, *, dtype: int | None = None, seed: float = 0.0) -> Tensor:
    kind = x.dtype if dtype is None else computed_dtype(dtype)
    draws = np.asarray(_state(seed).binomial(1, p=x.detach().cpu().numpy()))
    return torch.from_numpy(draws).to(x.device, kind)


def _normal(shape: Sequence[int], mean: float, scale: float, seed: float) -> Tensor:
    return torch.from_numpy(np.asarray(_state(seed).randn(*shape) * scale + mean))


def _uniform(shape: Sequence[int], low: float, high: float, seed: float) -> Tensor:
    return torch.from_numpy(np.asarray(_state(seed).rand(*shape) * (high - low) + low))


def _state(seed: float) -> np.random.RandomState:
    return np.random.RandomState(int(seed) % 2**32)
