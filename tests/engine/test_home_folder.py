"""Opening and running a model leaves nothing in the home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import onnx
import pytest
from keras import layers
from onnx import TensorProto, helper

ROOT = Path(__file__).parents[2]
_RUN = """
import sys, numpy as np, netviz_desktop
session = netviz_desktop.open(sys.argv[1])
shape = [size if isinstance(size, int) else 1 for size in session.inputs[0].shape]
session.run(np.ones(shape, np.float32))
print({node.execution for node in session.graph.nodes})
"""


def keras_file(path: Path) -> str:
    keras.Sequential([keras.Input((4,)), layers.Dense(3)]).save(path / "net.keras")
    return "net.keras"


def microsoft_operator(path: Path) -> str:
    """One that only onnxruntime knows."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("CDist", ["x", "x"], ["y"], domain="com.microsoft", metric="euclidean")],
        "g",
        [value("x", TensorProto.FLOAT, [3, 2])],
        [value("y", TensorProto.FLOAT, [3, 3])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path / "net.onnx")
    return "net.onnx"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    ("made", "runs"), [(keras_file, "Keras"), (microsoft_operator, "onnxruntime")]
)
def test_nothing_is_written_there(tmp_path, made, runs):
    home = tmp_path / "home"
    home.mkdir()
    environment = os.environ | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "MPLCONFIGDIR": str(tmp_path),  # matplotlib, if installed, lists its fonts
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("XDG_CACHE_HOME", None)
    name = made(tmp_path)

    said = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path / name)],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert runs.lower() in said.lower()
    assert list(home.iterdir()) == []
