from __future__ import annotations

import json

import onnx
import pytest

from netviz_desktop import resource

NODE_KEYS = {
    "id",
    "op_type",
    "domain",
    "name",
    "scope",
    "inputs",
    "outputs",
    "attributes",
    "parameters",
}


def test_the_demo_model_is_told_as_onnx_tells_it(netviz):
    path = resource.path(resource.DEMO_MODEL)
    found = json.loads(netviz("graph", path))
    judge = onnx.load(path).graph
    assert found.keys() >= {"format", "inputs", "outputs", "parameter_count", "values", "nodes"}
    assert found["format"] == "ONNX"
    assert found["inputs"] == ["input"]
    assert found["outputs"] == [judge.output[0].name]
    assert found["parameter_count"] == 1_235_496
    assert [node["op_type"] for node in found["nodes"]] == [node.op_type for node in judge.node]
    assert [node["inputs"] for node in found["nodes"]] == [list(n.input) for n in judge.node]
    assert found["values"]["input"] == {"shape": ["batch", 3, 224, 224], "dtype": "float32"}
    for node in found["nodes"]:
        assert node.keys() >= NODE_KEYS
    weight = found["nodes"][0]["parameters"][0]
    assert weight.keys() >= {"name", "shape", "dtype"}
    assert weight["shape"] == [64, 3, 3, 3]


@pytest.mark.parametrize("kind", ["pickled", "state_dict"])
def test_a_torch_module_is_told_as_it_would_run(netviz, network, kind):
    model = {
        "pickled": [network.pickled],
        "state_dict": [network.state_dict, "--model-code", network.code],
    }[kind]
    found = json.loads(netviz("graph", *model))
    assert found["parameter_count"] >= sum(p.numel() for p in network.module.parameters())
    assert [node["id"] for node in found["nodes"]][:2] == ["0.conv2d", "1.relu"]
    first = found["nodes"][0]
    assert [p["name"] for p in first["parameters"]] == ["0.weight", "0.bias"]


def test_it_writes_the_same_to_a_file(netviz, network, tmp_path):
    printed = netviz("graph", network.onnx)
    assert netviz("graph", network.onnx, "-o", tmp_path / "g.json") == ""
    assert (tmp_path / "g.json").read_text(encoding="utf-8") == printed


def test_the_same_file_has_the_same_ids(netviz, network):
    assert netviz("graph", network.onnx) == netviz("graph", network.onnx)


def test_an_output_that_cannot_be_written_is_a_problem(netviz_fails, network, tmp_path):
    what, _ = netviz_fails("graph", network.onnx, "-o", tmp_path / "g.txt")
    assert "“.txt” says no known format" in what
    what, _ = netviz_fails("graph", network.onnx, "-o", tmp_path / "nowhere" / "g.json")
    assert "there is no folder" in what
    (tmp_path / "folder.json").mkdir()
    what, _ = netviz_fails("graph", network.onnx, "-o", tmp_path / "folder.json")
    assert "it is a folder" in what


def test_a_branch_of_an_if_is_a_graph_of_its_own(netviz, netviz_fails, tmp_path):
    path = tmp_path / "choice.onnx"
    text = """
        <ir_version: 9, opset_import: ["" : 18]>
        net (float[2] x, bool c) => (float[2] y) {
          y = If (c) <then_branch = t () => (float[2] a) { a = Relu (x) },
                      else_branch = e () => (float[2] b) { b = Neg (x) }>
        }"""
    onnx.save(onnx.parser.parse_model(text), path)
    (node,) = json.loads(netviz("graph", path))["nodes"]

    branches = [json.loads(netviz("graph", path, "--body", name)) for name in node["bodies"]]

    assert [b["nodes"][0]["op_type"] for b in branches] == ["Relu", "Neg"]
    assert [b["inputs"] for b in branches] == [["x"], ["x"]]
    what, _ = netviz_fails("graph", path, "--body", "none")
    assert what == "No node of choice.onnx holds a graph named “none”."
