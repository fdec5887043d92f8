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
        figure: its index in the chart.
        chip: the name of the value that can be followed there.
        scope: that which the box or the bar stands for.
        part: of the scope, what can be pressed; None: its box.
        wires: the indices of lines; several where they run together.
    """

    figure: int | None = None
    scope: Scope | None = None
    part: frames.Part | None = None
    wires: tuple[int, ...] = ()
    chip: str = ""

    @property
    def wire(self) -> int | None:
        return self.wires[0] if self.wires else None


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
        row = chart.figures[figure].row_at(point.y() - chart.rectangle(figure).top())
        if row is not None and row.follows:
            return Spot(figure, scope, chip=row.follows)
        button = frames.toggle_of(chart.rectangle(figure)).adjusted(-3, -3, 3, 3)
        pressed = scope is not None and button.contains(point)
        return Spot(figure, scope, frames.Part.TOGGLE if pressed else None)
    if (found := frames.part_at(chart, point)) is not None:
        return Spot(None, chart.borders[found[0]].scope, found[1])
    return Spot(wires=tuple(chart.wires_at(point, reach)) if reach else ())
