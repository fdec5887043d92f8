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


def test_the_tensor_itself_is_drawn_on_request_with_its_range(qtbot, dock, selection, model, run):
    selection.set_model(model)
    taken = np.full((8, 8, 3), 200, np.uint8)
    with qtbot.waitSignal(dock.shown):
        selection.set_run(replace(run, taken=taken, taken_range=(-2.0, 2.5)))
    assert "from −2 to 2.5" in dock.words.text().replace("-", "−")

    with qtbot.waitSignal(dock.shown):
        dock.as_tensor.click()

    centre = dock.seen.target().center().toPoint()
    assert dock.seen.grab().toImage().pixelColor(centre).name() == "#c8c8c8"


def test_a_preset_that_is_applied_is_what_images_are_prepared_by(
    qtbot, dock, selection, model, run
):
    selection.set_model(model)
    with qtbot.waitSignal(dock.shown):
        selection.set_run(run)
    dock.edit.click()
    caffe = dock.dialog.preset.findText("0 to 255 less ImageNet's mean, BGR (Caffe)")
    dock.dialog.preset.setCurrentIndex(caffe)
    dock.dialog.preset.activated.emit(caffe)
    dock.dialog.apply.click()

    how = selection.preprocessing
    assert how.bgr
    assert how.mean == pytest.approx([103.939 / 255, 116.779 / 255, 123.68 / 255], abs=1e-6)
    assert how.std == pytest.approx([1 / 255] * 3, abs=1e-6)
    assert (how.height, how.width, how.resize) == (8, 8, 10)
    assert dock.dialog.preset.currentIndex() == caffe

    dock.dialog.as_inferred.click()
    assert selection.preprocessing is None
    assert dock.dialog.preset.currentText() == "ImageNet's mean and deviation"


def test_numbers_that_make_no_sense_cannot_be_applied(qtbot, dock, selection, model, run):
    selection.set_model(model)
    with qtbot.waitSignal(dock.shown):
        selection.set_run(run)
    dock.edit.click()
    for text in ("", "1, 2", "a, b, c", "0", "nan"):
        dock.dialog.std.setText(text)
        assert not dock.dialog.apply.isEnabled()
        assert dock.dialog.problem.text().startswith("std ")
    dock.dialog.std.setText("0.5")
    assert dock.dialog.apply.isEnabled()
    assert dock.dialog.preprocessing().std == (0.5, 0.5, 0.5)


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
        "Shorter side to 256, centre 200×224, gray, NCHW",
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
