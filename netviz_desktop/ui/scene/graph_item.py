"""Paints what is visible of a chart, with as much detail as can be seen at the scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QStaticText
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from shiboken6 import Shiboken

from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import badge, colours, frames
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import (
    HEADER_HEIGHT,
    NAME_GAP,
    PADDING,
    ROW_HEIGHT,
    ROWS_PADDING,
    Figure,
    Lettering,
)
from netviz_desktop.ui.scene.many import draw_many
from netviz_desktop.ui.scene.tiles import Tiles
from netviz_desktop.ui.theme import Theme

# the scale from which on there is
_COARSE_BELOW = 0.12  # under this, one straight line for each curve
_RECTANGLES_BELOW = 0.25  # under this, one coloured rectangle for each box
_BOXES_FROM = 0.45
_LABELS_FROM = 0.5
_ROWS_FROM = 0.62
_CURVES_FROM = 0.7
RADIUS = 5.0
_SMOOTH_LINES = 2500  # lines in view from which on smooth ones take too long
_TEXTS_KEPT = 20_000
_MOST_FAULTS = 500  # in view: where all is marked, more marks tell nothing
_TILES_FROM = 5_000  # boxes and lines of a chart that cannot be painted in a few milliseconds


class GraphItem(QGraphicsItem):
    """One item for the whole graph: an item for each box is an order of magnitude slower."""

    def __init__(self, lettering: Lettering) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._lettering = lettering
        self._chart: Chart | None = None
        self._tiles = Tiles(self._paint_tile)
        self._tiles.missing.connect(self._catch_up)
        self._texts: dict[tuple[int, str], QStaticText] = {}
        self._kinds: list[tuple[colours.Fill, NDArray[np.intp]]] = []
        self._kinds_theme: Theme | None = None
        self._appearing: NDArray[np.bool_] = np.zeros(0, bool)
        self._share = 1.0
        self.selected: int | None = None
        self.hovered: int | None = None
        self.framed: int | None = None
        """The open scope that is selected, as an index of a border."""
        self.found: Mapping[int, int] = {}
        """How much is found in each figure."""
        self.stopped: int | None = None
        """Where the latest run stopped."""

    def set_chart(self, chart: Chart | None) -> None:
        self.prepareGeometryChange()
        self._chart = chart
        self._tiles.clear()
        self._kinds_theme = None
        self._texts.clear()
        self._share = 1.0
        self.selected = self.hovered = self.framed = self.stopped = None
        self.found = {}
        self.update()

    def _catch_up(self) -> None:
        if Shiboken.isValid(self):  # the tiles may outlive what is shown of them
            self.update()

    def show_moving(self, chart: Chart, appearing: NDArray[np.bool_], share: float) -> None:
        """A chart of the same figures elsewhere; some have just begun to appear."""
        self._chart = chart
        self._appearing, self._share = appearing, share
        self._tiles.clear()
        self.update()

    def boundingRect(self) -> QRectF:
        return self._chart.bounds if self._chart is not None else QRectF()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        del widget
        if self._chart is None:
            return
        scale = QStyleOptionGraphicsItem.levelOfDetailFromTransform(painter.worldTransform())
        palette = theme.current()
        if len(self._chart.figures) + len(self._chart.wires) < _TILES_FROM:
            self.paint_area(painter, option.exposedRect, scale, palette)
            return
        device = painter.device()
        pixels = scale * (device.devicePixelRatioF() if isinstance(device, QWidget) else 1.0)
        ground = QColor(palette.canvas)
        self._tiles.paint(painter, option.exposedRect, pixels, self._chart.bounds, ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_chosen(painter, option.exposedRect, scale, palette)

    def paint_area(self, painter: QPainter, area: QRectF, scale: float, palette: Theme) -> None:
        """Paint what of the chart touches the area.

        Args:
            scale: pixels of the device for one unit of the scene; decides the detail.
        """
        self._paint_chart(painter, area, scale, palette)
        self._paint_chosen(painter, area, scale, palette)

    def _paint_chosen(self, painter: QPainter, area: QRectF, scale: float, palette: Theme) -> None:
        """What changes with each move of the mouse."""
        if self._chart is not None:
            self._paint_connections(painter, area, scale, palette)
            if scale < _BOXES_FROM:
                letters = self._lettering
                frames.paint_names(painter, self._chart, area, scale, palette, letters)
            self._paint_marks(painter, scale, palette)
            self._paint_faults(painter, area, scale, palette)

    def _paint_tile(self, painter: QPainter, area: QRectF, scale: float) -> None:
        self._paint_chart(painter, area, scale, theme.current())

    def _paint_chart(self, painter: QPainter, area: QRectF, scale: float, palette: Theme) -> None:
        chart = self._chart
        if chart is None:
            return
        figures = chart.figures_in(area)
        wires = chart.wires_in(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        borders = chart.frames_in(area).tolist()
        frames.paint_grounds(painter, chart, borders, scale, palette)
        if scale < _CURVES_FROM:
            lines = chart.lines_in(area, wires, coarse=scale < _COARSE_BELOW)
            self._paint_lines(painter, lines, scale, palette)
        else:
            far = chart.reaches_far(wires, area)
            self._paint_lines(painter, chart.lines_in(area, wires[far]), scale, palette)
            self._paint_curves(painter, wires[~far].tolist(), scale, palette)
        if scale >= _BOXES_FROM:
            self._paint_arrows(painter, chart.tips_in(area, wires).tolist(), palette)
        if scale >= _LABELS_FROM:
            self._paint_labels(painter, chart.labels_in(area, wires).tolist(), palette)
        if scale >= _BOXES_FROM:
            letters = self._lettering
            frames.paint_titles(painter, chart, borders, palette, self._text, letters)
        if scale < _BOXES_FROM:
            self._paint_rectangles(painter, figures, scale, palette)
        else:
            with_rows = scale >= _ROWS_FROM
            for index in figures.tolist():
                appears = self._share < 1 and self._appearing[index]
                painter.setOpacity(self._share if appears else 1.0)
                self._paint_figure(painter, index, palette, with_rows=with_rows)
            painter.setOpacity(1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    # --- from afar ----------------------------------------------------------------------

    def _paint_lines(
        self, painter: QPainter, lines: NDArray[np.float64], scale: float, palette: Theme
    ) -> None:
        smooth = scale >= _RECTANGLES_BELOW and len(lines) < _SMOOTH_LINES
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        colour = palette.edge if scale >= _BOXES_FROM else colours.far_line(palette)
        painter.setPen(_line_pen(QColor(colour), scale))
        draw_many(painter.drawLines, lines, QLineF)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_rectangles(
        self, painter: QPainter, figures: NDArray[np.intp], scale: float, palette: Theme
    ) -> None:
        chart = self._require_chart()
        visible = np.zeros(len(chart.figures), bool)
        visible[figures] = True
        painter.setPen(Qt.PenStyle.NoPen)
        headers_only = scale >= _RECTANGLES_BELOW
        if headers_only:
            painter.setBrush(QColor(palette.node))
            painter.setPen(QPen(QColor(colours.outline(palette)), 1 / scale))
            draw_many(painter.drawRects, chart.rectangles[visible], QRectF)
            painter.setPen(Qt.PenStyle.NoPen)
        for fill, members in self._by_colour(palette):
            boxes = np.ascontiguousarray(chart.rectangles[members[visible[members]]])
            if headers_only:
                boxes[:, 3] = np.minimum(boxes[:, 3], HEADER_HEIGHT)
            else:
                # however far away, a box remains a dot
                boxes[:, 2:] = np.maximum(boxes[:, 2:], 1.2 / scale)
            painter.setBrush(QColor(fill.fill))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, headers_only)
            draw_many(painter.drawRects, boxes, QRectF)

    def _by_colour(self, palette: Theme) -> list[tuple[colours.Fill, NDArray[np.intp]]]:
        if self._kinds_theme != palette:
            groups: dict[colours.Fill, list[int]] = {}
            for index, figure in enumerate(self._require_chart().figures):
                groups.setdefault(
                    colours.header(figure.category, palette, closed=figure.scope is not None), []
                ).append(index)
            self._kinds = [(fill, np.array(members)) for fill, members in groups.items()]
            self._kinds_theme = palette
        return self._kinds

    # --- from near ----------------------------------------------------------------------

    def _paint_curves(
        self, painter: QPainter, wires: list[int], scale: float, palette: Theme
    ) -> None:
        chart = self._require_chart()
        painter.setPen(_line_pen(QColor(palette.edge), scale))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for wire in wires:
            painter.drawPath(chart.own_path(wire))

    def _paint_arrows(self, painter: QPainter, wires: list[int], palette: Theme) -> None:
        chart = self._require_chart()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.edge))
        for wire in wires:
            painter.drawConvexPolygon(chart.arrow(wire))

    def _paint_labels(self, painter: QPainter, wires: list[int], palette: Theme) -> None:
        chart = self._require_chart()
        font = self._lettering.label
        height = self._lettering.height(font)
        painter.setFont(font)
        painter.setPen(QColor(colours.label(palette)))
        ground = QColor(palette.canvas)
        ground.setAlphaF(0.85)  # a line may have to pass behind
        for wire in wires:
            label, width = chart.wires[wire].label, chart.wires[wire].label_width
            if label and (centre := chart.label_centre(wire)) is not None:
                corner = QPointF(centre.x() - width / 2, centre.y() - height / 2)
                painter.fillRect(QRectF(corner, QSizeF(width, height)), ground)
                painter.drawStaticText(corner, self._text(font, label))

    def _paint_figure(
        self, painter: QPainter, index: int, palette: Theme, *, with_rows: bool
    ) -> None:
        chart = self._require_chart()
        figure = chart.figures[index]
        left, top, width, height = chart.rectangles[index].tolist()
        fill = colours.header(figure.category, palette, closed=figure.scope is not None)
        painter.translate(left, top)
        if figure.scope is not None and figure.scope.members:
            self._paint_stack(painter, width, height, palette)
        painter.setPen(Qt.PenStyle.NoPen)
        if figure.is_end:
            painter.setBrush(QColor(fill.fill))
            painter.drawPath(_rounded(width, height, height / 2))
        else:
            if figure.rows:
                painter.setBrush(QColor(palette.node))
                painter.drawPath(_rounded(width, height, RADIUS))
            painter.setBrush(QColor(fill.fill))
            painter.drawPath(_header(width, bool(figure.rows)))
        painter.setPen(QPen(QColor(colours.outline(palette)), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(_rounded(width, height, height / 2 if figure.is_end else RADIUS))
        self._paint_title(painter, figure, fill)
        if figure.scope is not None:
            button = frames.toggle_of(QRectF(0, 0, width, height))
            frames.paint_button(painter, button, fill.text, frames.Part.TOGGLE)
        if with_rows:
            self._paint_rows(painter, figure, palette)
        painter.translate(-left, -top)

    def _paint_stack(self, painter: QPainter, width: float, height: float, palette: Theme) -> None:
        """Two more boxes behind one that stands for several."""
        painter.setPen(QPen(QColor(colours.outline(palette)), 1))
        painter.setBrush(QColor(palette.node))
        for aside in (6.0, 3.0):
            painter.translate(aside, aside)
            painter.drawPath(_rounded(width, height, RADIUS))
            painter.translate(-aside, -aside)

    def _paint_title(self, painter: QPainter, figure: Figure, fill: colours.Fill) -> None:
        letters = self._lettering
        painter.setPen(QColor(fill.text))
        painter.setFont(letters.header)
        centred = figure.is_end or not figure.rows
        x = (figure.width - letters.width(letters.header, figure.title)) / 2
        y = (HEADER_HEIGHT - letters.height(letters.header)) / 2
        if figure.is_end and figure.rows:
            y += 2
        painter.drawStaticText(
            QPointF(x if centred else PADDING, y), self._text(letters.header, figure.title)
        )

    def _paint_rows(self, painter: QPainter, figure: Figure, palette: Theme) -> None:
        letters = self._lettering
        font = letters.row
        painter.setFont(font)
        lead = (ROW_HEIGHT - letters.height(font)) / 2
        y = HEADER_HEIGHT + (-3 if figure.is_end else ROWS_PADDING) + lead
        for row in figure.rows:
            if figure.is_end:
                x = (figure.width - letters.width(font, row.text)) / 2
                painter.setPen(QColor(palette.muted))
                painter.drawStaticText(QPointF(x, y), self._text(font, row.text))
            else:
                x = PADDING
                if row.name:
                    painter.setPen(QColor(palette.text))
                    painter.drawStaticText(QPointF(x, y), self._text(font, row.name))
                    x += letters.width(font, row.name) + NAME_GAP
                painter.setPen(QColor(palette.muted if row.name else palette.text))
                painter.drawStaticText(QPointF(x, y), self._text(font, row.text))
            y += ROW_HEIGHT

    def _text(self, font: QFont, text: str) -> QStaticText:
        key = (id(font), text)
        if key not in self._texts:
            if len(self._texts) > _TEXTS_KEPT:
                self._texts.clear()
            static = QStaticText(text)
            static.setTextFormat(Qt.TextFormat.PlainText)  # names may look like HTML
            static.prepare(font=font)
            self._texts[key] = static
        return self._texts[key]

    # --- what is chosen -----------------------------------------------------------------

    def _paint_connections(
        self, painter: QPainter, area: QRectF, scale: float, palette: Theme
    ) -> None:
        chart = self._require_chart()
        if self.hovered is None and self.selected is None:
            return
        seen = set(chart.wires_in(area).tolist())
        for figure, strength in ((self.hovered, 0.55), (self.selected, 1.0)):
            if figure is None:
                continue
            colour = QColor(palette.accent)
            colour.setAlphaF(strength)
            wires: Iterable[int] = (*chart.inputs_of[figure], *chart.outputs_of[figure])
            for wire in filter(seen.__contains__, wires):
                painter.setPen(QPen(colour, 1.8 * _line_width(scale)))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawPath(chart.path(wire))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawConvexPolygon(chart.arrow(wire))

    def _paint_marks(self, painter: QPainter, scale: float, palette: Theme) -> None:
        chart = self._require_chart()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        faulty = {*chart.faulty.tolist(), self.stopped}
        marks = [(index, palette.accent, 2.0) for index in sorted(self.found)]
        if self.hovered is not None:
            marks.append((self.hovered, palette.accent, 1.5))
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
        self._paint_counts(painter, scale, palette)

    def _paint_counts(self, painter: QPainter, scale: float, palette: Theme) -> None:
        """How much of what is searched for is inside of closed scopes."""
        chart = self._require_chart()
        font = self._lettering.label
        for index, count in self.found.items():
            if chart.figures[index].scope is None:
                continue
            text = str(count)
            corner = chart.rectangle(index).topRight()
            painter.save()
            painter.translate(corner)
            if scale < 1:
                painter.scale(1 / scale, 1 / scale)
            width = max(16.0, self._lettering.width(font, text) + 8)
            badge = QRectF(-width / 2, -8, width, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(palette.accent))
            painter.drawRoundedRect(badge, 8, 8)
            painter.setPen(QColor(palette.on_accent))
            painter.setFont(font)
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
            painter.restore()

    def _paint_faults(self, painter: QPainter, area: QRectF, scale: float, palette: Theme) -> None:
        chart = self._require_chart()
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

    def _require_chart(self) -> Chart:
        assert self._chart is not None
        return self._chart


def _line_pen(colour: QColor, scale: float) -> QPen:
    """One pixel wide from afar, where Qt strokes such a pen much faster than another."""
    pen = QPen(colour, 1)
    pen.setCosmetic(scale <= 1)
    return pen


def _line_width(scale: float) -> float:
    """Never thinner than a pixel, however far away."""
    return max(1.0, 0.9 / scale)


@lru_cache(maxsize=4096)
def _rounded(width: float, height: float, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, width, height), radius, radius)
    return path


@lru_cache(maxsize=4096)
def _header(width: float, with_rows: bool) -> QPainterPath:
    if not with_rows:
        return _rounded(width, HEADER_HEIGHT, RADIUS)
    path = QPainterPath(QPointF(0, HEADER_HEIGHT))
    path.lineTo(0, RADIUS)
    path.arcTo(0, 0, 2 * RADIUS, 2 * RADIUS, 180, -90)
    path.lineTo(width - RADIUS, 0)
    path.arcTo(width - 2 * RADIUS, 0, 2 * RADIUS, 2 * RADIUS, 90, -90)
    path.lineTo(width, HEADER_HEIGHT)
    path.closeSubpath()
    return path
