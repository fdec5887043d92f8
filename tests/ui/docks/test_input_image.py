from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netviz_desktop.link.messages import Preprocessing
from netviz_desktop.ui.docks.input_image import InputImage, in_words


@pytest.fixture
def dock(show):
    return show(InputImage)


def test_without_an_image_it_says_how_to_open_one(qtbot, dock, selection, model):
    with qtbot.waitSignal(dock.shown):
        selection.set_model(model)
    assert "drop one" in dock.message.text()
    assert dock.message.isVisible()


def test_the_crop_is_drawn_where_the_model_looks(qtbot, dock, selection, model, run):
    selection.set_model(model)
    with qtbot.waitSignal(dock.shown):
        selection.set_run(run)  # 10 x 16; the crop begins at column 3
    whole, crop = dock.picture.target(), dock.picture.crop_rectangle()
    scale = whole.width() / 16
    assert crop.left() == pytest.approx(whole.left() + 3 * scale)
    assert crop.width() == pytest.approx(10 * scale)
    assert crop.height() == pytest.approx(whole.height(), abs=1)


def test_what_lies_outside_the_crop_is_dimmed(qtbot, dock, selection, model, run):
    selection.set_model(model)
    with qtbot.waitSignal(dock.shown):
        selection.set_run(replace(run, picture=np.full((10, 16, 3), 200, np.uint8)))
    drawn = dock.picture.grab().toImage()
    whole, crop = dock.picture.target(), dock.picture.crop_rectangle()
    middle = int(whole.center().y())
    inside = drawn.pixelColor(int(crop.center().x()), middle).lightness()
    outside = drawn.pixelColor(int(whole.right() - 4), middle).lightness()
    assert inside == 200
    assert outside < 150


def test_the_tensor_is_shown_as_the_model_sees_it(qtbot, dock, selection, model, run):
    selection.set_model(model)
    with qtbot.waitSignal(dock.shown):
        selection.set_run(run)
    drawn = dock.seen.grab().toImage()
    centre = dock.seen.target().center().toPoint()
    assert drawn.pixelColor(centre).name() == "#646464"


def test_preprocessing_is_said_in_words():
    how = Preprocessing(224, 200, resize=256, mean=(0.5,), std=(0.25,), channels=1, reason="So.")
    assert in_words(how).splitlines() == [
        "Shorter side to 256, centre 200×224, gray",
        "mean 0.5",
        "std 0.25",
        "So.",
    ]
    assert "Squeezed to 64×64, RGB" in in_words(Preprocessing(64, 64))


def test_what_a_cell_sees_is_outlined_on_both_pictures(dock, selection, model, run, qtbot):
    selection.set_model(model)
    selection.set_run(run)
    with qtbot.waitSignal(dock.shown):
        dock.mark_stale()
    selection.set_cell((0, 2, 4, 4))

    seen, of_seen = dock.seen.marked_rectangle(), dock.seen.target()
    assert seen.width() == pytest.approx(of_seen.width() / 2)
    assert seen.top() - of_seen.top() == pytest.approx(of_seen.height() / 4)
    picture, crop = dock.picture.marked_rectangle(), dock.picture.crop_rectangle()
    assert picture.left() == pytest.approx(crop.left())
    assert picture.height() == pytest.approx(crop.height() / 2)

    selection.set_node("conv")
    assert dock.seen.marked_rectangle().isEmpty()
