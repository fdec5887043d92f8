from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QSettings, Qt
from PySide6.QtWidgets import QApplication

from netviz_desktop.graph.receptive_field import Axis
from netviz_desktop.link.messages import ActivationOf, Channel, ChannelOf, Failed, Maps
from netviz_desktop.ui import theme
from netviz_desktop.ui.docks.feature_maps import FeatureMaps
from netviz_desktop.ui.settings import Settings
from netviz_desktop.ui.widgets.levels import Scale
from netviz_desktop.ui.widgets.looks import Order


@pytest.fixture
def dock(show):
    return show(FeatureMaps)


@pytest.fixture
def ready(dock, selection, model, run):
    """The dock, with a model that has run; its colours span all numbers."""
    selection.set_model(model)
    selection.set_run(run)
    dock.tensor.scale.addItem("as chosen before", Scale.LAYER)
    return dock


def ask(qtbot, engine, selection, node):
    """Select a node; its activation is asked for."""
    before = len(engine.requests(ActivationOf))
    selection.set_node(node)
    qtbot.waitUntil(lambda: len(engine.requests(ActivationOf)) > before)


def fill(qtbot, engine, dock, selection, maps):
    ask(qtbot, engine, selection, maps.node)
    with qtbot.waitSignal(dock.shown):
        engine.answer(ActivationOf, maps)


def shown_numbers(dock):
    """The numbers of the mosaic as they are drawn, without the gaps."""
    board = dock.tensor.mosaic.image.image
    return board[np.isfinite(board)]


def test_without_a_model_it_says_what_to_do(dock):
    assert dock.message.text() == "No model is open.\nOpen one, or drop it on the window."
    assert not dock.has_content


def test_before_the_first_run_it_asks_for_an_image(qtbot, dock, selection, model):
    selection.set_model(model)
    selection.set_node("conv")
    qtbot.waitUntil(lambda: "has not run yet" in dock.message.text())
    assert "Open an image" in dock.message.text()


def test_a_model_that_cannot_run_says_why_in_its_own_two_sentences(qtbot, dock, selection, model):
    selection.set_model(replace(model, structure_only=("It has no code.", "Name its code.")))
    selection.set_node("conv")
    qtbot.waitUntil(lambda: dock.message.text() == "It has no code.\nName its code.")


def test_a_model_that_needs_its_code_says_where_to_name_it(qtbot, dock, selection, model):
    why = ("It has no code.", "Name its code.")
    selection.set_model(replace(model, structure_only=why, needs_code=True))
    selection.set_node("conv")
    qtbot.waitUntil(lambda: "Model > Model Code…" in dock.message.text())


def test_a_model_without_an_image_input_is_not_told_to_open_an_image(qtbot, dock, selection, model):
    selection.set_model(replace(model, preprocessing=None))
    selection.set_node("conv")
    qtbot.waitUntil(lambda: "No input of this model takes an image" in dock.message.text())


def test_without_a_node_it_says_so(qtbot, ready):
    qtbot.waitUntil(lambda: ready.message.text().startswith("No node is selected."))


@pytest.mark.parametrize("channels", [1, 3, 64, 2048])
def test_the_numbers_that_are_drawn_are_those_of_the_message(
    qtbot, engine, ready, selection, maps_of, channels
):
    tensor = np.random.default_rng(1).normal(size=(1, channels, 4, 4)).astype(np.float32)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))

    mosaic = ready.tensor.mosaic
    visible = mosaic.visible()
    assert visible.start == 0
    assert mosaic.columns == min(channels, 16)
    drawn = np.unique(shown_numbers(ready))
    assert np.array_equal(drawn, np.unique(tensor[0, visible.start : visible.stop]))
    assert tuple(mosaic.image.levels) == pytest.approx((tensor.min(), tensor.max()))


def test_each_channel_lies_at_its_place_in_the_grid(qtbot, engine, ready, selection, maps_of):
    tensor = np.arange(40, dtype=np.float32).reshape(1, 40, 1, 1) * np.ones((1, 1, 4, 4))
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))

    mosaic = ready.tensor.mosaic
    board, origin = mosaic.image.image, mosaic.rectangle(0)
    for channel in (0, 15, 16, 39):
        centre = mosaic.rectangle(channel).center() - origin.topLeft()
        assert board[int(centre.y()), int(centre.x())] == channel


def test_of_2048_channels_only_those_in_view_are_drawn(qtbot, engine, ready, selection, maps_of):
    tensor = np.arange(2048, dtype=np.float32).reshape(1, 2048, 1, 1) * np.ones((1, 1, 7, 7))
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))

    mosaic = ready.tensor.mosaic
    assert len(mosaic.visible()) < 1024
    mosaic.set_chosen(2047)
    assert 2047 in mosaic.visible()
    assert shown_numbers(ready).max() == 2047


def test_of_two_quick_clicks_the_last_one_wins(qtbot, engine, ready, selection, maps_of):
    ask(qtbot, engine, selection, "conv")
    first = next(n for n, m in reversed(engine.sent) if isinstance(m, ActivationOf))
    ask(qtbot, engine, selection, "relu")

    with qtbot.waitSignal(ready.shown) as shown:
        engine._handle(first, maps_of("conv", np.zeros((1, 2, 4, 4))))
        engine.answer(ActivationOf, maps_of("relu", np.ones((1, 4, 4, 4))))

    assert shown.args == ["relu"]
    assert ready.maps.node == "relu"


def test_an_answer_to_what_is_no_longer_in_view_is_dropped(
    qtbot, engine, ready, selection, maps_of
):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.ones((1, 4, 4, 4))))
    ask(qtbot, engine, selection, "relu")
    selection.set_node("head")
    engine.answer(ActivationOf, maps_of("relu", np.ones((1, 4, 4, 4))))

    assert ready.maps.node == "conv"
    qtbot.waitUntil(lambda: engine.requests(ActivationOf)[-1] == ActivationOf("head"))


def test_a_hidden_dock_asks_nothing_until_it_is_seen(qtbot, engine, ready, selection):
    with qtbot.waitSignal(ready.visibilityChanged):
        ready.hide()
    selection.set_node("conv")
    qtbot.waitUntil(lambda: ready.is_stale)
    assert not engine.requests(ActivationOf)

    ready.show()
    qtbot.waitUntil(lambda: engine.requests(ActivationOf) == [ActivationOf("conv")])


def test_a_new_run_asks_again_about_the_same_node(qtbot, engine, ready, selection, run, maps_of):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.zeros((1, 4, 4, 4))))
    selection.set_run(replace(run))
    qtbot.waitUntil(lambda: len(engine.requests(ActivationOf)) == 2)


def test_another_class_does_not_ask_for_the_activation_again(
    qtbot, engine, ready, selection, maps_of
):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.zeros((1, 4, 4, 4))))
    selection.set_target(1)
    qtbot.waitUntil(lambda: not ready.is_stale)
    assert len(engine.requests(ActivationOf)) == 1


def test_a_problem_is_said_as_it_stands_and_can_be_tried_again(qtbot, engine, ready, selection):
    ask(qtbot, engine, selection, "conv")
    engine.answer(ActivationOf, Failed("It was not reached.", "Take another."))
    assert ready.message.text() == "It was not reached.\nTake another."

    ready.message.retry_asked.emit()
    qtbot.waitUntil(lambda: len(engine.requests(ActivationOf)) == 2)


def test_what_the_engine_died_of_is_not_asked_again_by_itself(qtbot, engine, ready, selection, run):
    ask(qtbot, engine, selection, "conv")
    engine.die()
    assert "engine was lost" in ready.message.text()
    engine.come_up()
    selection.set_run(replace(run))
    qtbot.waitUntil(lambda: not ready.is_stale)
    assert len(engine.requests(ActivationOf)) == 1

    ready.message.retry_asked.emit()
    qtbot.waitUntil(lambda: len(engine.requests(ActivationOf)) == 2)


def test_a_slow_answer_can_be_cancelled(qtbot, engine, ready, selection):
    ask(qtbot, engine, selection, "conv")
    qtbot.waitUntil(lambda: ready.message.text() == "Working…")
    ready.message.cancel_asked.emit()
    assert ready.message.text() == "Cancelled."
    assert not engine._calls


def test_the_state_of_a_value_is_said(qtbot, engine, ready, selection, maps_of):
    maps = maps_of("conv", np.zeros((1, 4, 4, 4)), state="It is constant.")
    fill(qtbot, engine, ready, selection, maps)
    assert ready.state.text() == "It is constant."
    assert ready.state.isVisible()


def test_nothing_to_draw_is_said(qtbot, engine, ready, selection, maps_of):
    maps = replace(maps_of("conv", np.zeros((1, 4, 4, 4))), axes="", state="It is empty.")
    ask(qtbot, engine, selection, "conv")
    engine.answer(ActivationOf, maps)
    assert ready.message.text() == "It is empty."


def test_the_title_says_node_shape_type_and_statistics(qtbot, engine, ready, selection, maps_of):
    tensor = np.zeros((1, 4, 4, 4))
    tensor[0, 0] = -2.5
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    said = ready.facts.text().replace("\N{NO-BREAK SPACE}", " ")
    assert ready.headline.text() == "conv"
    for part in ("1×4×4×4", "float32", "3 of 4 channels are dead", "−2.5 … 0", "75.0 % zeros"):
        assert part in said


def test_dead_channels_are_marked(qtbot, engine, ready, selection, maps_of):
    tensor = np.ones((1, 4, 4, 4))
    tensor[0, 2] = 0
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    mosaic = ready.tensor.mosaic
    picture = mosaic.grab().toImage()

    def colours(channel):
        inside = mosaic.rectangle(channel).toRect().adjusted(4, 4, -4, -4)
        return {
            picture.pixelColor(x, y).name()
            for x in range(inside.left(), inside.right())
            for y in range(inside.top(), inside.bottom())
        }

    assert len(colours(0)) == 1
    assert len(colours(2)) > 1


def test_nan_leaves_a_hole_and_is_counted(qtbot, engine, ready, selection, maps_of):
    tensor = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)
    tensor[0, 1] = np.nan
    maps = maps_of("conv", tensor)
    fill(qtbot, engine, ready, selection, maps)
    assert "16\N{NO-BREAK SPACE}NaN" in ready.facts.text()
    assert set(np.unique(shown_numbers(ready))) == set(tensor[np.isfinite(tensor)])
    assert tuple(ready.tensor.mosaic.image.levels) == (0, 63)
    ready.grab()


@pytest.mark.parametrize("value", [0.0, 7.0, -7.0, np.nan, np.inf])
def test_a_constant_map_is_drawn_without_a_complaint(
    qtbot, engine, ready, selection, maps_of, value
):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.full((1, 3, 4, 4), value)))
    low, high = ready.tensor.bar.levels()
    assert low < high
    ready.grab()


def test_at_first_outliers_do_not_take_the_contrast(
    qtbot, engine, dock, selection, model, run, maps_of
):
    selection.set_model(model)
    selection.set_run(run)
    fill(qtbot, engine, dock, selection, maps_of("conv", np.zeros((1, 3, 4, 4), np.float32)))
    assert dock.tensor.scale.currentData() is Scale.CLIPPED


def test_each_channel_can_have_its_own_scale(qtbot, engine, ready, selection, maps_of):
    tensor = (
        np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
        * np.array([1, 100])[None, :, None, None]
    )
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    tensors = ready.tensor
    tensors.scale.setCurrentIndex(tensors.scale.findData(Scale.CHANNEL))

    drawn = shown_numbers(ready)
    assert np.allclose(np.unique(drawn), np.arange(16) / 15, atol=1e-6)
    assert tensors.bar.levels() == (0, 1)
    assert "each channel" in tensors.bar.unit()


def test_the_scale_can_be_symmetric_around_zero(qtbot, engine, ready, selection, maps_of):
    tensor = np.linspace(-1, 3, 64).reshape(1, 4, 4, 4)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    tensors = ready.tensor
    tensors.scale.setCurrentIndex(tensors.scale.findData(Scale.SYMMETRIC))
    assert tensors.bar.levels() == (-3, 3)


def test_outliers_can_be_clipped(qtbot, engine, ready, selection, maps_of):
    tensor = np.ones((1, 4, 10, 10)) * np.linspace(0, 1, 100).reshape(10, 10)
    tensor[0, 0, 0, 0] = 1000
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    tensors = ready.tensor
    tensors.scale.setCurrentIndex(tensors.scale.findData(Scale.CLIPPED))
    assert tensors.bar.levels()[1] <= 1
    assert "clipped" in tensors.bar.unit()


def choose(combo, choice):
    combo.setCurrentIndex(combo.findData(choice))


def test_mean_and_deviation_can_be_spread_over_128_and_64_of_255(
    qtbot, engine, ready, selection, maps_of
):
    tensor = np.random.default_rng(5).normal(3, [[[[1]], [[50]]]], (1, 2, 6, 6)).astype(np.float32)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    choose(ready.tensor.scale, Scale.DEVIATIONS)

    # Chollet's recipe, as it stands in his book
    for channel in tensor[0]:
        centred = (channel - channel.mean()) / channel.std()
        expected = np.clip(centred * 64 + 128, 0, 255)
        low, high = ready.tensor.mosaic.image.levels
        drawn = (shown_numbers(ready) - low) / (high - low) * 255
        distance = np.abs(drawn[:, None] - expected.reshape(1, -1)).min(0)
        assert distance.max() < 0.01


def test_a_constant_channel_is_in_the_middle_of_its_deviations(
    qtbot, engine, ready, selection, maps_of
):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.full((1, 3, 4, 4), 7.0)))
    choose(ready.tensor.scale, Scale.DEVIATIONS)
    assert set(shown_numbers(ready)) == {0}
    ready.tensor.mosaic.clicked.emit(1)
    ready.grab()


def test_a_fixed_range_stays_for_the_next_node(qtbot, engine, ready, selection, maps_of):
    fill(
        qtbot, engine, ready, selection, maps_of("conv", np.linspace(0, 4, 64).reshape(1, 4, 4, 4))
    )
    choose(ready.tensor.scale, Scale.FIXED)
    fill(qtbot, engine, ready, selection, maps_of("relu", np.full((1, 4, 4, 4), 900.0)))
    assert ready.tensor.bar.levels() == (0, 4)


@pytest.mark.parametrize(
    ("order", "first"),
    [(Order.INDEX, [0, 1, 2]), (Order.MEAN, [2, 0, 1]), (Order.ZEROS, [1, 0, 2])],
)
def test_channels_are_sorted_and_keep_their_numbers(
    qtbot, engine, ready, selection, maps_of, order, first
):
    tensor = np.array([[0, 1, 1, 1], [0, 0, 0, 0], [2, 2, 2, 2]], np.float32).reshape(1, 3, 2, 2)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    choose(ready.tensor.order, order)
    assert np.array_equal(ready.tensor.mosaic._pictures, tensor[0, first])
    ready.tensor.mosaic.clicked.emit(0)
    assert ready.tensor.chosen == first[0]
    assert np.array_equal(ready.tensor.enlarged.values, tensor[0, first[0]])
    ready.tensor._step(1)
    assert ready.tensor.chosen == first[1]


def test_how_maps_are_drawn_is_remembered(show, tmp_path, maps_of):
    settings = Settings(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    before = show(FeatureMaps)
    before.remember(settings)
    choose(before.tensor.order, Order.MEAN)
    before.tensor.per_row.setValue(9)
    looks = {**settings.looks("feature_maps"), "scale": "deviations"}
    settings.set_looks("feature_maps", looks)

    after = show(FeatureMaps)
    after.remember(settings)
    after.draw(maps_of("conv", np.ones((1, 4, 4, 4))))
    assert after.tensor.scale.currentData() is Scale.DEVIATIONS
    assert after.tensor.order.currentData() is Order.MEAN
    assert after.tensor.per_row.value() == 9


def test_the_cursor_names_channel_row_column_and_value(
    qtbot, engine, ready, selection, maps_of, hover
):
    tensor = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4) / 7
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    mosaic = ready.tensor.mosaic
    cell = mosaic.rectangle(2)
    hover(
        mosaic._view.viewport(),
        cell.left() + cell.width() * 3.5 / 4,
        cell.top() + cell.height() * 1.5 / 4,
    )
    assert ready.tensor.readout.text() == "channel 2  ·  row 1, column 3  ·  5.571"


def test_what_the_cell_under_the_cursor_sees_is_put_on_the_image(
    qtbot, engine, ready, selection, maps_of, hover
):
    looks_at = (Axis(2, 3, 0, 2), Axis(3, 3, 0, 2))
    maps = replace(maps_of("conv", np.ones((1, 4, 4, 4))), looks_at=looks_at)
    fill(qtbot, engine, ready, selection, maps)
    mosaic = ready.tensor.mosaic
    cell = mosaic.rectangle(2)
    viewport = mosaic._view.viewport()
    hover(viewport, cell.left() + 1, cell.top() + cell.height() * 1.5 / 4)
    assert selection.cell == (0, 1, 2, 3)  # pixels −1 to 1 of the columns, 1 to 3 of the rows

    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert selection.cell is None


def test_over_averages_the_cursor_says_so(qtbot, engine, ready, selection, maps_of, hover):
    tensor = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor, averaged=True))
    mosaic = ready.tensor.mosaic
    cell = mosaic.rectangle(0)
    hover(mosaic._view.viewport(), cell.left() + 2, cell.top() + 2)
    said = ready.tensor.readout.text()
    assert said == "channel 0  ·  row 0–1, column 0–1  ·  mean 4.5"


def test_a_click_enlarges_a_channel(qtbot, engine, ready, selection, maps_of):
    tensor = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    mosaic = ready.tensor.mosaic
    at = mosaic.rectangle(3).center().toPoint()
    qtbot.mouseClick(mosaic._view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert ready.tensor.chosen == 3
    assert np.array_equal(ready.tensor.enlarged.values, tensor[0, 3])
    assert not engine.requests(ChannelOf)  # the thumbnails are the numbers themselves


def test_a_click_beside_a_channel_enlarges_it(qtbot, engine, ready, selection, maps_of):
    tensor = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor))
    mosaic = ready.tensor.mosaic
    between = mosaic.rectangle(1).toRect().topRight() + QPoint(2, 3)
    assert not mosaic.rectangle(1).contains(between)
    qtbot.mouseClick(mosaic._view.viewport(), Qt.MouseButton.LeftButton, pos=between)
    assert ready.tensor.chosen == 1


def test_a_channel_that_was_averaged_is_asked_for_in_full(qtbot, engine, ready, selection, maps_of):
    tensor = np.arange(128, dtype=np.float32).reshape(1, 2, 8, 8)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor, averaged=True))
    ready.tensor.mosaic.clicked.emit(1)
    assert engine.requests(ChannelOf) == [ChannelOf("conv", 1)]
    engine.answer(ChannelOf, Channel(1, tensor[0, 1]))
    assert np.array_equal(ready.tensor.enlarged.values, tensor[0, 1])
    assert ready.tensor.enlarged.isVisible()


def test_a_channel_is_laid_over_the_image_where_its_cells_look(
    qtbot, engine, ready, selection, run, maps_of
):
    tensor = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)
    maps = replace(maps_of("conv", tensor), looks_at=(Axis(2, 3, 0, 2), Axis(3, 3, 0, 2)))
    fill(qtbot, engine, ready, selection, maps)
    ready.tensor.mosaic.clicked.emit(1)
    ready.tensor.over.setChecked(True)
    assert engine.requests(ChannelOf) == [ChannelOf("conv", 1, placed=True)]

    placed = np.arange(64, dtype=np.float32).reshape(8, 8)
    engine.answer(ChannelOf, Channel(1, tensor[0, 1], placed))
    enlarged = ready.tensor.enlarged
    assert np.array_equal(enlarged.values, placed)
    assert np.array_equal(enlarged.beneath.image, run.seen)
    ready.tensor.opacity.setValue(30)
    assert enlarged.image.opacity() == pytest.approx(0.3)

    ready.tensor.over.setChecked(False)
    assert np.array_equal(enlarged.values, tensor[0, 1])
    assert enlarged.beneath.image is None
    assert enlarged.image.opacity() == 1


def test_a_channel_in_full_of_another_node_is_dropped(qtbot, engine, ready, selection, maps_of):
    tensor = np.arange(128, dtype=np.float32).reshape(1, 2, 8, 8)
    fill(qtbot, engine, ready, selection, maps_of("conv", tensor, averaged=True))
    ready.tensor.mosaic.clicked.emit(1)
    selection.set_node("relu")
    engine.answer(ChannelOf, Channel(1, np.full((8, 8), 5, np.float32)))
    assert not (ready.tensor.enlarged.values == 5).any()


def test_the_enlarged_channel_stays_when_another_image_runs(
    qtbot, engine, ready, selection, run, maps_of
):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.ones((1, 4, 4, 4))))
    ready.tensor.mosaic.clicked.emit(2)
    selection.set_run(replace(run))
    qtbot.waitUntil(lambda: len(engine.requests(ActivationOf)) == 2)
    engine.answer(ActivationOf, maps_of("conv", np.full((1, 4, 4, 4), 9)))
    assert ready.tensor.chosen == 2
    assert (ready.tensor.enlarged.values == 9).all()


def test_a_vector_is_drawn_as_bars_and_names_classes(qtbot, engine, ready, selection, maps_of):
    scores = np.array([[1.0, 2.0, -3.0, 4.0, 5.0]], np.float32)
    fill(qtbot, engine, ready, selection, maps_of("head", scores))
    assert np.array_equal(ready.tensor.vector.values, scores[0])
    assert ready.tensor.vector.isVisible()
    ready.tensor.vector.hovered.emit(2)
    assert ready.tensor.readout.text() == "index 2  ·  cat  ·  −3"


def test_a_long_vector_comes_in_full_before_it_is_shown(qtbot, engine, ready, selection, maps_of):
    numbers = np.arange(1000, dtype=np.float32)[None]
    short = replace(maps_of("head", numbers), thumbnails=np.zeros((1, 1, 96), np.float32))
    ask(qtbot, engine, selection, "head")
    engine.answer(ActivationOf, short)
    assert engine.requests(ChannelOf) == [ChannelOf("head", 0)]
    with qtbot.waitSignal(ready.shown) as shown:
        engine.answer(ChannelOf, Channel(0, numbers))
    assert shown.args == ["head"]
    assert np.array_equal(ready.tensor.vector.values, numbers[0])


def test_a_scalar_is_a_number(qtbot, engine, ready, selection, maps_of):
    fill(qtbot, engine, ready, selection, maps_of("head", np.float32(-12.5)))
    assert ready.tensor.scalar.text() == "−12.5"
    assert ready.tensor.scalar.isVisible()


def test_a_matrix_is_one_heat_map(qtbot, engine, ready, selection, maps_of):
    tokens = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    fill(qtbot, engine, ready, selection, maps_of("head", tokens, axes="matrix"))
    assert np.array_equal(ready.tensor.matrix.values, tokens[0, 0])
    assert ready.tensor.matrix.isVisible()
    assert np.array_equal(ready.tensor.matrix.image.image, tokens[0, 0])


def test_of_several_outputs_another_can_be_chosen(qtbot, engine, ready, selection):
    ask(qtbot, engine, selection, "split")
    assert ready.outputs.isVisibleTo(ready.outputs.parentWidget())
    assert [ready.outputs.itemText(i) for i in range(2)] == ["output 0: c", "output 1: d"]
    ready.outputs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: engine.requests(ActivationOf)[-1] == ActivationOf("split", 1))


def test_pictures_per_row_can_be_chosen(qtbot, engine, ready, selection, maps_of):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.ones((1, 64, 4, 4))))
    ready.tensor.per_row.setValue(4)
    assert ready.tensor.mosaic.columns == 4


def test_it_follows_the_theme(qtbot, engine, ready, selection, maps_of):
    fill(qtbot, engine, ready, selection, maps_of("conv", np.ones((1, 4, 4, 4))))
    theme.apply("dark")
    try:
        dark = ready.grab().toImage().pixelColor(2, ready.height() - 2).lightness()
        theme.apply("light")
        light = ready.grab().toImage().pixelColor(2, ready.height() - 2).lightness()
    finally:
        theme.apply("light")
    assert dark < 100
    assert light > 200


def test_what_is_drawn_never_changes_the_message(qtbot, engine, ready, selection, maps_of):
    tensor = np.random.default_rng(2).normal(size=(1, 4, 4, 4)).astype(np.float32)
    maps: Maps = maps_of("conv", tensor)
    before = maps.thumbnails.copy()
    fill(qtbot, engine, ready, selection, maps)
    for index in range(ready.tensor.scale.count()):
        ready.tensor.scale.setCurrentIndex(index)
    assert np.array_equal(maps.thumbnails, before)
