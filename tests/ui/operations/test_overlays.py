from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netviz_desktop.graph.overlay import Scale
from netviz_desktop.link.messages import Cancel, Failed, NodeValues, OverlayOf, Prediction
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations.overlays import Overlays
from netviz_desktop.ui.selection import Page


@pytest.fixture
def overlays(engine, selection, opened) -> Overlays:
    made = Overlays(engine, selection)
    selection.set_model(opened(nodes=("conv", "relu")))
    return made


def values(conv: float, relu: float) -> NodeValues:
    return NodeValues(("conv", "relu"), np.array([conv, relu]))


def test_what_the_graph_says_is_there_at_once(overlays, selection, engine) -> None:
    overlays.choose("activation-memory")

    assert selection.overlay.values == {"conv": 192, "relu": 192}
    assert engine.requests(OverlayOf) == []


def test_the_same_again_shows_none(overlays, selection) -> None:
    overlays.toggle("parameters")
    overlays.toggle("parameters")
    assert selection.overlay is None
    assert overlays.kind is None


def test_what_a_run_says_is_asked_in_one_question_for_all_nodes(
    overlays, selection, engine, finished
) -> None:
    selection.set_run(finished())
    overlays.choose("sparsity")
    assert engine.requests(OverlayOf) == [OverlayOf("sparsity", None)]
    assert selection.overlay is None

    engine.answer(OverlayOf, values(0.0, 0.5))

    assert selection.overlay.values == {"conv": 0.0, "relu": 0.5}
    assert overlays.state == ""


def test_times_are_those_of_the_run(overlays, selection, engine, finished) -> None:
    selection.set_run(replace(finished(), milliseconds={"conv": 2.0, "relu": 1.0}))

    overlays.choose("time")

    assert selection.overlay.values == {"conv": 2.0, "relu": 1.0}
    assert engine.requests(OverlayOf) == []


def test_without_a_run_it_waits_for_one(qtbot, overlays, selection, engine, finished) -> None:
    overlays.choose("sparsity")
    assert engine.requests(OverlayOf) == []

    selection.set_run(finished())

    qtbot.waitUntil(lambda: bool(engine.requests(OverlayOf)))


def test_of_two_quick_choices_the_last_one_wins(overlays, selection, engine, finished) -> None:
    selection.set_run(finished())
    overlays.choose("sparsity")
    overlays.choose("dead-channels")
    assert engine.requests(Cancel)

    engine.answer(OverlayOf, values(1.0, 0.0))

    assert selection.overlay.kind.id == "dead-channels"


def test_a_new_run_refreshes_it_and_what_was_seen_stays_until_then(
    qtbot, overlays, selection, engine, finished
) -> None:
    selection.set_run(finished())
    overlays.choose("sparsity")
    engine.answer(OverlayOf, values(0.0, 0.5))

    selection.set_run(finished())
    qtbot.waitUntil(lambda: len(engine.requests(OverlayOf)) == 2)
    assert selection.overlay.values["relu"] == 0.5
    engine.answer(OverlayOf, values(0.0, 0.25))

    assert selection.overlay.values["relu"] == 0.25


def test_a_new_class_refreshes_the_gradients_alone(
    qtbot, overlays, selection, engine, finished
) -> None:
    cat = Prediction(3, "cat", 1.0, 0.5)
    selection.set_run(replace(finished(), predictions=(cat,)))
    overlays.choose("gradient-norm")
    engine.answer(OverlayOf, values(1.0, 0.5))
    assert selection.overlay.note == "Class: cat."

    selection.set_target(7)
    qtbot.waitUntil(lambda: len(engine.requests(OverlayOf)) == 2)
    engine.answer(OverlayOf, values(2.0, 0.5))

    assert engine.requests(OverlayOf)[-1] == OverlayOf("gradient-norm", 7)
    assert selection.overlay.note == "Class: 7."
    overlays.choose("sparsity")
    engine.answer(OverlayOf, values(1.0, 0.5))
    selection.set_target(8)
    qtbot.wait(0)
    assert len(engine.requests(OverlayOf)) == 3


def test_it_follows_to_the_next_model(qtbot, overlays, selection, opened) -> None:
    overlays.choose("activation-memory")

    selection.set_model(opened("/models/b.onnx", nodes=("a", "b", "c")))

    qtbot.waitUntil(lambda: selection.overlay is not None)
    assert set(selection.overlay.values) == {"a", "b", "c"}


def test_a_graph_inside_a_node_has_its_own_costs_and_none_of_a_run(
    qtbot, overlays, selection, engine, opened, finished
) -> None:
    selection.set_run(finished())
    overlays.choose("activation-memory")
    inside = opened(nodes=("conv", "inner")).graph  # a node of the same name is another one

    selection.set_pages((Page("body", "relu", inside),))

    qtbot.waitUntil(lambda: selection.overlay is not None)
    assert set(selection.overlay.values) == {"conv", "inner"}
    overlays.choose("sparsity")
    assert engine.requests(OverlayOf) == []
    assert overlays.state == "A run tells this of the whole model, not of a graph inside a node."


def test_why_there_is_none_is_said(overlays, selection, engine, finished) -> None:
    selection.set_run(finished())
    overlays.choose("gradient-norm")

    engine.answer(OverlayOf, Failed("The score has no gradient.", "Choose another model."))

    assert selection.overlay is None
    assert overlays.state == "The score has no gradient. Choose another model."


def test_what_is_cancelled_says_so(overlays, selection, engine, finished) -> None:
    selection.set_run(finished())
    overlays.choose("sparsity")

    next(iter(engine._calls.values())).stop()

    assert overlays.state == "Cancelled."


def test_a_chosen_scale_stays_when_values_change(overlays, selection, engine, finished) -> None:
    selection.set_run(finished())
    overlays.choose("sparsity")
    engine.answer(OverlayOf, values(0.1, 0.5))

    overlays.turn_scale()
    assert selection.overlay.kind.scale is Scale.LOGARITHMIC
    overlays.choose(None)
    overlays.choose("sparsity")
    engine.answer(OverlayOf, values(0.1, 0.5))
    assert selection.overlay.kind.scale is Scale.LOGARITHMIC

    overlays.turn_scale()
    assert selection.overlay.kind.scale is Scale.LINEAR


def test_an_unknown_one_is_a_problem(overlays) -> None:
    with pytest.raises(Problem, match="There is no overlay “beauty”"):
        overlays.choose("beauty")


# --- of a file -------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ranks.csv"
    path.write_text("node,rank,parameters\nconv,1,5\nrelu,2,6\nother,3,7\n")
    return path


def test_the_columns_of_a_file_are_overlays_beside_the_others(
    qtbot, overlays, selection, file
) -> None:
    with qtbot.waitSignal(overlays.listed):
        said = overlays.open_file(str(file))

    assert said == "1 of 3 names is not in this graph: other"
    assert [overlay.kind.name for overlay in overlays.of_file] == ["rank", "parameters"]
    assert selection.overlay.values == {"conv": 1.0, "relu": 2.0}
    overlays.choose("parameters")  # not the column of this name
    assert selection.overlay.values == {"conv": 0.0, "relu": 0.0}
    overlays.choose(overlays.of_file[1].kind.id)
    assert selection.overlay.values == {"conv": 5.0, "relu": 6.0}


def test_a_bad_file_is_told_and_changes_nothing(qtbot, overlays, selection, tmp_path) -> None:
    overlays.choose("parameters")
    shown = selection.overlay

    with qtbot.waitSignal(overlays.failed):
        overlays.open_file(str(tmp_path / "missing.csv"))

    assert selection.overlay is shown


def test_a_file_is_of_its_model(overlays, selection, opened, file) -> None:
    overlays.open_file(str(file))

    selection.set_model(opened("/models/b.onnx", nodes=("a",)))

    assert overlays.of_file == []
    assert overlays.kind is None


def test_the_same_model_again_keeps_the_file(qtbot, overlays, selection, opened, file) -> None:
    overlays.open_file(str(file))

    selection.set_model(opened(nodes=("conv", "relu")))

    qtbot.waitUntil(lambda: selection.overlay is not None)
    assert selection.overlay.values == {"conv": 1.0, "relu": 2.0}
