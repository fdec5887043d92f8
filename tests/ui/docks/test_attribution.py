from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netviz_desktop.link.messages import Attribution, Explain, Progress
from netviz_desktop.ui.docks.attribution import MAGNITUDE, SIGNED, AttributionDock, displayed

PLACED = np.linspace(-1, 3, 64, dtype=np.float32).reshape(8, 8)


def attribution(node="relu", placed=PLACED, state=""):
    raw = np.ones((4, 4), np.float32)
    return Attribution("grad-cam", node, 2, "cat", raw, placed, "Placed by hand.", state)


@pytest.fixture
def dock(show, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    return show(AttributionDock)


@pytest.fixture
def filled(qtbot, engine, dock):
    qtbot.waitUntil(lambda: bool(engine.requests(Explain)))
    with qtbot.waitSignal(dock.shown):
        engine.answer(Explain, attribution())
    return dock


def choose(dock, method_id):
    ids = [dock.method.itemData(i).id for i in range(dock.method.count())]
    dock.method.setCurrentIndex(ids.index(method_id))


def test_the_default_node_is_asked_for_and_named_with_its_reason(engine, filled):
    assert engine.requests(Explain) == [Explain("grad-cam", "relu", None, {})]
    assert filled.headline.text() == "Why cat?"
    assert filled.where.text() == "at relu"
    assert "relu is the last one with height and width." in filled.words.text()
    assert filled.readout.text() == "the map is 4×4"
    assert "Placed by hand." in filled.words.text()


def test_no_words_lie_over_the_picture_however_low_the_dock_is(qtbot, filled):
    filled.words.say("What is long is said in many words, which take many lines. " * 6)
    filled.resize(320, 420)

    def is_apart() -> bool:
        picture, bar, words = filled.picture, filled.picture.bar, filled.words
        return (
            picture.height() >= picture.minimumSizeHint().height()
            and bar.mapTo(filled, bar.rect().bottomLeft()).y()
            < filled.readout.mapTo(filled, filled.readout.rect().topLeft()).y()
            < words.mapTo(filled, words.rect().topLeft()).y()
            and words.height() >= words.heightForWidth(words.width())
        )

    qtbot.waitUntil(is_apart)


def test_of_an_output_without_classes_the_place_is_named(qtbot, engine, dock, selection, run):
    selection.set_run(replace(run, predictions=(), shapes={**run.shapes, "scores": (1, 2, 4, 3)}))
    qtbot.waitUntil(lambda: not dock.is_stale)
    with qtbot.waitSignal(dock.shown):
        engine.answer(Explain, replace(attribution(), target=17, label="class 17"))
    assert dock.headline.text() == "Why output[1, 1, 2]?"


def test_the_opacity_is_in_reach_while_the_picture_scrolls(filled):
    filled.resize(320, 260)
    scrolled = filled.picture.parentWidget().parentWidget()
    assert not scrolled.isAncestorOf(filled.opacity)
    assert (
        filled.widget()
        .rect()
        .contains(filled.opacity.mapTo(filled.widget(), filled.opacity.rect().center()))
    )


def test_a_click_on_a_node_asks_nothing_while_the_default_node_is_used(
    qtbot, engine, filled, selection
):
    selection.set_node("conv")
    qtbot.waitUntil(lambda: not filled.is_stale)
    assert len(engine.requests(Explain)) == 1


def test_the_selected_node_can_be_used(qtbot, engine, filled, selection):
    selection.set_node("conv")
    filled.use_selected.setChecked(True)
    qtbot.waitUntil(lambda: engine.requests(Explain)[-1] == Explain("grad-cam", "conv"))


@pytest.mark.usefixtures("filled")
def test_another_class_asks_again(qtbot, engine, selection):
    selection.set_target(3)
    qtbot.waitUntil(lambda: engine.requests(Explain)[-1] == Explain("grad-cam", "relu", 3))


def test_only_the_positive_part_is_drawn_over_its_own_range(filled):
    shown = filled.picture.image.image
    assert np.array_equal(shown, np.maximum(PLACED, 0))
    assert filled.picture.bar.levels() == (0, 3)


def test_the_signed_view_shows_both_signs_around_zero(filled):
    filled.view.setCurrentIndex(filled.view.findData(SIGNED))
    assert np.array_equal(filled.picture.image.image, PLACED)
    assert filled.picture.bar.levels() == (-3, 3)


def test_a_map_without_positive_evidence_stays_empty_and_says_so(qtbot, engine, dock):
    qtbot.waitUntil(lambda: bool(engine.requests(Explain)))
    engine.answer(Explain, attribution(placed=-np.abs(PLACED), state="No positive evidence."))
    assert dock.state.text() == "No positive evidence."
    assert not dock.picture.image.image.any()
    assert dock.picture.bar.levels() == (0, 1)


def test_opacity_blends_the_map_over_the_image(filled):
    def middle():
        picture = filled.picture.grab().toImage()
        return picture.pixelColor(picture.width() // 2, filled.picture._view.height() // 2)

    filled.opacity.setValue(0)
    assert middle().name() == "#646464"  # the tensor as seen is grey in this test
    filled.opacity.setValue(100)
    opaque = middle()
    filled.opacity.setValue(50)
    half = middle()
    assert half.red() == pytest.approx((opaque.red() + 0x64) / 2, abs=2)
    assert half.blue() == pytest.approx((opaque.blue() + 0x64) / 2, abs=2)
    assert opaque.name() != "#646464"


def test_the_colour_map_can_be_chosen(filled):
    before = filled.picture.grab().toImage()
    filled.colours.setCurrentText("viridis")
    assert filled.picture.grab().toImage() != before


def test_the_value_under_the_cursor_is_the_signed_one(filled):
    filled.picture.hovered.emit((0, 0))
    assert filled.readout.text() == "row 0, column 0  ·  −1"


def test_saliency_shows_its_magnitude_unless_told_otherwise(qtbot, engine, filled):
    choose(filled, "saliency")
    qtbot.waitUntil(lambda: engine.requests(Explain)[-1] == Explain("saliency"))
    assert filled.view.currentData() == MAGNITUDE
    assert np.array_equal(displayed(PLACED, MAGNITUDE), np.abs(PLACED))
    assert not filled.use_selected.isVisible()


def test_the_form_is_built_from_what_the_engine_says(qtbot, engine, filled):
    choose(filled, "occlusion")
    defaults = {"window": 15, "baseline": 0.5, "normalise": True, "fill": "mean"}
    qtbot.waitUntil(
        lambda: engine.requests(Explain)[-1] == Explain("occlusion", None, None, defaults)
    )
    filled.options.setChecked(True)
    assert filled.parameters.isVisible()
    filled.parameters.fields["window"].setValue(31)
    qtbot.waitUntil(lambda: engine.requests(Explain)[-1].parameters["window"] == 31)
    assert filled.parameters.fields["window"].maximum() == 100


def test_long_work_shows_progress_and_can_be_cancelled(qtbot, engine, dock):
    qtbot.waitUntil(lambda: dock.message.text() == "Working…")
    number = next(n for n, m in reversed(engine.sent) if isinstance(m, Explain))
    engine._handle(number, Progress(0.25, "Covering windows"))
    assert dock.message.text() == "Covering windows"
    assert dock.method.isVisible()  # another one can be chosen meanwhile
    dock.message.cancel_asked.emit()
    assert dock.message.text() == "Cancelled."
    assert not engine._calls


def test_without_a_default_node_it_says_why_and_what_to_do(qtbot, dock, selection, run):
    selection.set_run(replace(run, default_node=None, default_reason="Nothing is spatial."))
    qtbot.waitUntil(lambda: dock.message.text().startswith("Nothing is spatial.\nSelect a node"))
    assert dock.use_selected.isVisible()


def test_methods_appear_when_the_engine_is_ready(engine, show):
    hello, engine.hello = engine.hello, None
    dock = show(AttributionDock)
    assert dock.method.count() == 0
    engine._greeted(hello)
    assert [dock.method.itemText(i) for i in range(3)] == ["Grad-CAM", "Saliency", "Occlusion"]


def test_a_method_that_was_chosen_stays_when_the_engine_is_restarted(engine, filled):
    choose(filled, "saliency")
    engine._greeted(engine.hello)
    assert filled.method.currentText() == "Saliency"
