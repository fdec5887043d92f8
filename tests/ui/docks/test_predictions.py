from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from netviz_desktop.ui.docks.predictions import Predictions


@pytest.fixture
def dock(show, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    return show(Predictions)


def click(qtbot, dock, row):
    scores = dock.scores
    at = scores.visualItemRect(scores.item(row)).center()
    qtbot.mouseClick(scores.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_classes_stand_with_label_score_and_logit(dock):
    first = dock.scores.scores()[0]
    assert (first.label, first.share, first.logit) == ("cat", 0.75, 5.25)
    assert "softmax" in dock.caption.text()
    dock.grab()


def test_a_click_on_a_class_sets_the_target(qtbot, dock, selection):
    with qtbot.waitSignal(selection.target_changed) as changed:
        click(qtbot, dock, 1)
    assert changed.args == [0]


def test_the_predicted_class_can_be_taken_again(qtbot, dock, selection):
    with qtbot.waitSignal(dock.shown):
        selection.set_target(0)
    assert dock.predicted.isEnabled()
    dock.predicted.click()
    assert selection.target is None
    qtbot.waitUntil(lambda: not dock.predicted.isEnabled())


def test_a_click_on_the_predicted_class_follows_the_prediction(qtbot, dock, selection):
    selection.set_target(0)
    qtbot.waitUntil(lambda: not dock.is_stale)
    click(qtbot, dock, 0)
    assert selection.target is None


@pytest.mark.parametrize(("words", "target"), [("3", 3), ("dog", 3), ("EE", 1), ("4", 4)])
def test_any_class_can_be_chosen_by_index_or_name(qtbot, dock, selection, words, target):
    qtbot.keyClicks(dock.search, words)
    dock.search.returnPressed.emit()
    assert selection.target == target


@pytest.mark.parametrize("words", ["5", "zebra", "  "])
def test_a_class_that_is_not_there_changes_nothing(qtbot, dock, selection, words):
    qtbot.keyClicks(dock.search, words)
    dock.search.returnPressed.emit()
    assert selection.target is None


def test_a_class_beyond_the_first_stands_last_and_is_chosen(qtbot, dock, selection):
    with qtbot.waitSignal(dock.shown):
        selection.set_target(4)
    last = dock.scores.scores()[-1]
    assert (last.target, last.label, last.logit) == (4, "eel", None)
    assert dock.scores.currentRow() == 2
    dock.grab()


def test_a_thousand_classes_without_names_can_be_searched(qtbot, dock, selection, model, run):
    selection.set_model(replace(model, labels=()))
    with qtbot.waitSignal(dock.shown):
        selection.set_run(replace(run, shapes={"scores": (1, 1000)}))
    qtbot.keyClicks(dock.search, "999")
    dock.search.returnPressed.emit()
    assert selection.target == 999


def test_a_model_without_classes_says_so(qtbot, dock, selection, run):
    with qtbot.waitSignal(dock.shown):
        selection.set_run(replace(run, predictions=()))
    assert "not a list of classes" in dock.message.text()


def test_a_completed_name_sets_the_target(dock, selection):
    dock.search.setText("do")
    dock._completer.setCompletionPrefix("do")
    dock._completed(dock._completer.currentIndex())
    assert selection.target == 3
