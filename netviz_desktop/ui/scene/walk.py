"""From a box to the one beside it: what Ctrl and an arrow key reaches."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt

from netviz_desktop.ui.scene.chart import Chart

KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)
ALONG = {False: (Qt.Key.Key_Up, Qt.Key.Key_Down), True: (Qt.Key.Key_Left, Qt.Key.Key_Right)}
"""Against the flow, and with it; True: from left to right."""


def nearest(chart: Chart, point: QPointF) -> int:
    """The figure whose centre is nearest."""
    boxes = chart.rectangles
    distance = np.hypot(
        boxes[:, 0] + boxes[:, 2] / 2 - point.x(), boxes[:, 1] + boxes[:, 3] / 2 - point.y()
    )
    return int(distance.argmin())


def neighbour(chart: Chart, figure: int | None, key: int, left_to_right: bool) -> int | None:
    """Along the flow: the first that a line leads to; across it: the next in the row.

    Without a figure to start from, the first of the graph.
    """
    if figure is None:
        return 0
    backward, forward = ALONG[left_to_right]
    right = Qt.Key.Key_Down if left_to_right else Qt.Key.Key_Right
    if key == forward and chart.outputs_of[figure]:
        return chart.index[chart.wires[chart.outputs_of[figure][0]].target]
    if key == backward and chart.inputs_of[figure]:
        return chart.index[chart.wires[chart.inputs_of[figure][0]].source]
    if chart.wires and key in (forward, backward):
        return None
    return (
        _beside(chart, figure, key, left_to_right)
        if chart.wires
        else _next(chart, figure, forward=key in (forward, right))
    )


def _beside(chart: Chart, figure: int, key: int, left_to_right: bool) -> int | None:
    across, along = (1, 0) if left_to_right else (0, 1)
    centres = chart.rectangles[:, :2] + chart.rectangles[:, 2:] / 2
    offset = centres - centres[figure]
    sign = 1 if key in (Qt.Key.Key_Right, Qt.Key.Key_Down) else -1
    reach = (chart.rectangles[:, 2:] + chart.rectangles[figure, 2:])[:, along] / 2
    candidates = (sign * offset[:, across] > 0) & (np.abs(offset[:, along]) < reach)
    if not candidates.any():
        return None
    return int(np.where(candidates, np.abs(offset[:, across]), np.inf).argmin())


def _next(chart: Chart, figure: int, *, forward: bool) -> int | None:
    other = figure + (1 if forward else -1)
    return other if 0 <= other < len(chart.figures) else None
