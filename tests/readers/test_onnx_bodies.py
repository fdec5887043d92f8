from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import parser

from netviz_desktop.graph import ModelGraph
from netviz_desktop.readers import OpenedModel, Options, onnx_model

TEXT = """
<ir_version: 9, opset_import: ["" : 18, "own" : 1]>
net (float[1, 4] x, bool choose) => (float[1, 4] y)
<float[4] outer = {1, 2, 3, 4}>
{
  h = own.Twice (x)
  y = If (choose) <
    then_branch = then () => (float[1, 4] a)
      <float[4] inner = {1, 1, 1, 1}>
      {
        s = Add (h, inner)
        trips = Constant <value_int = 3> ()
        go = Constant <value = bool {1}> ()
        a = Loop (trips, go, s) <
          body = step (int64 i, bool on, float[1, 4] c) => (bool still, float[1, 4] d)
          {
            still = Identity (on)
            d = Mul (c, outer)
          }
        >
      },
    else_branch = otherwise () => (float[1, 4] b) { b = own.Twice (h) }
  >
}
<domain: "own", opset_import: ["" : 18]>
Twice (v) => (w)
{
  two = Constant <value_float = 2.0> ()
  w = Mul (v, two)
}
"""


def body(opened: OpenedModel, name: str) -> ModelGraph:
    assert opened.bodies is not None
    found = opened.bodies(name)
    assert found is not None
    return found


@pytest.fixture
def opened(tmp_path: Path) -> OpenedModel:
    path = tmp_path / "net.onnx"
    onnx.save(parser.parse_model(TEXT), path)
    return onnx_model.read(path, Options())


def test_a_node_names_the_graphs_inside_it(opened: OpenedModel) -> None:
    called, choice = opened.graph.nodes

    assert called.bodies == ("own.Twice",)
    assert choice.bodies == (f"{choice.id} › then_branch", f"{choice.id} › else_branch")


def test_a_branch_is_a_graph_with_what_it_takes_from_outside_as_inputs(opened: OpenedModel) -> None:
    name = opened.graph.nodes[1].bodies[0]

    branch = body(opened, name)

    assert branch.name == name
    assert branch.inputs == ("h",)
    assert branch.outputs == ("a",)
    assert [node.op_type for node in branch.nodes] == ["Add", "Loop"]  # constants are folded
    assert branch.digraph.number_of_edges() == 1
    assert [(p.name, p.shape) for p in branch.nodes[0].parameters] == [("inner", (4,))]
    assert branch.values["h"].shape == (1, 4)


def test_graphs_inside_graphs_are_named_by_their_way(opened: OpenedModel) -> None:
    name = opened.graph.nodes[1].bodies[0]
    (loop,) = (node for node in body(opened, name).nodes if node.op_type == "Loop")

    assert loop.bodies == (f"{name} › {loop.id} › body",)
    inner = body(opened, loop.bodies[0])
    assert [node.op_type for node in inner.nodes] == ["Identity", "Mul"]
    assert inner.inputs == ("i", "on", "c")
    # the weight comes from the main graph
    assert [p.name for p in inner.nodes[1].parameters] == ["outer"]


def test_a_function_is_the_same_graph_wherever_it_is_called(opened: OpenedModel) -> None:
    other = body(opened, opened.graph.nodes[1].bodies[1])

    assert other.nodes[0].bodies == opened.graph.nodes[0].bodies
    twice = body(opened, "own.Twice")
    assert [(n.op_type, n.inputs, n.outputs) for n in twice.nodes] == [
        ("Mul", ("v", "two"), ("w",))
    ]
    assert (twice.inputs, twice.outputs) == (("v",), ("w",))


def test_a_name_leads_to_its_graph_though_nothing_around_it_was_drawn(opened: OpenedModel) -> None:
    name = f"{opened.graph.nodes[1].id} › then_branch"
    (loop,) = (node for node in body(opened, name).nodes if node.op_type == "Loop")

    again = onnx_model.read(opened.executable.path, Options())

    assert body(again, loop.bodies[0]).nodes == body(opened, loop.bodies[0]).nodes


def test_nothing_has_a_name_that_was_made_up(opened: OpenedModel) -> None:
    assert opened.bodies is not None
    assert opened.bodies("nothing") is None
    assert opened.bodies(f"{opened.graph.nodes[1].id} › then_branch › nothing") is None
