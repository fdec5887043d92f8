"""The whole graph, small, with the part in view; drag in it to look elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QHideEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from netviz_desktop.ui import theme
from netviz_desktop.ui.scene import badge, colours
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.graph_view import GraphView

_LARGEST = QSize(190, 230)
_SMALLEST_SIDE = 34
_PADDING = 6
_MARGIN = 14
_BADGE = 10.0
_MOST_FAULTS = 100


class Minimap(QWidget):
    """Stands in the view's corner by itself, while there is more graph than fits in view.

    `setVisible(False)` keeps it away until `setVisible(True)`.
    """

    def __init__(self, view: GraphView) -> None:
        super().__init__(view)
        self._view = view
        self._chart: Chart | None = None
        self._picture: QPixmap | None = None
        self._wanted = True
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Drag to look elsewhere")
        self.setAccessibleName("Overview of the graph")
        view.view_changed.connect(self._follow)
        view.laid_out.connect(self._follow)
        view.recoloured.connect(self._recolour)
        view.installEventFilter(self)
        self._follow()

    def setVisible(self, visible: bool) -> None:
        self._wanted = visible
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._follow()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._picture = None
        super().changeEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._picture = None  # a hidden map holds no memory
        super().hideEvent(event)

    def _follow(self) -> None:
        chart = self._view.chart
        if chart is not self._chart:
            self._chart, self._picture = chart, None
        useful = (
            self._wanted
            and chart is not None
            and bool(chart.figures)
            and not self._view.visible_area().contains(chart.bounds)
        )
        if useful and chart is not None:
            scale = self._scale(chart)
            width = max(_SMALLEST_SIDE, round(chart.size[0] * scale)) + 2 * _PADDING
            height = max(_SMALLEST_SIDE, round(chart.size[1] * scale)) + 2 * _PADDING
            area = self._view.viewport().size()
            self.setGeometry(
                area.width() - width - _MARGIN, area.height() - height - _MARGIN, width, height
            )
            self.update()
        super().setVisible(useful)
        if useful:
            self.raise_()

    def _recolour(self) -> None:
        self._picture = None
        self.update()

    def _scale(self, chart: Chart) -> float:
        area = self._view.viewport().size() / 2
        limit = _LARGEST.boundedTo(area)
        return min(limit.width() / chart.size[0], limit.height() / chart.size[1])

    def _origin(self, chart: Chart) -> QPointF:
        scale = self._scale(chart)
        return QPointF(
            (self.width() - chart.size[0] * scale) / 2, (self.height() - chart.size[1] * scale) / 2
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        chart = self._chart
        if chart is None:
            return
        palette = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(palette.window)
        ground.setAlphaF(0.92)
        painter.setBrush(ground)
        painter.setPen(QColor(palette.border))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatioF() != ratio:
            self._picture = self._drawn(chart, ratio)
        painter.drawPixmap(0, 0, self._picture)

        scale, origin = self._scale(chart), self._origin(chart)
        area = self._view.visible_area()
        seen = QRectF(area.topLeft() * scale + origin, area.size() * scale)
        seen &= QRectF(self.rect()).adjusted(2, 2, -2, -2)
        wash = QColor(palette.accent)
        wash.setAlphaF(0.14)
        painter.setBrush(wash)
        painter.setPen(QPen(QColor(palette.accent), 1.5))
        painter.drawRoundedRect(seen, 2, 2)
        painter.end()

    def _drawn(self, chart: Chart, ratio: float) -> QPixmap:
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        scale, origin = self._scale(chart), self._origin(chart)
        palette = theme.current()
        for border, (left, top, width, height) in zip(
            chart.borders, chart.frames.tolist(), strict=True
        ):
            ground, edge, _ = colours.frame(border.depth, palette)
            painter.setPen(QColor(edge))
            painter.setBrush(QColor(ground))
            corner = QPointF(left * scale + origin.x(), top * scale + origin.y())
            painter.drawRect(QRectF(corner, QSizeF(width * scale, height * scale)))
        for figure, (left, top, width, height) in zip(
            chart.figures, chart.rectangles.tolist(), strict=True
        ):
            colour = chart.fill(figure, palette).fill
            painter.fillRect(
                QRectF(
                    left * scale + origin.x(),
                    top * scale + origin.y(),
                    max(width * scale, 1.0),
                    max(height * scale, 1.0),
                ),
                QColor(colour),
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in chart.faulty[:_MOST_FAULTS].tolist():
            corner = chart.rectangle(index).topRight() * scale + origin
            badge.paint(painter, corner, _BADGE, palette)
        painter.end()
        return picture

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._look(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._look(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()  # a click in the map is none on the graph below it

    def _look(self, event: QMouseEvent) -> None:
        if self._chart is not None:
            scene = (event.position() - self._origin(self._chart)) / self._scale(self._chart)
            self._view.look_at(scene)
        event.accept()
