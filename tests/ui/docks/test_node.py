from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QUrl

from netviz_desktop.graph import Node
from netviz_desktop.graph.overlay import SPARSITY, TIME, Overlay
from netviz_desktop.link.messages import GradientStates, GradientStatesOf
from netviz_desktop.ui.docks.node import NodePanel


@pytest.fixture
def dock(show):
    return show(NodePanel)


def text(dock):
    return dock.text.toPlainText()


def select(qtbot, dock, selection, node):
    with qtbot.waitSignal(dock.shown) as shown:
        selection.set_node(node)
    return shown.args


def test_it_names_everything_about_a_node(qtbot, dock, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    assert select(qtbot, dock, selection, "conv") == ["conv"]
    said = text(dock)
    for part in (
        "Conv",
        "features › 0",
        "ai.onnx",
        "strides\n2, 2",
        "alpha\n−0.5",
        "auto_pad\nNOTSET",
        "image\nN×3×8×8 · float32",
        "1×4×4×4 · float32 in the last run",
        "conv.weight\n4×3×3×3 · float32 · 108",
        "conv.bias\n4 · float32 · 4",
        "1.25 ms, 25.0 % of the last run",
        "A note & more.",
    ):
        assert part in said


def test_how_a_node_runs_and_where_its_gradient_stands_is_said(
    qtbot, dock, engine, selection, model, run
):
    conv = replace(
        model.graph.nodes[0], execution="function of the model", source="net.py:31 in forward"
    )
    graph = replace(model.graph, nodes=(conv, *model.graph.nodes[1:]))
    selection.set_model(replace(model, graph=graph))
    selection.set_run(run)
    select(qtbot, dock, selection, "conv")
    assert "gradient" not in text(dock)

    engine.answer(GradientStatesOf, GradientStates("conv", ("It is zero everywhere.",)))

    assert engine.requests(GradientStatesOf) == [GradientStatesOf("conv", None)]
    for part in (
        "gradient\nIt is zero everywhere.",
        "runs in\nfunction of the model",
        "code\nnet.py:31 in forward",
    ):
        assert part in text(dock)


def test_each_output_has_its_gradients_state(qtbot, dock, engine, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    select(qtbot, dock, selection, "split")

    engine.answer(GradientStatesOf, GradientStates("split", ("", "It is off the path.")))

    assert "gradient 0\nvalue\ngradient 1\nIt is off the path." in text(dock)


def test_the_state_for_another_class_is_asked_anew(qtbot, dock, engine, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    select(qtbot, dock, selection, "conv")
    engine.answer(GradientStatesOf, GradientStates("conv", ("It is zero everywhere.",)))

    with qtbot.waitSignal(dock.shown):
        selection.set_target(4)

    assert "zero everywhere" not in text(dock)
    assert engine.requests(GradientStatesOf)[-1] == GradientStatesOf("conv", 4)


def test_why_a_node_stops_the_model_stands_above_everything(qtbot, dock, selection, model):
    conv = replace(model.graph.nodes[0], fault="It <b>lacks</b> a weight.")
    graph = replace(model.graph, nodes=(conv, *model.graph.nodes[1:]))
    selection.set_model(replace(model, graph=graph))
    select(qtbot, dock, selection, "conv")

    assert text(dock).startswith("Conv\nIt <b>lacks</b> a weight.\nA note & more.")


def test_a_name_that_looks_like_html_is_shown_as_it_is(qtbot, dock, selection, model):
    selection.set_model(model)
    select(qtbot, dock, selection, "conv")
    assert "<b>conv</b>" in text(dock)


def test_a_click_on_an_input_goes_to_the_node_that_computes_it(qtbot, dock, selection, model):
    selection.set_model(model)
    select(qtbot, dock, selection, "relu")
    assert 'href="#0"' in dock.text.toHtml()
    dock.text.anchorClicked.emit(QUrl("#0"))
    assert selection.node == "conv"


def test_without_a_node_it_tells_of_the_model(qtbot, dock, selection, model):
    with qtbot.waitSignal(dock.shown):
        selection.set_model(model)
    said = text(dock)
    for part in (
        "tiny.onnx",
        "format\nONNX",
        "nodes\n4",
        "parameters\n112",
        "/models/tiny.onnx",
        "4.9 MB",
        "image\nN×3×8×8 · float32",
        "scores\n1×5 · float32",
        "producer\na test",
    ):
        assert part in said


def test_why_a_model_cannot_run_is_among_its_properties(qtbot, dock, selection, model):
    with qtbot.waitSignal(dock.shown):
        selection.set_model(replace(model, structure_only=("It has no code.", "Name it.")))
    assert "It has no code. Name it." in text(dock)


def test_endless_names_and_lists_are_cut(qtbot, dock, selection, model):
    inputs = tuple(f"x{i}" for i in range(3000))
    node = Node("long", "Concat", "", "n" * 100_000, (), inputs, ("y",), {"a": "v" * 100_000})
    selection.set_model(replace(model, graph=replace(model.graph, nodes=(node,))))
    select(qtbot, dock, selection, "long")
    said = text(dock)
    assert len(said) < 20_000
    assert "800 more" in said


def test_its_text_can_be_copied(qtbot, dock, selection, model):
    selection.set_model(model)
    select(qtbot, dock, selection, "conv")
    dock.text.selectAll()
    assert "conv.weight" in dock.text.textCursor().selectedText()


def test_of_a_scope_it_tells_the_totals_and_what_crosses_it(qtbot, dock, selection, model, run):
    graph = model.graph
    nodes = tuple(
        replace(node, scope=("body", node.id)) if index < 2 else replace(node, scope=())
        for index, node in enumerate(graph.nodes)
    )
    selection.set_model(replace(model, graph=replace(graph, nodes=nodes)))
    selection.set_run(run)
    (scope,) = selection.scopes.all[1:]

    with qtbot.waitSignal(dock.shown):
        selection.set_scope(scope)

    said = text(dock)
    assert said.startswith("body")
    for part in ("scope\nbody", "nodes\n2", "parameters\n112", "image\nN×3×8×8 · float32"):
        assert part in said
    assert selection.node == nodes[1].id


def test_the_value_that_colours_a_node_is_said(qtbot, dock, selection, model, run):
    selection.set_model(model)
    selection.set_run(run)
    select(qtbot, dock, selection, "conv")
    with qtbot.waitSignal(dock.shown):
        selection.set_overlay(Overlay(SPARSITY, {"conv": 0.25}))
    assert "sparsity\n25.0 %" in text(dock)

    with qtbot.waitSignal(dock.shown):
        selection.set_overlay(Overlay(TIME, run.milliseconds))

    assert text(dock).count("1.25 ms") == 1  # it stands there anyway
