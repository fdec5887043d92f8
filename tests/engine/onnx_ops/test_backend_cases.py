"""The operator table against the cases that ONNX publishes for every operator.

Each case goes the whole way, from a file through the reader and the interpreter. A case that
starts to pass must leave the list of those that do not.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests

from netviz_desktop import readers
from netviz_desktop.engine import runners
from netviz_desktop.engine.runners import _onnx_tiers as tiers
from netviz_desktop.engine.runners._onnx_values import to_numpy, to_torch

CPU = torch.device("cpu")

NOT_PASSED = {
    # Random draws, which no case can ask for.
    "test_bernoulli",
    "test_bernoulli_double",
    "test_bernoulli_double_expanded",
    "test_bernoulli_expanded",
    "test_bernoulli_seed",
    "test_bernoulli_seed_expanded",
    # The expected zeros are 2e-7, the rounding errors of another Fourier transform.
    "test_dft_inverse",
    "test_dft_inverse_opset19",
    # float16 is computed in float32, which is closer to the truth than is expected.
    "test_attention_4d_causal_fp16_expanded",
}

Arrays = list[Any]


class Case:
    """A model and what it must give for what."""

    def __init__(self, case: Any) -> None:
        self.name: str = case.name
        self.rtol: float = case.rtol
        self.atol: float = case.atol
        if case.model is not None:
            self.model: onnx.ModelProto = case.model
            self.data: list[tuple[Arrays, Arrays]] = case.data_sets
        else:
            folder = Path(case.model_dir)
            self.model = onnx.load(folder / "model.onnx")
            self.data = [
                (
                    _stored(data, "input", self.model.graph.input),
                    _stored(data, "output", self.model.graph.output),
                )
                for data in sorted(folder.glob("test_data_set_*"))
            ]


def _stored(folder: Path, kind: str, described: Any) -> Arrays:
    arrays = []
    for index in range(len(list(folder.glob(f"{kind}_*.pb")))):
        content = (folder / f"{kind}_{index}.pb").read_bytes()
        if described[index].type.HasField("sequence_type"):
            arrays.append(numpy_helper.to_list(onnx.SequenceProto.FromString(content)))
        else:
            arrays.append(numpy_helper.to_array(TensorProto.FromString(content)))
    return arrays


@pytest.fixture(scope="module")
def node_cases() -> list[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases' own arithmetic overflows on purpose
        return [Case(case) for case in load_model_tests(kind="node")]


def test_every_node_case_passes_but_the_named_ones(node_cases: list[Case], tmp_path: Path) -> None:
    failed = dict(_failures(node_cases, tmp_path))

    assert len(node_cases) > 1500
    expected = {case.name for case in node_cases} & NOT_PASSED
    assert failed.keys() == expected, _report(failed, expected)


@pytest.mark.parametrize("kind", ["simple", "pytorch-converted", "pytorch-operator"])
def test_every_model_case_passes_but_the_named_ones(kind: str, tmp_path: Path) -> None:
    cases = [Case(case) for case in load_model_tests(kind=kind)]

    failed = dict(_failures(cases, tmp_path))

    assert cases
    expected = {case.name for case in cases} & NOT_PASSED
    assert failed.keys() == expected, _report(failed, expected)


def test_nine_in_ten_node_cases_run_wholly_in_torch(node_cases: list[Case], tmp_path: Path) -> None:
    lowest = Counter(_lowest_tier(case, tmp_path) for case in node_cases)

    forward_only = sum(lowest[tier] for tier in (*tiers.FORWARD_ONLY, tiers.UNKNOWN))
    assert forward_only / lowest.total() < 0.05, lowest


def _failures(cases: list[Case], folder: Path) -> Iterator[tuple[str, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reference evaluator divides by zero on purpose
        for case in cases:
            try:
                _check(case, folder)
            except Exception as error:  # noqa: BLE001 - every failure is reported by its name
                yield case.name, f"{type(error).__name__}: {error}"[:500]


def _check(case: Case, folder: Path) -> None:
    runner = _runner(case.model, folder)
    assert case.data
    given = {value.name for value in runner.inputs}
    for inputs, outputs in case.data:
        names = [i.name for i in case.model.graph.input]
        feeds = {n: _value(x) for n, x in zip(names, inputs, strict=False) if n in given}
        values, _ = runner.values(feeds)
        for name, expected in zip(runner.graph.outputs, outputs, strict=True):
            _assert_equal(values[name], expected, case.rtol, case.atol)


def _runner(model: onnx.ModelProto, folder: Path) -> Any:
    path = folder / "case.onnx"
    path.write_bytes(model.SerializeToString())
    return runners.runner(readers.read(path), CPU)


def _lowest_tier(case: Case, folder: Path) -> str:
    used = {step.tier for step in _runner(case.model, folder)._steps}
    order = (tiers.UNKNOWN, tiers.REFERENCE, tiers.LOCAL_FUNCTION, tiers.SCHEMA_FUNCTION)
    return next((tier for tier in order if tier in used), tiers.TORCH)


def _array(x: Any) -> Any:
    return numpy_helper.to_array(x) if isinstance(x, TensorProto) else np.asarray(x)


def _value(x: Any) -> Any:
    if x is None:
        return None
    if isinstance(x, list | tuple):
        return [_value(entry) for entry in x]
    return to_torch(_array(x), CPU)


def _assert_equal(value: Any, expected: Any, rtol: float, atol: float) -> None:
    if expected is None:
        assert value is None
        return
    if isinstance(expected, list | tuple):
        assert isinstance(value, list)
        for have, want in zip(value, expected, strict=True):
            _assert_equal(have, want, rtol, atol)
        return
    have, want = to_numpy(value), _array(expected)
    if want.dtype.kind in "OUS":
        np.testing.assert_array_equal(have, want)
        return
    # What is computed in a wider type is rounded to what the model declares.
    assert to_torch(want, CPU).dtype == value.dtype
    have = have.astype(want.dtype)
    assert have.shape == want.shape
    if want.dtype.name == "bfloat16":
        rtol = max(rtol, 2**-6)  # as ONNX's own runner allows: two units in the last place
        have, want = have.astype(np.float32), want.astype(np.float32)
    if want.dtype.kind in "fc":
        np.testing.assert_allclose(have, want, rtol=rtol, atol=atol)
    else:
        np.testing.assert_array_equal(have.astype(np.float64), want.astype(np.float64))


def _report(failed: dict[str, str], expected: set[str]) -> str:
    lines = [f"{name}: {why}" for name, why in failed.items() if name not in expected]
    lines += [f"{name} passes now" for name in expected - failed.keys()]
    return "\n".join(lines)


# --- gradients ---------------------------------------------------------------------------

# Inputs that steer instead of being computed with; their index by operator.
STEERING = {
    "CastLike": {1},
    "CenterCropPad": {1},
    "Dropout": {1, 2},
    "Range": {0, 1, 2},
    "Resize": {1, 2, 3},
    "Upsample": {1},
}
NO_PLACE_FOR_FINITE_DIFFERENCES = (
    # Small types, whose steps are larger than any difference.
    "FLOAT8", "FLOAT4", "INT4", "INT2", "e4m3", "e5m2", "float8", "bitcast", "STRING",
    "quantize", "qlinear", "string",
    # Drawn anew, or the expansion of an operator whose inputs steer.
    "bernoulli", "training_dropout", "training_", "center_crop", "range_",
    # At the edge of the domain, or at infinity.
    "acosh_example", "mod_float_edge_cases", "test_pow",
    # Their function bodies compute in float32, as ONNX defines them.
    "linear_attention", "causal_conv_with_state", "softmax_precision",
)  # fmt: skip
STEP, TOLERANCE, JITTER = 1e-6, 1e-4, 1e-3
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16}


def test_gradients_agree_with_finite_differences_for_every_operator(
    node_cases: list[Case], tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    wrong, checked = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in node_cases:
            if any(part in case.name for part in NO_PLACE_FOR_FINITE_DIFFERENCES):
                continue
            for name, error in _gradient_errors(case, tmp_path, random):
                checked += 1
                if not error < TOLERANCE:
                    wrong.append(f"{case.name} {name}: off by {error}")

    assert checked > 2000
    assert not wrong, "\n".join(wrong)


def _gradient_errors(
    case: Case, folder: Path, random: np.random.Generator
) -> Iterator[tuple[str, float]]:
    """For each input of floating point: the derivative along a random direction, by autograd
    and by a central difference, and how far they are apart."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    _to_double(model.graph)
    runner = _runner(model, folder)
    if any(step.tier in (tiers.REFERENCE, tiers.UNKNOWN) for step in runner._steps):
        return
    operator = model.graph.node[0].op_type
    values = [_value(x) for x in case.data[0][0]]
    feeds = dict(zip(runner.graph.inputs, values, strict=True))
    free = []
    for index, (name, x) in enumerate(feeds.items()):
        if not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.numel() == 0:
            continue
        feeds[name] = x.double()
        if index in STEERING.get(operator, ()):
            continue
        feeds[name] = feeds[name] + JITTER * _normal(random, x)  # away from kinks and ties
        free.append(name)
    weights: list[torch.Tensor] = []

    def score(inputs: dict[str, Any], *, gradients: bool) -> tuple[Any, dict[str, Any]]:
        computed, _ = runner.values(inputs, gradients=gradients)
        outputs = [computed[name] for name in runner.graph.outputs if name]
        floats = [o for o in outputs if isinstance(o, torch.Tensor) and o.is_floating_point()]
        if not weights:
            weights.extend(_normal(random, output) for output in floats)
        finite = [output.double().nan_to_num(0, 0, 0) for output in floats]
        return sum((o * w).sum() for o, w in zip(finite, weights, strict=True)), computed

    total, computed = score(feeds, gradients=True)
    if not isinstance(total, torch.Tensor):
        return
    for name in free:
        gradient = None
        if total.requires_grad:
            (gradient,) = torch.autograd.grad(
                total, [computed[name]], allow_unused=True, retain_graph=True
            )
        direction = _normal(random, feeds[name])
        ahead = score({**feeds, name: feeds[name] + STEP * direction}, gradients=False)[0]
        behind = score({**feeds, name: feeds[name] - STEP * direction}, gradients=False)[0]
        numeric = float((ahead - behind) / (2 * STEP))
        analytic = 0.0 if gradient is None else float((gradient * direction).sum())
        yield name, abs(numeric - analytic) / max(1.0, abs(numeric), abs(analytic))


def _normal(random: np.random.Generator, like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.asarray(random.standard_normal(tuple(like.shape))))


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
