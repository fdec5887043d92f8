from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.utils.flop_counter import FlopCounterMode

from netviz_desktop import resource

DEMO = resource.path(resource.DEMO_MODEL)

# SqueezeNet 1.1 (Iandola et al. 2016): (input channels, squeeze, each expand, side).
FIRES = [
    (64, 16, 64, 55),
    (128, 16, 64, 55),
    (128, 32, 128, 27),
    (256, 32, 128, 27),
    (256, 48, 192, 13),
    (384, 48, 192, 13),
    (384, 64, 256, 13),
    (512, 64, 256, 13),
]


def test_the_demo_models_totals_are_the_papers():
    work = 64 * 3 * 9 * 111**2 + 512 * 1000 * 13**2
    parameters = 64 * 3 * 9 + 64 + 512 * 1000 + 1000
    for channels, squeeze, expand, side in FIRES:
        weights = channels * squeeze + squeeze * expand + squeeze * expand * 9
        work += weights * side**2
        parameters += weights + squeeze + 2 * expand
    assert parameters == 1_235_496
    assert work == 349_151_936


def test_the_demo_models_totals(netviz):
    found = json.loads(netviz("summary", DEMO, "--json"))
    assert found["totals"] == {
        "parameters": 1_235_496,
        "multiply_adds": 349_151_936,
        "activation_bytes": found["totals"]["activation_bytes"],
        "uncounted": 0,
        "unmeasured": 0,
    }
    assert found["rows"][0] == {
        "id": found["rows"][0]["id"],
        "op_type": "Conv",
        "scope": found["rows"][0]["scope"],
        "output_shape": ["batch", 64, 111, 111],
        "parameters": 64 * 3 * 9 + 64,
        "multiply_adds": 64 * 3 * 9 * 111**2,
        "activation_bytes": 64 * 111**2 * 4,
    }


def test_the_table_shows_the_same_numbers(netviz):
    printed = netviz("summary", DEMO)
    assert "1,235,496 (1.235 M)" in printed
    assert "349,151,936 (349.2 M)" in printed
    rows = [line for line in printed.splitlines() if "/Conv " in line]
    assert len(rows) == 26
    assert len({len(line) for line in rows}) == 1  # aligned


@pytest.mark.parametrize("kind", ["onnx", "pickled"])
def test_multiply_adds_equal_torchs_counter(netviz, network, kind):
    model = getattr(network, kind)
    found = json.loads(netviz("summary", model, "--json"))
    graph = json.loads(netviz("graph", model))
    # A pickled module does not say what it takes: the shape is a guess, which is told.
    shape = graph["values"][graph["inputs"][0]]["shape"]
    x = torch.zeros([size if isinstance(size, int) else 1 for size in shape])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.module(x)
    assert found["totals"]["uncounted"] == 0
    assert found["totals"]["multiply_adds"] * 2 == counter.get_total_flops()


def test_scopes_add_up(netviz):
    nodes = json.loads(netviz("summary", DEMO, "--json"))
    for depth in (0, 1, 2):
        scopes = json.loads(netviz("summary", DEMO, "--json", "--depth", depth))
        assert scopes["totals"] == nodes["totals"]
        assert sum(row["multiply_adds"] for row in scopes["rows"]) == 349_151_936
        assert len(scopes["rows"]) < len(nodes["rows"])


def test_what_is_not_known_is_said(netviz, tmp_path):
    torch.save({"conv.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "weights.pth")
    printed = netviz("summary", tmp_path / "weights.pth")
    assert "108" in printed
    assert "of unknown shape" in printed


def test_a_model_that_cannot_be_run_says_why(netviz, tmp_path):
    torch.save({"conv.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "weights.pth")
    printed = netviz("summary", tmp_path / "weights.pth")
    assert "\nNot run: weights.pth " in printed
    assert "--model-code" in printed


def test_it_says_what_runs_the_nodes_where_that_is_not_torch_alone(netviz, tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("MelWeightMatrix", ["n", "n", "n", "f", "f"], ["y"]),
    ]
    weights = {"n": np.array(8), "f": np.array(1, np.float32)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "mel.onnx"
    path.write_bytes(model.SerializeToString())

    assert "nodes run in      torch 1, reference evaluator 1" in netviz("summary", path)
    assert "nodes run in" not in netviz("summary", DEMO)
    assert json.loads(netviz("summary", DEMO, "--json"))["execution"] == {"torch": 65}


def test_every_node_at_fault_is_named(netviz, tmp_path):
    nodes = [helper.make_node("Neg", [f"ghost{i}"], [f"y{i}"], name=f"n{i}") for i in range(13)]
    outputs = [helper.make_tensor_value_info("y0", TensorProto.FLOAT, None)]
    model = helper.make_model(helper.make_graph(nodes, "g", [], outputs), ir_version=8)
    path = tmp_path / "ghosts.onnx"
    path.write_bytes(model.SerializeToString())

    said = netviz("summary", path)

    assert "Not run: Node “n0”" in said
    assert "Also: Node “n1”" in said
    assert "Also: 2 more nodes." in said
