"""The parameters of a node, as pictures."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass

from netviz_desktop.link.messages.base import Array, Message, Request
from netviz_desktop.link.messages.statistics import Statistics


@dataclass(frozen=True)
class WeightView:
    """A parameter as pictures.

    Args:
        axes: "kernels" (one picture an output channel, of one input channel),
            "rgb kernels" (O, h, w, 3), "matrix" (rows are outputs), "vector", "scalar",
            "slices", or "" when there is nothing to draw.
        pictures: (P, h, w) float32, or (P, h, w, 3) for "rgb kernels"; values as stored.
        reduced: pictures are averaged down (a matrix above 1024 a side).
        size: (H, W) of a picture in full; None: that of `pictures`.
        input_channel, input_channels: which of how many is shown ("kernels" only).
        norms: (O,) Euclidean norm of what leads to each output; None: it has no such axis.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    pictures: Array
    reduced: bool
    statistics: Statistics | None
    input_channel: int = 0
    input_channels: int = 1
    state: str = ""
    size: tuple[int, int] | None = None
    norms: Array | None = None


@dataclass(frozen=True)
class Weights(Message):
    """The parameters of a node, in its own order."""

    node: str
    weights: tuple[WeightView, ...]


@dataclass(frozen=True)
class WeightsOf(Request[Weights]):
    """A node's parameters, as the file has them: no run is needed."""

    Answer = Weights
    node: str
    input_channel: int = 0
