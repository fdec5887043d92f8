"""What training graphs compute with."""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import Body, onnx_op


@onnx_op("Gradient", domain="ai.onnx.preview.training")
def gradient(
    *values: Tensor, xs: list[str], y: str, zs: list[str] | None = None, between: Body
) -> tuple[Tensor, ...]:
    """d y / d x for each value that `xs` names, where these and those of `zs` are `values`."""
    del y, zs
    further = torch.is_grad_enabled()
    with torch.enable_grad():
        free = [x if x.requires_grad else x.detach().requires_grad_() for x in values[: len(xs)]]
        (score,) = between(*free, *values[len(xs) :])
        return torch.autograd.grad(
            score.sum(), free, create_graph=further, allow_unused=True, materialize_grads=True
        )
