from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from netviz_desktop.graph.overlay import ACTIVATION_NORM
from netviz_desktop.link.messages import OverlayOf
from netviz_desktop.ui.operations.overlays import Overlays
from netviz_desktop.ui.scene import Legend


@pytest.fixture
def overlays(engine, selection) -> Overlays:
    return Overlays(engine, selection)


@pytest.fixture
def legend(view, overlays) -> Legend:
    return Legend(view, overlays)


def test_there_is_a_legend_while_there_is_an_overlay(open_graph, graph, overlays, legend) -> None:
    view = open_graph(graph)
    assert not legend.isVisible()

    overlays.choose("parameters")

    assert legend.isVisible()
    assert view.viewport().rect().contains(legend.geometry())
    assert legend.title.text() == "Parameters"
    overlays.choose(None)
    assert not legend.isVisible()


def test_it_says_the_ends_of_the_ramp_and_round_numbers_between(
    open_graph, graph, overlays, legend
) -> None:
    open_graph(graph)
    overlays.choose("activation-memory")

    labels = legend.ramp.labels()

    assert (labels[0].at, labels[0].left, labels[0].text) == (0, 0, "8.19 kB")
    assert labels == sorted(labels)


def test_it_lists_the_nodes_with_the_largest_values_and_leads_to_them(
    qtbot, open_graph, graph, overlays, legend
) -> None:
    open_graph(graph)
    overlays.choose("parameters")

    rows = [row for row in legend.rows if row.isVisible()]
    assert [row.text() for row in rows] == ["conv: 216"]
    with qtbot.waitSignal(legend.node_chosen) as chosen:
        qtbot.mouseClick(rows[0], Qt.MouseButton.LeftButton)

    assert chosen.args == ["conv"]


def test_folded_it_is_only_the_ramp(qtbot, open_graph, graph, overlays, legend) -> None:
    open_graph(graph)
    overlays.choose("parameters")
    whole = legend.height()

    qtbot.mouseClick(legend.fold, Qt.MouseButton.LeftButton)

    assert legend.height() < whole
    assert legend.ramp.isVisible()
    assert not legend.rows[0].isVisible()


def test_another_scale_is_a_press_away(qtbot, open_graph, graph, overlays, legend) -> None:
    view = open_graph(graph)
    overlays.choose("parameters")
    assert legend.turn.text() == "log"

    qtbot.mouseClick(legend.turn, Qt.MouseButton.LeftButton)

    assert legend.turn.text() == "lin"
    assert "relu" in view.chart.shades.fills  # 0 has a colour there


def test_it_says_that_a_run_is_needed_and_that_one_is_being_measured(
    open_graph, graph, overlays, legend, selection, finished, engine
) -> None:
    open_graph(graph)
    overlays.choose("activation-norm")
    assert legend.state.text() == "Run the model on an image to see this."
    assert not legend.ramp.isVisible()

    selection.set_run(finished())
    overlays.choose("activation-norm")

    assert engine.requests(OverlayOf)
    assert legend.state.text() == "Measuring…"
    assert ACTIVATION_NORM.says in legend.says.text()


def test_a_click_on_the_legend_is_none_on_the_graph(
    qtbot, open_graph, graph, overlays, legend, selection
) -> None:
    open_graph(graph)
    selection.set_node("relu")
    overlays.choose("parameters")

    qtbot.mouseClick(legend, Qt.MouseButton.LeftButton)

    assert selection.node == "relu"
