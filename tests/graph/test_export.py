from __future__ import annotations

import io
import json
import shlex
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path

import networkx
import pytest

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.graph.export import as_dict, as_dot, as_graphml, as_json

AWKWARD = '<b>"x"\\N\n\x01é</b>'


def graph(first_id: str = "conv") -> ModelGraph:
    nodes = (
        Node(
            first_id,
            "Conv",
            "ai.onnx",
            "",
            ("features", "0"),
            ("x", "w"),
            ("c",),
            {"pads": [0, 1], "limit": float("inf"), "note": None},
            (Parameter("w", (2, 3, 1, 1), "float32", "W"),),
        ),
        Node("add", "Add", "ai.onnx", "", (), ("c", "c"), ("y",)),
    )
    values = {
        "x": Value("x", ("batch", 3, 4, None), "float32"),
        "w": Value("w", (2, 3, 1, 1), "float32"),
        "c": Value("c", ("batch", 2, 4, None), "float32"),
        "y": Value("y", None, None),
    }
    return ModelGraph("ONNX", "demo", ("x",), ("y",), nodes, values)


def test_json_has_the_keys_that_scripts_rely_on() -> None:
    found = json.loads(as_json(graph()))
    assert found["format"] == "ONNX"
    assert found["inputs"] == ["x"]
    assert found["outputs"] == ["y"]
    assert found["parameter_count"] == 6
    assert found["values"]["x"] == {"shape": ["batch", 3, 4, None], "dtype": "float32"}
    assert found["values"]["y"] == {"shape": None, "dtype": None}
    conv = found["nodes"][0]
    assert conv["id"] == "conv"
    assert conv["op_type"] == "Conv"
    assert conv["domain"] == "ai.onnx"
    assert conv["name"] == ""
    assert conv["scope"] == ["features", "0"]
    assert conv["inputs"] == ["x", "w"]
    assert conv["outputs"] == ["c"]
    assert (
        conv["parameters"][0].items()
        >= {
            "name": "w",
            "shape": [2, 3, 1, 1],
            "dtype": "float32",
        }.items()
    )


def test_json_stays_strict_when_an_attribute_is_infinite() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(as_json(graph()), parse_constant=refuse)
    assert found["nodes"][0]["attributes"] == {"pads": [0, 1], "limit": "Infinity", "note": None}


def test_graphml_reads_back_as_the_same_graph() -> None:
    original = graph()
    found = networkx.read_graphml(io.BytesIO(as_graphml(original).encode()))
    assert set(found.nodes) == {"conv", "add"}
    assert found.nodes["conv"]["op_type"] == "Conv"
    assert found.nodes["conv"]["scope"] == "features/0"
    assert found.nodes["conv"]["inputs"] == '["x", "w"]'
    assert json.loads(found.nodes["conv"]["attributes"])["pads"] == [0, 1]
    assert json.loads(found.nodes["conv"]["parameters"])[0]["shape"] == [2, 3, 1, 1]
    assert json.loads(found.graph["outputs"]) == ["y"]
    assert found.graph["format"] == "ONNX"
    assert found.number_of_edges() == original.digraph.number_of_edges() == 2
    assert {data["input"] for _, _, data in found.edges(data=True)} == {0, 1}


def _graphviz(text: str, kind: str) -> bytes:
    dot = Path(sysconfig.get_path("scripts"), "graphviz-pure")
    return subprocess.run([dot, kind], input=text.encode(), capture_output=True, check=True).stdout


def test_graphviz_lays_the_dot_text_out() -> None:
    lines = [
        shlex.split(line) for line in _graphviz(as_dot(graph()), "-Tplain").decode().splitlines()
    ]
    nodes = [line[1] for line in lines if line[0] == "node"]
    edges = [(line[1], line[2]) for line in lines if line[0] == "edge"]
    assert set(nodes) == {"input: x", "conv", "add", "output: y"}
    assert sorted(edges) == [
        ("add", "output: y"), ("conv", "add"), ("conv", "add"), ("input: x", "conv"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["conv", AWKWARD])
def test_graphviz_reads_the_dot_text(name: str) -> None:
    found = json.loads(_graphviz(as_dot(graph(name)), "-Tdot_json"))
    labels = {node["name"]: node["label"] for node in found["objects"]}
    # Only labels have their escapes read; a name keeps them.
    readable = name.replace("\x01", "\\u0001").replace("\\", "\\\\").replace("\n", "\\n")
    assert labels[readable] == "Conv\\nW 2×3×1×1"
    assert labels.keys() == {readable, "add", "input: x", "output: y"}
    assert len(found["edges"]) == 4
    first = next(node for node in found["objects"] if node["name"] == readable)
    assert (first["op_type"], first["scope"]) == ("Conv", "features/0")
    assert json.loads(first["attributes"])["pads"] == [0, 1]


def test_graphml_of_awkward_names_is_still_xml() -> None:
    found = networkx.read_graphml(io.BytesIO(as_graphml(graph(AWKWARD)).encode()))
    assert len(found.nodes) == 2


def test_awkward_names_stay_apart() -> None:
    original = graph("a\x01")
    other = replace(original.nodes[1], id="a\x02")
    original = replace(original, nodes=(original.nodes[0], other))
    found = networkx.read_graphml(io.BytesIO(as_graphml(original).encode()))
    assert set(found.nodes) == {"a\\u0001", "a\\u0002"}
    assert all(rf'"a\\u000{n}" [label=' in as_dot(original) for n in (1, 2))


def test_half_a_character_can_be_written() -> None:
    original = graph("\ud800")
    assert json.loads(as_json(original).encode())["nodes"][0]["id"] == "\ud800"
    assert as_dot(original).encode()
    assert as_graphml(original).encode()


def test_the_dict_is_made_of_new_objects() -> None:
    original = graph()
    as_dict(original)["nodes"][0]["attributes"]["pads"].append(9)
    assert original.nodes[0].attributes["pads"] == [0, 1]


def test_json_says_which_shapes_the_file_does_not_know() -> None:
    values = {
        "x": Value("x", (1,), "float32"),
        "y": Value("y", (1,), "float32", "inferred"),
    }
    graph = ModelGraph("ONNX", "g", ("x",), ("y",), (), values)

    assert as_dict(graph)["values"] == {
        "x": {"shape": [1], "dtype": "float32"},
        "y": {"shape": [1], "dtype": "float32", "origin": "inferred"},
    }
