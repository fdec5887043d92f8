"""Where in the image a method sees evidence for a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QSlider, QToolButton, QWidget

from netviz_desktop.link.messages import Attribution, Explain, Hello, MethodInfo, Request
from netviz_desktop.problems import Problem
from netviz_desktop.ui.docks._asking import Asking
from netviz_desktop.ui.docks._reasons import finished_run, selected_node
from netviz_desktop.ui.docks._targets import score_label
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.selection import Selection
from netviz_desktop.ui.widgets import colour_maps
from netviz_desktop.ui.widgets.labels import Caption, Elided, Notice
from netviz_desktop.ui.widgets.layouts import Room, column, row, scrolled
from netviz_desktop.ui.widgets.levels import spread
from netviz_desktop.ui.widgets.numbers import number, shape
from netviz_desktop.ui.widgets.parameter_form import ParameterForm
from netviz_desktop.ui.widgets.picture_view import PictureView

EVIDENCE, SIGNED, MAGNITUDE = "evidence", "signed", "magnitude"
_OPACITY_PERCENT = 50
_LEAST_PICTURE = 216  # pixels, with its colour bar and the number under the cursor


class AttributionDock(Asking):
    ID = "attribution"
    TITLE = "Attribution"
    ORDER = 40

    def __init__(
        self, engine: EngineClient, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(engine, selection, parent)
        self.attribution: Attribution | None = None
        """What is shown."""
        self.method = _combo()
        self.options = QToolButton()
        self.options.setText("Options")
        self.options.setCheckable(True)
        self.parameters = ParameterForm()
        self.use_selected = QCheckBox("At the selected node")
        self.view = _combo()
        for label, mode in (
            ("Evidence for it", EVIDENCE),
            ("For and against", SIGNED),
            ("Magnitude", MAGNITUDE),
        ):
            self.view.addItem(label, mode)
        self.colours = _combo()
        self.colours.addItems(colour_maps.SEQUENTIAL)
        self.colours.setCurrentText("inferno")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setMinimumWidth(48)
        self.opacity.setValue(_OPACITY_PERCENT)
        self.opacity.setToolTip("Opacity of the map over the image")
        self.headline = Elided(bold=True)
        self.where = Elided(muted=True)
        self.state = Notice()
        self.picture = PictureView(numbered=False)
        self.readout = Elided(muted=True)
        self.words = Caption()
        self._build()
        self._connect()
        if engine.hello is not None:
            self._offer_methods(engine.hello)

    # --- building -----------------------------------------------------------------------

    def _build(self) -> None:
        above = QWidget()
        choice = row(self.method, self.options)
        choice.setStretch(0, 1)
        looks = row(self.view, self.colours)
        opacity = Caption("Opacity")
        opacity.setMinimumWidth(opacity.sizeHint().width())
        share = row(self.use_selected, opacity, self.opacity)
        share.setStretch(2, 1)
        column(above, choice, self.parameters, looks, share)
        self.parameters.hide()
        content = QWidget()
        heading = QWidget()
        column(heading, self.headline, self.where, self.state, spacing=2)
        shown = Room(_LEAST_PICTURE)
        column(shown, self.picture, self.readout, spacing=2).setStretch(0, 1)
        layout = column(content, heading, shown, self.words)
        layout.setStretch(1, 1)
        self.picture.set_opacity(_OPACITY_PERCENT / 100)
        self.compose(scrolled(content), above)

    def _connect(self) -> None:
        self.engine.ready.connect(self._offer_methods)
        self.method.currentIndexChanged.connect(self._method_chosen)
        self.options.toggled.connect(self.parameters.setVisible)
        self.parameters.changed.connect(self.mark_stale)
        self.use_selected.toggled.connect(self.mark_stale)
        self.view.currentIndexChanged.connect(self._redraw)
        self.colours.currentIndexChanged.connect(self._redraw)
        self.opacity.valueChanged.connect(lambda percent: self.picture.set_opacity(percent / 100))
        self.picture.hovered.connect(self._say_pixel)

    def _offer_methods(self, hello: Hello) -> None:
        ids = [method.id for method in hello.methods]
        if ids == [self.method.itemData(i).id for i in range(self.method.count())]:
            return  # the engine was restarted
        blocked = QSignalBlocker(self.method)
        self.method.clear()
        for method in hello.methods:
            self.method.addItem(method.label, method)
        blocked.unblock()
        self._method_chosen()

    def _method_chosen(self) -> None:
        method = self._method
        if method is None:
            return
        self.method.setToolTip(f"{method.help}\n{method.source}")
        self.parameters.set_parameters(method.parameters)
        self.options.setVisible(bool(method.parameters))
        self.parameters.setVisible(bool(method.parameters) and self.options.isChecked())
        self.use_selected.setVisible(method.of_layer)
        # a gradient's sign says what brightening a pixel does, not whether it is evidence
        usual = MAGNITUDE if method.id == "saliency" else EVIDENCE
        blocked = QSignalBlocker(self.view)
        self.view.setCurrentIndex(self.view.findData(usual))
        blocked.unblock()
        self.mark_stale()

    @property
    def _method(self) -> MethodInfo | None:
        chosen: MethodInfo | None = self.method.currentData()
        return chosen

    # --- asking and drawing -------------------------------------------------------------

    def question(self) -> Request[Any] | Problem:
        run = finished_run(self.selection)
        if isinstance(run, Problem):
            return run
        method = self._method
        if method is None:
            return Problem("The engine is not ready yet.", "It is being started.")
        asked = self.parameters.values()
        if not method.of_layer:
            return Explain(method.id, None, self.selection.target, asked)
        if self.use_selected.isChecked():
            node = selected_node(self.selection)
            if isinstance(node, Problem):
                return node
            return Explain(method.id, node.id, self.selection.target, asked)
        if run.default_node is None:
            return Problem(run.default_reason, "Select a node, and check “At the selected node”.")
        return Explain(method.id, run.default_node, self.selection.target, asked)

    def draw(self, answer: Any) -> None:
        found: Attribution = answer
        self.attribution = found
        self.headline.set_text(f"Why {score_label(self.selection, found.target)}?")
        self.where.set_text(f"at {found.node}" if found.node is not None else "of the input")
        self.state.say(found.state)
        run = self.selection.run
        assert run is not None
        chosen_by_itself = found.node == run.default_node and not self.use_selected.isChecked()
        words = [
            run.default_reason if chosen_by_itself else "",
            found.placement,
        ]
        self.words.say(" ".join(sentence for sentence in words if sentence))
        self._redraw()
        self.picture.show_beneath(run.seen)
        self._say_pixel(None)
        self.finish()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "words"):
            self._redraw()
        super().changeEvent(event)

    def _redraw(self) -> None:
        found = self.attribution
        mode = self.view.currentData()
        self.colours.setEnabled(mode != SIGNED)
        if found is None:
            return
        method = self._method
        label = method.label if method is not None else found.method
        shown = displayed(found.placed, mode)
        extremes = (shown.min(initial=0.0), shown.max(initial=0.0))
        low, high = spread(*map(np.atleast_1d, extremes), symmetric=mode == SIGNED)
        colours = colour_maps.diverging() if mode == SIGNED else self.colours.currentText()
        self.picture.show_values(shown, (low, high), colours, f"{label}, no unit")

    def _say_pixel(self, place: tuple[int, int] | None) -> None:
        found = self.attribution
        if found is None:
            return
        if place is None:
            self.readout.set_text(f"the map is {shape(found.raw.shape)}")
            return
        value = float(found.placed[place])
        self.readout.set_text(f"row {place[0]}, column {place[1]}  ·  {number(value)}")


def displayed(placed: NDArray[Any], mode: str) -> NDArray[Any]:
    """What is drawn of a signed map: its positive part, all of it, or its magnitude."""
    if mode == SIGNED:
        return placed
    shown: NDArray[Any] = np.abs(placed) if mode == MAGNITUDE else np.maximum(placed, 0)
    return shown


def _combo() -> QComboBox:
    combo = QComboBox()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    return combo


DOCK = AttributionDock
