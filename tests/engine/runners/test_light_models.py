"""The classic networks that the onnx package brings along without their weights, with random
ones, against onnxruntime."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, numpy_helper

from netviz_desktop import readers
from netviz_desktop.engine import runners
from netviz_desktop.engine.forward_pass import ForwardPass

FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"
MODELS = sorted(path.stem.removeprefix("light_") for path in FOLDER.glob("*.onnx"))


def test_there_are_nine_of_them() -> None:
    assert len(MODELS) == 9


@pytest.mark.parametrize("name", MODELS)
def test_every_value_is_onnxruntimes_and_has_a_gradient(name: str, tmp_path: Path) -> None:
    model, feeds = with_random_weights(onnx.load(FOLDER / f"light_{name}.onnx"))
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    expected = by_onnxruntime(model, feeds)
    runner = runners.runner(readers.read(path), torch.device("cpu"))

    forward = runner.run({name: torch.from_numpy(array) for name, array in feeds.items()})
    gradients = forward.gradients(0)

    for value, want in expected.items():
        have = forward.value(value).numpy()
        assert have.shape == want.shape
        assert np.abs(have - want).max() <= 1e-5 * np.abs(want).max(), value
    on_path = values_on_the_path(forward)
    assert {forward.target_value, *forward.graph.inputs} <= on_path
    for value in on_path:
        assert value in gradients, value
        assert torch.isfinite(gradients[value]).all(), value


def with_random_weights(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """The model, its ConstantOfShape weights turned into inputs, and numbers for all inputs:
    drawn so that values neither vanish nor explode."""
    graph = model.graph
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    shapes = {
        i.name: [d.dim_value for d in i.type.tensor_type.shape.dim]
        for i in graph.input
        if i.name not in known
    }
    weights = [node for node in graph.node if node.op_type == "ConstantOfShape"]
    for node in weights:
        shape = shapes[node.output[0]] = known[node.input[0]].tolist()
        graph.input.append(
            onnx.helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, shape)
        )
        graph.node.remove(node)
    factors = _factors(graph)
    draws = np.random.default_rng(0).standard_normal(999_983, dtype=np.float32)
    feeds = {}
    for name, shape in shapes.items():
        drawn = np.resize(draws, shape)
        if name in factors:
            drawn = np.abs(1 + 0.1 * drawn)
        elif len(shape) == 1:
            drawn *= 0.1
        elif name in {node.output[0] for node in weights}:
            drawn *= np.float32(1 / math.sqrt(math.prod(shape[1:])))
        feeds[name] = drawn
    return model, feeds


def _factors(graph: onnx.GraphProto) -> set[str]:
    """What multiplies whole channels: it lies around 1."""
    factors = set()
    for node in reversed(graph.node):
        if node.op_type == "BatchNormalization":
            factors |= {node.input[1], node.input[4]}
        elif node.op_type == "Mul" or (node.op_type == "Unsqueeze" and node.output[0] in factors):
            factors |= set(node.input)
    return factors


def by_onnxruntime(model: onnx.ModelProto, feeds: dict[str, Any]) -> dict[str, Any]:
    """Every value that something reads, and the outputs, without optimisation."""
    outputs = {output.name for output in model.graph.output}
    read = {name for node in model.graph.node for name in node.input} - feeds.keys() - outputs
    for name in read - {tensor.name for tensor in model.graph.initializer}:
        model.graph.output.add().name = name
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def values_on_the_path(forward: ForwardPass) -> set[str]:
    """Values of floating point that the score is computed from."""
    found: set[str] = set()
    waiting = [forward.target_value]
    while waiting:
        name = waiting.pop()
        producer = forward.graph.producer.get(name)
        if name not in found and name in forward.values:
            found.add(name)
            waiting += [] if producer is None else forward.graph.node(producer).inputs
    return {name for name in found if forward.value(name).is_floating_point()}
