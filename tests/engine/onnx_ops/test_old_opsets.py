"""Operators whose meaning or form changed between opsets 7 and 22, against onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from netviz_desktop import readers
from netviz_desktop.engine import runners

RANDOM = np.random.default_rng(0)


def drawn(*shape: int) -> Any:
    return RANDOM.standard_normal(shape).astype(np.float32)


def ints(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


def floats(*numbers: float) -> Any:
    return np.array(numbers, np.float32)


X = drawn(2, 3, 4)
IMAGE = drawn(1, 2, 5, 7)
FOUR = [np.abs(drawn(2)) + 1 for _ in range(4)]
SEQUENCE = drawn(5, 2, 3)
LSTM = [drawn(1, 16, 3), drawn(1, 16, 4), drawn(1, 32)]
GRU = [drawn(1, 12, 3), drawn(1, 12, 4), drawn(1, 24)]
# opset, operator, inputs (the first varies, the others are stored), attributes, outputs
Row = tuple[int, str, list[Any], dict[str, Any], int]
CASES: list[Row] = [
    *[(v, op, [X], {}, 1) for v in (7, 11, 13) for op in ("Softmax", "LogSoftmax", "Hardmax")],
    *[(v, op, [X], {"axis": 2}, 1) for v in (7, 11, 13) for op in ("Softmax", "LogSoftmax")],
    *[(v, op, [X], {"axis": 0}, 1) for v in (7, 11, 13) for op in ("Softmax", "LogSoftmax")],
    *[(v, "Hardmax", [X], {"axis": 0}, 1) for v in (7, 11, 13)],
    (11, "Softmax", [X], {"axis": -1}, 1),
    *[(v, "BatchNormalization", [IMAGE, *FOUR], {"epsilon": 1e-3}, 1) for v in (7, 9, 14, 15)],
    *[(v, "Dropout", [X], {"ratio": 0.3}, 1) for v in (7, 10)],
    (12, "Dropout", [X, floats(0.3).reshape(())], {}, 1),
    *[(v, "Clip", [X], {"min": -0.5, "max": 0.7}, 1) for v in (7, 10)],
    (7, "Clip", [X], {"max": 0.7}, 1),
    *[(v, "Clip", [X, np.float32(-0.5), np.float32(0.7)], {}, 1) for v in (11, 12, 13)],
    (12, "Clip", [X, None, np.float32(0.7)], {}, 1),
    (12, "Clip", [X, np.float32(1), np.float32(-1)], {}, 1),
    (7, "Slice", [X], {"starts": [1, -3], "ends": [99, -1], "axes": [1, 2]}, 1),
    (9, "Slice", [X], {"starts": [0, 1], "ends": [2, 99]}, 1),
    *[
        (v, "Slice", [X, ints(1, -1), ints(99, -99), ints(1, 2), ints(1, -2)], {}, 1)
        for v in (10, 11, 13)
    ],
    (10, "Slice", [X, ints(1), ints(2)], {}, 1),
    (11, "Slice", [X, ints(-1), ints(-(2**63)), ints(-1), ints(-1)], {}, 1),
    *[(v, "Squeeze", [X[:1, :, :1]], {"axes": [0]}, 1) for v in (7, 11)],
    *[(v, "Squeeze", [X[:1, :, :1]], {}, 1) for v in (7, 11, 13)],
    (13, "Squeeze", [X[:1, :, :1], ints(-1)], {}, 1),
    *[(v, "Unsqueeze", [X], {"axes": [0, 4]}, 1) for v in (7, 11)],
    (11, "Unsqueeze", [X], {"axes": [-1, 1]}, 1),
    (13, "Unsqueeze", [X, ints(-1, 1)], {}, 1),
    *[
        (v, f"Reduce{name}", [np.abs(X)], attributes, 1)
        for v in (7, 11, 12)
        for name in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum")
        for attributes in ({"axes": [1]}, {"keepdims": 0}, {"axes": [0, 2], "keepdims": 0})
    ],
    *[(v, "ReduceLogSumExp", [X], {"axes": [-1]}, 1) for v in (11, 13)],
    (13, "ReduceMean", [X], {"axes": [-1]}, 1),
    (13, "ReduceSum", [X, ints(-1)], {"keepdims": 0}, 1),
    (13, "ReduceSum", [X, ints()], {"noop_with_empty_axes": 1}, 1),
    (13, "ReduceSum", [X], {"noop_with_empty_axes": 1}, 1),
    (13, "ReduceSum", [X], {}, 1),
    (18, "ReduceMax", [X, ints(0, -1)], {}, 1),
    (18, "ReduceL2", [X, ints(1)], {"keepdims": 0}, 1),
    *[(v, "Pad", [IMAGE], {"pads": [0, 0, 1, 2, 0, 1, 0, 1], "value": 0.5}, 1) for v in (7, 10)],
    *[
        (v, "Pad", [IMAGE], {"pads": [0, 0, 1, 2, 0, 0, 2, 1], "mode": mode}, 1)
        for v in (7, 10)
        for mode in ("reflect", "edge")
    ],
    (11, "Pad", [IMAGE, ints(0, 0, 1, 2, 0, 0, 2, -1)], {}, 1),
    (13, "Pad", [IMAGE, ints(0, 0, 1, 2, 0, 0, 2, 1)], {"mode": "reflect"}, 1),
    (18, "Pad", [IMAGE, ints(1, 2), np.float32(3), ints(-1)], {}, 1),
    (19, "Pad", [IMAGE, ints(0, 0, 1, 2, 0, 0, 2, 1)], {"mode": "wrap"}, 1),
    (7, "TopK", [X], {"k": 2}, 2),
    (10, "TopK", [X, ints(2)], {"axis": 1}, 2),
    *[(v, "TopK", [X, ints(2)], {"axis": 1, "largest": 0}, 2) for v in (11, 22)],
    (7, "Split", [X], {"axis": 2}, 2),
    (7, "Split", [X], {"axis": 2, "split": [1, 3]}, 2),
    (11, "Split", [X], {"axis": -1, "split": [1, 3]}, 2),
    (13, "Split", [X, ints(1, 3)], {"axis": -1}, 2),
    (18, "Split", [X], {"axis": -1, "num_outputs": 3}, 3),
    *[
        (v, op, [X, ints(1, 0, 0, 1).reshape(1, 1, 4), drawn(1, 1, 4)], {"axis": 1}, 1)
        for v, op in ((9, "Scatter"), (11, "ScatterElements"), (13, "ScatterElements"))
    ],
    (16, "ScatterElements", [X, ints(-1, 0).reshape(1, 2, 1), drawn(1, 2, 1)],
     {"axis": 1, "reduction": "add"}, 1),
    *[(v, "Gemm", [drawn(2, 3), drawn(4, 3), drawn(4)], {"transB": 1, "alpha": 0.5}, 1)
      for v in (7, 9, 11)],
    *[(v, "Gemm", [drawn(3, 2), drawn(3, 4), drawn(1, 4)], {"transA": 1, "beta": 2.0}, 1)
      for v in (7, 9, 11)],
    *[
        (v, op, [IMAGE], {"kernel_shape": [3, 2], "strides": [2, 2], **how}, 1)
        for v in (7, 10, 11, 12, 22)
        for op in ("MaxPool", "AveragePool")
        for how in ({}, {"pads": [1, 0, 1, 1]}, {"auto_pad": "SAME_UPPER"},
                    {"auto_pad": "SAME_LOWER"}, {"auto_pad": "VALID"})
    ],
    *[
        (v, op, [IMAGE], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, **how}, 1)
        for v in (10, 11, 19, 22)
        for op in ("MaxPool", "AveragePool")
        for how in ({}, {"pads": [1, 1, 1, 1]})
    ],
    *[
        (v, "AveragePool", [IMAGE],
         {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1,
          "ceil_mode": ceil}, 1)
        for v, ceil in ((10, 0), (11, 0), (19, 0), (19, 1))
    ],
    (10, "MaxPool", [IMAGE], {"kernel_shape": [2, 2], "dilations": [2, 3]}, 1),
    (8, "MaxPool", [IMAGE], {"kernel_shape": [2, 2], "strides": [2, 2]}, 2),
    *[(v, "LpPool", [IMAGE], {"kernel_shape": [2, 3], "p": 3}, 1) for v in (7, 11, 18)],
    *[(v, "GlobalLpPool", [IMAGE], {"p": 3}, 1) for v in (7, 11)],
    *[
        (v, "ConvTranspose", [IMAGE, drawn(2, 3, 3, 3), drawn(3)], {"strides": [2, 2], **how}, 1)
        for v in (7, 11, 22)
        for how in ({}, {"pads": [1, 0, 0, 1]}, {"auto_pad": "SAME_UPPER"},
                    {"auto_pad": "SAME_LOWER"}, {"output_shape": [12, 15]},
                    {"output_padding": [1, 1], "pads": [1, 1, 1, 1]})
    ],
    *[
        (v, "Conv", [IMAGE, drawn(3, 2, 3, 2), drawn(3)], {"strides": [2, 1], **how}, 1)
        for v in (7, 11, 22)
        for how in ({"auto_pad": "SAME_UPPER"}, {"auto_pad": "SAME_LOWER"},
                    {"auto_pad": "VALID"}, {"pads": [0, 1, 2, 0]}, {"dilations": [2, 2]})
    ],
    *[(7, "Upsample", [IMAGE], {"scales": [1.0, 1.0, 2.0, 3.0], "mode": m}, 1)
      for m in ("nearest", "linear")],
    *[(9, "Upsample", [IMAGE, floats(1, 1, 2, 3)], {"mode": m}, 1) for m in ("nearest", "linear")],
    *[(10, "Resize", [IMAGE, floats(1, 1, *s)], {"mode": m}, 1)
      for m in ("nearest", "linear") for s in ((2, 3), (0.6, 0.5), (1.7, 1.3))],
    *[
        (v, "Resize", [IMAGE, floats(), floats(1, 1, *s)],
         {"mode": m, "coordinate_transformation_mode": t}, 1)
        for v in (11, 13, 19)
        for m in ("nearest", "linear", "cubic")
        for t in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel")
        for s in ((2, 3), (0.6, 0.5))
        # Where sizes are not whole, ONNX and onnxruntime align different corners.
        if t != "align_corners" or s == (2, 3)
    ],
    *[
        (v, "Resize", [IMAGE, floats(), floats(), ints(1, 2, 8, 9)],
         {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": n}, 1)
        for v in (11, 13, 18)
        for n in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
    ],
    (11, "Resize", [IMAGE, floats(0, 0, 0.1, 0.2, 1, 1, 0.8, 1.3), floats(), ints(1, 2, 4, 6)],
     {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize",
      "extrapolation_value": 2.0}, 1),
    (11, "Resize", [IMAGE, floats(), floats(1, 1, 0.6, 0.5)],
     {"mode": "nearest", "coordinate_transformation_mode": "tf_half_pixel_for_nn",
      "nearest_mode": "floor"}, 1),
    (18, "Resize", [IMAGE, None, floats(0.6, 0.5)], {"mode": "linear", "antialias": 1,
     "axes": [2, 3]}, 1),
    (18, "Resize", [IMAGE, None, None, ints(8, 8)],
     {"mode": "linear", "axes": [2, 3], "keep_aspect_ratio_policy": "not_larger"}, 1),
    *[(v, "ArgMax", [X], {"axis": 1, "keepdims": 0}, 1) for v in (7, 11, 13)],
    (12, "ArgMin", [np.round(X)], {"axis": -1, "select_last_index": 1}, 1),
    (7, "DepthToSpace", [drawn(1, 8, 2, 3)], {"blocksize": 2}, 1),
    *[(11, "DepthToSpace", [drawn(1, 8, 2, 3)], {"blocksize": 2, "mode": m}, 1)
      for m in ("DCR", "CRD")],
    (7, "PRelu", [IMAGE, drawn(2, 1, 1)], {}, 1),
    (9, "PRelu", [IMAGE, drawn(7)], {}, 1),
    (9, "OneHot", [ints(1, -1, 9), ints(3), floats(0.5, 2)], {}, 1),
    (11, "OneHot", [ints(1, -1, 9), ints(3), floats(0.5, 2)], {"axis": 0}, 1),
    (9, "Flatten", [X], {"axis": 2}, 1),
    (11, "Flatten", [X], {"axis": -1}, 1),
    (11, "Gather", [X, ints(-1, 0)], {"axis": -1}, 1),
    (7, "InstanceNormalization", [IMAGE, drawn(2), drawn(2)], {}, 1),
    (7, "LRN", [IMAGE], {"size": 3}, 1),
    (9, "MeanVarianceNormalization", [IMAGE], {}, 1),
    (9, "MeanVarianceNormalization", [IMAGE], {"axes": [2, 3]}, 1),
    (7, "LpNormalization", [X], {"axis": 1, "p": 1}, 1),
    *[(v, "LSTM", [SEQUENCE, *LSTM], {"hidden_size": 4}, 3) for v in (7, 14, 22)],
    *[(v, "GRU", [SEQUENCE, *GRU], {"hidden_size": 4}, 2) for v in (7, 14)],
    (14, "GRU", [SEQUENCE, *GRU], {"hidden_size": 4, "linear_before_reset": 1}, 2),
    (14, "LSTM", [SEQUENCE.swapaxes(0, 1).copy(), *LSTM], {"hidden_size": 4, "layout": 0}, 3),
    (7, "LSTM", [SEQUENCE, *LSTM, np.array([5, 3], np.int32)],
     {"hidden_size": 4, "direction": "reverse", "clip": 0.7}, 3),
    (18, "GroupNormalization", [drawn(1, 4, 3, 3), drawn(2), drawn(2)], {"num_groups": 2}, 1),
    (21, "GroupNormalization", [drawn(1, 4, 3, 3), drawn(4), drawn(4)], {"num_groups": 2}, 1),
    (16, "GridSample", [IMAGE, drawn(1, 3, 3, 2)], {"mode": "bicubic"}, 1),
    (20, "GridSample", [IMAGE, drawn(1, 3, 3, 2)], {"mode": "cubic", "align_corners": 1}, 1),
    (16, "GridSample", [IMAGE, drawn(1, 3, 3, 2)], {"padding_mode": "reflection"}, 1),
    (17, "DFT", [drawn(1, 6, 2, 1)], {"axis": 1, "onesided": 1}, 1),
    (20, "DFT", [drawn(1, 6, 2, 1), None, ints(1).reshape(())], {"onesided": 1}, 1),
    (10, "QuantizeLinear", [X, np.float32(0.05), np.uint8(120)], {}, 1),
    (13, "QuantizeLinear", [X, floats(0.05, 0.1, 0.02), np.array([0, 5, 9], np.int8)], {}, 1),
    (13, "DequantizeLinear", [np.round(X).astype(np.int8), floats(0.1, 0.2, 0.3)], {}, 1),
    (7, "Cast", [10 * X], {"to": TensorProto.INT32}, 1),
    (13, "Cast", [X], {"to": TensorProto.FLOAT16}, 1),
    (10, "Mod", [ints(-7, 7, 5), ints(3, -3, 2)], {}, 1),
    (10, "Mod", [X, drawn(2, 3, 4)], {"fmod": 1}, 1),
    (7, "Div", [ints(-7, 7, 5), ints(2, -2, 3)], {}, 1),
    (12, "Pow", [floats(1, 2, 3), ints(2, 3, 4)], {}, 1),
    (7, "Pow", [np.abs(X), drawn(4)], {}, 1),
    (11, "CumSum", [X, ints(1).reshape(())], {"exclusive": 1, "reverse": 1}, 1),
    (11, "Round", [floats(0.5, 1.5, -0.5, -2.5)], {}, 1),
    (14, "Reshape", [X, ints(0, -1)], {}, 1),
    (14, "Trilu", [X, ints(1).reshape(())], {}, 1),
    (15, "Shape", [X], {"start": -2}, 1),
    (8, "Expand", [X, ints(2, 1, 1, 1)], {}, 1),
    (7, "Tile", [X, ints(1, 2, 1)], {}, 1),
    (20, "Gelu", [X], {"approximate": "tanh"}, 1),
    (7, "HardSigmoid", [X], {}, 1),
    (10, "ThresholdedRelu", [X], {"alpha": 0.3}, 1),
    (9, "Shrink", [X], {"bias": 0.2, "lambd": 0.4}, 1),
    (10, "IsInf", [floats(np.inf, -np.inf, 1)], {"detect_negative": 0}, 1),
    (9, "NonZero", [np.round(X)], {}, 1),
    (11, "Unique", [floats(2, 1, 1, 3)], {"sorted": 0}, 4),
    (10, "ReverseSequence", [SEQUENCE, ints(5, 3)], {}, 1),
    (11, "GatherElements", [X, ints(-1, 0).reshape(1, 2, 1)], {"axis": 1}, 1),
    (12, "GatherND", [X, ints(0, 1).reshape(2, 1)], {"batch_dims": 1}, 1),
    (9, "EyeLike", [X[0]], {"k": 1}, 1),
    (17, "LayerNormalization", [X, drawn(4), drawn(4)], {"epsilon": 1e-3}, 1),
    (17, "LayerNormalization", [X, drawn(3, 4), drawn(3, 4)], {"axis": 1}, 3),
]  # fmt: skip


@pytest.mark.parametrize(
    ("opset", "op", "inputs", "attributes", "outputs"),
    CASES,
    ids=[f"{op}-{opset}-{index}" for index, (opset, op, *_) in enumerate(CASES)],
)
def test_it_computes_what_onnxruntime_computes(
    opset: int, op: str, inputs: list[Any], attributes: dict[str, Any], outputs: int, tmp_path: Path
) -> None:
    names = ["" if x is None else f"i{index}" for index, x in enumerate(inputs)]
    arrays = {n: np.asarray(x) for n, x in zip(names, inputs, strict=True) if n}
    results = [f"o{index}" for index in range(outputs)]
    code = helper.np_dtype_to_tensor_dtype(arrays["i0"].dtype)
    graph = helper.make_graph(
        [helper.make_node(op, names, results, **attributes)],
        "g",
        [helper.make_tensor_value_info("i0", code, arrays["i0"].shape)],
        [],
        [numpy_helper.from_array(array, name) for name, array in arrays.items() if name != "i0"],
    )
    for name in results:
        graph.output.add().name = name
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    expected = onnxruntime.InferenceSession(path, options).run(results, {"i0": arrays["i0"]})

    runner = runners.runner(readers.read(path), torch.device("cpu"))
    forward = runner.run({"i0": torch.from_numpy(arrays["i0"])})

    assert runner.graph.nodes[0].execution in ("torch", "ONNX function body")
    for name, want in zip(results, expected, strict=True):
        have = forward.value(name).numpy()
        assert have.shape == want.shape
        if want.dtype.kind == "f":
            np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(have, want)
            assert have.dtype == want.dtype
