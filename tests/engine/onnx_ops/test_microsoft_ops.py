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
    "bool": TensorProto.BOOL,
    "float64": TensorProto.DOUBLE,
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
ROWS = np.array([[0, 6], [2, 2]])
ANGLES = np.outer(np.arange(8), 1 / 10 ** (np.arange(2) / 2)).astype(np.float32)
NORMAL = {"epsilon": 1e-5}
GROUPS = {"num_heads": 4, "kv_num_heads": 2}
NEW = [np.array([2, 1], np.int32), np.array(3, np.int32)]  # the second is padded
PAST = [drawn(2, 2, 5, 16), drawn(2, 2, 5, 16)]
NEXT = [np.array([5, 3], np.int32), np.array(6, np.int32)]
TURN = [np.cos(drawn(9, 8)), np.sin(drawn(9, 8))]
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
        "Attention",
        [drawn(2, 3, 8), drawn(8, 24), drawn(24), np.array([3, 2, 1, 0], np.int32)],
        {"num_heads": 2},
        1,
    ),
    (
        "Attention",
        [drawn(2, 3, 8), drawn(8, 24), drawn(24), None, drawn(2, 2, 2, 5, 4)],
        {"num_heads": 2, "unidirectional": 1},
        2,
    ),
    (
        "MultiHeadAttention",
        [
            drawn(2, 3, 8),
            drawn(2, 5, 8),
            drawn(2, 5, 8),
            None,
            np.array([5, 2], np.int32),
            drawn(1, 2, 3, 5),
        ],
        {"num_heads": 2, "scale": 0.3},
        1,
    ),
    (
        "MultiHeadAttention",
        [
            drawn(2, 1, 8),
            drawn(2, 1, 8),
            drawn(2, 1, 8),
            None,
            None,
            None,
            drawn(2, 2, 4, 4),
            drawn(2, 2, 4, 4),
        ],
        {"num_heads": 2},
        3,
    ),
    (
        "GroupQueryAttention",
        [drawn(2, 3, 32), drawn(2, 3, 16), drawn(2, 3, 16), None, None, *NEW],
        GROUPS,
        3,
    ),
    (
        "GroupQueryAttention",
        [drawn(2, 3, 128), None, None, None, None, *NEW, *TURN],
        {**GROUPS, "do_rotary": 1, "rotary_interleaved": 1},
        3,
    ),
    (
        "GroupQueryAttention",
        [drawn(2, 1, 128), None, None, *PAST, *NEXT, *TURN],
        {**GROUPS, "do_rotary": 1, "softcap": 3.0, "scale": 0.2},
        3,
    ),
    (
        "GroupQueryAttention",
        [drawn(2, 1, 128), None, None, *PAST, *NEXT],
        {**GROUPS, "local_window_size": 3},
        3,
    ),
    (
        "GroupQueryAttention",
        [drawn(2, 1, 128), None, None, *PAST, *NEXT, None, None, None, None, drawn(4)],
        GROUPS,
        3,
    ),
    (
        "GroupQueryAttention",
        [drawn(2, 1, 128), None, None, *PAST, *NEXT],
        {**GROUPS, "smooth_softmax": 1},
        3,
    ),
    (
        "GroupQueryAttention",
        [drawn(2, 1, 128), None, None, *PAST, *NEXT, None, None, None, drawn(2, 4, 1, 6)],
        GROUPS,
        3,
    ),
    (
        "QAttention",
        [bytes_(2, 3, 8), bytes_(8, 24), drawn(24), S, S, None, Z, Z],
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
    ("DynamicQuantizeMatMul", [drawn(3, 8), bytes_(8, 5), SCALES, bytes_(5), drawn(5)], {}, 1),
    (
        "MatMulIntegerToFloat",
        [bytes_(3, 8), bytes_(8, 5), S, SCALES, Z, bytes_(5), drawn(5)],
        {},
        1,
    ),
    (
        "QLinearWhere",
        [
            np.array([True, False, True]),
            bytes_(2, 3),
            S,
            Z,
            bytes_(2, 3),
            np.float32(0.03),
            Z,
            S,
            Z,
        ],
        {},
        1,
    ),
    (
        "MatMulNBits",
        [drawn(3, 40), bytes_(5, 3, 8), drawn(15)],
        {"K": 40, "N": 5, "block_size": 16},
        1,
    ),
    (
        "MatMulNBits",
        [drawn(3, 40), bytes_(5, 3, 8), drawn(15), bytes_(10), None, drawn(5)],
        {"K": 40, "N": 5, "block_size": 16},
        1,
    ),
    (
        "MatMulNBits",
        [drawn(3, 64), bytes_(5, 2, 32), drawn(10)],
        {"K": 64, "N": 5, "block_size": 32, "bits": 8},
        1,
    ),
    ("GatherBlockQuantized", [bytes_(7, 16), ROWS, drawn(7, 2)], {"block_size": 16}, 1),
    (
        "GatherBlockQuantized",
        [bytes_(7, 16), ROWS, drawn(7, 2), bytes_(7, 1)],
        {"block_size": 16, "quantize_axis": 1},
        1,
    ),
    ("Trilu", [drawn(3, 4)], {"upper": 0}, 1),
    ("Range", [np.float32(0), np.float32(2), np.float32(0.5)], {}, 1),
    ("ExpandDims", [drawn(3, 4), np.array(1, np.int32)], {}, 1),
    ("Inverse", [drawn(2, 3, 3)], {}, 1),
    ("Pad", [drawn(2, 3), np.array([0, 1, 1, 0]), np.array([2.0], np.float32)], {}, 1),
    ("GatherND", [drawn(3, 4), np.array([[0, 1], [2, 3]])], {}, 1),
    ("GridSample", [drawn(1, 2, 4, 5), drawn(1, 3, 3, 2)], {"mode": "bilinear"}, 1),
    ("TransposeMatMul", [drawn(2, 3, 4), drawn(2, 5, 4)], {"transB": 1}, 1),
    ("QuantizeLinear", [drawn(2, 9), S, Z], {}, 1),
    ("DequantizeLinear", [bytes_(2, 9), S, Z], {}, 1),
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


OPERATORS = pytest.mark.parametrize(
    ("op", "inputs", "attributes", "outputs"),
    CASES,
    ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)],
)


@OPERATORS
def test_it_computes_what_onnxruntime_computes(
    op: str, inputs: list[Any], attributes: dict[str, Any], outputs: int, tmp_path: Path
) -> None:
    path, feeds = saved(tmp_path, op, inputs, attributes, outputs)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    expected = onnxruntime.InferenceSession(path, options).run(None, feeds)

    runner = runners.runner(readers.read(path), torch.device("cpu"))
    forward = runner.run({name: torch.tensor(array) for name, array in feeds.items()})

    assert runner.graph.nodes[0].execution == "torch"
    for name, want in zip(runner.graph.outputs, expected, strict=True):
        have = forward.value(name).numpy()
        assert have.dtype == want.dtype
        assert have.shape == want.shape
        if want.dtype == np.uint8:  # half a unit may be rounded to either side
            assert np.abs(have.astype(int) - want.astype(int)).max() <= 1
            assert (have != want).mean() < 0.1
        else:
            np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-4)


@OPERATORS
def test_its_gradients_agree_with_finite_differences(
    op: str,
    inputs: list[Any],
    attributes: dict[str, Any],
    outputs: int,
    tmp_path: Path,
    gradient_errors: Any,
) -> None:
    wide = [x if x is None or x.dtype != np.float32 else x.astype(np.float64) for x in inputs]
    path, feeds = saved(tmp_path, op, wide, attributes, outputs)
    runner = runners.runner(readers.read(path), torch.device("cpu"))
    tensors = {name: torch.tensor(array) for name, array in feeds.items()}
    free = [name for name, x in tensors.items() if x.is_floating_point()]
    if any(step.rounds for step in runner._steps) or op == "Range":
        free = []  # its gradient passes straight through rounding; what steers has none

    for name, error in gradient_errors(runner, tensors, free, np.random.default_rng(0)):
        assert error < 1e-4, name


@pytest.mark.parametrize("packed", ["all", "keys and values"])
def test_attention_takes_queries_keys_and_values_packed_into_one(
    packed: str, tmp_path: Path
) -> None:
    """onnxruntime has these forms on GPUs only."""
    q, k, v = drawn(2, 3, 2, 4), drawn(2, 3, 2, 4), drawn(2, 3, 2, 4)
    flat = [x.reshape(2, 3, 8) for x in (q, k, v)]
    together = [np.stack((q, k, v), axis=3)]
    if packed == "keys and values":
        together = [flat[0], np.stack((k, v), axis=3)]

    results = []
    for inputs in (flat, together):
        path, feeds = saved(tmp_path, "MultiHeadAttention", inputs, {"num_heads": 2}, 1)
        runner = runners.runner(readers.read(path), torch.device("cpu"))
        tensors = {name: torch.tensor(array) for name, array in feeds.items()}
        results.append(runner.run(tensors).value("o0"))

    torch.testing.assert_close(results[0], results[1])


def saved(
    folder: Path, op: str, inputs: list[Any], attributes: dict[str, Any], outputs: int
) -> tuple[Path, dict[str, Any]]:
    """A model of one node, and what it is fed."""
    names = ["" if x is None else f"i{index}" for index, x in enumerate(inputs)]
    feeds = {n: np.asarray(x) for n, x in zip(names, inputs, strict=True) if x is not None}
    results = [f"o{index}" for index in range(outputs)]
    node = helper.make_node(op, names, results, domain="com.microsoft", **attributes)
    given = [
        helper.make_tensor_value_info(name, TYPES[array.dtype.name], array.shape)
        for name, array in feeds.items()
    ]
    graph = helper.make_graph([node], "g", given, [])
    for name in results:
        graph.output.add().name = name
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=8,
    )
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path, feeds
