from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.graph.counts import counts, total
from netviz_desktop.ui.docks.outline import OutlineDock
from netviz_desktop.ui.selection import Page


def chain(blocks):
    """A stem, then identical blocks of a product and an activation, then a head."""
    nodes, at = [], "x"

    def add(name, op, parameters=()):
        nonlocal at
        ids = tuple(p.name for p in parameters)
        scope = tuple(name.split(".")[:-1])
        nodes.append(Node(name, op, "ai.onnx", name, scope, (at, *ids), (name,), {}, parameters))
        at = name

    add("stem", "Relu")
    for block in range(blocks):
        weight = Parameter(f"body.{block}.w", (4, 4), "float32", "weight")
        add(f"body.{block}.fc", "MatMul", (weight,))
        add(f"body.{block}.act", "Relu")
    add("head.pool", "ReduceMean")
    add("head.out", "Softmax")
    values = {name: Value(name, (1, 4), "float32") for n in nodes for name in n.outputs}
    values["x"] = Value("x", (1, 4), "float32")
    values |= {p.name: Value(p.name, p.shape, p.dtype) for n in nodes for p in n.parameters}
    return ModelGraph("ONNX", "chain", ("x",), (at,), tuple(nodes), values)


@pytest.fixture
def dock(qtbot, show, selection, model):
    selection.set_model(replace(model, graph=chain(5)))
    dock = show(OutlineDock)
    dock.resize(600, 400)
    qtbot.waitUntil(lambda: bool(dock._costs.by_node))
    return dock


def said(dock, parent=None):
    above = QModelIndex() if parent is None else parent
    return [dock.tree.index(row, 0, above).data() for row in range(dock.tree.rowCount(above))]


def test_it_shows_modules_and_what_they_hold(dock, selection):
    graph = selection.graph
    assert said(dock) == ["stem  Relu", "body.0 – 4  ×5", "head"]
    body = dock.tree.index(1, 0)
    assert said(dock, body) == [f"body.{i}" for i in range(5)]
    assert said(dock, dock.tree.index(0, 0, body)) == ["fc  MatMul", "act  Relu"]

    costs = counts(graph)
    judge = total(graph, {i: c for i, c in costs.items() if i.startswith("body")})
    assert [dock.tree.index(1, column).data() for column in (1, 2, 3)] == [
        "10",
        str(judge.parameters),
        str(judge.multiply_adds),
    ]


def test_it_goes_where_the_selection_goes(qtbot, dock, selection):
    with qtbot.waitSignal(dock.shown):
        selection.set_node("body.3.act")

    assert dock.view.currentIndex().data() == "act  Relu"
    assert dock.view.isExpanded(dock.view.currentIndex().parent())
    with qtbot.waitSignal(dock.shown):
        selection.set_scope(next(s for s in selection.scopes.all if s.name == "body.2"))
    assert dock.view.currentIndex().data() == "body.2"


def test_a_click_selects_and_a_double_click_opens(dock, selection):
    looked, opened = [], []
    selection.look_asked.connect(looked.append)
    selection.open_asked.connect(opened.append)
    body = dock.tree.index(1, 0)
    member = dock.tree.index(2, 0, body)

    dock.view.setCurrentIndex(member)
    assert selection.scope.name == "body.2"
    dock.view.activated.emit(member)
    dock.view.setCurrentIndex(dock.tree.index(0, 0))

    assert selection.node == "stem"
    assert [getattr(part, "name", part) for part in looked] == ["body.2", "stem"]
    assert [part.name for part in opened] == ["body.2"]


def test_what_is_filtered_stands_in_its_modules(dock):
    dock.field.setText("body.1 op:MatMul")

    assert said(dock) == ["body.0 – 4  ×5"]
    body = dock.tree.index(0, 0)
    assert said(dock, body) == ["body.1"]
    assert said(dock, dock.tree.index(0, 0, body)) == ["fc  MatMul"]
    assert dock.view.isExpanded(body)
    dock.field.clear()
    assert len(said(dock)) == 3


def test_other_models_and_none_at_all(qtbot, dock, selection, model):
    with qtbot.waitSignal(dock.shown):
        selection.set_model(model)
    assert said(dock)[1:] == ["relu", "split", "head  Gemm"]

    with qtbot.waitSignal(dock.shown):
        selection.set_model(None)
    assert said(dock) == []
    assert dock.message.isVisible()


def test_every_index_knows_its_parent(dock, qtmodeltester):
    qtmodeltester.check(dock.tree, force_py=True)


def test_a_graph_inside_a_node_has_its_own_outline(qtbot, dock, selection):
    with qtbot.waitSignal(dock.shown):
        selection.set_pages((Page("stem › body", "stem", chain(1)),))
    assert said(dock) == ["stem  Relu", "body.0", "head"]
    qtbot.waitUntil(lambda: dock.tree.index(1, 3).data() == "16")

    with qtbot.waitSignal(dock.shown):
        selection.leave_to(0)
    assert said(dock)[1] == "body.0 – 4  ×5"
