"""The bar above a dock: its name, and buttons to float and close it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QToolButton, QWidget

from netviz_desktop.ui import icons


class TitleBar(QWidget):
    """Flat, in the window's own type; dragging it moves the dock."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setObjectName("TitleBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._title = QLabel(dock.windowTitle(), self)
        font = self._title.font()
        font.setWeight(font.Weight.DemiBold)
        self._title.setFont(font)
        # the mouse belongs to the dock, which drags
        self._title.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._float = _button(self, "Float")
        self._float.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        self._close = _button(self, "Hide; View > Panels shows it again")
        self._close.clicked.connect(dock.close)
        dock.windowTitleChanged.connect(self._title.setText)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 3, 4, 3)
        row.setSpacing(2)
        row.addWidget(self._title, 1)
        row.addWidget(self._float)
        row.addWidget(self._close)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_close"):
            self._draw()
        super().changeEvent(event)

    def _draw(self) -> None:
        self._float.setIcon(icons.icon("undock"))
        self._close.setIcon(icons.icon("close"))


def _button(parent: QWidget, tip: str) -> QToolButton:
    button = QToolButton(parent)
    button.setAutoRaise(True)
    button.setToolTip(tip)
    button.setIconSize(QSize(14, 14))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
