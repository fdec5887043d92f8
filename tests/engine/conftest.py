"""One small network of torch's own layers, and the same as ONNX, written by hand."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

SIZE = 32


def small_net() -> nn.Sequential:
    """(N, 3, 32, 32) -> (N, 5); two stages of features, 16 x 16 and 8 x 8."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    ).eval()


def as_onnx(net: nn.Sequential) -> onnx.ModelProto:
    weights = [
        numpy_helper.from_array(tensor.detach().numpy(), name)
        for name, tensor in net.state_dict().items()
    ]
    conv = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}
    nodes = [
        helper.make_node("Conv", ["x", "0.weight", "0.bias"], ["a"], "conv_0", **conv),
        helper.make_node("Relu", ["a"], ["b"], "relu_1"),
        helper.make_node("Conv", ["b", "2.weight", "2.bias"], ["c"], "conv_2", **conv),
        helper.make_node("Relu", ["c"], ["d"], "relu_3"),
        helper.make_node("GlobalAveragePool", ["d"], ["e"], "pool"),
        helper.make_node("Flatten", ["e"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "6.weight", "6.bias"], ["g"], "fc", transB=1),
        helper.make_node("Softmax", ["g"], ["y"], "softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 5])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"names": "['a', 'b', 'c', 'd', 'e']"})
    return model


@pytest.fixture
def net() -> nn.Sequential:
    return small_net()


@pytest.fixture
def onnx_file(tmp_path: Path, net: nn.Sequential) -> Path:
    """It ends in a softmax, and names its classes a to e."""
    path = tmp_path / "small.onnx"
    path.write_bytes(as_onnx(net).SerializeToString())
    return path


@pytest.fixture
def torch_file(tmp_path: Path, net: nn.Sequential) -> Path:
    path = tmp_path / "small.pt"
    torch.save(net, path)
    return path
