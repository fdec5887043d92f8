from __future__ import annotations

import pytest

from netviz_desktop.link.messages import ActivationOf, Failed, OpenModel, RunImage
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations import open_image, open_model
from netviz_desktop.ui.operations.open_image import Picture
from netviz_desktop.ui.operations.restore import Restore

CAT = Picture("cat.png", b"cat")


class Desk:
    """A window without a window."""

    def __init__(self, engine, selection, settings) -> None:
        self.engine = engine
        self.selection = selection
        self.models = open_model.OpenModel(engine, selection, settings)
        self.images = open_image.OpenImage(engine, selection)
        self.restore = Restore(engine, self.models, self.images)
        self.said: list[Problem] = []
        for operation in (self.models, self.images, self.restore):
            operation.failed.connect(self.said.append)


@pytest.fixture
def desk(engine, selection, settings, opened, finished):
    desk = Desk(engine, selection, settings)
    desk.models.open("/models/a.onnx")
    engine.answer(OpenModel, opened())
    desk.images.run(CAT)
    engine.answer(RunImage, finished())
    selection.set_node("relu")
    engine.sent.clear()
    return desk


def test_the_model_is_opened_and_the_image_run_again(desk, engine, opened, finished, qtbot):
    engine.die()
    engine.come_up()
    assert engine.requests(OpenModel) == [OpenModel("/models/a.onnx")]
    engine.answer(OpenModel, opened())
    assert engine.requests(RunImage) == [RunImage(b"cat", "cat.png")]

    again = finished(2.0)
    with qtbot.waitSignal(desk.restore.done):
        engine.answer(RunImage, again)

    assert desk.selection.run is again
    assert desk.selection.node == "relu"


def test_the_chosen_class_outlives_the_engine(desk, engine, opened, finished):
    desk.selection.set_target(1)
    engine.die()
    engine.come_up()
    engine.answer(OpenModel, opened())
    engine.answer(RunImage, finished(2.0))
    assert desk.selection.target == 1


def test_what_is_in_view_stays_while_the_engine_comes_back(desk, engine, opened):
    model, run = desk.selection.model, desk.selection.run
    changes: list[object] = []
    desk.selection.model_changed.connect(changes.append)

    engine.die()
    engine.come_up()
    engine.answer(OpenModel, opened())

    assert changes == []
    assert desk.selection.model is model
    assert desk.selection.run is run


@pytest.mark.usefixtures("desk")
def test_a_click_meanwhile_is_answered_after_the_run(engine, opened, finished):
    engine.die()
    engine.ask(ActivationOf("relu"))
    engine.come_up()
    engine.answer(OpenModel, opened())
    engine.ask(ActivationOf("relu", 1))
    assert engine.requests(ActivationOf) == []

    engine.answer(RunImage, finished())

    assert engine.requests(ActivationOf) == [ActivationOf("relu"), ActivationOf("relu", 1)]


def test_a_run_that_was_cut_off_is_run_again(desk, engine, opened):
    desk.images.run(Picture("dog.png", b"dog"))
    engine.die()
    engine.come_up()
    engine.answer(OpenModel, opened())

    assert engine.requests(RunImage)[-1].data == b"dog"


def test_a_run_that_somebody_cancelled_is_not_run_again(desk, engine, opened):
    desk.images.run(Picture("dog.png", b"dog"))
    call = next(iter(engine._calls.values()))
    call.stop()
    engine.die()
    engine.come_up()
    engine.answer(OpenModel, opened())

    assert engine.requests(RunImage)[-1].data == b"cat"


def test_an_engine_that_dies_of_it_again_is_not_driven_to_it_for_ever(desk, engine, opened):
    for _ in range(2):
        engine.die()
        engine.come_up()
        engine.answer(OpenModel, opened())

    engine.die()
    engine.sent.clear()
    engine.come_up()

    assert engine.requests(OpenModel) == []
    assert "died again while it reopened a.onnx" in desk.said[-1].what


def test_a_file_that_is_gone_meanwhile_is_said_and_questions_go_on(desk, engine):
    engine.die()
    engine.come_up()
    engine.answer(OpenModel, Failed("a.onnx does not exist.", "Look for it."))
    engine.ask(ActivationOf("relu"))

    assert [problem.what for problem in desk.said] == ["a.onnx does not exist."]
    assert engine.requests(ActivationOf) == [ActivationOf("relu")]


def test_opening_something_else_meanwhile_goes_on_with_that(desk, engine, opened):
    engine.die()
    engine.come_up()

    desk.models.open("/models/b.onnx")
    engine.answer(OpenModel, opened("/models/b.onnx"))

    assert desk.selection.model.path == "/models/b.onnx"
    engine.ask(ActivationOf("relu"))
    assert engine.requests(ActivationOf) == [ActivationOf("relu")]


def test_without_a_model_nothing_is_restored(engine, selection, settings):
    desk = Desk(engine, selection, settings)
    engine.die()
    engine.come_up()

    assert engine.sent == []
    assert desk.said == []
