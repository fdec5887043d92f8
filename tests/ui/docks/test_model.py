from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QUrl

from netviz_desktop.graph.counts import counts, total
from netviz_desktop.ui.docks.model import ModelDock
from netviz_desktop.ui.selection import Page
from netviz_desktop.ui.widgets.numbers import count, size


@pytest.fixture
def dock(qtbot, show, selection, model):
    selection.set_model(model)
    dock = show(ModelDock)
    qtbot.waitUntil(lambda: "activations" in text(dock))
    return dock


def text(dock):
    return dock.text.toPlainText()


def test_it_tells_where_a_model_is_from_and_what_it_costs(dock, model):
    judge = total(model.graph, counts(model.graph))
    for part in (
        "tiny.onnx",
        "format\nONNX",
        "producer\na test",
        "/models/tiny.onnx",
        "size\n4.9 MB",
        "nodes\n4",
        "parameters\n112",
        f"multiply-adds\n{count(judge.multiply_adds)}",
        f"activations\n{size(judge.activation_bytes)}",
        "float32\nimage\nN×3×8×8",
        "float32\nscores\n1×5",
        "NCHW, 8×8, 3 channels",
        "classes\n5 names",
        "1\nConv",
        "float32\n112 numbers",
    ):
        assert part in text(dock)


def test_what_is_not_counted_is_said(qtbot, dock, selection, model):
    values = {n: replace(v, shape=None) for n, v in model.graph.values.items()}
    selection.set_model(replace(model, graph=replace(model.graph, values=values)))
    qtbot.waitUntil(lambda: "without 4 nodes of unknown shape" in text(dock))


def test_a_recognised_network_and_others_that_fit_are_named(qtbot, dock, selection, model):
    names = tuple(f"timm: net{i}" for i in range(12))
    with qtbot.waitSignal(dock.shown):
        selection.set_model(replace(model, architecture=names[0], architectures=names))
    assert "network\ntimm: net0\nAlso fit: timm: net1, " in text(dock)
    assert "and 3 more" in text(dock)


def test_why_it_does_not_run_and_how_it_ran(qtbot, dock, selection, model, run):
    with qtbot.waitSignal(dock.shown):
        selection.set_run(replace(run, bytes_on_disk=4_000_000))
    assert "last run\n5 ms\n4 MB of it on disk" in text(dock)
    with qtbot.waitSignal(dock.shown):
        selection.set_model(replace(model, structure_only=("It has no code.", "Name it.")))
    assert text(dock).startswith("tiny.onnx\nIt has no code. Name it.")


def test_it_stays_with_the_whole_model_inside_a_node(qtbot, dock, selection, model):
    before = text(dock)
    inner = replace(model.graph, nodes=model.graph.nodes[1:2])
    selection.set_pages((Page("split › body", "split", inner),))
    qtbot.waitUntil(lambda: not dock.is_stale)
    assert text(dock) == before

    dock.text.anchorClicked.emit(QUrl("#0"))
    assert not selection.pages
    assert selection.node == "head"


def test_without_a_model_it_says_so(qtbot, dock, selection):
    with qtbot.waitSignal(dock.shown):
        selection.set_model(None)
    assert text(dock) == "No model is open."
