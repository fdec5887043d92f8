from __future__ import annotations

import dataclasses
import io

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QColor, QImage

from netviz_desktop import resource
from netviz_desktop.link.messages import Failed, RunImage
from netviz_desktop.problems import Problem
from netviz_desktop.ui.operations.open_files import sort_files
from netviz_desktop.ui.operations.open_image import OpenImage, Picture, is_image, load

CAT = Picture("cat.png", b"\x89PNG\r\n cat")
DOG = Picture("dog.png", b"\x89PNG\r\n dog")


@pytest.fixture
def images(engine, selection):
    return OpenImage(engine, selection)


def test_an_image_runs_the_open_model(images, engine, selection, opened, finished):
    selection.set_model(opened())
    images.run(CAT)
    assert engine.requests(RunImage) == [RunImage(CAT.data, "cat.png")]

    run = finished()
    engine.answer(RunImage, run)

    assert selection.run is run
    assert images.current is CAT


def test_the_same_image_keeps_the_chosen_class_and_another_one_does_not(
    images, engine, selection, opened, finished
):
    selection.set_model(opened())
    images.run(Picture("cat.png", b"cat"))
    engine.answer(RunImage, finished())
    selection.set_target(1)
    images.run()
    engine.answer(RunImage, finished(2.0))
    assert selection.target == 1

    images.run(Picture("dog.png", b"dog"))
    engine.answer(RunImage, finished(3.0))
    assert selection.target is None


def test_an_image_without_a_model_waits_for_one(images, engine, selection, opened, qtbot):
    with qtbot.waitSignal(images.noted) as noted:
        images.run(CAT)
    assert engine.requests(RunImage) == []
    assert "as soon as a model is open" in noted.args[0]

    selection.set_model(opened())

    assert engine.requests(RunImage) == [RunImage(CAT.data, "cat.png")]


def test_another_model_runs_on_the_same_image(images, engine, selection, opened, finished):
    selection.set_model(opened("/models/a.onnx"))
    images.run(CAT)
    engine.answer(RunImage, finished())

    selection.set_model(opened("/models/b.onnx"))

    assert len(engine.requests(RunImage)) == 2


def test_an_image_dropped_with_a_model_runs_on_that_model(images, engine, selection, opened):
    selection.set_model(opened("/models/a.onnx"))
    images.run(CAT)
    images.pending = DOG

    selection.set_model(opened("/models/b.onnx"))

    assert engine.requests(RunImage)[-1].data == DOG.data
    assert images.pending is None


def test_a_model_that_is_structure_only_is_not_run(images, engine, selection, opened):
    images.run(CAT)

    selection.set_model(opened(structure_only=("No code.", "Name it.")))

    assert engine.requests(RunImage) == []
    assert images.current is CAT


def test_an_image_that_is_refused_leaves_the_last_run(images, engine, selection, opened, finished):
    said: list[Problem] = []
    images.failed.connect(said.append)
    selection.set_model(opened())
    images.run(CAT)
    run = finished()
    engine.answer(RunImage, run)

    images.run(DOG)
    engine.answer(RunImage, Failed("dog.png is cut short.", "Download it again."))

    assert selection.run is run
    assert images.current is CAT
    assert [problem.what for problem in said] == ["dog.png is cut short."]


def test_a_run_that_stopped_is_shown_and_says_why(
    images, engine, selection, opened, finished, qtbot
):
    selection.set_model(opened())
    images.run(CAT)
    run = dataclasses.replace(finished(), stopped=("It stopped.", "Look."), stopped_at="node")

    with qtbot.waitSignal(images.failed) as failed:
        engine.answer(RunImage, run)

    assert selection.run is run
    assert (failed.args[0].what, failed.args[0].node) == ("It stopped.", "node")


def test_what_a_run_put_on_disk_is_said(images, engine, selection, opened, finished, qtbot):
    selection.set_model(opened())
    images.memory_gb = 2
    images.run(CAT)
    assert engine.requests(RunImage)[0].memory_bytes == 2 * 2**30

    with qtbot.waitSignal(images.noted) as noted:
        engine.answer(RunImage, dataclasses.replace(finished(), bytes_on_disk=1288490188))

    assert noted.args == ["cat.png: ran in 1 ms, 1.2 GB on disk."]


def test_a_pasted_image_travels_as_png(images, engine, selection, opened):
    selection.set_model(opened())
    picture = QImage(5, 3, QImage.Format.Format_RGB32)
    picture.fill(QColor(10, 20, 30))
    mime = QMimeData()
    mime.setImageData(picture)

    images.paste(mime)

    (request,) = engine.requests(RunImage)
    pasted = Image.open(io.BytesIO(request.data))
    assert pasted.format == "PNG"
    assert pasted.size == (5, 3)
    assert pasted.convert("RGB").getpixel((4, 2)) == (10, 20, 30)


def test_pasting_something_else_is_said(images, qtbot):
    mime = QMimeData()
    mime.setText("no image")

    with qtbot.waitSignal(images.failed) as failed:
        images.paste(mime)

    assert "no image in the clipboard" in failed.args[0].what


def test_a_file_that_cannot_be_read_is_said(images, qtbot, tmp_path):
    with qtbot.waitSignal(images.failed) as failed:
        images.open(str(tmp_path / "missing.png"))

    assert failed.args[0].what == "missing.png cannot be read: No such file or directory."


def test_a_huge_file_is_not_read(tmp_path):
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(600 * 1024 * 1024)  # sparse

    with pytest.raises(Problem, match="too large"):
        load(str(huge))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("cat.png", b"", True),
        ("cat.JPEG", b"anything", True),
        ("no_suffix", b"\xff\xd8\xff\xe0", True),
        ("wrong.onnx", b"\x89PNG\r\n\x1a\n", True),
        ("picture", b"RIFF\x00\x00\x00\x00WEBPVP8 ", True),
        ("sound", b"RIFF\x00\x00\x00\x00WAVEfmt ", False),
        ("model.onnx", b"\x08\x07\x12\x07pytorch", False),
        ("model.pt", b"PK\x03\x04", False),
    ],
)
def test_content_and_then_the_suffix_tell_an_image(tmp_path, name, content, expected):
    file = tmp_path / name
    file.write_bytes(content)

    assert is_image(str(file)) is expected


def test_a_file_that_is_not_there_is_told_by_its_suffix():
    assert is_image("/nowhere/cat.png")
    assert not is_image("/nowhere/model.onnx")


@pytest.fixture
def folder(tmp_path):
    """Three images whose names hold numbers, and a text."""
    for name, colour in (("10.png", "red"), ("9.png", "lime"), ("100.PNG", "blue")):
        image = QImage(300, 200, QImage.Format.Format_RGB32)
        image.fill(QColor(colour))
        assert image.save(str(tmp_path / name), "PNG")
    (tmp_path / "notes.txt").write_text("No image.")
    return tmp_path


def test_of_a_folder_the_first_runs_and_the_others_can_be_gone_through(
    images, engine, selection, opened, folder
):
    selection.set_model(opened())
    images.open_folder(str(folder))
    images.go(-1)  # there is none before
    images.go(1)
    images.go(1)
    images.go(1)  # nor after
    selection.image_asked.emit(str(folder / "9.png"))
    names = [request.name for request in engine.requests(RunImage)]
    assert names == ["9.png", "10.png", "100.PNG", "9.png"]
    assert len(selection.images) == 3

    images.open(str(resource.path(resource.DEMO_IMAGE)))
    assert selection.images == ()


def test_a_folder_without_images_is_a_problem(images, qtbot, tmp_path):
    for path, said in ((tmp_path, "no image in the folder"), (tmp_path / "gone", "cannot be read")):
        with qtbot.waitSignal(images.failed) as failed:
            images.open_folder(str(path))
        assert said in failed.args[0].what


def test_a_folder_is_taken_for_its_images_where_most_of_it_are(folder):
    nine, ten, hundred = (str(folder / name) for name in ("9.png", "10.png", "100.PNG"))
    assert sort_files([str(folder), "x.npy"]) == ([], [nine, ten, hundred], ["x.npy"])
    for name in ("a.safetensors", "b.safetensors", "config.json"):
        (folder / name).touch()
    assert sort_files([str(folder)]) == ([str(folder)], [], [])
