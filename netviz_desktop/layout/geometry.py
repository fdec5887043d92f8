"""What a layout is given and what it gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """Something to place, of a size that whoever draws it has measured.

    Args:
        frame: the id of the frame it is in; empty for none.
    """

    id: str
    width: float
    height: float
    frame: str = ""


@dataclass(frozen=True)
class Frame:
    """A border around all boxes and frames that name it; edges may cross it.

    Args:
        width, height: of its title, which stands in its top left corner.
        frame: the id of the frame it is in; empty for none.
    """

    id: str
    width: float
    height: float
    frame: str = ""


@dataclass(frozen=True)
class Edge:
    """From one box to another; several between the same two are several lines.

    Args:
        id: unique among the edges of one layout.
        label_width, label_height: room for a text at its middle; 0 for none.
    """

    id: str
    source: str
    target: str
    label_width: float = 0
    label_height: float = 0


@dataclass(frozen=True)
class PlacedBox:
    """`x`, `y`: the centre."""

    id: str
    x: float
    y: float


@dataclass(frozen=True)
class PlacedFrame:
    """`x`, `y`: the centre."""

    id: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PlacedEdge:
    """A cubic Bezier chain from the source's border to the target's.

    Args:
        points: flat x, y, x, y, ... of 3 n + 1 points: start, then two control points and
            an end for each piece.
        label_x, label_y: the centre of the label; None without one.
    """

    id: str
    points: tuple[float, ...]
    label_x: float | None = None
    label_y: float | None = None


@dataclass(frozen=True)
class Placement:
    """Everything lies within (0, 0) and (width, height); y grows downwards."""

    width: float
    height: float
    boxes: tuple[PlacedBox, ...]
    edges: tuple[PlacedEdge, ...]
    frames: tuple[PlacedFrame, ...] = ()
