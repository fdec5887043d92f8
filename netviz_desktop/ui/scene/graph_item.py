"""Paints what is visible of a chart, with as much detail as can be seen at the scale."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from shiboken6 import Shiboken

from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import colours, frames
from netviz_desktop.ui.scene.boxes import BoxPainter
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import HEADER_HEIGHT, Lettering
from netviz_desktop.ui.scene.many import draw_many
from netviz_desktop.ui.scene.marks import Marks
from netviz_desktop.ui.scene.tiles import Tiles
from netviz_desktop.ui.scene.tracing import Lit
from netviz_desktop.ui.theme import Theme

# the scale from which on there is
_COARSE_BELOW = 0.12  # under this, one straight line for each curve
_RECTANGLES_BELOW = 0.25  # under this, one coloured rectangle for each box
_BOXES_FROM = 0.45
_LABELS_FROM = 0.5
_ROWS_FROM = 0.62
_CURVES_FROM = 0.7
_SMOOTH_LINES = 2500  # lines in view from which on smooth ones take too long
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
        self._boxes = BoxPainter(lettering)
        self._kinds: list[tuple[colours.Fill, NDArray[np.intp]]] = []
        self._kinds_theme: Theme | None = None
        self._appearing: NDArray[np.bool_] = np.zeros(0, bool)
        self._share = 1.0
        self.marks = Marks()

    def set_chart(self, chart: Chart | None) -> None:
        self.prepareGeometryChange()
        self._chart = chart
        self._tiles.clear()
        self._kinds_theme = None
        self._boxes.forget()
        self._share = 1.0
        self.marks = Marks()
        self.update()

    def light(self, lit: Lit | None) -> None:
        """Dim all but this; None: nothing."""
        if lit is not self.marks.lit:
            self.marks.lit = lit
            self._tiles.renew()
            self.update()

    def recolour(self) -> None:
        """The chart's boxes have other colours."""
        self._tiles.renew()
        self._kinds_theme = None
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
        self._paint_dimmed(painter, area, scale, palette)
        self._paint_chosen(painter, area, scale, palette)

    def _paint_chosen(self, painter: QPainter, area: QRectF, scale: float, palette: Theme) -> None:
        """What changes with each move of the mouse."""
        if self._chart is not None:
            self.marks.paint_connections(painter, self._chart, area, scale, palette)
            letters = self._lettering
            if scale < _BOXES_FROM:
                frames.paint_names(painter, self._chart, area, scale, palette, letters)
            elif self.marks.connects:  # a bright line may have crossed a title
                borders, lit = self._chart.frames_in(area), self.marks.lit
                titled = borders if lit is None else borders[lit.borders[borders]]
                text = self._boxes.text
                frames.paint_titles(painter, self._chart, titled.tolist(), palette, text, letters)
            self.marks.paint(painter, self._chart, area, scale, palette)

    def _paint_tile(self, painter: QPainter, area: QRectF, scale: float) -> None:
        self._paint_dimmed(painter, area, scale, theme.current())

    def _paint_dimmed(self, painter: QPainter, area: QRectF, scale: float, palette: Theme) -> None:
        self._paint_chart(painter, area, scale, palette)
        if self.marks.lit is not None:
            painter.fillRect(area, _shade(palette))
            self._paint_chart(painter, area, scale, palette, self.marks.lit)

    def _paint_chart(
        self, painter: QPainter, area: QRectF, scale: float, palette: Theme, lit: Lit | None = None
    ) -> None:
        """All of it, or over what is dimmed, what is lit."""
        chart = self._chart
        if chart is None:
            return
        figures = chart.figures_in(area)
        wires = chart.wires_in(area)
        borders = chart.frames_in(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if lit is None:
            frames.paint_grounds(painter, chart, borders.tolist(), scale, palette)
        else:
            figures, wires = figures[lit.figures[figures]], wires[lit.wires[wires]]
            borders = borders[lit.borders[borders]]
        whole = lit is not None
        if scale < _CURVES_FROM:
            lines = chart.lines_in(area, wires, coarse=scale < _COARSE_BELOW, whole=whole)
            self._paint_lines(painter, lines, scale, palette)
        else:
            far = chart.reaches_far(wires, area)
            lines = chart.lines_in(area, wires[far], whole=whole)
            self._paint_lines(painter, lines, scale, palette)
            near = wires[~far].tolist()
            paths = chart.paths(near) if whole else map(chart.own_path, near)
            self._paint_curves(painter, paths, scale, palette)
        if scale >= _BOXES_FROM:
            self._paint_arrows(painter, chart.tips_in(area, wires).tolist(), palette)
        if scale >= _LABELS_FROM:
            self._paint_labels(painter, chart.labels_in(area, wires).tolist(), palette)
        if scale >= _BOXES_FROM:
            letters = self._lettering
            titled = borders.tolist()
            frames.paint_titles(painter, chart, titled, palette, self._boxes.text, letters)
        if scale < _BOXES_FROM:
            self._paint_rectangles(painter, figures, scale, palette)
        else:
            with_rows = scale >= _ROWS_FROM
            for index in figures.tolist():
                appears = self._share < 1 and self._appearing[index]
                painter.setOpacity(self._share if appears else 1.0)
                corner = QPointF(*chart.rectangles[index, :2].tolist())
                figure = chart.figures[index]
                fill = chart.fill(figure, palette)
                self._boxes.paint(painter, figure, corner, fill, palette, with_rows=with_rows)
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
        framed = scale >= _RECTANGLES_BELOW
        headers_only = framed and chart.shades is None  # an overlay is seen better on all of a box
        if framed:
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
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, framed)
            draw_many(painter.drawRects, boxes, QRectF)

    def _by_colour(self, palette: Theme) -> list[tuple[colours.Fill, NDArray[np.intp]]]:
        if self._kinds_theme != palette:
            chart = self._require_chart()
            groups: dict[colours.Fill, list[int]] = {}
            for index, figure in enumerate(chart.figures):
                groups.setdefault(chart.fill(figure, palette), []).append(index)
            self._kinds = [(fill, np.array(members)) for fill, members in groups.items()]
            self._kinds_theme = palette
        return self._kinds

    # --- from near ----------------------------------------------------------------------

    def _paint_curves(
        self, painter: QPainter, paths: Iterable[QPainterPath], scale: float, palette: Theme
    ) -> None:
        painter.setPen(_line_pen(QColor(palette.edge), scale))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for path in paths:
            painter.drawPath(path)

    def _paint_arrows(self, painter: QPainter, wires: list[int], palette: Theme) -> None:
        chart = self._require_chart()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.edge))
        for wire in wires:
            painter.drawConvexPolygon(chart.arrow(wire))

    def _paint_labels(self, painter: QPainter, wires: list[int], palette: Theme) -> None:
        chart = self._require_chart()
        fonts = (self._lettering.label, self._lettering.inferred)
        height = self._lettering.height(fonts[0])
        painter.setPen(QColor(colours.label(palette)))
        ground = QColor(palette.canvas)
        ground.setAlphaF(0.85)  # a line may have to pass behind
        for wire in wires:
            label, width = chart.wires[wire].label, chart.wires[wire].label_width
            if label and (centre := chart.label_centre(wire)) is not None:
                corner = QPointF(centre.x() - width / 2, centre.y() - height / 2)
                painter.fillRect(QRectF(corner, QSizeF(width, height)), ground)
                font = fonts[chart.wires[wire].is_inferred]
                painter.setFont(font)
                painter.drawStaticText(corner, self._boxes.text(font, label))

    def _require_chart(self) -> Chart:
        assert self._chart is not None
        return self._chart


def _shade(palette: Theme) -> QColor:
    """What is laid over all that is not lit."""
    colour = QColor(palette.canvas)
    colour.setAlphaF(0.8)
    return colour


def _line_pen(colour: QColor, scale: float) -> QPen:
    """One pixel wide from afar, where Qt strokes such a pen much faster than another."""
    pen = QPen(colour, 1)
    pen.setCosmetic(scale <= 1)
    return pen
