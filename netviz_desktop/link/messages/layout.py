"""Where the drawing's boxes and edges go."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass

from netviz_desktop.layout import Box, Edge, Frame, Placement
from netviz_desktop.link.messages.base import Message, Request


@dataclass(frozen=True)
class Placed(Message):
    placement: Placement


@dataclass(frozen=True)
class LayOut(Request[Placed]):
    """Where boxes and edges go. Answered beside whatever else the engine is busy with."""

    Answer = Placed
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    left_to_right: bool = False
    frames: tuple[Frame, ...] = ()
