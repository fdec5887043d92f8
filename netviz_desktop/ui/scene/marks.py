"""What is marked on a chart: what is chosen, found or at fault."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from netviz_desktop.ui.scene import badge, frames, ribbon
from netviz_desktop.ui.scene.boxes import RADIUS
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.tracing import Lit
from netviz_desktop.ui.theme import Theme

_MOST_ROUNDED = 1000  # found or selected, in view: so many are too small for round corners
_MOST_FAULTS = 500  # in view: where all is marked, more marks tell nothing


@dataclass
class Marks:
    """Figures by their index in a chart.

    Args:
        framed: the open scope that is selected, as an index of a border.
        found: how much is found in each figure.
        stopped: where the latest run stopped.
        wire, hovered_wire: lines, by their index.
        others: what is selected beside `selected`.
        bookmarked: what wears a ribbon.
        lit: what is not dimmed, where something is.
    """

    selected: int | None = None
    hovered: int | None = None
    framed: int | None = None
    found: Mapping[int, int] = field(default_factory=dict)
    stopped: int | None = None
    wire: int | None = None
    hovered_wire: int | None = None
    others: tuple[int, ...] = ()
    bookmarked: Collection[int] = ()
    lit: Lit | None = None

    @property
    def connects(self) -> bool:
        """Whether lines are brighter than others."""
        marked = (self.hovered, self.selected, self.wire, self.hovered_wire)
        return any(mark is not None for mark in marked)

    def paint_connections(
        self, painter: QPainter, chart: Chart, area: QRectF, scale: float, palette: Theme
    ) -> None:
        """The lines of what is selected, and of what the mouse is over."""
        if not self.connects:
            return
        wires_in_view = chart.wires_in(area)
        if self.lit is not None:
            wires_in_view = wires_in_view[self.lit.wires[wires_in_view]]
        seen = set(wires_in_view.tolist())
        for figure, strength in ((self.hovered, 0.55), (self.selected, 1.0)):
            if figure is None:
                continue
            colour = QColor(palette.accent)
            colour.setAlphaF(strength)
            wires: Iterable[int] = (*chart.inputs_of[figure], *chart.outputs_of[figure])
            for wire in filter(seen.__contains__, wires):
                _paint_wire(painter, chart, wire, colour, 1.8 * _line_width(scale))
        if self.hovered_wire is not None:
            width = 2.2 * _line_width(scale)
            _paint_wire(painter, chart, self.hovered_wire, QColor(palette.accent), width)
        if self.wire is not None:
            width = 2.4 * _line_width(scale)
            _paint_wire(painter, chart, self.wire, QColor(palette.selected), width)

    def paint(
        self, painter: QPainter, chart: Chart, area: QRectF, scale: float, palette: Theme
    ) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        faulty = {*chart.faulty.tolist(), self.stopped}
        near = area.adjusted(-16 / scale, -16 / scale, 16 / scale, 16 / scale)
        in_view = chart.figures_in(near).tolist()
        found = list(filter(self.found.__contains__, in_view))
        others = list(filter(set(self.others).__contains__, in_view))
        marks = []
        for many, colour in ((found, palette.accent), (others, palette.selected)):
            if len(many) <= _MOST_ROUNDED:
                marks += [(index, colour, 2.0) for index in many]
                continue
            painter.setPen(QPen(QColor(colour), 2.0 * max(1.0, 1 / scale)))
            painter.drawRects([chart.rectangle(index) for index in many])
        if self.hovered is not None:
            marks.append((self.hovered, palette.accent, 1.5))
        marks += [(index, palette.accent, 1.0) for index in self._neighbours(chart)]
        if self.selected is not None:
            marks.append((self.selected, palette.selected, 2.0))
        for index, colour, width in marks:
            pen_width = width * max(1.0, 1 / scale)
            grow = pen_width / 2
            if index in faulty:
                grow += 3 * max(1.0, 1 / scale)  # outside of the fault's own line
            box = chart.rectangle(index).adjusted(-grow, -grow, grow, grow)
            radius = box.height() / 2 if chart.figures[index].is_end else RADIUS
            painter.setPen(QPen(QColor(colour), pen_width))
            painter.drawRoundedRect(box, radius + grow, radius + grow)
        if self.framed is not None:
            painter.setPen(QPen(QColor(palette.selected), 2.0 * max(1.0, 1 / scale)))
            border = QRectF(*chart.frames[self.framed].tolist())
            painter.drawRoundedRect(border, frames.RADIUS, frames.RADIUS)
        self._paint_counts(painter, chart, found, faulty, scale, palette)
        self._paint_faults(painter, chart, area, scale, palette)
        for index in self.bookmarked:
            ribbon.paint(painter, chart.rectangle(index).topLeft(), scale, palette)

    def _neighbours(self, chart: Chart) -> set[int]:
        """What is at the other ends of lines of what is selected; of a line, its ends."""
        if self.wire is not None:
            line = chart.wires[self.wire]
            return {chart.index[line.source], chart.index[line.target]}
        if self.selected is None:
            return set()
        into, out = chart.inputs_of[self.selected], chart.outputs_of[self.selected]
        if self.lit is not None:
            into, out = ([w for w in wires if self.lit.wires[w]] for wires in (into, out))
        sources = {chart.index[chart.wires[wire].source] for wire in into}
        sources |= chart.beyond(self.selected)
        return sources | {chart.index[chart.wires[wire].target] for wire in out}

    def _paint_counts(
        self,
        painter: QPainter,
        chart: Chart,
        found: Iterable[int],
        faulty: Container[int | None],
        scale: float,
        palette: Theme,
    ) -> None:
        """How much of what is searched for is inside of closed scopes."""
        font = chart.lettering.label
        for index in found:
            if chart.figures[index].scope is None:
                continue
            text = f"{self.found[index]:,}"
            corner = chart.rectangle(index).topRight()
            painter.save()
            painter.translate(corner)
            if scale < 1:
                painter.scale(1 / scale, 1 / scale)
            width = max(16.0, chart.lettering.width(font, text) + 8)
            aside = -badge.SIZE - width / 2 if index in faulty else 0.0  # beside the fault's sign
            plate = QRectF(aside - width / 2, -8, width, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(palette.accent))
            painter.drawRoundedRect(plate, 8, 8)
            painter.setPen(QColor(palette.on_accent))
            painter.setFont(font)
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
            painter.restore()

    def _paint_faults(
        self, painter: QPainter, chart: Chart, area: QRectF, scale: float, palette: Theme
    ) -> None:
        faulty = chart.faulty.tolist()
        if self.stopped is not None and self.stopped not in faulty:
            faulty.append(self.stopped)
        size = badge.size_at(scale)
        near = area.adjusted(-size, -size, size, size)
        visible = [index for index in faulty if near.intersects(chart.rectangle(index))]
        width = 2 * max(1.0, 1 / scale)
        pen = QPen(QColor(palette.error), width, Qt.PenStyle.DashLine)
        for index in visible[:_MOST_FAULTS]:
            box = chart.rectangle(index)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            around = box.adjusted(-width / 2, -width / 2, width / 2, width / 2)
            painter.drawRoundedRect(around, RADIUS + width / 2, RADIUS + width / 2)
            badge.paint(painter, box.topRight(), size, palette)


def _paint_wire(painter: QPainter, chart: Chart, wire: int, colour: QColor, width: float) -> None:
    painter.setPen(QPen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(chart.path(wire))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawConvexPolygon(chart.arrow(wire))


def _line_width(scale: float) -> float:
    """Never thinner than a pixel, however far away."""
    return max(1.0, 0.9 / scale)
