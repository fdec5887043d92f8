"""From one layout to the next: boxes move to their new places, and do not jump."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation

from netviz_desktop.layout import PlacedBox, PlacedFrame, Placement
from netviz_desktop.ui.scene.chart import Chart, Floats
from netviz_desktop.ui.scene.graph_item import GraphItem

DURATION_MS = 180
_MOST_WIRES = 900
"""With more of them, a picture takes longer than is left for it."""


class Motion(QObject):
    """Shows the way between two charts, unless that would be slow."""

    def __init__(self, item: GraphItem, parent: QObject) -> None:
        super().__init__(parent)
        self._item = item
        self._chart: Chart | None = None
        self._start: _Start | None = None
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(DURATION_MS)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._move)
        self._animation.finished.connect(self._end)

    @property
    def is_running(self) -> bool:
        return self._chart is not None

    def start(self, before: Chart, after: Chart, anchor: str) -> None:
        """From `before` to `after`; what `anchor` names is at the same place in both."""
        self.finish()
        if max(len(before.wires), len(after.wires)) > _MOST_WIRES:
            return
        self._chart, self._start = after, _Start(before, after, anchor)
        self._move(0.0)
        self._animation.start()

    def finish(self) -> None:
        """Be there at once."""
        if self._chart is not None:
            self._animation.stop()
            self._end()

    def _move(self, share: float) -> None:
        if self._chart is not None and self._start is not None:
            self._item.show_moving(
                self._start.moved(self._chart, share), self._start.appearing, share
            )

    def _end(self) -> None:
        if self._chart is not None:
            chart, self._chart, self._start = self._chart, None, None
            self._item.show_moving(chart, np.zeros(0, bool), 1.0)


class _Start:
    """Where everything in a chart comes from, in that chart's coordinates."""

    def __init__(self, before: Chart, after: Chart, anchor: str) -> None:
        self._boxes = _centres(after.rectangles)
        self._frames = after.frames.copy()
        places = _places(before)
        aside = _anchor(after, anchor) - _anchor(before, anchor)
        outer = {b.id: b.frame for b in after.borders}
        # what was inside of a scope that was closed comes out of its box
        self.appearing = np.zeros(len(after.figures), bool)
        for index, figure in enumerate(after.figures):
            self.appearing[index] = figure.id not in before.index
            came = figure.id
            frame = figure.frame
            while came not in places and frame:
                came, frame = frame, outer[frame]
            if came in places:
                left, top, width, height = places[came]
                self._boxes[index] = (left + width / 2 + aside[0], top + height / 2 + aside[1])
        for index, border in enumerate(after.borders):
            came, frame = border.id, border.frame
            while came not in places and frame:
                came, frame = frame, outer[frame]
            if came in places:
                self._frames[index] = places[came]
                self._frames[index, :2] += aside
        self._ends = np.array(
            [(after.index[w.source], after.index[w.target]) for w in after.wires], np.intp
        ).reshape(-1, 2)

    def moved(self, chart: Chart, share: float) -> Chart:
        """The chart on its way, 0 at the start, 1 at the end."""
        away = (self._boxes - _centres(chart.rectangles)) * (1 - share)
        edges = []
        for placed, (source, target) in zip(chart.placement.edges, self._ends, strict=True):
            points = np.array(placed.points).reshape(-1, 2)
            along = np.linspace(0, 1, len(points))[:, None]
            points += (1 - along) * away[source] + along * away[target]
            middle = (away[source] + away[target]) / 2
            label_x, label_y = placed.label_x, placed.label_y
            if label_x is not None and label_y is not None:
                label_x, label_y = label_x + middle[0], label_y + middle[1]
            edges.append(
                replace(
                    placed, points=tuple(points.ravel().tolist()), label_x=label_x, label_y=label_y
                )
            )
        boxes = [
            PlacedBox(figure.id, *centre)
            for figure, centre in zip(
                chart.figures, (_centres(chart.rectangles) + away).tolist(), strict=True
            )
        ]
        borders = chart.frames + (self._frames - chart.frames) * (1 - share)
        frames = [
            PlacedFrame(border.id, left + width / 2, top + height / 2, width, height)
            for border, (left, top, width, height) in zip(
                chart.borders, borders.tolist(), strict=True
            )
        ]
        placement = Placement(
            chart.placement.width, chart.placement.height, tuple(boxes), tuple(edges), tuple(frames)
        )
        moved = Chart(chart.drawing, placement, chart.lettering)
        moved.shades = chart.shades
        return moved


def _centres(rectangles: Floats) -> Floats:
    return rectangles[:, :2] + rectangles[:, 2:] / 2


def _places(chart: Chart) -> dict[str, tuple[float, ...]]:
    found = {f.id: tuple(r) for f, r in zip(chart.figures, chart.rectangles.tolist(), strict=True)}
    borders = zip(chart.borders, chart.frames.tolist(), strict=True)
    return found | {border.id: tuple(r) for border, r in borders}


def _anchor(chart: Chart, name: str) -> Floats:
    left, top, width, _ = _places(chart).get(name, (0.0, 0.0, 0.0, 0.0))
    return np.array([left + width / 2, top])
