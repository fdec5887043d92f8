"""Running the open model."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass, field

import numpy as np

from netviz_desktop.graph import ModelGraph
from netviz_desktop.link.messages.base import Array, Message, Request
from netviz_desktop.link.messages.opening import Preprocessing


@dataclass(frozen=True)
class Prediction:
    """One class of the output. `target` is its index in the output before softmax;
    `logit` is the value there, `score` the probability (0 to 1)."""

    target: int
    label: str
    logit: float
    score: float


@dataclass(frozen=True)
class RunFinished(Message):
    """An image or tensors went through the model, and every activation is kept in the engine.

    Args:
        picture: (H, W, 3) uint8, the whole image upright, at most 1024 pixels a side. Of
            tensors: the one that an image would become, drawn as `taken`, as are `seen` and
            the crop; (0, 0, 3) where there is none.
        crop: left, top, width, height, in pixels of `picture`: the part the model saw.
        seen: (H, W, 3) uint8: the part that the model saw, in its resolution.
        taken: (H, W, 3) uint8: the tensor as the model takes it, its channels in the model's
            order, spread from its least number to its greatest.
        taken_range: the least and the greatest of them.
        predictions: most likely first, at most 10; empty when the model has no classes.
        score_kind: "softmax", "sigmoid" or "" : how `score` came from `logit`.
        graph: None when it is the graph as opened; otherwise the graph as it ran.
        shapes: value name -> its shape in this run.
        dtypes: value name -> its dtype in this run.
        milliseconds: node id -> time spent in it.
        default_node: the node that layer-based methods take when none is named, or None.
        default_reason: why that one; when None, why there is none.
        bytes_on_disk: of the activations, what did not fit into `RunImage.memory_bytes`.
        stopped: empty when the model ran to its end, else the Problem's two sentences: why
            it did not. What it computed before is there, the outputs are not.
        stopped_at: id of the node that stopped it, the last in `graph`.
    """

    picture: Array
    crop: tuple[float, float, float, float]
    seen: Array
    predictions: tuple[Prediction, ...]
    score_kind: str
    graph: ModelGraph | None
    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    milliseconds: dict[str, float]
    total_milliseconds: float
    default_node: str | None
    default_reason: str
    bytes_on_disk: int = 0
    stopped: tuple[str, str] | None = None
    stopped_at: str = ""
    taken: Array = field(default_factory=lambda: np.zeros((0, 0, 3), np.uint8))
    taken_range: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class RunImage(Request[RunFinished]):
    """Run the open model on an image.

    Args:
        data: the image file's bytes, in any format Pillow reads.
        name: what to call it in a Problem.
        preprocessing: None: as the model was opened with.
        memory_bytes: how much the activations and what gradients need may fill; what is
            beyond lies in temporary files. None: a quarter of the engine's machine.
    """

    Answer = RunFinished
    data: bytes
    name: str
    preprocessing: Preprocessing | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class RunTensors(Request[RunFinished]):
    """Run the open model on tensors as it takes them, without preprocessing.

    Args:
        inputs: by the inputs' names.
        memory_bytes: as in `RunImage`.
    """

    Answer = RunFinished
    inputs: dict[str, Array]
    memory_bytes: int | None = None
