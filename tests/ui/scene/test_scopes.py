"""Scopes on the canvas: opening, closing, stepping, and what still works meanwhile."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.link.messages import LayOut, ModelOpened
from netviz_desktop.problems import Problem
from netviz_desktop.ui.scene import frames, motion, picture

LEFT = Qt.MouseButton.LeftButton


def node(path: str, *inputs: str, weight: tuple[int, ...] = ()) -> Node:
    parameters = (Parameter(f"{path}.w", weight, "float32", "weight"),) if weight else ()
    return Node(
        path, "Op", "", path, tuple(path.split(".")[:-1]), inputs, (path,), {}, parameters
    )  # fmt: skip


@pytest.fixture
def graph() -> ModelGraph:
    """A stem, 40 equal blocks of four, and a head with a scope of its own."""
    nodes, at = [node("stem", "x")], "stem"
    for i in range(40):
        p = f"layer.{i}"
        nodes += [
            node(f"{p}.norm", at), node(f"{p}.fc", f"{p}.norm", weight=(8, 8)),
            node(f"{p}.act", f"{p}.fc"), node(f"{p}.add", at, f"{p}.act"),
        ]  # fmt: skip
        at = f"{p}.add"
    nodes += [node("head.pool", at), node("head.fc", "head.pool", weight=(8, 3))]
    values = {n.id: Value(n.id, (1, 8), "float32") for n in nodes}
    modules = {f"layer.{i}": "Block" for i in range(40)}
    return ModelGraph("t", "t", ("x",), ("head.fc",), tuple(nodes), values, {}, modules)


@pytest.fixture(autouse=True)
def _no_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion, "_MOST_WIRES", -1)


@pytest.fixture
def view(open_graph, graph):
    view = open_graph(graph)
    view.actual_size()
    return view


def titles(view) -> list[str]:
    return [figure.title for figure in view.chart.figures if not figure.is_end]


def closed(view, title: str) -> str:
    return next(f.id for f in view.chart.figures if f.scope is not None and f.title == title)


def middle(view, figure: str) -> QPoint:
    view.look_at(view.scene_rect_of(figure).center())
    return view.mapFromScene(view.scene_rect_of(figure).center())


def press(qtbot, view, border: str, part: frames.Part) -> None:
    """Press a part of the title bar of the frame that is called so."""
    index = next(i for i, b in enumerate(view.chart.borders) if b.scope.name == border)
    left, top, width, _ = view.chart.frames[index].tolist()
    at = {
        frames.Part.TITLE: left + 40, frames.Part.TOGGLE: left + 13,
        frames.Part.FORWARD: left + width - 13,
    }  # fmt: skip
    point = QPointF(at[part], top + 12)
    view.look_at(point)
    qtbot.mouseClick(view.viewport(), LEFT, pos=view.mapFromScene(point))


def test_a_large_model_opens_at_one_block_with_the_rest_folded(view) -> None:
    assert titles(view) == [
        "Op", "Op", "Op", "Op", "Op", "layer.1 – 39  ×39", "Op", "Op",
    ]  # fmt: skip
    assert [b.title for b in view.chart.borders] == ["layer.0 – 39  ×40", "layer.0", "head"]
    figure = view.chart.figures[view.chart.index[closed(view, "layer.1 – 39  ×39")]]
    rows = [(row.name, row.text) for row in figure.rows]
    assert rows == [
        ("", "Block"), ("nodes", "156"), ("parameters", "2.5 k"), ("output", "1×8"),
    ]  # fmt: skip


def test_the_layout_is_told_which_box_is_in_which_frame(view, engine) -> None:
    assert view.chart is not None
    request = engine.requests(LayOut)[-1]

    inside = {box.id: box.frame for box in request.boxes}
    run, block, head = request.frames
    assert inside["layer.0.fc"] == block.id
    assert (block.frame, run.frame, head.frame) == (run.id, "", "")
    assert inside["stem"] == ""


def test_a_double_click_opens_a_closed_scope_and_one_on_its_title_closes_it(
    qtbot, view, lay_out
) -> None:
    view.scopes.open_to_level(0)
    lay_out()
    assert titles(view) == ["Op", "layer.0 – 39  ×40", "head"]

    qtbot.mouseDClick(view.viewport(), LEFT, pos=middle(view, closed(view, "head")))
    lay_out()
    assert titles(view) == ["Op", "layer.0 – 39  ×40", "Op", "Op"]

    border = view.chart.frames[0]
    point = QPointF(border[0] + 60, border[1] + 12)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=view.mapFromScene(point))
    lay_out()
    assert titles(view) == ["Op", "layer.0 – 39  ×40", "head"]


def test_buttons_open_close_and_step(qtbot, view, lay_out) -> None:
    press(qtbot, view, "head", frames.Part.TOGGLE)
    lay_out()
    assert titles(view)[-1] == "head"

    press(qtbot, view, "layer.0 – 39", frames.Part.FORWARD)
    lay_out()
    assert titles(view) == [
        "Op", "layer.0", "Op", "Op", "Op", "Op", "layer.2 – 39  ×38", "head",
    ]  # fmt: skip

    box = view.scene_rect_of(closed(view, "head"))
    view.look_at(box.center())
    button = frames.toggle_of(box).center()
    qtbot.mouseClick(view.viewport(), LEFT, pos=view.mapFromScene(button))
    lay_out()
    assert "head" not in titles(view)


def test_a_closed_scope_can_be_chosen_and_the_node_of_its_output_is_the_node(
    qtbot, view, selection
) -> None:
    qtbot.mouseClick(view.viewport(), LEFT, pos=middle(view, closed(view, "layer.1 – 39  ×39")))

    assert selection.scope.count == 156
    assert selection.node == "layer.39.add"

    selection.set_node("stem")
    assert selection.scope is None


def test_the_title_of_a_frame_chooses_the_scope(qtbot, view, selection) -> None:
    press(qtbot, view, "layer.0", frames.Part.TITLE)

    assert (selection.scope.name, selection.node) == ("layer.0", "layer.0.add")


def test_keys_open_close_and_step(qtbot, view, selection, lay_out) -> None:
    selection.set_node("layer.0.fc")

    qtbot.keyClick(view, Qt.Key.Key_BracketRight)
    lay_out()
    assert "layer.1.fc" in view.chart.index

    selection.set_node("layer.1.fc")
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    lay_out()
    assert titles(view)[1:4] == ["layer.0", "layer.1", "layer.2 – 39  ×38"]
    assert selection.scope.name == "layer.1"

    qtbot.keyClick(view, Qt.Key.Key_Return)
    lay_out()
    assert "layer.1.fc" in view.chart.index

    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    lay_out()
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    lay_out()
    assert titles(view)[1] == "layer.0 – 39  ×40"


def test_what_is_opened_stays_where_it_is_in_view(view, lay_out) -> None:
    view.scopes.open_to_level(0)
    lay_out()
    box = view.scene_rect_of(closed(view, "head"))
    view.look_at(box.center())
    before = view.mapFromScene(QPointF(box.center().x(), box.top()))
    scope = view.chart.figures[view.chart.index[closed(view, "head")]].scope

    view.scopes.toggle(scope)
    lay_out()

    left, top, width, _ = view.chart.frames[0].tolist()
    after = view.mapFromScene(QPointF(left + width / 2, top))
    assert (after - before).manhattanLength() <= 2


def test_everything_can_be_opened_and_levels_closed(view, lay_out) -> None:
    view.scopes.open_all()
    lay_out()
    assert len(view.chart.borders) == 42
    assert len(titles(view)) == 163

    view.scopes.open_to_level(1)
    lay_out()
    assert titles(view) == ["Op", "layer.0 – 39  ×40", "Op", "Op"]

    view.scopes.open_to_level(2)
    lay_out()
    assert len(titles(view)) == 163

    view.scopes.open_to_level(0)
    lay_out()
    assert titles(view) == ["Op", "layer.0 – 39  ×40", "head"]


def test_a_node_in_a_closed_scope_is_brought_into_view(view, lay_out) -> None:
    view.center_on("layer.20.fc")
    lay_out()

    box = view.mapFromScene(view.scene_rect_of("layer.20.fc").center())
    assert (box - view.viewport().rect().center()).manhattanLength() <= 3
    assert len(titles(view)) == 9


def test_what_is_found_in_a_closed_scope_is_counted_on_it(view) -> None:
    view.mark_found([node.id for node in view._graph.nodes if node.id.endswith("fc")])

    counts = {view.chart.figures[i].title: n for i, n in view._item.marks.found.items()}
    assert counts == {"Op": 1, "layer.1 – 39  ×39": 39}

    view.center_on("layer.5.fc", opening=False)
    assert "layer.5.fc" not in view.chart.index


def test_what_is_found_stays_marked_when_a_scope_opens(view, lay_out) -> None:
    view.mark_found([node.id for node in view._graph.nodes if node.id.endswith("fc")])
    view.scopes.open_all()
    lay_out()

    assert len(view._item.marks.found) == 41


def test_the_selected_node_is_marked_as_the_box_that_it_is_in(view, selection) -> None:
    selection.set_node("layer.7.act")

    assert view.chart.figures[view._item.marks.selected].title == "layer.1 – 39  ×39"


def test_walking_goes_through_closed_scopes_and_frames(qtbot, view, selection) -> None:
    selection.set_node("layer.0.add")
    visited = []

    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        qtbot.keyClick(view, key, Qt.KeyboardModifier.ControlModifier)
        visited.append((selection.scope.name if selection.scope else None, selection.node))

    assert visited == [
        ("layer.1 – 39", "layer.39.add"), (None, "head.pool"), ("layer.1 – 39", "layer.39.add"),
    ]  # fmt: skip


def test_a_line_between_scopes_tells_all_that_flows(view, lay_out) -> None:
    view.scopes.open_to_level(0)
    lay_out()
    wire = next(w for w in view.chart.wires if w.target == closed(view, "head"))
    assert (wire.value, wire.others, wire.label) == ("layer.39.add", (), "1×8")


def test_a_tooltip_of_a_closed_scope_tells_what_it_holds(view) -> None:
    where = middle(view, closed(view, "layer.1 – 39  ×39"))

    QApplication.sendEvent(
        view.viewport(),
        QHelpEvent(QEvent.Type.ToolTip, where, view.viewport().mapToGlobal(where)),
    )

    assert QToolTip.text() == "layer<br>156 nodes"
    QToolTip.hideText()


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_picture_shows_what_is_seen(view, tmp_path, suffix: str) -> None:
    picture.save(view, tmp_path / f"graph.{suffix}")

    assert (tmp_path / f"graph.{suffix}").stat().st_size > 1000
    if suffix == "svg":
        root = ElementTree.parse(tmp_path / "graph.svg").getroot()
        found = root.iter("{http://www.w3.org/2000/svg}text")
        texts = {"".join(element.itertext()) for element in found}
        assert {
            "layer.0\u00a0\u00a0Block",
            "layer.1 – 39  ×39",
            "parameters\u00a0\u00a02.5 k",
        } <= texts


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.parametrize("scale", [0.1, 0.3, 0.5, 1.0])
def test_every_scale_and_theme_shows_frames(view, themes, choice: str, scale: float) -> None:
    themes(choice)
    index = view.chart.border_index[next(b.id for b in view.chart.borders if b.title == "head")]
    view.zoom_to(scale)
    left, top, *_ = view.chart.frames[index].tolist()
    view.centerOn(QPointF(left, top))

    image = view.grab().toImage()

    inside = view.mapFromScene(QPointF(left + 6, top + 40))
    outside = view.mapFromScene(QPointF(left - 30, top + 40))
    assert image.pixelColor(inside) != image.pixelColor(outside)


def test_boxes_move_to_their_places_and_arrive(
    qtbot, view, lay_out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motion, "_MOST_WIRES", 900)
    view.scopes.open_all()
    lay_out()

    assert view._motion.is_running
    assert view._item._chart is not view.chart
    qtbot.waitUntil(lambda: not view._motion.is_running)
    assert view._item._chart is view.chart


def test_whoever_chooses_something_does_not_wait_for_boxes_to_arrive(
    qtbot, view, lay_out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motion, "_MOST_WIRES", 900)
    view.scopes.open_to_level(0)
    lay_out()
    assert view._motion.is_running

    qtbot.mouseClick(view.viewport(), LEFT, pos=QPoint(3, 3))

    assert not view._motion.is_running


# --- faults ----------------------------------------------------------------------------------


def test_what_folds_a_node_at_fault_away_bears_its_sign(view, graph, selection, lay_out) -> None:
    nodes = tuple(
        replace(n, fault="It is unknown.") if n.id == "layer.17.fc" else n for n in graph.nodes
    )
    selection.set_model(ModelOpened("m.onnx", 1, replace(graph, nodes=nodes)))
    view.scopes.open_to_level(0)
    lay_out()

    assert [view.chart.figures[i].title for i in view.chart.faulty] == ["layer.0 – 39  ×40"]
    hover = view.tooltip(QPointF(middle(view, closed(view, "layer.0 – 39  ×40"))))
    assert "layer.17.fc" in hover
    assert "It is unknown." in hover

    view.center_on("layer.17.fc")
    lay_out()

    assert [view.chart.figures[i].id for i in view.chart.faulty] == ["layer.17.fc"]


def test_where_a_run_stopped_is_marked_on_the_scope_that_holds_it(view, selection, lay_out) -> None:
    view.scopes.open_to_level(0)
    lay_out()
    selection.set_stop(Problem("“fc” could not be run.", "Check it.", node="layer.17.fc"))

    assert view._item.marks.stopped == view.chart.index[closed(view, "layer.0 – 39  ×40")]

    view.center_on("layer.17.fc")
    lay_out()

    assert view._item.marks.stopped == view.chart.index["layer.17.fc"]


def test_a_scope_that_others_want_open_opens_with_all_around_it(view, selection, lay_out) -> None:
    scope = selection.scopes.by_id["scope\nlayer\n7"]
    view.scopes.open_to_level(0)
    lay_out()

    selection.open_asked.emit(scope)
    lay_out()
    assert "layer.7" in [border.scope.name for border in view.chart.borders]

    selection.open_asked.emit(scope)
    lay_out()
    assert "layer.7" not in [border.scope.name for border in view.chart.borders]


def test_what_others_want_to_see_comes_into_view(view, selection) -> None:
    view.look_at(view.chart.bounds.topLeft())
    box = view.scene_rect_of("head.fc")
    assert not view.visible_area().intersects(box)

    selection.look_asked.emit("head.fc")
    assert view.visible_area().intersects(box)

    before = view.visible_area()
    selection.look_asked.emit("head.fc")
    assert view.visible_area() == before
