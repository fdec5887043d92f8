"""What the colours of the overlay mean, in a corner of the graph."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from netviz_desktop.graph.overlay import Scale
from netviz_desktop.ui import icons, theme
from netviz_desktop.ui.operations.overlays import Overlays
from netviz_desktop.ui.scene import colours
from netviz_desktop.ui.scene.graph_view import GraphView
from netviz_desktop.ui.scene.ramp import Ramp
from netviz_desktop.ui.scene.shades import Shades, categories, ramp, said
from netviz_desktop.ui.widgets.labels import Caption, Elided, plain_tip

_WIDTH = 240
_MARGIN = 14
_LARGEST = 5
_NARROW = 500  # of a view: beside the minimap there is no room


class Legend(QWidget):
    """Stands in the view's lower left corner while an overlay is chosen."""

    node_chosen = Signal(str)
    """Somebody wants to see this node."""

    def __init__(self, view: GraphView, overlays: Overlays) -> None:
        super().__init__(view)
        self._view = view
        self._overlays = overlays
        self._collapsed = False
        self.setBackgroundRole(QPalette.ColorRole.Window)  # a view's own colours are a list's
        self.setAccessibleName("Legend")
        self.title = Elided(self, bold=True)
        self.turn = _button(self, overlays.turn_scale)
        self.fold = _button(self, self._turn_fold)
        self._close = _button(self, lambda: overlays.choose(None))
        self._close.setToolTip("Show no overlay (Shift+0)")
        self.ramp = Ramp(self)
        self.state = Caption(parent=self)
        self._blank = _Blank(self)
        self.says = Caption(parent=self)
        self._heading = Caption(parent=self)
        self.rows = [_Row(self) for _ in range(_LARGEST)]
        for row in self.rows:
            row.clicked.connect(lambda _checked=False, row=row: self.node_chosen.emit(row.node))
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self.title, 1)
        for button in (self.turn, self.fold, self._close):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(5)
        column.addLayout(head)
        for part in (self.ramp, self._blank, self.state, self.says, self._heading):
            column.addWidget(part)
        rows = QVBoxLayout()
        rows.setSpacing(0)
        for row in self.rows:
            rows.addWidget(row)
        column.addLayout(rows)
        self.setFixedWidth(_WIDTH)
        overlays.changed.connect(self.refresh)
        view.recoloured.connect(self.refresh)
        view.installEventFilter(self)
        self._draw_icons()
        self.refresh()

    def refresh(self) -> None:
        """Say what is in view now."""
        kind = self._overlays.kind
        if kind is None:
            self.hide()
            return
        chart = self._view.chart
        shades = chart.shades if chart is not None else None
        if shades is not None and shades.overlay.kind.id != kind.id:
            shades = None
        self.title.set_text(kind.name)
        self.ramp.show_shades(shades)
        self.turn.setVisible(shades is not None and kind.scale is not Scale.CATEGORICAL)
        if shades is not None:
            logarithmic = shades.overlay.kind.scale is Scale.LOGARITHMIC
            self.turn.setText("log" if logarithmic else "lin")
            other = "linear" if logarithmic else "logarithmic"
            self.turn.setToolTip(f"Make the scale {other}")
        self.state.say(self._overlays.state)
        self._blank.say("" if shades is None or self._collapsed else shades.blank_says)
        self.says.say("" if self._collapsed else self._sentences(shades))
        self._show_largest(shades)
        self.fold.setIcon(icons.icon("previous" if self._collapsed else "next"))
        self.fold.setToolTip("Show more" if self._collapsed else "Show less")
        self.show()
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "rows"):
            self._draw_icons()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        palette = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(palette.window))
        painter.setPen(QColor(palette.border))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.end()

    # what is done on the legend is not done on the graph below it
    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.accept()

    def _sentences(self, shades: Shades | None) -> str:
        kind = self._overlays.kind
        if kind is None:
            return ""
        found = [kind.says]
        if shades is not None:
            chart = self._view.chart
            if chart is not None and any(figure.scope is not None for figure in chart.figures):
                found.append(f"A closed scope shows {kind.combination.value}.")
            found.append(shades.overlay.note)
        return " ".join(filter(None, found))

    def _show_largest(self, shades: Shades | None) -> None:
        largest = [] if shades is None else shades.overlay.largest(_LARGEST)
        if self._collapsed:
            largest = []
        categorical = shades is not None and shades.overlay.kind.scale is Scale.CATEGORICAL
        self._heading.say(("First" if categorical else "Largest") if largest else "")
        for row, found in zip(self.rows, [*largest, *[None] * _LARGEST], strict=False):
            row.setVisible(found is not None)
            if found is not None and shades is not None:
                node, value = found
                row.show_value(node, said(shades.overlay.kind, value), _colour(shades, value))

    def _turn_fold(self) -> None:
        self._collapsed = not self._collapsed
        self.refresh()

    def _place(self) -> None:
        """Into the lower left corner; where the minimap is near, into the upper one."""
        if self.isHidden():
            return
        self.adjustSize()
        area = self._view.viewport().size()
        below = area.height() - self.height() - _MARGIN
        self.move(_MARGIN, _MARGIN if area.width() < _NARROW else max(_MARGIN, below))
        self.raise_()

    def _draw_icons(self) -> None:
        self._close.setIcon(icons.icon("close"))
        self.fold.setIcon(icons.icon("previous" if self._collapsed else "next"))


class _Blank(QWidget):
    """What has no colour."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def say(self, text: str) -> None:
        self._text = text
        self.setVisible(bool(text))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        palette, line = theme.current(), self.fontMetrics().height()
        painter = QPainter(self)
        painter.setPen(QColor(palette.border))
        painter.setBrush(QColor(colours.blank(palette).fill))
        painter.drawRect(QRectF(0, 2, 17, line - 5))
        painter.setPen(QColor(palette.muted))
        painter.drawText(26, 0, self.width() - 26, line, Qt.AlignmentFlag.AlignLeft, self._text)
        painter.end()


class _Row(QAbstractButton):
    """A node to go to: its colour, its name, its value."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.node = ""
        self._value = self._colour = ""
        self._hovered = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_value(self, node: str, value: str, colour: str) -> None:
        self.node, self._value, self._colour = node, value, colour
        self.setText(f"{node}: {value}")  # for screen readers
        self.setToolTip(plain_tip(node))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 4)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        palette, area = theme.current(), self.rect()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._hovered or self.hasFocus():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.blend(palette.accent, palette.window, 0.14)))
            painter.drawRoundedRect(QRectF(area).adjusted(-4, 0, 4, 0), 4, 4)
        painter.setPen(QColor(palette.border))
        painter.setBrush(QColor(self._colour))
        painter.drawRoundedRect(QRectF(0.5, area.height() / 2 - 4.5, 9, 9), 2, 2)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(palette.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, self._value)
        room = area.adjusted(16, 0, -self.fontMetrics().horizontalAdvance(self._value) - 8, 0)
        name = self.fontMetrics().elidedText(
            self.node[-200:], Qt.TextElideMode.ElideLeft, room.width()
        )
        painter.setPen(QColor(palette.text))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, name)
        painter.end()


def _colour(shades: Shades, value: float) -> str:
    if shades.overlay.kind.scale is Scale.CATEGORICAL:
        return categories()[int(value)].fill
    steps = ramp()
    return steps[round(shades.position(value) * (len(steps) - 1))].fill


def _button(parent: QWidget, action: Callable[[], object]) -> QToolButton:
    button = QToolButton(parent)
    button.setIconSize(QSize(14, 14))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the graph
    button.clicked.connect(lambda _checked=False: action())
    return button
