"""The operator table against the cases that ONNX publishes for every operator.

Each case goes the whole way, from a file through the reader and the interpreter. A case that
starts to pass must leave the list of those that do not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from netviz_desktop.engine.runners import _onnx_tiers as tiers
from netviz_desktop.engine.runners._onnx_values import to_numpy, to_torch

CPU = torch.device("cpu")
FORWARD_ONLY = {*tiers.FORWARD_ONLY, tiers.UNKNOWN}

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


@dataclass
class Outcome:
    """Args:
    error: why the case fails; empty where it passes.
    in_torch: nothing ran forward only.
    """

    error: str
    in_torch: bool


@pytest.fixture(scope="module")
def node_cases(
    cases_of: Callable[[str], list[Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    return _outcomes(cases_of("node"), tmp_path_factory.mktemp("node"))


def test_every_node_case_passes_but_the_named_ones(node_cases: dict[str, Outcome]) -> None:
    assert len(node_cases) > 1500
    failed = {name: outcome.error for name, outcome in node_cases.items() if outcome.error}
    assert failed.keys() == NOT_PASSED, "\n".join(
        [f"{name}: {why}" for name, why in failed.items() if name not in NOT_PASSED]
        + [f"{name} passes now" for name in NOT_PASSED - failed.keys()]
    )


def test_nineteen_in_twenty_node_cases_run_wholly_in_torch(node_cases: dict[str, Outcome]) -> None:
    in_torch = sum(outcome.in_torch for outcome in node_cases.values())
    assert in_torch / len(node_cases) > 0.95


@pytest.mark.parametrize(
    ("kind", "count"), [("simple", 23), ("pytorch-converted", 82), ("pytorch-operator", 35)]
)
def test_every_model_case_passes(
    kind: str, count: int, cases_of: Callable[[str], list[Any]], tmp_path: Path
) -> None:
    outcomes = _outcomes(cases_of(kind), tmp_path)

    assert len(outcomes) >= count
    assert not {name: outcome.error for name, outcome in outcomes.items() if outcome.error}


def _outcomes(cases: list[Any], folder: Path) -> dict[str, Outcome]:
    outcomes = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reference evaluator divides by zero on purpose
        for case in cases:
            runner, error = case.runner(folder), ""
            try:
                _check(case, runner)
            except Exception as failure:  # noqa: BLE001 - every failure is reported by its name
                error = f"{type(failure).__name__}: {failure}"[:500]
            steps = [part for step in runner._steps for part in (step, *step.inner())]
            outcomes[case.name] = Outcome(error, not {s.tier for s in steps} & FORWARD_ONLY)
    return outcomes


def _check(case: Any, runner: Any) -> None:
    assert case.data
    given = {value.name for value in runner.inputs}
    for inputs, outputs in case.data:
        feeds = case.feeds(inputs)
        values, _ = runner.values({name: feeds[name] for name in given & feeds.keys()})
        for name, expected in zip(runner.graph.outputs, outputs, strict=True):
            _assert_equal(values[name], expected, case.rtol, case.atol)


def _assert_equal(value: Any, expected: Any, rtol: float, atol: float) -> None:
    if expected is None:
        assert value is None
        return
    if isinstance(expected, list):
        assert isinstance(value, list)
        for have, want in zip(value, expected, strict=True):
            _assert_equal(have, want, rtol, atol)
        return
    have, want = to_numpy(value), expected
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
