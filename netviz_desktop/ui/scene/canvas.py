"""A chart to pan and zoom with mouse, touch and keys: how to move, not what is shown."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView

from netviz_desktop.ui import theme
from netviz_desktop.ui.scene.chart import Chart
from netviz_desktop.ui.scene.drawing import Lettering
from netviz_desktop.ui.scene.graph_item import GraphItem

ZOOM_STEP = 1.1
READABLE_SCALE = 0.62
"""A graph that fits at this scale is shown whole when it is opened."""
_LARGEST_SCALE = 4.0
_SMALLEST_SCALE = 0.2
_MARGIN = 24
_SCROLL_STEP = 60
_ARROWS = {
    Qt.Key.Key_Left: (-_SCROLL_STEP, 0),
    Qt.Key.Key_Right: (_SCROLL_STEP, 0),
    Qt.Key.Key_Up: (0, -_SCROLL_STEP),
    Qt.Key.Key_Down: (0, _SCROLL_STEP),
}
_ADDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
_FOCUS_BY_KEY = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class Canvas(QGraphicsView):
    """Moves over a chart; whoever inherits says what a click means."""

    zoom_changed = Signal(float)
    """The scale: 1 is 100 %."""
    view_changed = Signal()
    """Another part of the graph is in view, or another graph."""

    def __init__(self) -> None:
        super().__init__()
        self.lettering = Lettering()
        self.chart: Chart | None = None
        self.wheel_zooms = False
        """Whether the wheel zooms by itself; with Ctrl or Shift it always does."""
        self._left_to_right = False
        self._untouched = True  # nobody has moved the view since the model was opened
        self._pressed: QPoint | None = None
        self._dragged_from: QPoint | None = None
        self._focus_ring = False

        scene = QGraphicsScene(self)
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self._item = GraphItem(self.lettering)
        scene.addItem(self._item)
        self.setScene(scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self.view_changed)
        self._colour()

    def click(self, point: QPointF, *, adding: bool) -> None:
        """A point of the scene was clicked.

        Args:
            adding: to what is selected already, with Ctrl or Shift.
        """
        raise NotImplementedError

    def open_at(self, point: QPointF) -> bool:
        """Open what is at a point of the scene, if it opens."""
        raise NotImplementedError

    def hover(self, point: QPointF | None) -> None:
        """The mouse is at a point of the scene, or not over it."""
        raise NotImplementedError

    def escape(self) -> None:
        """Let go of what is lit or selected."""
        raise NotImplementedError

    # --- where we look --------------------------------------------------------------------

    @property
    def scale_factor(self) -> float:
        """1 is 100 %."""
        return float(self.transform().m11())

    def fit(self) -> None:
        """Show the whole graph, at most at 100 %."""
        if self.chart is not None:
            self._untouched = False
            self._set_scale(min(1.0, self._fitting_scale()))
            self.centerOn(self.chart.bounds.center())

    def actual_size(self) -> None:
        self.zoom_to(1.0)

    def zoom_in(self) -> None:
        self.zoom_to(self.scale_factor * ZOOM_STEP**2)

    def zoom_out(self) -> None:
        self.zoom_to(self.scale_factor / ZOOM_STEP**2)

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom, while the point `at` of the viewport (else its centre) stays where it is."""
        if at is None:
            at = QRectF(self.viewport().rect()).center()
        before = self._scene_point(at)
        self._untouched = False
        self._set_scale(scale)
        self._put(before, at)

    def look_closely(self, figure: int) -> None:
        """Bring a figure to the middle, large enough to be read."""
        if self.chart is not None:
            if self.scale_factor < READABLE_SCALE:
                self._set_scale(1.0)
            self.look_at(self.chart.rectangle(figure).center())

    def look_at(self, point: QPointF) -> None:
        """Bring a point of the scene to the middle."""
        self._untouched = False
        self.centerOn(point)

    def visible_area(self) -> QRectF:
        """The part of the scene that is in view."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def _look_at_start(self) -> None:
        """All of a small graph; of a large one its inputs, large enough to be read."""
        chart = self.chart
        if chart is None or not chart.figures:
            return
        fitting = self._fitting_scale()
        if fitting >= READABLE_SCALE:
            self._set_scale(min(1.0, fitting))
            self.centerOn(chart.bounds.center())
            return
        self._set_scale(1.0)
        first = chart.rectangle(0)
        area = self.viewport().rect()
        if self._left_to_right:
            self._put(QPointF(0, first.center().y()), QPointF(_MARGIN, area.height() / 2))
        else:
            half = area.width() / 2 - _MARGIN
            # the first node in the middle, unless that leaves room empty beside the graph
            x = max(half, min(first.center().x(), chart.size[0] - half))
            x = x if chart.size[0] > 2 * half else chart.size[0] / 2
            # what other inputs go through may reach far above the first one
            y = first.top() if first.top() > area.height() / 3 else 0.0
            self._put(QPointF(x, y), QPointF(area.width() / 2, _MARGIN))

    # --- geometry -------------------------------------------------------------------------

    def _fitting_scale(self) -> float:
        assert self.chart is not None
        area = self.viewport().rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        width, height = self.chart.size
        return min(max(area.width(), 1) / max(width, 1), max(area.height(), 1) / max(height, 1))

    def _set_scale(self, scale: float) -> None:
        smallest = _SMALLEST_SCALE
        if self.chart is not None:
            smallest = min(smallest, self._fitting_scale() * 0.8)
        scale = min(max(scale, smallest), _LARGEST_SCALE)
        changed = scale != self.scale_factor
        self.setTransform(self.transform().fromScale(scale, scale))
        if self.chart is not None:
            # every box can be brought to the middle
            area = self.viewport().rect()
            x, y = area.width() / scale, area.height() / scale
            self.setSceneRect(self.chart.bounds.adjusted(-x, -y, x, y))
        if changed:
            self.zoom_changed.emit(scale)
            self.view_changed.emit()

    def _put(self, point: QPointF, at: QPointF) -> None:
        """Scroll so that a point of the scene lies at a point of the viewport."""
        centre = QRectF(self.viewport().rect()).center()
        self.centerOn(point + (centre - at) / self.scale_factor)

    def _scene_point(self, at: QPointF) -> QPointF:
        inverse, _ = self.viewportTransform().inverted()
        return inverse.map(at)

    def _viewport_point(self, at: QPointF) -> QPointF:
        return self.viewportTransform().map(at)

    # --- mouse and touch ------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        zoom = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        pixels = event.pixelDelta()
        angle = event.angleDelta()
        if self.wheel_zooms or event.modifiers() & zoom:
            turned = angle.y() or angle.x()  # Shift turns the wheel's axis on some systems
            self.zoom_to(self.scale_factor * ZOOM_STEP ** (turned / 120), event.position())
        else:
            delta = pixels if not pixels.isNull() else angle
            self._scroll(-delta.x(), -delta.y())
        event.accept()

    def _scroll(self, dx: int, dy: int) -> None:
        self._untouched = False
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + dx)
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + dy)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = event.position().toPoint()
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._pressed is not None and self._dragged_from is None:
            distance = (at - self._pressed).manhattanLength()
            if distance >= QGuiApplication.styleHints().startDragDistance() // 2:
                self._dragged_from = self._pressed
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragged_from is not None:
            moved = at - self._dragged_from
            self._dragged_from = at
            self._scroll(-moved.x(), -moved.y())
        else:
            self.hover(self._scene_point(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._pressed is not None and self._dragged_from is None
        self._pressed = self._dragged_from = None
        self.viewport().unsetCursor()
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            adding = bool(event.modifiers() & _ADDING)
            self.click(self._scene_point(event.position()), adding=adding)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        figure = self._at(event.position())
        if self.open_at(self._scene_point(event.position())):
            return
        if figure is not None and self.chart is not None:
            self.look_closely(figure)
        else:
            self.zoom_to(self.scale_factor * ZOOM_STEP**4, event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self.hover(None)
        super().leaveEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_to(self.scale_factor * (1 + event.value()), event.position())
                return True
            return False
        return super().viewportEvent(event)

    def _at(self, position: QPointF) -> int | None:
        if self.chart is None:
            return None
        return self.chart.figure_at(self._scene_point(position))

    # --- keys -----------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        ctrl = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if key == Qt.Key.Key_Up and shift:
            self.zoom_in()
        elif key == Qt.Key.Key_Down and shift:
            self.zoom_out()
        elif key in _ARROWS:
            self._scroll(*_ARROWS[key])
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            page = self.viewport().height() * 3 // 4
            self._scroll(0, page if key == Qt.Key.Key_PageDown else -page)
        elif key == Qt.Key.Key_Home:
            self._look_at_start()
        elif key == Qt.Key.Key_Backspace and shift:
            self.actual_size()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_F) and not ctrl:
            self.fit()
        elif key == Qt.Key.Key_Escape:
            self.escape()
        else:
            super().keyPressEvent(event)

    # --- size, focus and colour -----------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.chart is None:
            return
        if self._untouched:
            self._look_at_start()
        else:
            old = event.oldSize()
            centre = self._scene_point(QPointF(old.width() / 2, old.height() / 2))
            self._set_scale(self.scale_factor)
            self.centerOn(centre)
        self.view_changed.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._focus_ring = event.reason() in _FOCUS_BY_KEY
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._focus_ring = False
        super().focusOutEvent(event)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        super().drawForeground(painter, rect)
        if self._focus_ring:
            painter.resetTransform()
            painter.setPen(QColor(theme.current().accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._colour()
        super().changeEvent(event)

    def _colour(self) -> None:
        self.setBackgroundBrush(QColor(theme.current().canvas))
        self.viewport().update()
