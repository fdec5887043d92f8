"""The com.microsoft operators that exporters and onnxruntime's tools write, against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from netviz_desktop import readers
from netviz_desktop.engine import runners

RANDOM = np.random.default_rng(0)
TYPES = {
    "float32": TensorProto.FLOAT,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
}


def drawn(*shape: int) -> Any:
    return RANDOM.standard_normal(shape).astype(np.float32)


def bytes_(*shape: int) -> Any:
    return RANDOM.integers(0, 256, shape).astype(np.uint8)


S, Z = np.float32(0.05), np.uint8(120)
INTEGERS = RANDOM.integers(-999, 999, 5).astype(np.int32)
SCALES = np.linspace(0.02, 0.08, 5, dtype=np.float32)
ANGLES = np.outer(np.arange(8), 1 / 10 ** (np.arange(2) / 2)).astype(np.float32)
NORMAL = {"epsilon": 1e-5}
CASES: list[tuple[str, list[Any], dict[str, Any], int]] = [
    ("Gelu", [drawn(2, 3)], {}, 1),
    ("FastGelu", [drawn(2, 3), drawn(3)], {}, 1),
    ("BiasGelu", [drawn(2, 3), drawn(3)], {}, 1),
    ("QuickGelu", [drawn(2, 3)], {"alpha": 1.5}, 1),
    ("FusedMatMul", [drawn(2, 3, 4), drawn(2, 5, 4)], {"alpha": 0.5, "transB": 1}, 1),
    ("FusedMatMul", [drawn(2, 3, 4), drawn(2, 3, 5)], {"transA": 1}, 1),
    ("FusedGemm", [drawn(2, 3), drawn(3, 4), drawn(4)], {"activation": "Relu"}, 1),
    (
        "FusedConv",
        [drawn(1, 2, 5, 5), drawn(3, 2, 3, 3), drawn(3)],
        {"activation": "Relu", "pads": [1, 1, 1, 1]},
        1,
    ),
    (
        "SkipLayerNormalization",
        [drawn(2, 3, 8), drawn(2, 3, 8), drawn(8), drawn(8), drawn(8)],
        NORMAL,
        1,
    ),
    ("SkipSimplifiedLayerNormalization", [drawn(2, 3, 8), drawn(2, 3, 8), drawn(8)], NORMAL, 1),
    (
        "EmbedLayerNormalization",
        [
            RANDOM.integers(0, 9, (2, 3)).astype(np.int32),
            RANDOM.integers(0, 2, (2, 3)).astype(np.int32),
            drawn(9, 8),
            drawn(4, 8),
            drawn(2, 8),
            drawn(8),
            drawn(8),
            np.ones((2, 3), np.int32),
        ],
        NORMAL,
        2,
    ),
    ("Attention", [drawn(2, 3, 8), drawn(8, 24), drawn(24)], {"num_heads": 2}, 1),
    (
        "Attention",
        [drawn(2, 3, 8), drawn(8, 24), drawn(24), np.array([[1, 1, 0], [1, 1, 1]], np.int32)],
        {"num_heads": 2},
        1,
    ),
    (
        "Attention",
        [drawn(2, 3, 8), drawn(8, 24), drawn(24), np.array([2, 3], np.int32)],
        {"num_heads": 4},
        1,
    ),
    (
        "Attention",
        [drawn(2, 3, 8), drawn(8, 24), drawn(24)],
        {"num_heads": 2, "unidirectional": 1},
        1,
    ),
    ("MultiHeadAttention", [drawn(2, 3, 8), drawn(2, 5, 8), drawn(2, 5, 8)], {"num_heads": 2}, 1),
    (
        "MultiHeadAttention",
        [drawn(2, 3, 8), drawn(2, 5, 8), drawn(2, 5, 8), drawn(24)],
        {"num_heads": 2},
        1,
    ),
    (
        "RotaryEmbedding",
        [
            drawn(2, 3, 8),
            np.arange(6, dtype=np.int64).reshape(2, 3),
            np.cos(ANGLES),
            np.sin(ANGLES),
        ],
        {},
        1,
    ),
    (
        "RotaryEmbedding",
        [drawn(2, 2, 3, 4), np.array([2], np.int64), np.cos(ANGLES), np.sin(ANGLES)],
        {"interleaved": 1},
        1,
    ),
    ("QLinearAdd", [bytes_(2, 9), S, Z, bytes_(2, 9), S, Z, np.float32(0.11), Z], {}, 1),
    ("QLinearMul", [bytes_(2, 9), S, Z, bytes_(2, 9), S, Z, np.float32(0.3), Z], {}, 1),
    (
        "QGemm",
        [bytes_(3, 4), S, Z, bytes_(5, 4), S, Z, INTEGERS, np.float32(0.2), Z],
        {"transB": 1},
        1,
    ),
    (
        "QGemm",
        [bytes_(3, 4), S, Z, bytes_(4, 5), SCALES, bytes_(5), INTEGERS, np.float32(0.2), Z],
        {"alpha": 0.5},
        1,
    ),
    ("QLinearSigmoid", [bytes_(2, 9), S, Z, np.float32(1 / 256), np.uint8(0)], {}, 1),
    ("QLinearLeakyRelu", [bytes_(2, 9), S, Z, S, Z], {"alpha": 0.1}, 1),
    (
        "QLinearConcat",
        [S, Z, bytes_(2, 3), np.float32(0.03), Z, bytes_(2, 4), S, Z],
        {"axis": 1},
        1,
    ),
    ("QLinearGlobalAveragePool", [bytes_(1, 3, 4, 4), S, Z, np.float32(0.02), Z], {}, 1),
    ("QLinearAveragePool", [bytes_(1, 3, 4, 4), S, Z, S, Z], {"kernel_shape": [2, 2]}, 1),
    (
        "QLinearSoftmax",
        [bytes_(2, 9), S, Z, np.float32(1 / 256), np.uint8(0)],
        {"opset": 13, "axis": -1},
        1,
    ),
]


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "outputs"),
    CASES,
    ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)],
)
def test_it_computes_what_onnxruntime_computes(
    op: str, inputs: list[Any], attributes: dict[str, Any], outputs: int, tmp_path: Path
) -> None:
    names = [f"i{index}" for index in range(len(inputs))]
    arrays = [np.asarray(array) for array in inputs]
    results = [f"o{index}" for index in range(outputs)]
    node = helper.make_node(op, names, results, domain="com.microsoft", **attributes)
    given = [
        helper.make_tensor_value_info(name, TYPES[array.dtype.name], array.shape)
        for name, array in zip(names, arrays, strict=True)
    ]
    kind = TYPES[arrays[2 if op == "QLinearConcat" else 0].dtype.name]
    kind = TensorProto.FLOAT if op == "EmbedLayerNormalization" else kind
    declared = [helper.make_tensor_value_info(name, kind, None) for name in results[:1]]
    declared += [
        helper.make_tensor_value_info(name, TensorProto.INT32, None) for name in results[1:]
    ]
    model = helper.make_model(
        helper.make_graph([node], "g", given, declared),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=8,
    )
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    feeds = dict(zip(names, arrays, strict=True))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    expected = onnxruntime.InferenceSession(path, options).run(results, feeds)

    runner = runners.runner(readers.read(path), torch.device("cpu"))
    forward = runner.run({name: torch.tensor(array) for name, array in feeds.items()})

    for name, want in zip(results, expected, strict=True):
        have = forward.value(name).numpy()
        assert have.dtype == want.dtype
        if want.dtype == np.uint8:  # half a unit may be rounded to either side
            assert np.abs(have.astype(int) - want.astype(int)).max() <= 1
            assert (have != want).mean() < 0.1
        else:
            np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-4)
