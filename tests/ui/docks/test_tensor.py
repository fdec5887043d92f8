from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netviz_desktop.link.messages import NumbersOf, TensorPart, TensorPartOf
from netviz_desktop.ui.docks.tensor import TensorDock
from netviz_desktop.ui.selection import Edge, Page


@pytest.fixture
def dock(show, selection, model):
    selection.set_model(model)
    return show(TensorDock)


@pytest.fixture
def part_of(statistics_of):
    def make(value, tensor, *, rows=None, statistics=True):
        rows = tensor.reshape(-1, *tensor.shape[-2:])[0] if rows is None else rows
        size = tensor.shape[-2:]
        found = statistics_of(tensor) if statistics else None
        return TensorPart(value, tensor.shape, str(tensor.dtype), rows, size, found)

    return make


def select(qtbot, dock, selection, node):
    with qtbot.waitSignal(dock.shown):
        selection.set_node(node)


def test_without_a_run_it_tells_the_type_and_who_says_so(qtbot, dock, selection, model):
    values = model.graph.values | {"b": replace(model.graph.values["b"], origin="inferred")}
    selection.set_model(replace(model, graph=replace(model.graph, values=values)))
    select(qtbot, dock, selection, "relu")
    assert dock.value == "b"
    assert dock.facts.text() == "1×4×4×4 · float32 · inferred"
    assert "has not run" in dock.message.text()

    dock.choice.setCurrentIndex(1)
    qtbot.waitUntil(lambda: dock.headline.text() == "a")
    assert dock.facts.text() == "1×4×4×4 · float32 · as the file says"


def test_who_computes_and_reads_it_can_be_followed(qtbot, dock, selection):
    select(qtbot, dock, selection, "relu")
    assert "Computed by" in dock.links.text()
    assert ">relu</a>" in dock.links.text()
    assert ">split</a>" in dock.links.text()

    looked = []
    selection.look_asked.connect(looked.append)
    dock.links.linkActivated.emit("1")
    assert (selection.node, looked) == ("split", ["split"])


def test_names_that_look_like_html_stay_names(qtbot, dock, selection, model):
    first = replace(model.graph.nodes[0], id="<b>&")
    graph = replace(model.graph, nodes=(first, *model.graph.nodes[1:]))
    selection.set_model(replace(model, graph=graph))
    select(qtbot, dock, selection, "<b>&")
    assert "&lt;b&gt;&amp;</a>" in dock.links.text()


def test_a_run_gives_numbers_and_statistics(qtbot, dock, engine, selection, run, part_of):
    tensor = np.random.default_rng(0).normal(size=(1, 4, 4, 4)).astype("float32")
    selection.set_run(run)
    select_node = TensorPartOf("b", (), statistics=True)
    selection.set_node("relu")
    qtbot.waitUntil(lambda: engine.requests(TensorPartOf) == [select_node])

    engine.answer(TensorPartOf, part_of("b", tensor))

    assert dock.facts.text().startswith("1×4×4×4 · float32 · seen in the last run")
    assert dock.statistics.text("count") == "64"
    assert dock.table.numbers.rows.shape == (4, 4)
    assert dock.table.numbers.index(0, 0).data() == f"{tensor[0, 0, 0, 0]:.4g}".replace("-", "−")
    assert len(dock.at) == 2

    dock.at[1].setValue(2)
    asked = TensorPartOf("b", (0, 2), statistics=False)
    qtbot.waitUntil(lambda: engine.requests(TensorPartOf)[-1] == asked)
    engine.answer(TensorPartOf, part_of("b", tensor, rows=tensor[0, 2], statistics=False))
    np.testing.assert_array_equal(dock.table.numbers.rows, tensor[0, 2])
    assert dock.statistics.text("count") == "64"


def test_what_is_cut_is_said(qtbot, dock, engine, selection, run, part_of):
    selection.set_run(run)
    selection.set_node("relu")
    qtbot.waitUntil(lambda: bool(engine.requests(TensorPartOf)))
    tensor = np.zeros((300, 400), "float32")

    engine.answer(TensorPartOf, part_of("b", tensor, rows=tensor[:256, :256]))

    assert dock.cut.text() == "The first 256×256 of 300×400."
    assert not dock.at


def test_a_value_is_saved_unless_the_model_ran_again(qtbot, dock, engine, selection, run, tmp_path):
    selection.set_run(run)
    selection.set_node("relu")
    qtbot.waitUntil(lambda: dock.value == "b")
    dock.save("b", run, tmp_path / "b.npy")
    assert not dock.cancel.isHidden()
    assert len(engine.requests(NumbersOf)) == 1
    dock.cancel.click()
    assert dock.said.text() == "Not saved: it was cancelled."
    assert dock.export.isEnabled()

    dock.save("b", replace(run), tmp_path / "b.npy")
    assert dock.said.text() == "Not saved: the model ran again meanwhile."
    assert list(tmp_path.iterdir()) == []


def test_other_nodes_and_nothing_at_all(qtbot, dock, selection):
    select(qtbot, dock, selection, "split")
    assert [dock.choice.itemText(i) for i in range(3)] == ["output: c", "output: d", "input: b"]
    select(qtbot, dock, selection, None)
    assert dock.message.text().startswith("No node is selected.")
    assert dock.value == ""
    with qtbot.waitSignal(dock.shown):
        selection.set_model(None)
    assert dock.message.text().startswith("No model is open.")


def test_of_a_line_it_shows_what_flows_there(qtbot, dock, engine, selection, run):
    selection.set_run(replace(run, shapes={"image": (1, 3, 8, 8)}))
    selection.set_edge(Edge("split", "head", "c", 0))
    qtbot.waitUntil(lambda: dock.value == "c")
    assert dock.choice.count() == 1

    selection.set_edge(Edge(None, "conv", "image", 0))
    qtbot.waitUntil(lambda: engine.requests(TensorPartOf)[-1].value == "image")
    assert dock.facts.text().startswith("1×3×8×8 · seen in the last run · N×3×8×8")
    assert "An input of the graph" in dock.links.text()


def test_inside_a_node_there_are_types_and_no_numbers(qtbot, dock, selection, model, run):
    selection.set_run(run)
    selection.set_pages((Page("relu › body", "relu", model.graph),))
    select(qtbot, dock, selection, "relu")
    assert dock.facts.text() == "1×4×4×4 · float32 · as the file says"
    assert "a run keeps nothing" in dock.message.text()
