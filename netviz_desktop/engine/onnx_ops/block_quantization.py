"""Weights of 2, 4 or 8 bits with a scale for each block, several of them in a byte.
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("MatMulNBits", domain="com.microsoft")
def matmul_n_bits(
    a: Tensor,  # (..., K)
    b: Tensor,  # (N, blocks, bytes in a block)
    scales: Tensor,  # N · blocks
    zero_points: Tensor | None = None,
    groups: Tensor | None = None,
    bias: Tensor | None = None,  # (N,)
    *,
    K: int,  # noqa: N803
    N: int,  # noqa: N803
    accuracy_level: int = 0,
    bits: int = 4,
    block_size: int,
    weight_prepacked: int = 0,
) -> Tensor:
    del accuracy_level  # how inexact it may be computed
    if groups is not None or weight_prepacked:
        raise NotImplementedError("reordered or prepacked weights are not known")
    blocks = -(-K // block_size)
    q = _unpacked(b.reshape(N, blocks, -1), bits).to(a.dtype)  # (N, blocks, block_size)
    if zero_points is None:
        zero: Tensor | float = 2.0 ** (bits - 1)
    elif zero_points.dtype == torch.uint8:
        zero = _unpacked(zero_points.reshape(N, -1), bits)[:, :blocks, None].to(a.dtype)
    else:
        zero = zero_points.reshape(N, blocks, 1)
    weight = ((q - zero) * scales.reshape(N, blocks, 1)).reshape(N, -1)[:, :K]
    return torch.nn.functional.linear(a, weight, bias)


@onnx_op("GatherBlockQuantized", domain="com.microsoft")
def gather_block_quantized(
    data: Tensor,
    indices: Tensor,
    scales: Tensor,
    zero_points: Tensor | None = None,
    *,
    bits: int = 4,
    block_size: int = 128,
    gather_axis: int = 0,
    quantize_axis: int = 1,
) -> Tensor:
    gather, blocked = gather_axis % data.ndim, quantize_axis % data.ndim
    if gather == blocked:
        raise NotImplementedError("rows that share a scale are not known")
    packed = getattr(data, "_netviz_code", None) is None and data.dtype == torch.uint8
    index = indices.reshape(-1).long()
    index = torch.where(index < 0, index + data.shape[gather], index)
    rows = data.index_select(gather, index)
    rows = _unpacked(rows, bits) if packed else rows
    zero: Tensor | float = 2.0 ** (bits - 1) if packed else 0.0

    def spread(parameter: Tensor) -> Tensor:
        spread_out = parameter.repeat_interleave(block_size, dim=blocked)
        return spread_out.narrow(blocked, 0, rows.shape[blocked])

    if zero_points is not None:
        picked = zero_points.index_select(gather, index)
        zero = spread((_unpacked(picked, bits) if packed else picked).to(scales.dtype))
    y = (rows.to(scales.dtype) - zero) * spread(scales.index_select(gather, index))
    return y.reshape(*y.shape[:gather], *indices.shape, *y.shape[gather + 1 :])


def _unpacked(packed: Tensor, bits: int) -> Tensor:
    """The numbers in each byte, the lowest bits first: (..., bytes) -> (..., numbers)."""
    shifts = torch.arange(0, 8, bits, dtype=torch.uint8, device=packed.device)
    numbers: Tensor = (packed[..., None] >> shifts) & (2**bits - 1)
    return numbers.flatten(-2)
