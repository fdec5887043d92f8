from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netviz_desktop.link.messages import Channel, ChannelOf, GradientOf
from netviz_desktop.ui.docks.gradients import Gradients


@pytest.fixture
def dock(show, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    return show(Gradients)


def ask(qtbot, engine, selection, node, target=None):
    selection.set_node(node)
    selection.set_target(target)
    wanted = GradientOf(node, target)
    qtbot.waitUntil(lambda: engine.requests(GradientOf)[-1:] == [wanted])


def test_the_title_is_a_derivative_of_the_class_in_view(qtbot, engine, dock, selection, maps_of):
    ask(qtbot, engine, selection, "conv")
    engine.answer(GradientOf, maps_of("conv", np.ones((1, 4, 4, 4))))
    assert dock.headline.text() == "∂ score(cat) / ∂ conv"

    ask(qtbot, engine, selection, "conv", target=1)
    engine.answer(GradientOf, maps_of("conv", np.ones((1, 4, 4, 4))))
    assert dock.headline.text() == "∂ score(bee) / ∂ conv"


@pytest.mark.usefixtures("dock")
def test_two_quick_changes_of_the_class_ask_once(qtbot, engine, selection):
    selection.set_node("conv")
    selection.set_target(1)
    selection.set_target(3)
    qtbot.waitUntil(lambda: engine.requests(GradientOf) == [GradientOf("conv", 3)])


def test_zero_is_the_middle_of_the_colours(qtbot, engine, dock, selection, maps_of):
    ask(qtbot, engine, selection, "conv")
    tensor = np.zeros((1, 2, 4, 4))
    tensor[0, 0] = np.linspace(-1, 0, 16).reshape(4, 4)
    engine.answer(GradientOf, maps_of("conv", tensor))
    low, high = dock.tensor.bar.levels()
    assert low == -high < 0
    assert dock.tensor.bar.unit().startswith("logit per unit of activation")


def test_where_there_is_no_gradient_it_says_why(qtbot, engine, dock, selection, maps_of):
    ask(qtbot, engine, selection, "conv")
    maps = maps_of("conv", np.zeros((1, 1, 1, 1)), state="Not on a path to the output.")
    engine.answer(GradientOf, replace(maps, axes=""))
    assert dock.message.text() == "Not on a path to the output."


def test_a_channel_in_full_is_one_of_the_same_gradient(qtbot, engine, dock, selection, maps_of):
    ask(qtbot, engine, selection, "conv", target=3)
    tensor = np.ones((1, 2, 8, 8))
    engine.answer(GradientOf, maps_of("conv", tensor, averaged=True))
    dock.tensor.mosaic.clicked.emit(1)
    assert engine.requests(ChannelOf) == [ChannelOf("conv", 1, gradient=True, target=3)]
    engine.answer(ChannelOf, Channel(1, np.full((8, 8), 0.5, np.float32)))
    assert (dock.tensor.enlarged.values == 0.5).all()
