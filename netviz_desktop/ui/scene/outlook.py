"""Where one looks at a graph, in words that hold in another layout of it, too."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF

from netviz_desktop.ui.scene.chart import Chart


class Outlook(NamedTuple):
    """Args:
    anchor: the id of a figure, or of a frame.
    aside: from the middle of the viewport to the middle of its upper side, in pixels.
    scale: 1 is 100 %.
    """

    anchor: str
    aside: QPointF
    scale: float


def top_of(chart: Chart, scope_or_figure: str) -> QPointF | None:
    """The middle of the upper side of a figure or a frame."""
    if scope_or_figure in chart.index:
        left, top, width, _ = chart.rectangles[chart.index[scope_or_figure]].tolist()
    elif scope_or_figure in chart.border_index:
        left, top, width, _ = chart.frames[chart.border_index[scope_or_figure]].tolist()
    else:
        return None
    return QPointF(left + width / 2, top)
