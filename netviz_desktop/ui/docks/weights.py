"""The parameters of a node: kernels, matrices, vectors, with histogram and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QSignalBlocker
from PySide6.QtWidgets import QLabel, QSpinBox, QTabBar, QWidget

from netviz_desktop.link.messages import Request, Weights, WeightsOf, WeightView
from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._asking import Asking
from netviz_desktop.ui.docks._reasons import selected_node
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets.labels import Caption, Elided, Notice, plain_tip
from netviz_desktop.ui.widgets.layouts import Room, column, row, scrolled
from netviz_desktop.ui.widgets.numbers import counted, shape, short
from netviz_desktop.ui.widgets.pictures import Pictures
from netviz_desktop.ui.widgets.statistics_view import StatisticsView
from netviz_desktop.ui.widgets.tensor_view import TensorView

_LEAST_PICTURES = 204  # pixels, with their choices and colour bar
_KINDS = {"kernels": "grid", "rgb kernels": "grid", "slices": "grid"}


class WeightsDock(Asking):
    ID = "weights"
    TITLE = "Weights"
    ORDER = 30

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.weights: Weights | None = None
        """What is shown."""
        self._node: str | None = None
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.currentChanged.connect(self._show_one)
        self.headline = Elided(bold=True)
        self.facts = Caption()
        self.state = Notice()
        self.input_channel = QSpinBox()
        self.input_channel.setKeyboardTracking(False)
        self.input_channel.valueChanged.connect(self.mark_stale)
        self._of = QLabel()
        self._channel_row = QWidget()
        column(self._channel_row, row(QLabel("Input channel"), self.input_channel, self._of, 1))
        self.tensor = TensorView()
        pictures = Room(_LEAST_PICTURES)
        column(pictures, self.tensor)
        self.tensor.ready.connect(self.finish)
        self.statistics = StatisticsView()
        heading = QWidget()
        column(heading, self.headline, self.facts, self.state, spacing=2)
        page = QWidget()
        layout = column(page, self.tabs, heading, self._channel_row, pictures, self.statistics)
        layout.setStretch(3, 1)
        self.compose(scrolled(page))

    def question(self) -> Request[Any] | Problem:
        node = selected_node(self.selection)
        if isinstance(node, Problem):
            return node
        if not node.parameters:
            return Problem(f"{short(node.op_type, 60)} has no parameters.", "")
        if node.id != self._node:
            self._node = node.id
            blocked = QSignalBlocker(self.input_channel)
            self.input_channel.setValue(0)
            blocked.unblock()
        return WeightsOf(node.id, self.input_channel.value())

    def draw(self, answer: Any) -> None:
        weights: Weights = answer
        if not weights.weights:
            self.say("This node has no parameters.")
            return
        before, self.weights = self.weights, weights
        kept = before is not None and before.node == weights.node
        current = self.tabs.currentIndex() if kept else 0
        blocked = QSignalBlocker(self.tabs)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for view in weights.weights:
            index = self.tabs.addTab(_tab(view))
            self.tabs.setTabToolTip(index, plain_tip(view.name))
        self.tabs.setCurrentIndex(min(current, len(weights.weights) - 1))
        blocked.unblock()
        self._show_one(self.tabs.currentIndex(), keep=kept)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "tensor"):
            self.tensor.retheme()
        super().changeEvent(event)

    def _show_one(self, index: int, *, keep: bool = False) -> None:
        if self.weights is None or not 0 <= index < len(self.weights.weights):
            return
        view = self.weights.weights[index]
        self.headline.set_text(view.name)
        self.facts.say(_facts(view))
        self.state.say(view.state)
        many = view.axes == "kernels" and view.input_channels > 1
        self._channel_row.setVisible(many)
        if many:
            self._of.setText(f"of {view.input_channels}")
            blocked = QSignalBlocker(self.input_channel)
            self.input_channel.setRange(0, view.input_channels - 1)
            blocked.unblock()
        self.statistics.setVisible(view.statistics is not None)
        if view.statistics is not None:
            self.statistics.show_statistics(view.statistics)
        self.tensor.setVisible(bool(view.axes))
        if view.axes:
            self.tensor.show_pictures(_pictures(view), keep=keep)
        else:
            self.finish()


def _tab(view: WeightView) -> str:
    name = view.role or view.name.rsplit(".", 1)[-1].rsplit("/", 1)[-1] or "parameter"
    return short(name, 24).replace("&", "&&")


def _facts(view: WeightView) -> str:
    facts = [shape(view.shape), view.dtype, counted(int(np.prod(view.shape)), "number")]
    if view.axes == "rgb kernels":
        facts.append("red, green, blue: the input channels; grey is zero")
    if view.axes == "matrix":
        facts.append("rows are outputs")
    if view.norms is not None and np.isfinite(view.norms).any():
        finite = view.norms[np.isfinite(view.norms)]
        least, most = finite.min(), finite.max()
        facts.append(f"norms of the {view.norms.size} outputs {least:.3g} to {most:.3g}")
    if view.reduced:
        facts.append("drawn as averages")
    return " · ".join(facts)


def _pictures(view: WeightView) -> Pictures:
    pictures = view.pictures
    if view.axes in ("vector", "scalar"):
        pictures = pictures.reshape(1, 1, -1)
    axes = tuple(range(1, pictures.ndim))
    found = view.statistics
    return Pictures(
        kind=_KINDS.get(view.axes, view.axes),
        noun="kernel" if "kernels" in view.axes else "slice",
        values=pictures,
        size=view.size or (int(pictures.shape[1]), int(pictures.shape[2])),
        minimum=pictures.min(axis=axes, initial=np.inf),
        maximum=pictures.max(axis=axes, initial=-np.inf),
        unit="weight, no unit",
        signed=True,
        limits=None if found is None else (found.minimum, found.maximum),
        reduced=view.reduced,
    )


DOCK = WeightsDock
