"""Where an attribution method sees evidence."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass, field

from netviz_desktop.link.messages.base import Array, Message, Request


@dataclass(frozen=True)
class Attribution(Message):
    """Where an attribution method sees evidence.

    Args:
        node: the layer, for methods of a layer; None for those of the input.
        label: the target's class name.
        raw: (h, w) float32, signed, at the method's own resolution; no unit. Of methods of
            the input, the sum over channels.
        placed: (H, W) float32, signed, over `RunFinished.seen`: pixel (i, j) of it speaks
            for that pixel, placed by the receptive fields of the layer.
        placement: one sentence on how it was placed.
        state: empty, or one sentence a person must know ("No positive evidence ...").
    """

    method: str
    node: str | None
    target: int
    label: str
    raw: Array
    placed: Array
    placement: str
    state: str = ""


@dataclass(frozen=True)
class Explain(Request[Attribution]):
    """An attribution for the last run. None: the default node, the predicted class."""

    Answer = Attribution
    method: str
    node: str | None = None
    target: int | None = None
    parameters: dict[str, bool | int | float | str] = field(default_factory=dict)
