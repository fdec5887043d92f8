"""What of a chart is at a point: a box, a part of a scope, or a line."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF

from netviz_desktop.graph.scopes import Scope
from netviz_desktop.ui.scene import frames
from netviz_desktop.ui.scene.chart import Chart


class Spot(NamedTuple):
    """One of them, or nothing.

    Args:
        figure, wire: indices in the chart.
        scope: that which the box or the bar stands for.
        part: of the scope, what can be pressed; None: its box.
    """

    figure: int | None = None
    scope: Scope | None = None
    part: frames.Part | None = None
    wire: int | None = None


def spot_at(chart: Chart | None, point: QPointF, reach: float = 0) -> Spot:
    """What is at a point of the scene.

    Args:
        reach: how far from the point a line may be.
    """
    if chart is None:
        return Spot()
    figure = chart.figure_at(point)
    if figure is not None:
        scope = chart.figures[figure].scope
        button = frames.toggle_of(chart.rectangle(figure)).adjusted(-3, -3, 3, 3)
        pressed = scope is not None and button.contains(point)
        return Spot(figure, scope, frames.Part.TOGGLE if pressed else None)
    if (found := frames.part_at(chart, point)) is not None:
        return Spot(None, chart.borders[found[0]].scope, found[1])
    return Spot(wire=chart.wire_at(point, reach) if reach else None)
