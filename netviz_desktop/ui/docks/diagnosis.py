"""Charts over all layers in graph order, and jumps to what is wrong."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from netviz_desktop.graph import overlay as overlays
from netviz_desktop.link.messages import Diagnosis, DiagnosisOf
from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._asking import Asking
from netviz_desktop.ui.docks._reasons import INSIDE, finished_run
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.jumps import jumps
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.depth_charts import DepthCharts
from netviz_desktop.ui.widgets.labels import Caption
from netviz_desktop.ui.widgets.layouts import column, row

_CHARTS = tuple(kind for kind in overlays.DIAGNOSIS if kind is not overlays.NOT_FINITE)
_FIRST = (overlays.ACTIVATION_DEVIATION, overlays.SPARSITY, overlays.GRADIENT_NORM)


class DiagnosisDock(Asking):
    ID = "diagnosis"
    TITLE = "Diagnosis"
    AREA = Qt.DockWidgetArea.BottomDockWidgetArea
    ORDER = 20
    VISIBLE = False

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.charts = DepthCharts()
        self.charts.chosen.connect(self._choose)
        self.jump, self.jump_menu = _menu_button("Jump To")
        self.shown_charts, self._chart_menu = _menu_button("Charts")
        for kind in _CHARTS:
            action = self._chart_menu.addAction(kind.name)
            action.setCheckable(True)
            action.setChecked(kind in _FIRST)
            action.setToolTip(kind.says)
            action.setData(kind.id)
            action.toggled.connect(self._draw_charts)
        self._chart_menu.setToolTipsVisible(True)
        self.caption = Caption()
        self._found: Diagnosis | None = None
        content = QWidget()
        layout = column(content, row(self.jump, self.shown_charts, 1), self.caption, self.charts)
        layout.setStretch(2, 1)
        self.compose(content)

    def question(self) -> DiagnosisOf | Problem:
        run = finished_run(self.selection)
        if isinstance(run, Problem):
            return run
        return INSIDE if self.selection.pages else DiagnosisOf(self.selection.target)

    def refresh(self) -> None:
        super().refresh()
        self.charts.mark(self.selection.node)

    def draw(self, answer: Any) -> None:
        self._found = answer
        run = self.selection.run
        self.jump_menu.clear()
        for jump in jumps(answer, run.milliseconds if run is not None else {}):
            action = self.jump_menu.addAction(jump.name)
            action.setEnabled(jump.node is not None)
            if jump.node is not None:
                action.setToolTip(jump.node)
                action.triggered.connect(partial(self._choose, jump.node))
        self.jump_menu.setToolTipsVisible(True)
        self.caption.say(answer.no_gradient)
        self._draw_charts()
        self.finish()

    def _draw_charts(self, _checked: bool = False) -> None:
        if self._found is not None:
            chosen = {a.data() for a in self._chart_menu.actions() if a.isChecked()}
            self.charts.show_charts(self._found, [k for k in _CHARTS if k.id in chosen])
            self.charts.mark(self.selection.node)

    def _choose(self, node: str, _checked: bool = False) -> None:
        self.selection.set_node(node)
        self.selection.look_asked.emit(node)


def _menu_button(text: str) -> tuple[QToolButton, QMenu]:
    button = QToolButton()
    button.setText(text)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(button)
    button.setMenu(menu)
    return button, menu


DOCK = DiagnosisDock
