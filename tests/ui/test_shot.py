from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from onnx import helper, numpy_helper
from PySide6.QtGui import QImage

from netviz_desktop import resource
from netviz_desktop.problems import Problem
from netviz_desktop.ui import shot
from netviz_desktop.ui.engine_client import EngineClient
from netviz_desktop.ui.scene.shades import ramp
from netviz_desktop.ui.shot import EngineDied, TookTooLong, shoot, smoke

MODEL = resource.path(resource.DEMO_MODEL)
IMAGE = resource.path(resource.DEMO_IMAGE)

pytestmark = pytest.mark.usefixtures("look")


def test_the_window_is_drawn_with_model_and_image(tmp_path):
    output = tmp_path / "shot.png"

    shoot(MODEL, image=IMAGE, size=(1400, 900), theme="dark", output=output)

    picture = QImage(str(output))
    assert (picture.width(), picture.height()) == (1400, 900)
    assert picture.pixelColor(700, 20).lightness() < 128


def test_smoke_gives_0_for_a_picture_of_the_demo(tmp_path):
    output = tmp_path / "smoke.png"

    assert smoke(output=str(output), model=str(MODEL)) == 0

    assert QImage(str(output)).width() == 1600


def test_smoke_gives_3_for_what_is_no_model(tmp_path, capsys):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(MODEL.read_bytes()[:1000])

    assert smoke(output=str(tmp_path / "no.png"), model=str(broken)) == 3

    assert "broken.onnx" in capsys.readouterr().err
    assert not (tmp_path / "no.png").exists()


def test_where_a_run_stopped_is_in_the_picture_and_said(tmp_path):
    model = tmp_path / "stops.onnx"
    node = helper.make_node("Reshape", ["x", "s"], ["y"], name="reshape")
    shape = numpy_helper.from_array(np.array([7, 7]), "s")
    values = [helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])]
    outputs = [helper.make_tensor_value_info("y", 1, [7, 7])]
    graph = helper.make_graph([node], "g", values, outputs, [shape])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.write_bytes(proto.SerializeToString())

    with pytest.raises(Problem, match="“reshape”") as stopped:
        shoot(model, image=IMAGE, output=tmp_path / "shot.png")

    assert stopped.value.node == "reshape"
    assert QImage(str(tmp_path / "shot.png")).width() == 1600


def test_a_node_that_is_not_there_is_said(tmp_path):
    with pytest.raises(Problem, match="no node “nowhere”"):
        shoot(MODEL, node="nowhere", output=tmp_path / "no.png")


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(Problem, match="cannot be written"):
        shoot(MODEL, output=tmp_path / "no folder" / "shot.png")


def test_it_does_not_wait_for_ever(tmp_path):
    with pytest.raises(TookTooLong):
        shoot(MODEL, output=tmp_path / "no.png", timeout_s=0.1)


def test_an_engine_that_dies_is_said(tmp_path, monkeypatch):
    def kill(engine: EngineClient) -> None:
        os.kill(engine.process_id, signal.SIGKILL)

    start = EngineClient.start
    monkeypatch.setattr(
        EngineClient, "start", lambda self: (start(self), self.ready.connect(lambda _: kill(self)))
    )

    with pytest.raises(EngineDied):
        shoot(MODEL, output=tmp_path / "no.png")


@pytest.mark.parametrize(
    ("problem", "code"),
    [(shot.BadPicture, 4), (shot.EngineDied, 5), (shot.TookTooLong, 6), (Problem, 3)],
)
def test_each_failure_has_its_exit_code(monkeypatch, capsys, problem, code):
    def fail(*_: object, **__: object) -> None:
        raise problem("What.", "Remedy.")

    monkeypatch.setattr(shot, "shoot", fail)

    assert smoke(output="x.png", model="x.onnx") == code
    assert capsys.readouterr().err == "What.\nRemedy.\n"


def test_an_empty_picture_is_told_from_a_drawn_one(qapp):
    del qapp
    empty = QImage(400, 300, QImage.Format.Format_RGB32)
    empty.fill(0)

    with pytest.raises(shot.BadPicture):
        shot._check(empty)


def test_an_overlay_colours_the_graph_in_the_picture(tmp_path):
    values = tmp_path / "values.json"
    values.write_text('{"features": 1, "classifier": 2}')

    shoot(MODEL, overlay=str(values), size=(1200, 800), output=tmp_path / "shot.png")

    picture = QImage(str(tmp_path / "shot.png"))
    every = {picture.pixelColor(x, y).name() for x in range(1200) for y in range(800)}
    assert {ramp()[0].fill, ramp()[-1].fill} <= every


def test_an_overlay_that_needs_a_run_says_so(tmp_path):
    with pytest.raises(Problem, match="The overlay sparsity cannot be shown"):
        shoot(MODEL, overlay="sparsity", output=tmp_path / "no.png")
