"""Gradients of every operator against central differences, on the cases that ONNX publishes.

Everything is computed in float64, a little away from the numbers of the case, which like to
lie on kinks. A case that starts to agree must leave the list of those that do not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper

from netviz_desktop.engine.runners import _onnx_tiers as tiers

NOT_DIFFERENTIABLE = {
    # Of infinity and NaN.
    "test_mod_float_edge_cases_fmod_0_float16",
    "test_mod_float_edge_cases_fmod_0_float32",
    "test_mod_float_edge_cases_fmod_0_float64",
}
# Inputs that steer instead of being computed with; their index by operator.
STEERING = {
    "CastLike": {1},
    "CenterCropPad": {1},
    "Dropout": {1, 2},
    "Range": {0, 1, 2},
    "Resize": {1, 2, 3},
    "Upsample": {1},
}
TOLERANCE, JITTER = 1e-4, 1e-3
ATTEMPTS = 4  # some jitter leads to another kink, or out of the domain
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16}
WIDE = {*FLOATS, TensorProto.DOUBLE}


def test_gradients_agree_with_finite_differences_for_every_operator(
    cases_of: Callable[[str], list[Any]],
    gradient_errors: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiers, "schema_function", _double_function(tiers.schema_function))
    cases = {case.name: case for case in cases_of("node")}
    wrong: dict[str, str] = {}
    checked: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases.values():
            operator = cases[re.sub("_expanded.*", "", case.name)].model.graph.node[0].op_type
            for attempt in range(ATTEMPTS):
                random = np.random.default_rng([*case.name.encode(), attempt])
                errors = dict(_gradient_errors(case, operator, tmp_path, random, gradient_errors))
                checked |= {case.name} if errors else set()
                off = {name: error for name, error in errors.items() if not error < TOLERANCE}
                if not off:
                    break
            else:
                wrong[case.name] = f"{case.name} is off by {off}"

    assert len(checked) > 1200
    assert len(NOT_DIFFERENTIABLE) < 0.005 * len(checked)
    assert wrong.keys() == NOT_DIFFERENTIABLE, "\n".join(
        [why for name, why in wrong.items() if name not in NOT_DIFFERENTIABLE]
        + [f"{name} agrees now" for name in NOT_DIFFERENTIABLE - wrong.keys()]
    )


def _gradient_errors(
    case: Any, operator: str, folder: Path, random: np.random.Generator, gradient_errors: Any
) -> Iterator[tuple[str, float]]:
    """For each input of floating point, how far its gradient is off; nothing for what has no
    derivative."""
    if operator == "BitCast" or not _types(case.model.graph) <= WIDE:
        return
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    _to_double(model.graph)
    runner = case.runner(folder, model)
    if any(s.rounds or s.tier in (*tiers.FORWARD_ONLY, tiers.UNKNOWN) for s in runner._steps):
        return
    feeds = case.feeds(case.data[0][0])
    free = []
    for index, (name, x) in enumerate(feeds.items()):
        if not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.numel() == 0:
            continue
        feeds[name] = x.double()
        if index in STEERING.get(operator, ()):
            continue
        feeds[name] = feeds[name] + JITTER * random.standard_normal(
            x.shape
        )  # away from kinks and ties
        free.append(name)
    yield from gradient_errors(runner, feeds, free, random)


def _types(graph: onnx.GraphProto) -> set[int]:
    """The types of floating point that a graph mentions."""
    found = {value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)}
    for node in graph.node:
        found |= {a.i for a in node.attribute if a.name in ("to", "dtype", "output_dtype")}
    return {code for code in found if "FLOAT" in TensorProto.DataType.Name(code)}


def _double_function(schema_function: Callable[..., Any]) -> Callable[..., Any]:
    def function(*arguments: Any) -> onnx.FunctionProto:
        body = schema_function(*arguments)
        graph = onnx.GraphProto(node=body.node)
        _to_double(graph)
        del body.node[:]
        body.node.extend(graph.node)
        return body

    return function


def _to_double(graph: onnx.GraphProto) -> None:
    """Every floating-point type of the graph becomes float64."""
    for described in (*graph.input, *graph.output, *graph.value_info):
        kind = described.type
        while kind.HasField("sequence_type") or kind.HasField("optional_type"):
            sequence = kind.HasField("sequence_type")
            kind = (kind.sequence_type if sequence else kind.optional_type).elem_type
        if kind.tensor_type.elem_type in FLOATS:
            kind.tensor_type.elem_type = TensorProto.DOUBLE
    for tensor in graph.initializer:
        _tensor_to_double(tensor)
    for node in graph.node:
        if node.op_type == "ConstantOfShape" and not node.attribute:
            zero = numpy_helper.from_array(np.zeros(1))
            node.attribute.append(onnx.helper.make_attribute("value", zero))
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _tensor_to_double(attribute.t)
            if attribute.HasField("g"):
                _to_double(attribute.g)
            if attribute.name in ("to", "dtype", "output_dtype") and attribute.i in FLOATS:
                attribute.i = TensorProto.DOUBLE
            if attribute.name in ("value_float", "value_floats"):
                floats = attribute.f if attribute.name == "value_float" else attribute.floats
                tensor = numpy_helper.from_array(np.array(floats, dtype=np.float64))
                attribute.CopyFrom(onnx.helper.make_attribute("value", tensor))


def _tensor_to_double(tensor: TensorProto) -> None:
    if tensor.data_type in FLOATS:
        double = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(double, tensor.name))
