"""The numbers of a tensor, a part at a time: to be read, and to be saved."""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.explanation import as_numpy
from netviz_desktop.engine.tensor_statistics import statistics
from netviz_desktop.link.messages import Numbers, TensorPart

_SIDE = 256


def part(value: str, tensor: Tensor, at: tuple[int, ...], with_statistics: bool) -> TensorPart:
    """The last two axes at an index of those before, which is cut to what there is."""
    tensor = tensor.detach()
    matrix = tensor
    if not tensor.numel():
        matrix = tensor.new_zeros(0, 0)
    elif tensor.ndim < 2:
        matrix = tensor.reshape(1, -1)
    else:
        for axis, size in enumerate(tensor.shape[:-2]):
            matrix = matrix[min(at[axis] if axis < len(at) else 0, size - 1)]
    return TensorPart(
        value=value,
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype).removeprefix("torch."),
        rows=as_numpy(_known_to_numpy(matrix[:_SIDE, :_SIDE])),
        size=(matrix.shape[0], matrix.shape[1]),
        statistics=statistics(tensor) if with_statistics else None,
    )


def numbers(tensor: Tensor, start: int, stop: int) -> Numbers:
    """Some of all numbers in row-major order; the tensor itself is not copied."""
    shape = tuple(tensor.shape)
    tensor = tensor.detach()
    if tensor.is_contiguous():
        found = tensor.reshape(-1)[start:stop]
    else:  # a reshape would be of all of it
        places = torch.arange(start, min(stop, tensor.numel()), device=tensor.device)
        found = tensor[torch.unravel_index(places, shape)] if shape else tensor.reshape(1)
    return Numbers(as_numpy(_known_to_numpy(found)), shape)


def _known_to_numpy(tensor: Tensor) -> Tensor:
    small = tensor.dtype.is_floating_point and tensor.dtype.itemsize < 2
    return tensor.float() if small else tensor
