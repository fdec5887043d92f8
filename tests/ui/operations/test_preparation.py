from __future__ import annotations

from dataclasses import replace

import pytest

from netviz_desktop.link.messages import RunImage
from netviz_desktop.ui.operations.open_image import OpenImage, Picture
from netviz_desktop.ui.operations.preparation import Preparation


@pytest.fixture
def images(engine, selection, settings):
    preparation = Preparation(selection, settings, selection)
    assert preparation.parent() is selection
    return OpenImage(engine, selection, selection)


def test_what_is_set_runs_at_once_and_is_remembered_for_the_model_alone(
    images, engine, selection, opened, finished
):
    one, other = opened("/models/a.onnx"), opened("/models/b.onnx")
    selection.set_model(one)
    images.run(Picture("cat.png", b"cat"))
    engine.answer(RunImage, finished())
    how = replace(one.preprocessing, mean=(0.0, 0.0, 0.0), bgr=True)

    selection.set_preprocessing(how)
    assert engine.requests(RunImage)[-1].preprocessing == how
    engine.answer(RunImage, finished(2.0))

    selection.set_model(other)
    assert engine.requests(RunImage)[-1].preprocessing is None
    selection.set_model(one)
    assert engine.requests(RunImage)[-1].preprocessing == how
    engine.answer(RunImage, finished(3.0))

    selection.set_preprocessing(None)
    selection.set_model(one)
    assert engine.requests(RunImage)[-1].preprocessing is None


def test_what_was_set_for_another_model_in_the_same_file_is_not_taken(images, selection, opened):
    one = opened("/models/a.onnx")
    selection.set_model(one)
    selection.set_preprocessing(replace(one.preprocessing, resize=99))
    gray = replace(one.preprocessing, channels=1, mean=(0.0,), std=(1.0,))

    selection.set_model(replace(one, preprocessing=gray))

    assert selection.preprocessing is None
    assert images.current is None
