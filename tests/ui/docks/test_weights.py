from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QScrollArea

from netviz_desktop.link.messages import Weights, WeightsOf, WeightView
from netviz_desktop.ui.docks.weights import WeightsDock
from netviz_desktop.ui.widgets.levels import Scale

NONE = np.zeros((0, 0, 0), np.float32)


@pytest.fixture
def view(statistics_of):
    def make(values, axes, *, name="conv.weight", role="weight", **more):
        values = np.asarray(values, np.float32)
        pictures = values if values.ndim > 2 else values.reshape(1, *np.atleast_2d(values).shape)
        more = {"reduced": False, "statistics": statistics_of(values), **more}
        return WeightView(name, role, values.shape, "float32", axes, pictures, **more)

    return make


@pytest.fixture
def dock(show, selection, model):
    selection.set_model(model)
    return show(WeightsDock)


@pytest.fixture
def fill(qtbot, engine, dock, selection):
    def answer(*views):
        selection.set_node("conv")
        qtbot.waitUntil(lambda: bool(engine.requests(WeightsOf)))
        with qtbot.waitSignal(dock.shown) as shown:
            engine.answer(WeightsOf, Weights("conv", views))
        assert shown.args == ["conv"]

    return answer


@pytest.mark.usefixtures("dock")
def test_weights_need_no_run(qtbot, engine, selection):
    selection.set_node("conv")
    qtbot.waitUntil(lambda: engine.requests(WeightsOf) == [WeightsOf("conv", 0)])


def test_a_node_without_parameters_says_so(qtbot, engine, dock, selection):
    selection.set_node("relu")
    qtbot.waitUntil(lambda: dock.message.text() == "Relu has no parameters.")
    assert not engine.requests(WeightsOf)


def test_kernels_are_drawn_as_they_are_stored(dock, fill, view):
    kernels = np.random.default_rng(0).normal(size=(32, 3, 3)).astype(np.float32)
    fill(view(kernels, "kernels", input_channels=8))
    board = dock.tensor.mosaic.image.image
    assert np.array_equal(np.unique(board[np.isfinite(board)]), np.unique(kernels))
    low, high = dock.tensor.bar.levels()
    assert low == -high == pytest.approx(-np.abs(kernels).max())


def test_nothing_is_cut_off_at_the_right(qtbot, dock, fill, view):
    fill(view(np.ones((4, 3, 3)), "kernels", input_channels=64))
    dock.resize(300, 400)
    area = dock.tensor.window().findChild(QScrollArea)
    qtbot.waitUntil(lambda: area.widget().width() <= area.viewport().width())


def test_another_input_channel_is_asked_for(qtbot, engine, dock, fill, view):
    fill(view(np.ones((4, 3, 3)), "kernels", input_channels=8))
    assert dock.input_channel.maximum() == 7
    assert dock.input_channel.isVisible()
    dock.input_channel.setValue(5)
    qtbot.waitUntil(lambda: engine.requests(WeightsOf)[-1] == WeightsOf("conv", 5))


def test_rgb_kernels_are_in_colour_and_zero_is_grey(dock, fill, view):
    kernels = np.zeros((2, 3, 3, 3), np.float32)
    kernels[1, ..., 0] = 2.0
    fill(view(kernels, "rgb kernels"))
    mosaic = dock.tensor.mosaic
    board, origin = mosaic.image.image, mosaic.rectangle(0)
    centres = [(mosaic.rectangle(i).center() - origin.topLeft()).toPoint() for i in (0, 1)]
    grey, red = (board[c.y(), c.x(), :3] for c in centres)
    assert grey.tolist() == [0.5, 0.5, 0.5]
    assert red.tolist() == [1.0, 0.5, 0.5]
    assert not dock.tensor.bar.isVisible()


def test_rgb_kernels_can_each_have_their_own_scale(dock, fill, view):
    kernels = np.zeros((2, 3, 3, 3), np.float32)
    kernels[0, ..., 1] = 0.5
    kernels[1, ..., 0] = 2.0
    fill(view(kernels, "rgb kernels"))
    dock.tensor.scale.setCurrentIndex(dock.tensor.scale.findData(Scale.CHANNEL))
    board = dock.tensor.mosaic.image.image
    assert board[2, 2, :3].tolist() == [0.5, 1.0, 0.5]


def test_a_matrix_is_a_heat_map_symmetric_around_zero(dock, fill, view):
    matrix = np.array([[1.0, -3.0, 0.5], [0.0, 2.0, 1.0]])
    fill(view(matrix, "matrix"))
    assert np.array_equal(dock.tensor.matrix.values, matrix)
    assert dock.tensor.matrix.bar.levels() == (-3, 3)


def test_a_matrix_that_was_averaged_down_keeps_its_own_rows_and_columns(dock, fill, view):
    shown = view(np.ones((4, 8)), "matrix", reduced=True)
    fill(replace(shown, shape=(80, 40), size=(40, 80)))
    assert dock.tensor.matrix.full_size == (40, 80)
    dock.tensor.matrix.hovered.emit((1, 2))
    assert dock.tensor.readout.text() == "row 10–19, column 20–29  ·  mean 1"
    assert "drawn as averages" in dock.facts.text()


def test_the_norms_of_the_outputs_are_told_from_least_to_largest(dock, fill, view):
    fill(replace(view(np.ones((3, 2)), "matrix"), norms=np.array([2.5, 0.125, 1.0])))
    assert "norms of the 3 outputs 0.125 to 2.5" in dock.facts.text()


def test_a_vector_is_bars(dock, fill, view):
    bias = np.array([0.5, -0.25, 0.0, 1.0])
    fill(view(bias, "vector", name="conv.bias", role="bias"))
    assert dock.tensor.vector.isVisible()
    assert np.array_equal(dock.tensor.vector.values, bias)


def test_each_parameter_has_its_tab_and_its_statistics(dock, fill, view):
    fill(
        view(np.full((4, 3, 3), 0.25), "kernels"),
        view(np.array([-1.0, 0.0, 0.0, 4.0]), "vector", name="conv.bias", role="bias"),
    )
    assert [dock.tabs.tabText(i) for i in range(2)] == ["weight", "bias"]
    dock.tabs.setCurrentIndex(1)
    table = dock.statistics
    assert dock.headline.text() == "conv.bias"
    assert [table.text(name) for name in ("count", "zeros", "min", "max", "mean")] == [
        "4",
        "50.0 %",
        "−1",
        "4",
        "0.75",
    ]


def test_what_cannot_be_drawn_says_why(dock, fill):
    text = "It holds text."
    fill(WeightView("names", "", (3,), "str", "", NONE, reduced=False, statistics=None, state=text))
    assert dock.state.text() == "It holds text."
    assert not dock.tensor.isVisible()


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_strange_numbers_are_drawn(dock, fill, view, value):
    kernels = np.full((3, 3, 3), value, np.float32)
    fill(view(kernels, "kernels"))
    low, high = dock.tensor.bar.levels()
    assert low < high
    dock.grab()
