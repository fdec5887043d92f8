from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from netviz_desktop.graph.counts import counts, total
from netviz_desktop.ui.docks.layers import LayersDock
from netviz_desktop.ui.widgets.numbers import count

DOWN = Qt.SortOrder.DescendingOrder


@pytest.fixture
def dock(qtbot, show, selection, model, run):
    values = {n: replace(v, shape=(1, *v.shape[1:])) for n, v in model.graph.values.items()}
    values |= {
        p.name: replace(values["a"], name=p.name, shape=p.shape)
        for p in model.graph.parameters.values()
    }
    selection.set_model(replace(model, graph=replace(model.graph, values=values)))
    selection.set_run(run)
    dock = show(LayersDock)
    qtbot.waitUntil(lambda: bool(dock._costs.by_node))
    return dock


def said(dock, column):
    return [dock.layers.index(row, column).data() for row in range(dock.layers.rowCount())]


def test_it_says_what_every_node_is_and_costs(dock, selection):
    assert said(dock, 0) == ["<b>conv</b>", "relu", "split", "head"]
    assert said(dock, 1) == ["Conv", "Relu", "Split", "Gemm"]
    assert said(dock, 2)[0] == "features.0"
    assert said(dock, 3) == ["1×4×4×4", "1×4×4×4", "1×2×4×4", "1×5"]
    assert said(dock, 7) == ["1.25", "0.25", "–", "–"]
    judge = counts(selection.graph)
    assert said(dock, 5)[:2] == [count(judge[node].multiply_adds) for node in ("conv", "relu")]
    assert judge["conv"].multiply_adds == 4 * 4 * 4 * 3 * 3 * 3


def test_the_totals_are_those_of_the_summary(dock, selection):
    judge = total(selection.graph, counts(selection.graph))
    text = dock.totals.text()
    assert text.startswith(f"4 nodes · {judge.parameters} parameters")
    assert text.endswith("1.5 ms")

    dock.field.setText("op:relu")
    assert dock.totals.text().startswith("1 node · 0 parameters · 0 multiply-adds · 256 bytes")


def test_it_sorts_numbers_as_numbers_and_what_is_not_known_comes_last(dock):
    dock.view.sortByColumn(7, Qt.SortOrder.AscendingOrder)
    assert said(dock, 7) == ["0.25", "1.25", "–", "–"]
    dock.view.sortByColumn(7, DOWN)
    assert said(dock, 7) == ["1.25", "0.25", "–", "–"]
    dock.view.sortByColumn(-1, DOWN)
    assert said(dock, 1) == ["Conv", "Relu", "Split", "Gemm"]


def test_2_comes_before_10(qtbot, dock, selection, opened):
    with qtbot.waitSignal(dock.shown):
        selection.set_model(opened(nodes=("layer.10", "layer.9", "a", "layer.9b")))
    dock.view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert said(dock, 0) == ["a", "layer.9", "layer.9b", "layer.10"]


def test_it_goes_where_the_selection_goes_also_when_sorted(qtbot, dock, selection):
    dock.view.sortByColumn(7, DOWN)
    with qtbot.waitSignal(dock.shown):
        selection.set_node("head")
    assert dock.layers.node(dock.view.currentIndex().row()).id == "head"

    dock.view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert dock.layers.node(dock.view.currentIndex().row()).id == "head"

    looked = []
    selection.look_asked.connect(looked.append)
    dock.view.selectRow(0)
    assert (selection.node, looked) == ("conv", ["conv"])


def test_rows_are_copied_for_a_spreadsheet(qtbot, dock):
    qtbot.keyClick(dock.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 5
    assert lines[0].split("\t")[:2] == ["Name", "Type"]

    dock.view.selectRow(1)
    dock.view.selectionModel().select(
        dock.layers.index(2, 0),
        dock.view.selectionModel().SelectionFlag.Select
        | dock.view.selectionModel().SelectionFlag.Rows,
    )
    dock.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[1] for line in lines] == ["Type", "Relu", "Split"]


def test_a_file_holds_exact_numbers(dock, selection, tmp_path):
    dock.save(tmp_path / "layers.csv")

    with (tmp_path / "layers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    judge = counts(selection.graph)
    assert [row["Name"] for row in rows] == [node.name for node in selection.graph.nodes]
    assert int(rows[0]["Activation bytes"]) == judge["conv"].activation_bytes
    assert rows[0]["Output shape"] == "1×4×4×4"
    assert rows[2]["Time (ms)"] == ""

    dock.save(tmp_path / "nowhere" / "layers.csv")
    assert "layers.csv cannot be written" in dock.notice.text()


def test_another_run_and_no_model(qtbot, dock, selection, run):
    with qtbot.waitSignal(dock.shown):
        selection.set_run(replace(run, milliseconds={"conv": 7.0}))
    assert said(dock, 7)[0] == "7"
    with qtbot.waitSignal(dock.shown):
        selection.set_model(None)
    assert dock.layers.rowCount() == 0
    assert dock.message.isVisible()


@pytest.mark.parametrize(("height", "floats"), [(700, True), (1000, False)])
def test_in_a_small_window_it_floats(qtbot, engine, selection, height, floats):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1000, height)
    dock = LayersDock(engine, selection, window)
    window.addDockWidget(dock.AREA, dock)
    dock.hide()
    with qtbot.waitExposed(window):
        window.show()

    dock.toggleViewAction().trigger()

    assert dock.isVisible()
    assert dock.isFloating() == floats


def test_the_table_keeps_what_qt_expects_of_it(dock, qtmodeltester):
    qtmodeltester.check(dock.layers, force_py=True)
