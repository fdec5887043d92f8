"""Keras on torch without copies of what lies with its channels last.

For each convolution its backend copies the activation and the kernel into other orders of
memory, and autograd saves the copies: together as much as all activations of ResNet-50.
torch computes from any order, and where it needs another one it copies for the moment only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


@contextmanager
def uncopied(device: torch.device) -> Iterator[None]:
    """Layers that are called meanwhile take their inputs and kernels as they lie."""
    from keras.src.backend.torch import nn

    backend = vars(nn)
    before = {name: backend[name] for name in _INSTEAD if name in backend}
    if device.type == "mps":  # its convolutions want contiguous memory
        before = {}
    backend.update((name, _INSTEAD[name]) for name in before)
    try:
        yield
    finally:
        backend.update(before)


def lay_kernels(variables: Iterable[Any]) -> None:
    """Move the numbers of (H, W, in, out) kernels to where convolutions look for them: values
    and shapes stay, only the strides are others."""
    for variable in variables:
        if variable.name == "kernel" and len(variable.shape) == 4:
            kernel = variable.value.data.permute(3, 2, 0, 1)
            laid = kernel.contiguous(memory_format=torch.channels_last)
            variable.value.data = laid.permute(2, 3, 1, 0)


def _channels_first(inputs: Tensor) -> Tensor:
    return inputs.movedim(-1, 1)


def _as_it_lies(tensor: Tensor) -> Tensor:
    return tensor


_INSTEAD: dict[str, Any] = {
    "_transpose_spatial_inputs": _channels_first,
    "_maybe_convert_to_channels_last": _as_it_lies,
}
