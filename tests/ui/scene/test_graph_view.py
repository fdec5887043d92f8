from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QHelpEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip

from netviz_desktop.graph import ModelGraph, Node, Parameter
from netviz_desktop.link.messages import Failed, LayOut, ModelOpened, Progress, RunFinished
from netviz_desktop.problems import Problem
from netviz_desktop.ui import theme
from netviz_desktop.ui.scene.notice import Notice


def at(view, node: str) -> QPoint:
    return view.mapFromScene(view.scene_rect_of(node).center())


def wheel(view, notches: int, modifiers=Qt.KeyboardModifier.NoModifier, where=None) -> None:
    where = where or QPointF(400, 300)
    event = QWheelEvent(
        where, view.viewport().mapToGlobal(where), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), event)


def run(graph: ModelGraph | None = None, **shapes: tuple[int, ...]) -> RunFinished:
    picture = np.zeros((4, 4, 3), np.uint8)
    return RunFinished(picture, (0, 0, 4, 4), picture, (), "", graph, shapes, {}, {}, 1.0, None, "")


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[..., :3]


def signs(view) -> np.ndarray:
    """Where the picture of the view has the colour of faults."""
    error = np.array(QColor(theme.current().error).getRgb()[2::-1], np.uint8)
    return (pixels(view.grab().toImage()) == error).all(axis=-1)


def tooltip(view, node: str) -> str:
    return view.tooltip(QPointF(at(view, node)))


# --- choosing --------------------------------------------------------------------------------


def test_a_click_on_a_box_selects_its_node(qtbot, open_graph, graph, selection) -> None:
    view = open_graph(graph)

    with qtbot.waitSignal(selection.node_changed) as changed:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at(view, "relu"))

    assert changed.args == ["relu"]


def test_a_click_beside_all_boxes_clears_the_selection(qtbot, open_graph, graph, selection) -> None:
    view = open_graph(graph)
    selection.set_node("relu")

    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(3, 3))

    assert selection.node is None


def test_escape_clears_the_selection(qtbot, open_graph, graph, selection) -> None:
    view = open_graph(graph)
    selection.set_node("relu")

    qtbot.keyClick(view, Qt.Key.Key_Escape)

    assert selection.node is None


def test_a_drag_moves_the_graph_and_selects_nothing(qtbot, open_graph, graph, selection) -> None:
    view = open_graph(graph)
    start = at(view, "relu")

    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for step in (10, 40, 80):
        qtbot.mouseMove(view.viewport(), start + QPoint(step, step // 2))
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=start + QPoint(80, 40))

    assert selection.node is None
    moved = at(view, "relu") - start
    assert (moved.x(), moved.y()) == (pytest.approx(80, abs=2), pytest.approx(40, abs=2))


def test_ctrl_and_arrows_walk_along_the_edges(qtbot, open_graph, graph, selection) -> None:
    view = open_graph(graph)
    selection.set_node("conv")
    visited = []

    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        qtbot.keyClick(view, key, Qt.KeyboardModifier.ControlModifier)
        visited.append(selection.node)

    assert visited == ["relu", "add", "fc", "add"]


def test_the_selected_box_has_a_red_outline(open_graph, graph, selection) -> None:
    view = open_graph(graph)
    view.actual_size()
    red = np.array([0x1F, 0x1F, 0xDC])
    assert not (pixels(view.grab().toImage()) == red).all(axis=-1).any()

    selection.set_node("fc")

    rows, columns = np.nonzero((pixels(view.grab().toImage()) == red).all(axis=-1))
    box = view.mapFromScene(view.scene_rect_of("fc")).boundingRect()
    assert box.contains(QPoint(int(columns.mean()), int(rows.mean())))


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_a_node_at_fault_wears_a_sign_at_every_scale(
    themes, open_graph, graph, choice, scale
) -> None:
    themes(choice)
    nodes = (graph.nodes[0], replace(graph.nodes[1], fault="Unknown."), *graph.nodes[2:])
    view = open_graph(replace(graph, nodes=nodes))
    view.zoom_to(scale)

    found = signs(view)

    corner = view.mapFromScene(view.scene_rect_of("relu").topRight())
    rows, columns = np.nonzero(found)
    assert len(rows) > 40  # pixels of the triangle, never too few to be seen
    near = (abs(rows - corner.y()) < 12) & (abs(columns - corner.x()) < 12)
    assert near.sum() > 40
    assert "Unknown." in tooltip(view, "relu")


def test_where_a_run_stopped_is_marked_until_that_is_over(open_graph, graph, selection) -> None:
    view = open_graph(graph)
    assert not signs(view).any()

    selection.set_stop(Problem("“relu” could not be run.", "Check it.", node="relu"))
    assert signs(view).any()
    assert "could not be run" in tooltip(view, "relu")

    selection.set_stop(None)
    assert not signs(view).any()


def test_an_output_that_nothing_computes_is_there_to_be_seen(open_graph, graph) -> None:
    view = open_graph(replace(graph, outputs=("scores", "ghost")))

    assert "ghost" in [figure.title for figure in view.chart.figures]


def test_what_was_found_is_marked_until_the_canvas_is_clicked(open_graph, graph) -> None:
    view = open_graph(graph)

    view.mark_found(["relu", "fc"])
    assert [view.chart.figures[i].node for i in view._item.marks.found] == ["relu", "fc"]

    view.choose(None)
    assert not view._item.marks.found


def test_ctrl_c_copies_the_name_of_the_selected_node(qtbot, open_graph, graph, selection) -> None:
    view = open_graph(graph)
    selection.set_node("relu")

    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    assert QGuiApplication.clipboard().text() == "relu"


# --- moving ----------------------------------------------------------------------------------


def test_a_small_graph_is_shown_whole(open_graph, graph) -> None:
    view = open_graph(graph)

    assert view.visible_area().contains(view.chart.bounds)
    assert 0.62 <= view.scale_factor <= 1


def test_a_long_graph_opens_at_its_inputs_in_readable_size(open_graph, graph) -> None:
    nodes = tuple(
        Node(f"n{i}", "Relu", "ai.onnx", "", (), (f"v{i}",), (f"v{i + 1}",)) for i in range(60)
    )
    view = open_graph(replace(graph, inputs=("v0",), outputs=("v60",), nodes=nodes, values={}))

    assert view.scale_factor == 1
    assert view.visible_area().contains(view.scene_rect_of("n0"))
    assert not view.visible_area().contains(view.scene_rect_of("n59"))


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_F])
def test_space_and_f_show_the_whole_graph(qtbot, open_graph, graph, key) -> None:
    view = open_graph(graph)
    view.zoom_to(3)

    qtbot.keyClick(view, key)

    assert view.visible_area().contains(view.chart.bounds)


def test_shift_and_arrows_zoom_and_shift_backspace_is_100_percent(qtbot, open_graph, graph) -> None:
    view = open_graph(graph)
    shift = Qt.KeyboardModifier.ShiftModifier
    before = view.scale_factor

    with qtbot.waitSignal(view.zoom_changed) as zoomed:
        qtbot.keyClick(view, Qt.Key.Key_Down, shift)
    smaller = view.scale_factor
    qtbot.keyClick(view, Qt.Key.Key_Up, shift)
    restored = view.scale_factor
    qtbot.keyClick(view, Qt.Key.Key_Up, shift)
    qtbot.keyClick(view, Qt.Key.Key_Backspace, shift)

    assert zoomed.args == [pytest.approx(smaller)]
    assert smaller < before == pytest.approx(restored)
    assert view.scale_factor == 1


def test_the_wheel_scrolls_and_with_ctrl_zooms_at_the_pointer(open_graph, graph) -> None:
    view = open_graph(graph)
    view.zoom_to(2)
    scale, top = view.scale_factor, view.visible_area().top()

    wheel(view, -1)
    assert view.scale_factor == scale
    assert view.visible_area().top() > top

    where = QPointF(200, 150)
    under = view.mapToScene(where.toPoint())
    wheel(view, 2, Qt.KeyboardModifier.ControlModifier, where)
    assert view.scale_factor == pytest.approx(scale * 1.21)
    after = view.mapToScene(where.toPoint())
    assert (after.x(), after.y()) == (
        pytest.approx(under.x(), abs=1.5), pytest.approx(under.y(), abs=1.5),
    )  # fmt: skip


def test_the_wheel_zooms_by_itself_when_told_to(open_graph, graph) -> None:
    view = open_graph(graph)
    view.wheel_zooms = True
    scale = view.scale_factor

    wheel(view, 1)

    assert view.scale_factor == pytest.approx(scale * 1.1)


def test_a_double_click_brings_a_node_to_the_middle(qtbot, open_graph, graph) -> None:
    view = open_graph(graph)

    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at(view, "fc"))

    away = at(view, "fc") - view.viewport().rect().center()
    assert away.manhattanLength() <= 3


def test_what_is_in_the_middle_stays_there_when_the_view_grows(open_graph, graph) -> None:
    view = open_graph(graph)
    view.center_on("add")

    view.resize(1000, 760)

    assert (at(view, "add") - view.viewport().rect().center()).manhattanLength() <= 3


# --- what is drawn ---------------------------------------------------------------------------


def test_the_layout_is_asked_for_boxes_and_for_edges_that_carry_tensors(
    open_graph, graph, engine
) -> None:
    open_graph(graph)

    request = engine.requests(LayOut)[-1]
    assert [box.id.split("\n")[-1] for box in request.boxes] == [
        "image", "conv", "relu", "add", "fc", "scores",
    ]  # fmt: skip
    ends = {(e.source.split("\n")[-1], e.target.split("\n")[-1]) for e in request.edges}
    assert ends == {
        ("image", "conv"), ("conv", "relu"), ("conv", "add"), ("relu", "add"), ("add", "fc"),
        ("fc", "scores"),
    }  # fmt: skip


def test_boxes_say_weights_and_telling_attributes_and_edges_say_shapes(open_graph, graph) -> None:
    chart = open_graph(graph).chart

    rows = [(row.name, row.text) for row in chart.figures[chart.index["conv"]].rows]
    assert rows == [("pads", "= 1"), ("strides", "= 2"), ("weight", "‹8×3×3×3›")]
    labels = {wire.value: wire.label for wire in chart.wires}
    assert labels["c"] == "1×8×16×16"
    assert labels["r"] == "1×8×?×16"


def test_of_the_many_weights_inside_a_loop_the_first_are_said(open_graph, graph) -> None:
    weights = tuple(Parameter(f"w{i}", (i + 1,), "float32", "weight") for i in range(40))
    nodes = (replace(graph.nodes[0], op_type="Loop", parameters=weights), *graph.nodes[1:])

    view = open_graph(replace(graph, nodes=nodes))

    rows = [row.text for row in view.chart.figures[view.chart.index["conv"]].rows]
    assert rows[-2:] == ["‹15›", "… and 25 more"]


def test_the_view_menus_toggles_change_what_boxes_say(open_graph, graph, lay_out) -> None:
    view = open_graph(graph)
    view.show_attributes = True
    view.show_weights = False
    view.show_names = True
    lay_out()

    figure = view.chart.figures[view.chart.index["conv"]]
    assert figure.title == "body/conv"
    assert [row.name for row in figure.rows] == ["auto_pad", "pads", "strides"]
    assert {wire.label for wire in view.chart.wires} == {"image", "c", "r", "a", "scores"}


def test_shapes_of_a_run_replace_unknown_ones_and_the_place_is_kept(
    open_graph, graph, selection, lay_out
) -> None:
    view = open_graph(graph)
    selection.set_node("add")
    view.zoom_to(2)
    view.center_on("add")

    selection.set_run(run(c=(1, 8, 16, 16), r=(1, 8, 16, 16), a=(1, 8, 16, 16)))
    lay_out()

    labels = {wire.value: wire.label for wire in view.chart.wires}
    assert labels["r"] == labels["a"] == "1×8×16×16"
    assert (at(view, "add") - view.viewport().rect().center()).manhattanLength() <= 4
    assert selection.node == "add"


def test_a_second_run_of_the_same_shapes_needs_no_layout(
    open_graph, graph, selection, lay_out, engine
) -> None:
    open_graph(graph)
    selection.set_run(run(a=(1, 8, 16, 16)))
    lay_out()
    asked = len(engine.requests(LayOut))

    selection.set_run(None)
    selection.set_run(run(a=(1, 8, 16, 16)))

    assert len(engine.requests(LayOut)) == asked


def test_left_to_right_turns_the_flow(open_graph, graph, lay_out) -> None:
    view = open_graph(graph)

    view.left_to_right = True
    lay_out()

    assert view.scene_rect_of("fc").left() > view.scene_rect_of("conv").right()


def test_names_are_plain_text_and_their_middle_is_left_out(open_graph, graph) -> None:
    name = "<img src=x>" + "y" * 100_000
    nodes = (replace(graph.nodes[0], op_type=name), *graph.nodes[1:])

    view = open_graph(replace(graph, nodes=nodes))

    title = view.chart.figures[view.chart.index["conv"]].title
    assert title == "<img src=x>"[:10] + "…" + "y" * 10
    assert view.grab().toImage().width() == 800


def test_a_tooltip_tells_the_whole_name_as_plain_text(open_graph, graph) -> None:
    nodes = (replace(graph.nodes[0], name="<b>bold</b>"), *graph.nodes[1:])
    view = open_graph(replace(graph, nodes=nodes))
    where = at(view, "conv")

    QApplication.sendEvent(
        view.viewport(),
        QHelpEvent(QEvent.Type.ToolTip, where, view.viewport().mapToGlobal(where)),
    )

    assert QToolTip.text() == "Conv<br>&lt;b&gt;bold&lt;/b&gt;"
    QToolTip.hideText()


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.parametrize("scale", [0.2, 0.35, 0.55, 1.0, 2.0])
def test_every_scale_and_theme_shows_the_boxes(
    open_graph, graph, themes, choice: str, scale: float
) -> None:
    themes(choice)
    view = open_graph(graph)
    view.zoom_to(scale)
    view.centerOn(view.scene_rect_of("conv").center())

    image = view.grab().toImage()

    canvas = theme.current().canvas
    assert theme.current().dark == (choice == "dark")
    assert image.pixelColor(2, 2).name() == canvas
    where = view.mapFromScene(view.scene_rect_of("conv").topLeft() + QPointF(60, 5))
    assert image.pixelColor(where).blue() > image.pixelColor(where).red() + 20  # a layer is blue


def test_a_graph_without_edges_names_its_boxes(open_graph, graph) -> None:
    nodes = tuple(
        replace(n, op_type="Weights", inputs=(), outputs=(), name=f"layer.{i}")
        for i, n in enumerate(graph.nodes)
    )

    view = open_graph(replace(graph, inputs=(), outputs=(), nodes=nodes, values={}))

    assert [figure.title for figure in view.chart.figures] == [f"layer.{i}" for i in range(4)]


# --- while and when it does not work out -----------------------------------------------------


def test_a_slow_layout_says_so_after_a_while(qtbot, view, selection, graph) -> None:
    selection.set_model(ModelOpened("small.onnx", 100, graph))
    notice = view.findChild(Notice)
    assert not notice.isVisible()

    qtbot.waitUntil(notice.isVisible)

    assert "Laying out" in notice.text


def test_the_notice_goes_when_the_graph_is_there(
    qtbot, view, selection, graph, lay_out, engine
) -> None:
    selection.set_model(ModelOpened("small.onnx", 100, graph))
    notice = view.findChild(Notice)
    qtbot.waitUntil(notice.isVisible)
    engine.answer(LayOut, Progress(0.5, "Placing boxes"))
    assert "Placing boxes" in notice.text

    with qtbot.waitSignal(view.laid_out):
        lay_out()

    assert not notice.isVisible()


def test_a_failed_layout_shows_both_sentences(view, selection, graph, engine) -> None:
    selection.set_model(ModelOpened("small.onnx", 100, graph))

    engine.answer(LayOut, Failed("It cannot be laid out.", "Install Graphviz."))

    notice = view.findChild(Notice)
    assert notice.isVisible()
    assert notice.text == "It cannot be laid out.\nInstall Graphviz."


def test_a_layout_that_died_with_the_engine_is_asked_again(
    view, selection, graph, engine, lay_out
) -> None:
    selection.set_model(ModelOpened("small.onnx", 100, graph))
    asked = len(engine.requests(LayOut))

    engine.die()
    engine.come_up()

    assert len(engine.requests(LayOut)) == asked + 1
    lay_out()
    assert view.chart is not None


def test_closing_the_model_empties_the_canvas(open_graph, graph, selection) -> None:
    view = open_graph(graph)

    selection.set_model(None)

    assert view.chart is None
    with pytest.raises(KeyError):
        view.scene_rect_of("conv")


def test_a_node_asked_for_too_early_is_shown_when_it_has_a_place(
    view, selection, graph, lay_out
) -> None:
    selection.set_model(ModelOpened("small.onnx", 100, graph))
    view.center_on("fc")

    lay_out()

    assert (at(view, "fc") - view.viewport().rect().center()).manhattanLength() <= 3
    with pytest.raises(KeyError):
        view.center_on("nobody")


def test_a_model_opens_at_its_first_input_however_far_above_it_others_reach(open_graph) -> None:
    def node(name: str, *inputs: str) -> Node:
        return Node(name, "Op", "", name, (), inputs, (name,))

    chain = [node(f"m{i}", f"m{i - 1}" if i else "mask") for i in range(30)]
    rest = [node(f"n{i}", f"n{i - 1}") for i in range(1, 30)]
    nodes = (*chain, node("n0", "x", "m29"), *rest)
    view = open_graph(ModelGraph("ONNX", "m", ("x", "mask"), ("n29",), nodes, {}))
    assert view.visible_area().contains(view.chart.rectangle(0))
    assert view.visible_area().contains(view.scene_rect_of("n0"))
