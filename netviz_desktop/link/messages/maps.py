"""A node's activation or its gradient, as pictures."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass, field

import numpy as np

from netviz_desktop.graph.receptive_field import Axis
from netviz_desktop.link.messages.base import Array, Message, Request
from netviz_desktop.link.messages.statistics import Statistics


@dataclass(frozen=True)
class Maps(Message):
    """A tensor as pictures: one a channel.

    Args:
        shape: of the whole tensor; the pictures are of its first sample.
        axes: what one picture and the row of pictures are, for the titles:
            "channels" (N, C, H, W), "tokens" (N, T, D), the patches of an image as a map for
            each D, without tokens that stand before them, "heads" (N, H, T, T), "matrix" (one
            picture, T x D), "vector" (one picture, 1 x D), "scalar", "slices" (any other
            rank), or "" when there is nothing to draw.
        thumbnails: (C, h, w) float32, each at most 96 pixels a side (averaged down).
        size: (H, W) of a picture in full.
        minimum, maximum: (C,) float32, exact, over the full picture.
        mean, std, zeros: (C,) float32, of the finite numbers of each full picture; `std` is the
            population's, `zeros` the share (0 to 1) that is exactly 0.
        looks_at: where on the image the rows and the columns of the pictures look; empty when
            that is not known.
        state: empty when this is simply the value; otherwise one sentence that explains
            it ("Not on a path to the output.", "Straight-through ...").
        names: dead channels and the like are the view's business; labels for vectors of
            classes are in `ModelOpened.labels`.
    """

    node: str
    output: int
    value: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    thumbnails: Array
    size: tuple[int, int]
    minimum: Array
    maximum: Array
    statistics: Statistics | None
    state: str = ""
    mean: Array = field(default_factory=lambda: np.zeros(0))
    std: Array = field(default_factory=lambda: np.zeros(0))
    zeros: Array = field(default_factory=lambda: np.zeros(0))
    looks_at: tuple[Axis, ...] = ()


@dataclass(frozen=True)
class ActivationOf(Request[Maps]):
    """What a node computed in the last run."""

    Answer = Maps
    node: str
    output: int = 0


@dataclass(frozen=True)
class GradientOf(Request[Maps]):
    """d score / d activation of a node; `target` None is the predicted class."""

    Answer = Maps
    node: str
    target: int | None = None
    output: int = 0


@dataclass(frozen=True)
class GradientStates(Message):
    """How the gradient of the score stands at a node.

    Args:
        states: of each output; empty when the gradient is simply there, otherwise one sentence,
            as in `Maps.state`.
    """

    node: str
    states: tuple[str, ...]


@dataclass(frozen=True)
class GradientStatesOf(Request[GradientStates]):
    """`target` None is the predicted class."""

    Answer = GradientStates
    node: str
    target: int | None = None


@dataclass(frozen=True)
class Channel(Message):
    """One picture of a `Maps` in full: (H, W) float32.

    Args:
        placed: the same over `RunFinished.seen`; None when nobody asked.
    """

    index: int
    values: Array
    placed: Array | None = None


@dataclass(frozen=True)
class ChannelOf(Request[Channel]):
    """One picture of the `Maps` of the same node, output and target, in full.

    Args:
        gradient: of the gradient's maps; otherwise of the activation's.
        placed: also laid over the image, each cell where it looks.
    """

    Answer = Channel
    node: str
    index: int
    output: int = 0
    gradient: bool = False
    target: int | None = None
    placed: bool = False
