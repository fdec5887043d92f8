"""What was open is open again, as it was left."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QObject

from netviz_desktop.graph import ModelGraph, Node, Value
from netviz_desktop.layout import place
from netviz_desktop.link.messages import LayOut, ModelOpened, Placed
from netviz_desktop.link.messages import OpenModel as Request
from netviz_desktop.ui.operations import last_session
from netviz_desktop.ui.operations.last_session import LastSession
from netviz_desktop.ui.operations.open_image import OpenImage
from netviz_desktop.ui.operations.open_model import OpenModel
from netviz_desktop.ui.scene import GraphView
from netviz_desktop.ui.selection import Selection


@pytest.fixture
def graph() -> ModelGraph:
    nodes, at = [], "x"
    for block in "ab":
        for i in range(3):
            nodes.append(
                Node(f"{block}.{i}", f"{block}{i}", "", "", (block,), (at,), (f"{block}{i}",))
            )
            at = f"{block}{i}"
    values = {name: Value(name, (1, 8), "float32") for node in nodes for name in node.outputs}
    return ModelGraph("t", "t", ("x",), (at,), tuple(nodes), values)


class Window:
    """The parts of a window that are written down, without the rest."""

    def __init__(self, qtbot, engine, settings) -> None:
        self.engine = engine
        self.selection = Selection(engine)
        self.models = OpenModel(engine, self.selection, settings, engine)
        self.images = OpenImage(engine, self.selection, engine)
        self.view = GraphView(engine, self.selection)
        self.view.resize(800, 600)
        qtbot.addWidget(self.view)
        self.session = LastSession(
            self.models, self.images, self.selection, self.view, settings, QObject(self.view)
        )

    def show(self, path: Path, graph: ModelGraph) -> None:
        self.engine.answer(Request, ModelOpened(str(path), 1, graph))
        self.lay_out()

    def lay_out(self) -> None:
        asked = self.engine.requests(LayOut)[-1]
        placement = place(asked.boxes, asked.edges, asked.frames)
        self.engine.answer(LayOut, Placed(placement))


@pytest.fixture
def make(qtbot, engine, settings):
    return lambda: Window(qtbot, engine, settings)


@pytest.fixture
def model(tmp_path) -> Path:
    path = tmp_path / "net.onnx"
    path.touch()
    return path


@pytest.fixture
def others(monkeypatch) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    monkeypatch.setattr(last_session, "open_in_own_window", lambda *paths: found.append(paths))
    return found


def test_model_node_scopes_and_view_come_back(make, model, graph, engine):
    before = make()
    before.models.open(str(model), model_code="net:make")
    before.show(model, graph)
    before.view.scopes.open_to_level(0)
    before.lay_out()
    before.selection.set_scope(before.selection.scopes.all[1])
    before.view.zoom_to(1.7)
    before.session.keep()

    after = make()
    after.session.restore()
    assert engine.requests(Request)[-1] == Request(str(model), model_code="net:make")
    after.show(model, graph)
    after.lay_out()

    assert after.selection.node == before.selection.node
    assert after.view.scopes.opened == before.view.scopes.opened
    assert after.view.scale_factor == pytest.approx(1.7)


def test_the_image_runs_again(make, model, graph, tmp_path):
    image = tmp_path / "cat.png"
    image.write_bytes(b"\x89PNG\r\n")
    before = make()
    before.models.open(str(model))
    before.show(model, graph)
    before.images.open(str(image))
    before.session.keep()

    after = make()
    after.session.restore()

    assert after.images.pending is not None
    assert after.images.pending.path == str(image)


def test_trust_does_not_come_back(make, model, graph, engine):
    before = make()
    before.models.open(str(model), trust=True)
    before.show(model, graph)
    before.session.keep()

    make().session.restore()

    assert not engine.requests(Request)[-1].trust


def test_windows_that_are_closed_together_come_back_together(
    make, graph, tmp_path, others, monkeypatch
):
    now = [1000.0]
    monkeypatch.setattr(last_session.time, "time", lambda: now[0])
    paths = [tmp_path / f"{name}.onnx" for name in "abc"]
    for path, moment in zip(paths, (1000, 2000, 2003), strict=True):
        path.touch()
        window = make()
        window.models.open(str(path))
        window.show(path, graph)
        now[0] = moment
        window.session.keep()

    after = make()
    after.session.restore()

    assert others == [(str(paths[1]),)]
    assert after.engine.requests(Request)[-1].path == str(paths[2])


def test_what_was_not_opened_in_the_end_is_not_tried_again(make, model, graph, engine):
    before = make()
    before.models.open(str(model))
    before.show(model, graph)
    before.session.keep()

    make().session.restore()  # and the program dies of it
    asked = len(engine.requests(Request))
    make().session.restore()

    assert len(engine.requests(Request)) == asked


def test_a_closed_model_and_a_file_that_is_gone_do_not_come_back(make, model, graph, engine):
    before = make()
    before.models.open(str(model))
    before.show(model, graph)
    before.session.keep()
    model.unlink()
    asked = len(engine.requests(Request))
    make().session.restore()
    assert len(engine.requests(Request)) == asked

    before.models.close()
    before.session.keep()
    model.touch()
    make().session.restore()
    assert len(engine.requests(Request)) == asked


def test_who_does_not_want_it_starts_with_nothing(make, model, graph, engine, settings):
    before = make()
    before.models.open(str(model))
    before.show(model, graph)
    before.session.keep()
    settings.reopens = False
    asked = len(engine.requests(Request))

    make().session.restore()

    assert len(engine.requests(Request)) == asked


def test_what_another_version_wrote_is_nothing(make, settings, engine):
    settings.windows = '[{"model": 3}]'

    make().session.restore()

    assert engine.requests(Request) == []


def test_a_window_that_is_closed_before_all_is_back_has_lost_nothing(make, model, graph, engine):
    before = make()
    before.models.open(str(model))
    before.show(model, graph)
    before.session.keep()
    impatient = make()
    impatient.session.restore()

    impatient.session.keep()
    make().session.restore()

    assert [request.path for request in engine.requests(Request)] == [str(model)] * 3


def test_a_window_beside_an_open_one_starts_with_nothing(make, model, graph, engine):
    still_open = make()
    still_open.models.open(str(model))
    still_open.show(model, graph)

    make().session.restore()

    assert len(engine.requests(Request)) == 1
