from __future__ import annotations

import numpy as np
import pytest

from netviz_desktop.graph.overlay import DIAGNOSIS
from netviz_desktop.link.messages import Diagnosis, DiagnosisOf
from netviz_desktop.ui.docks.diagnosis import DiagnosisDock


@pytest.fixture
def dock(qtbot, show, engine, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    dock = show(DiagnosisDock)
    kinds = tuple(kind.id for kind in DIAGNOSIS)
    values = np.ones((4, len(kinds)))
    values[:, kinds.index("nan-inf")] = 0, 0, 2, 2
    values[:, kinds.index("sparsity")] = 0, 1, 1, 0
    values[:, kinds.index("activation-norm")] = 1, 0, 5, 2
    values[:, kinds.index("gradient-norm")] = 1e-9, 1, 2, 0
    engine.answer(DiagnosisOf, Diagnosis(("conv", "relu", "split", "head"), kinds, values))
    qtbot.waitUntil(lambda: dock.has_content)
    return dock


def test_it_jumps_to_what_is_wrong(dock, selection):
    found = {}
    for action in dock.jump_menu.actions():
        action.trigger()
        found[action.text()] = selection.node
    assert found == {
        "First NaN or Inf": "split",
        "First Dead Layer": "relu",
        "Largest Activation": "split",
        "Smallest Gradient Norm": "conv",
        "Largest Gradient Norm": "split",
        "Slowest Node": "conv",
    }


def test_a_point_that_is_clicked_is_selected_and_marked(qtbot, dock, selection):
    with qtbot.waitSignal(selection.look_asked):
        dock.charts.chosen.emit("relu")
    assert selection.node == "relu"
    qtbot.waitUntil(lambda: dock.charts._marked == "relu")


def test_without_a_run_it_says_so(show, selection, model):
    selection.set_model(model)
    assert show(DiagnosisDock).message.text().startswith("The model has not run yet.")
