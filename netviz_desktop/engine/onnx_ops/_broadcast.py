"""Broadcasting as ONNX did it before opset 7."""

from __future__ import annotations

from torch import Tensor


def aligned(a: Tensor, b: Tensor, axis: int | None, broadcast: int) -> Tensor:
    """`b`, its dimensions moved so that the first lies on `axis` of `a`."""
    if axis is None or not broadcast:
        return b
    start = axis % a.ndim
    return b.reshape(b.shape + (1,) * (a.ndim - start - b.ndim))
