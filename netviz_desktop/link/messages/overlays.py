"""What a run says about every node."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass

from netviz_desktop.link.messages.base import Array, Message, Request


@dataclass(frozen=True)
class NodeValues(Message):
    """A number for each node that has one.

    Args:
        nodes: ids, in the order in which they ran.
        values: (N,) float64, finite.
    """

    nodes: tuple[str, ...]
    values: Array


@dataclass(frozen=True)
class OverlayOf(Request[NodeValues]):
    """What the last run says about each node.

    Args:
        kind: the id of one of `graph.overlay.KINDS` that needs a run.
        target: of the gradient; None: the predicted class.
    """

    Answer = NodeValues
    kind: str
    target: int | None = None


@dataclass(frozen=True)
class Diagnosis(Message):
    """Every overlay of `graph.overlay.DIAGNOSIS` at once.

    Args:
        nodes: ids of those that have any number, in the order in which they ran.
        kinds: ids of the overlays, one for each column.
        values: (N, K) float64; NaN where a node has none.
        no_gradient: why the columns of the gradient are empty, else empty.
    """

    nodes: tuple[str, ...]
    kinds: tuple[str, ...]
    values: Array
    no_gradient: str = ""


@dataclass(frozen=True)
class DiagnosisOf(Request[Diagnosis]):
    """What the last run says about all nodes.

    Args:
        target: of the gradient; None: the predicted class.
    """

    Answer = Diagnosis
    target: int | None = None
