"""One small network in each form that quantised networks come in, against onnxruntime and
against itself unquantised."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

from netviz_desktop import readers
from netviz_desktop.engine import runners
from netviz_desktop.engine.forward_pass import ForwardPass

RANDOM = np.random.default_rng(0)
SHAPE = (1, 3, 8, 8)
INTEGERS = (np.int8, np.uint8)
Quantiser = Callable[[Path, Path], object]


def drawn(*shape: int) -> Any:
    return (RANDOM.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


WEIGHTS = {"w1": drawn(8, 3, 3, 3), "b1": drawn(8), "w2": drawn(128, 32), "w3": drawn(32, 4)}
IMAGE = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)


class Calibration(quantization.CalibrationDataReader):
    def __init__(self) -> None:
        self.left = [{"x": np.random.default_rng(n).standard_normal(SHAPE)} for n in range(8)]

    def get_next(self) -> Any:
        return {"x": self.left.pop()["x"].astype(np.float32)} if self.left else None


def statically(form: quantization.QuantFormat) -> Quantiser:
    return lambda plain, path: quantization.quantize_static(
        plain, path, Calibration(), quant_format=form
    )


def dynamically(plain: Path, path: Path) -> None:
    """MatMulInteger on activations whose scale is found while running."""
    quantization.quantize_dynamic(plain, path, op_types_to_quantize=["MatMul"])


def cast_and_multiplied(plain: Path, path: Path) -> None:
    """Weights of int8 that Cast and Mul bring back, as compressed sentence encoders do."""

    def nodes(name: str, whole: str) -> list[onnx.NodeProto]:
        return [
            helper.make_node("Cast", [f"{name}_q"], [f"{name}_f"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_f", f"{name}_s"], [whole]),
        ]

    def tensors(name: str, array: Any) -> dict[str, Any]:
        scale = np.abs(array).max() / np.float32(127)
        return {f"{name}_q": np.round(array / scale).astype(np.int8), f"{name}_s": scale}

    _with_weights(plain, path, nodes, tensors)


def in_blocks_of_four_bits(plain: Path, path: Path) -> None:
    def nodes(name: str, whole: str) -> list[onnx.NodeProto]:
        inputs = [f"{name}_q", f"{name}_s"]
        return [helper.make_node("DequantizeLinear", inputs, [whole], axis=0, block_size=16)]

    def tensors(name: str, array: Any) -> dict[str, Any]:
        scale = np.abs(array).reshape(-1, 16, array.shape[1]).max(axis=1) / np.float32(7)
        q = np.round(array / scale.repeat(16, axis=0)).astype(np.int8)
        four = helper.make_tensor(f"{name}_q", TensorProto.INT4, q.shape, q.reshape(-1))
        return {f"{name}_q": four, f"{name}_s": scale}

    _with_weights(plain, path, nodes, tensors)


def _with_weights(plain: Path, path: Path, nodes: Any, tensors: Any) -> None:
    model = onnx.load(plain)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    first = list(model.graph.node)
    del model.graph.node[:]
    for name in ("w2", "w3"):
        model.graph.initializer.remove(stored[name])
        for tensor, held in tensors(name, WEIGHTS[name]).items():
            is_proto = isinstance(held, TensorProto)
            proto = held if is_proto else numpy_helper.from_array(np.asarray(held), tensor)
            model.graph.initializer.append(proto)
        model.graph.node.extend(nodes(name, name))
    model.graph.node.extend(first)
    path.write_bytes(model.SerializeToString())


FORMS: dict[str, tuple[Quantiser, bool, float]] = {  # its activations are rounded; cosine
    "QDQ": (statically(quantization.QuantFormat.QDQ), True, 0.99),
    "QOperator": (statically(quantization.QuantFormat.QOperator), True, 0.99),
    "dynamic": (dynamically, True, 0.99),
    "Cast and Mul": (cast_and_multiplied, False, 0.99),
    "int4": (in_blocks_of_four_bits, False, 0.98),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("MaxPool", ["r"], ["p"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"], name="flat"),
        helper.make_node("MatMul", ["f", "w2"], ["m"], name="hidden"),
        helper.make_node("Relu", ["m"], ["n"], name="relu2"),
        helper.make_node("MatMul", ["n", "w3"], ["y"], name="head"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4))],
        [numpy_helper.from_array(array, name) for name, array in WEIGHTS.items()],
    )
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    path = tmp_path_factory.mktemp("plain") / "plain.onnx"
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, plain: Path, tmp_path: Path) -> tuple[Path, bool, float]:
    quantise, rounded, cosine = FORMS[request.param]
    path = tmp_path / "quantised.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tools advise to optimise the graph first
        quantise(plain, path)
    return path, rounded, cosine


def run(path: Path) -> ForwardPass:
    runner = runners.runner(readers.read(path), torch.device("cpu"))
    forward: ForwardPass = runner.run({"x": torch.from_numpy(IMAGE)})
    return forward


def by_onnxruntime(path: Path) -> dict[str, Any]:
    """Every value, computed without optimisation."""
    model = onnx.load(path)
    declared = {output.name for output in model.graph.output}
    for name in {name for node in model.graph.node for name in node.output if name} - declared:
        model.graph.output.add().name = name
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"x": IMAGE}), strict=True))


def test_every_value_is_onnxruntimes(form: tuple[Path, bool, float]) -> None:
    forward = run(form[0])

    for name, want in by_onnxruntime(form[0]).items():
        have = forward.value(name).numpy()
        if want.dtype in INTEGERS:
            apart = np.abs(have.astype(int) - want.astype(int))
            assert (apart > 0).mean() < 1e-2, name  # a tie may fall to either side
            assert apart.max() <= 1, name
        else:
            np.testing.assert_allclose(have, want, rtol=1e-5, atol=1e-5, err_msg=name)


def test_gradients_pass_through_it_and_are_close_to_those_of_the_plain_network(
    form: tuple[Path, bool, float], plain: Path
) -> None:
    path, rounded, cosine = form

    have, want = run(path), run(plain)

    for target in range(4):
        similarity = torch.nn.functional.cosine_similarity(
            have.gradients(target)["x"].flatten(), want.gradients(target)["x"].flatten(), dim=0
        )
        assert similarity > cosine
    assert have.values["x"].state.startswith("Straight-through") == rounded
    assert want.values["x"].state == ""
