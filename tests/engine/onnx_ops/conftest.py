"""The cases that ONNX publishes for its operators, opened as any other file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
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
from netviz_desktop.engine.runners._onnx_values import to_torch

CPU = torch.device("cpu")
STEP = 1e-6


class Case:
    """A model and what it must give for what: arrays, lists of them, or None."""

    def __init__(self, case: Any) -> None:
        self.name: str = case.name
        self.rtol: float = case.rtol
        self.atol: float = case.atol
        if case.model is not None:
            self.model: onnx.ModelProto = case.model
            self.data: list[tuple[list[Any], list[Any]]] = [
                ([array(x) for x in inputs], [array(x) for x in outputs])
                for inputs, outputs in case.data_sets
            ]
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

    def runner(self, folder: Path, model: onnx.ModelProto | None = None) -> Any:
        """What runs the case, or a model made of it."""
        path = folder / "case.onnx"
        path.write_bytes((model or self.model).SerializeToString())
        return runners.runner(readers.read(path), CPU)

    def feeds(self, inputs: list[Any]) -> dict[str, Any]:
        return {
            given.name: _value(x) for given, x in zip(self.model.graph.input, inputs, strict=False)
        }


def array(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return [array(entry) for entry in x]
    if x is None:
        return None
    return numpy_helper.to_array(x) if isinstance(x, TensorProto) else np.asarray(x)


def _value(x: Any) -> Any:
    if isinstance(x, list):
        return [_value(entry) for entry in x]
    return None if x is None else to_torch(x, CPU)


def _stored(folder: Path, kind: str, described: Any) -> list[Any]:
    arrays = []
    for index in range(len(list(folder.glob(f"{kind}_*.pb")))):
        content = (folder / f"{kind}_{index}.pb").read_bytes()
        if described[index].type.HasField("sequence_type"):
            arrays.append(numpy_helper.to_list(onnx.SequenceProto.FromString(content)))
        else:
            arrays.append(numpy_helper.to_array(TensorProto.FromString(content)))
    return arrays


@pytest.fixture(scope="session")
def cases_of() -> Callable[[str], list[Case]]:
    """The cases of one of ONNX's suites; those of single nodes take seconds to make."""
    made: dict[str, list[Case]] = {}

    def cases(kind: str) -> list[Case]:
        if kind not in made:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # their own arithmetic overflows on purpose
                made[kind] = [Case(case) for case in load_model_tests(kind=kind)]
        return made[kind]

    return cases


@pytest.fixture(scope="session")
def gradient_errors() -> Callable[..., Iterator[tuple[str, float]]]:
    return _gradient_errors


def _gradient_errors(
    runner: Any, feeds: dict[str, Any], free: list[str], random: np.random.Generator
) -> Iterator[tuple[str, float]]:
    """For each input that is free: the derivative along a random direction, by autograd and by
    a central difference, and how far they are apart."""
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
