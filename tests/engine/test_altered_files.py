"""Small ONNX files, altered at random but the same each time: nothing but a Problem comes out."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from netviz_desktop.engine.session import Session
from netviz_desktop.graph.counts import counts
from netviz_desktop.graph.export import as_json
from netviz_desktop.problems import Cancelled, Problem

FLOAT = TensorProto.FLOAT
SEEDS = 60


def value(name: str, shape: list[int] | None, kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def saved(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], **more: object) -> bytes:
    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    outputs = [value("y", None)]
    graph = helper.make_graph(nodes, "g", [value("x", [1, 2, 6, 6])], outputs, tensors)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("mine", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, **more)
    return bytes(model.SerializeToString())


def convolution() -> bytes:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], name="block/conv"),
        helper.make_node("Reshape", ["c", "s"], ["r"]),
        helper.make_node("LayerNormalization", ["r", "g"], ["y"]),
    ]
    weights = {"w": np.ones((3, 2, 3, 3), np.float32), "s": np.array([1, 3, -1])}
    return saved(nodes, weights | {"g": np.ones(36, np.float32)})


def loop() -> bytes:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["s", "x"], ["t"])],
        "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("s", None)],
        [value("on", [], TensorProto.BOOL), value("t", None)],
    )
    nodes = [helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)]
    return saved(nodes, {"n": np.array(3)})


def function() -> bytes:
    nodes = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Neg", ["b"], ["c"])]
    opsets = [helper.make_opsetid("", 21)]
    made = helper.make_function("mine", "f", ["a"], ["c"], nodes, opsets, [])
    return saved([helper.make_node("f", ["x"], ["y"], domain="mine")], {}, functions=[made])


def quantised() -> bytes:
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    return saved(nodes, {"q": np.ones((6, 4), np.int8), "s": np.array(0.5, np.float32)})


def altered(content: bytes, chance: random.Random) -> bytes:
    """With a few bytes changed, left out, put in or repeated."""
    new = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(new))
        match chance.randrange(5):
            case 0 | 1:
                new[at] = chance.randrange(256)
            case 2:
                del new[at : at + chance.choice((1, 8))]
            case 3:
                new[at:at] = b"\xff" * 9 + b"\x01"
            case 4:
                start = chance.randrange(len(new))
                new[at:at] = new[start : start + 32]
    return bytes(new)


@pytest.mark.parametrize("recipe", [convolution, loop, function, quantised])
def test_an_altered_file_is_opened_and_run_or_refused(recipe, tmp_path: Path) -> None:
    content = recipe()
    path = tmp_path / "model.onnx"
    outcomes = set()
    for seed in range(SEEDS):
        path.write_bytes(altered(content, random.Random(seed)))
        outcomes.add(outcome(path))
    assert outcomes == {"opened", "refused"}


def outcome(path: Path) -> str:
    session = Session("cpu")
    try:
        session.open(path)
        as_json(session.graph)
        counts(session.graph)
    except Problem:
        return "refused"
    inputs = {value.name: np.ones((1, 2, 6, 6), np.float32) for value in session.inputs}
    try:
        session.run(inputs, impatient)
    except (Problem, Cancelled) as stopped:
        said = str(stopped)
        return "opened" if len(said) < 1000 else said
    return "opened"


def impatient(done: float, what: str) -> None:
    """Ends what takes long: a loop may have got a turn for each second of the universe."""
    del done, what
    raise Cancelled
