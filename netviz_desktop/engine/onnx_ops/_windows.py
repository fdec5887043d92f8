"""Sliding windows: where convolution and pooling put them, and how much is padded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """Kernel, stride, dilation, and padding before and after, for each spatial axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def symmetric(self) -> bool:
        return self.before == self.after and min(self.before, default=0) >= 0

    @property
    def spans(self) -> tuple[int, ...]:
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def counts(self, sizes: Sequence[int], *, ceil: bool) -> tuple[int, ...]:
        """How many windows there are along each axis."""
        found = []
        for size, span, stride, before, after in zip(
            sizes, self.spans, self.stride, self.before, self.after, strict=True
        ):
            room = size + before + after - span
            count = -(-room // stride) + 1 if ceil else room // stride + 1
            if ceil and (count - 1) * stride >= size + before:
                count -= 1  # a window must not begin in the padding behind the input
            found.append(count)
        return tuple(found)

    def padded(self, x: Tensor, counts: Sequence[int], value: float) -> Tensor:
        """`x` with all that the windows reach."""
        pads: list[int] = []
        sizes = x.shape[x.ndim - len(self.kernel) :]
        for size, span, stride, before, count in reversed(
            list(zip(sizes, self.spans, self.stride, self.before, counts, strict=True))
        ):
            pads += [before, (count - 1) * stride + span - size - before]
        return F.pad(x, pads, value=value) if any(pads) else x

    def elements(self, padded: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        """For each position in the kernel, what all windows have there: (..., *counts)."""
        for position in itertools.product(*map(range, self.kernel)):
            picked = padded
            for axis, (at, step, dilation, count) in enumerate(
                zip(position, self.stride, self.dilation, counts, strict=True)
            ):
                first = at * dilation
                rows = slice(first, first + (count - 1) * step + 1, step)
                picked = picked[(slice(None),) * (axis + 2) + (rows,)]
            yield picked


def windows(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    pads: Sequence[int] | None,
    auto_pad: str,
) -> Windows:
    """The windows over an input of these spatial sizes, by ONNX's attributes."""
    rank = len(sizes)
    stride = tuple(strides or (1,) * rank)
    dilation = tuple(dilations or (1,) * rank)
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        before, after = [], []
        for size, k, s, d in zip(sizes, kernel, stride, dilation, strict=True):
            total = max((-(-size // s) - 1) * s + (k - 1) * d + 1 - size, 0)
            small, large = total // 2, total - total // 2
            before.append(small if auto_pad == "SAME_UPPER" else large)
            after.append(large if auto_pad == "SAME_UPPER" else small)
        return Windows(tuple(kernel), stride, dilation, tuple(before), tuple(after))
    if auto_pad == "VALID" or not pads:
        pads = (0,) * (2 * rank)
    return Windows(tuple(kernel), stride, dilation, tuple(pads[:rank]), tuple(pads[rank:]))
