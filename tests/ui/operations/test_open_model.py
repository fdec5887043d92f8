from __future__ import annotations

from pathlib import Path

import pytest

from netviz_desktop.link.messages import Failed, FormatInfo
from netviz_desktop.link.messages import OpenModel as Request
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations.open_model import OpenModel, name_filters


@pytest.fixture
def models(engine, selection, settings):
    return OpenModel(engine, selection, settings)


@pytest.fixture
def said(models):
    said: list[Problem] = []
    models.failed.connect(said.append)
    return said


def test_an_opened_model_is_selected_and_remembered(
    models, engine, selection, settings, opened, tmp_path
):
    file = tmp_path / "a.onnx"
    file.touch()
    models.open(str(file), labels="names.txt")
    assert engine.requests(Request) == [Request(str(file), labels="names.txt")]

    engine.answer(Request, opened(str(file)))

    assert selection.model == opened(str(file))
    assert settings.recent == [str(file)]


def test_the_engine_is_given_the_whole_path(models, engine):
    models.open("a.onnx")

    assert engine.requests(Request)[0].path == str(Path("a.onnx").absolute())


def test_a_model_that_cannot_be_opened_leaves_the_one_in_view(
    models, engine, selection, opened, said
):
    models.open("/models/a.onnx")
    engine.answer(Request, opened())
    before = selection.model

    models.open("/models/b.onnx")
    engine.answer(Request, Failed("b is broken.", "Export it again."))

    assert selection.model is before
    assert [problem.what for problem in said] == ["b is broken."]
    assert models.request.path == "/models/a.onnx"


def test_reloading_asks_for_the_same_and_keeps_the_node(models, engine, selection, opened):
    models.open("/models/a.onnx", trust=True)
    engine.answer(Request, opened())
    selection.set_node("relu")

    models.reload()
    engine.answer(Request, opened())

    first, second = engine.requests(Request)
    assert first == second
    assert selection.node == "relu"


def test_trust_and_model_code_open_the_same_file_again(models, engine, opened):
    models.open("/models/a.pt")
    engine.answer(Request, opened())
    models.trust()
    engine.answer(Request, opened())
    models.with_code("net.py:make")

    paths = [(r.path, r.trust, r.model_code) for r in engine.requests(Request)]
    assert paths == [
        ("/models/a.pt", False, None),
        ("/models/a.pt", True, None),
        ("/models/a.pt", True, "net.py:make"),
    ]


def test_closing_leaves_nothing_open(models, engine, selection, opened):
    models.open("/models/a.onnx")
    engine.answer(Request, opened())

    models.close()

    assert selection.model is None
    models.reload()
    assert len(engine.requests(Request)) == 1


def test_an_engine_that_dies_of_a_model_is_said_and_the_model_not_opened_again(
    models, engine, opened, said
):
    models.open("/models/a.onnx")
    engine.answer(Request, opened())
    models.open("/models/deadly.onnx")

    engine.die()

    assert "while it opened deadly.onnx" in said[0].what
    assert models.request.path == "/models/a.onnx"


def test_closing_the_window_while_a_model_opens_is_no_problem(models, engine, said):
    models.open("/models/a.onnx")

    engine.close()

    assert said == []


def test_the_dialog_offers_every_format_of_the_engine():
    formats = (
        FormatInfo("torch", "PyTorch", (".pt", ".pth")),
        FormatInfo("onnx", "ONNX", (".onnx",)),
    )

    assert name_filters(formats) == [
        "Models (*.onnx *.pt *.pth)",
        "ONNX (*.onnx)",
        "PyTorch (*.pt *.pth)",
        "All files (*)",
    ]


def test_another_architecture_opens_the_same_file_again(models, engine, opened):
    models.open("/models/a.safetensors", model_code="net.py:make")
    engine.answer(Request, opened())
    models.with_architecture("timm: resnet18")

    last = engine.requests(Request)[-1]
    assert last == Request("/models/a.safetensors", architecture="timm: resnet18")


def test_a_refused_archive_opens_with_the_model_that_is_meant(models, engine, opened, said):
    models.open("/models/a.onnx")
    engine.answer(Request, opened())
    models.open("/models/a.zip", labels="names.txt")
    engine.answer(Request, Failed("Two models.", "Choose.", choices=("x.onnx", "y.onnx")))
    assert said[-1].choices == ("x.onnx", "y.onnx")
    models.with_member("y.onnx")

    last = engine.requests(Request)[-1]
    assert last == Request("/models/a.zip", labels="names.txt", member="y.onnx")


def test_class_names_that_were_chosen_are_taken_again_unless_they_are_gone_or_bad(
    models, engine, opened, settings, tmp_path
):
    names = tmp_path / "names.txt"
    names.write_text("ant\nbee")
    models.open("/models/a.onnx")
    engine.answer(Request, opened())
    models.with_labels(str(names))
    assert engine.requests(Request)[-1].labels == str(names)
    engine.answer(Request, opened(labels=("ant", "bee")))

    models.open("/models/b.onnx")
    assert engine.requests(Request)[-1].labels is None
    models.open("/models/a.onnx")
    assert engine.requests(Request)[-1].labels == str(names)
    engine.answer(Request, Failed("The labels are no text.", "Choose others."))
    assert settings.class_names("/models/a.onnx") is None
    models.open("/models/a.onnx")
    assert engine.requests(Request)[-1].labels is None
