"""Shapes: the same elements, arranged in another way."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("Identity", moves=True)
def identity(x: Any) -> Any:
    return x


@onnx_op("Shape")
def shape(x: Tensor, *, start: int = 0, end: int | None = None) -> Tensor:
    return torch.tensor(x.shape[start:end], dtype=torch.int64, device=x.device)


@onnx_op("Size")
def size(x: Tensor) -> Tensor:
    return torch.tensor(x.numel(), dtype=torch.int64, device=x.device)


@onnx_op("Reshape", moves=True)
def reshape_to_attribute(x: Tensor, *, shape: list[int]) -> Tensor:
    return _reshaped(x, shape, allowzero=False)


@onnx_op("Reshape", since=5, moves=True)
def reshape(x: Tensor, shape: Tensor, *, allowzero: int = 0) -> Tensor:
    return _reshaped(x, shape.tolist(), allowzero=bool(allowzero))


def _reshaped(x: Tensor, wanted: list[int], *, allowzero: bool) -> Tensor:
    if not allowzero and 0 in wanted:
        wanted = [x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    return x.reshape(wanted)


@onnx_op("Flatten", moves=True)
def flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    rows = 1
    for length in x.shape[: axis if axis >= 0 else x.ndim + axis]:
        rows *= length
    return x.reshape(rows, x.numel() // rows if rows else 0)


@onnx_op("Squeeze", moves=True)
def squeeze_attribute(x: Tensor, *, axes: list[int] | None = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


@onnx_op("Squeeze", since=13, moves=True)
def squeeze(x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(tuple(axes.tolist()))


@onnx_op("Unsqueeze", moves=True)
def unsqueeze_attribute(x: Tensor, *, axes: list[int]) -> Tensor:
    return _unsqueezed(x, axes)


@onnx_op("Unsqueeze", since=13, moves=True)
def unsqueeze(x: Tensor, axes: Tensor) -> Tensor:
    return _unsqueezed(x, axes.reshape(-1).tolist())


@onnx_op("ExpandDims", domain="com.microsoft", moves=True)
def expand_dims(x: Tensor, axis: Tensor) -> Tensor:
    return x.unsqueeze(int(axis))


def _unsqueezed(x: Tensor, axes: list[int]) -> Tensor:
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


@onnx_op("Transpose", moves=True)
def transpose(x: Tensor, *, perm: list[int] | None = None) -> Tensor:
    return x.permute(perm if perm is not None else list(range(x.ndim))[::-1])


@onnx_op("Expand", moves=True)
def expand(x: Tensor, shape: Tensor) -> Tensor:
    wanted = torch.broadcast_shapes(x.shape, tuple(shape.tolist()))  # type: ignore[no-untyped-call]
    return x.expand(wanted)


@onnx_op("Tile", moves=True)
def tile(x: Tensor, repeats: Tensor) -> Tensor:
    return x.repeat(repeats.tolist()) if x.ndim else x


@onnx_op("Concat", moves=True)
def concat(*xs: Tensor, axis: int = 1) -> Tensor:
    return torch.cat(xs, dim=axis)


@onnx_op("Split", moves=True)
def split_by_attribute(
    x: Tensor, lengths: Tensor | None = None, *, axis: int = 0, split: list[int] | None = None,
    output_count: int,
) -> tuple[Tensor, ...]:  # fmt: skip
    return _split(x, split or (None if lengths is None else lengths.tolist()), axis, output_count)


@onnx_op("Split", since=13, moves=True)
def split(
    x: Tensor,
    lengths: Tensor | None = None,
    *,
    axis: int = 0,
    num_outputs: int | None = None,
    output_count: int,
) -> tuple[Tensor, ...]:
    return _split(
        x, None if lengths is None else lengths.tolist(), axis, num_outputs or output_count
    )


def _split(x: Tensor, lengths: list[int] | None, axis: int, count: int) -> tuple[Tensor, ...]:
    if lengths is None:
        whole = x.shape[axis]
        each = -(-whole // count)  # the last part may be shorter, or even empty
        lengths = [max(min(each, whole - each * part), 0) for part in range(count)]
    return tuple(torch.split(x, lengths, dim=axis))


@onnx_op("DepthToSpace", moves=True)
def depth_to_space(x: Tensor, *, blocksize: int, mode: str = "DCR") -> Tensor:
    n, c, h, w = x.shape
    b = blocksize
    if mode == "DCR":
        y = x.reshape(n, b, b, c // b**2, h, w).permute(0, 3, 4, 1, 5, 2)
    else:
        y = x.reshape(n, c // b**2, b, b, h, w).permute(0, 1, 4, 2, 5, 3)
    return y.reshape(n, c // b**2, h * b, w * b)


@onnx_op("SpaceToDepth", moves=True)
def space_to_depth(x: Tensor, *, blocksize: int, mode: str = "DCR") -> Tensor:
    n, c, h, w = x.shape
    b = blocksize
    y = x.reshape(n, c, h // b, b, w // b, b)
    y = y.permute(0, 3, 5, 1, 2, 4) if mode == "DCR" else y.permute(0, 1, 3, 5, 2, 4)
    return y.reshape(n, c * b**2, h // b, w // b)


@onnx_op("Col2Im")
def col2im(
    x: Tensor,  # (N, C · block, L)
    image_shape: Tensor,
    block_shape: Tensor,
    *,
    dilations: list[int] | None = None,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
) -> Tensor:
    image, block = image_shape.tolist(), block_shape.tolist()
    rank = len(image)
    dilation, stride = dilations or [1] * rank, strides or [1] * rank
    pad = pads or [0] * (2 * rank)
    samples, channels = x.shape[0], x.shape[1]
    for length in block:
        channels //= length
    padded = [image[a] + pad[a] + pad[a + rank] for a in range(rank)]
    # Which element of the padded image each column entry is added to, axis by axis.
    counts = [(padded[a] - dilation[a] * (block[a] - 1) - 1) // stride[a] + 1 for a in range(rank)]
    flat = torch.zeros((1,) * (2 * rank), dtype=torch.int64, device=x.device)
    for axis in range(rank):
        at = (
            torch.arange(block[axis], device=x.device)[:, None] * dilation[axis]
            + torch.arange(counts[axis], device=x.device)[None] * stride[axis]
        )
        view = [1] * (2 * rank)
        view[axis], view[axis + rank] = block[axis], counts[axis]
        flat = flat * padded[axis] + at.reshape(view)
    total = 1
    for length in padded:
        total *= length
    y = x.new_zeros((samples, channels, total))
    y = y.index_add(2, flat.reshape(-1), x.reshape(samples, channels, -1))
    y = y.reshape(samples, channels, *padded)
    for axis in range(rank):
        y = y.narrow(axis + 2, pad[axis], image[axis])
    return y
