"""Fourier transforms."""

from __future__ import annotations

import torch
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("DFT")
def dft_of_attribute(
    x: Tensor, length: Tensor | None = None, *, axis: int = 1, inverse: int = 0, onesided: int = 0
) -> Tensor:
    return _dft(x, length, axis, inverse, onesided)


@onnx_op("DFT", since=20)
def dft(
    x: Tensor,  # (..., 1 or 2): real, or real and imaginary
    length: Tensor | None = None,
    axis: Tensor | None = None,
    *,
    inverse: int = 0,
    onesided: int = 0,
) -> Tensor:
    return _dft(x, length, -2 if axis is None else int(axis), inverse, onesided)


def _dft(x: Tensor, length: Tensor | None, axis: int, inverse: int, onesided: int) -> Tensor:
    axis = axis % x.ndim
    count = x.shape[axis] if length is None else int(length)
    if inverse and onesided:
        if length is None:
            count = 2 * (count - 1)
        y: Tensor = torch.fft.irfft(_complex(x), n=count, dim=axis)
        return y.unsqueeze(-1)
    if inverse:
        return torch.view_as_real(torch.fft.ifft(_complex(x), n=count, dim=axis))
    if onesided:
        return torch.view_as_real(torch.fft.rfft(x[..., 0], n=count, dim=axis))
    return torch.view_as_real(torch.fft.fft(_complex(x), n=count, dim=axis))


def _complex(x: Tensor) -> Tensor:
    return (
        torch.view_as_complex(x.contiguous())
        if x.shape[-1] == 2
        else x[..., 0].to(torch.complex128 if x.dtype == torch.float64 else torch.complex64)
    )


@onnx_op("STFT")
def stft(
    x: Tensor,  # (N, T, 1 or 2)
    step: Tensor,
    window: Tensor | None = None,
    length: Tensor | None = None,
    *,
    onesided: int = 1,
) -> Tensor:
    if length is not None:
        size = int(length)
    elif window is not None:
        size = window.shape[0]
    else:
        raise ValueError("neither a window nor a frame length is given")
    frames = x.unfold(1, size, int(step)).transpose(-1, -2)  # (N, frames, size, 1 or 2)
    if window is not None:
        frames = frames * window[:, None]
    return _dft(frames, None, 2, 0, onesided)
