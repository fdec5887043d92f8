from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from netviz_desktop.graph import Value
from netviz_desktop.link.messages import RunImage, RunTensors
from netviz_desktop.ui.operations.give_inputs import GiveInputs
from netviz_desktop.ui.operations.given_inputs import TYPED
from netviz_desktop.ui.operations.open_image import OpenImage, Picture

INPUTS = (Value("ids", (1, None), "int64"), Value("mask", (1, None), "int64"))


@pytest.fixture
def images(engine, selection):
    return OpenImage(engine, selection)


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def inputs(images, selection, settings, parent):
    return GiveInputs(images, selection, settings, parent)


@pytest.fixture
def bert(opened):
    return replace(opened("/models/bert.onnx"), preprocessing=None, inputs=INPUTS)


def type_ids(inputs, text):
    ids, mask = inputs.dialog.rows
    ids.way.setCurrentIndex(ids.way.findData(TYPED))
    ids.text.setText(text)
    mask.shape.setText("1, 3")
    inputs.dialog.run.click()


def test_what_is_typed_runs_and_is_remembered_for_the_model(
    inputs, images, engine, selection, bert, opened, finished
):
    selection.set_model(bert)
    selection.inputs_asked.emit()
    type_ids(inputs, "101, 7, 102")
    (request,) = engine.requests(RunTensors)
    assert request.inputs["ids"].tolist() == [[101, 7, 102]]
    assert request.inputs["mask"].tolist() == [[1, 1, 1]]
    run = finished()
    engine.answer(RunTensors, run)
    assert selection.run is run
    images.run()  # again
    assert len(engine.requests(RunTensors)) == 2
    engine.answer(RunTensors, finished(2.0))

    selection.set_model(opened("/models/other.onnx"))
    assert inputs.dialog is None
    selection.set_model(bert)
    selection.inputs_asked.emit()
    assert inputs.dialog.rows[0].text.text() == "101, 7, 102"
    assert len(engine.requests(RunTensors)) == 2


def test_numbers_that_do_not_fit_are_said_in_the_dialog_and_nothing_runs(
    inputs, engine, selection, bert
):
    selection.set_model(bert)
    selection.inputs_asked.emit()
    type_ids(inputs, "a, b")
    assert "not numbers of type int64. Type numbers" in inputs.dialog.problem.text()
    assert engine.requests(RunTensors) == []


def test_arrays_from_a_file_run_until_an_image_does(
    inputs, images, engine, selection, opened, finished, tmp_path
):
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 4, 4), np.float32))
    selection.set_model(replace(opened(), inputs=(Value("x", (1, 3, 4, 4), "float32"),)))
    inputs.open(str(tmp_path / "x.npy"))
    assert list(engine.requests(RunTensors)[0].inputs) == ["x"]
    engine.answer(RunTensors, finished())
    assert images.tensors is not None

    images.run(Picture("cat.png", b"cat"))
    engine.answer(RunImage, finished(2.0))

    assert images.tensors is None
    images.run()
    assert len(engine.requests(RunImage)) == 2


def test_arrays_dropped_with_a_model_wait_for_it(
    inputs, engine, selection, opened, qtbot, tmp_path
):
    np.save(tmp_path / "x.npy", np.zeros(3))
    with qtbot.waitSignal(inputs.failed) as failed:
        inputs.open(str(tmp_path / "x.npy"))
    assert "No model is open" in failed.args[0].what
    inputs.pending = str(tmp_path / "x.npy")
    selection.set_model(replace(opened(), inputs=(Value("x", (3,), "float64"),)))
    assert len(engine.requests(RunTensors)) == 1
