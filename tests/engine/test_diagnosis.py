"""Judged by numpy on the same activations, and by autograd with the plain module."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from netviz_desktop.engine.session import Session
from netviz_desktop.link.messages import Diagnosis
from netviz_desktop.problems import Cancelled


class Net(nn.Module):
    """Convolutions of every sort, a sigmoid, products with and without a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.strided = nn.Conv2d(4, 8, 3, stride=2, groups=2, bias=False)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.rows = nn.Linear(6, 5)
        self.plain = nn.Linear(5, 5, bias=False)
        self.head = nn.Linear(20, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.sigmoid(8 * self.conv(x))
        y = torch.tanh(3 * self.up(self.strided(y)))
        y = self.plain(self.rows(y.mean(dim=3)))
        return self.head(y.flatten(1))


@pytest.fixture(scope="module")
def module() -> nn.Module:
    torch.manual_seed(0)
    return Net().eval()


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(1, 3, 7, 7)).astype(np.float32)


@pytest.fixture(scope="module", params=["pt2", "pt"])
def session(
    module: nn.Module, image: np.ndarray, request: pytest.FixtureRequest, tmp_path_factory
) -> Session:
    path: Path = tmp_path_factory.mktemp("diagnosis") / f"net.{request.param}"
    if request.param == "pt2":
        torch.export.save(torch.export.export(module, (torch.from_numpy(image),)), path)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit
            torch.jit.save(torch.jit.trace(module, torch.from_numpy(image)), path)
    session = Session("cpu")
    session.open(path)
    session.run(image)
    return session


def column(found: Diagnosis, kind: str) -> dict[str, float]:
    values = found.values[:, found.kinds.index(kind)]
    return {n: v for n, v in zip(found.nodes, values.tolist(), strict=True) if not math.isnan(v)}


def test_every_column_is_the_overlay_of_the_same_name(session: Session) -> None:
    found = session.diagnosis(1)
    for kind in found.kinds:
        assert column(found, kind) == session.overlay(kind, 1), kind


def test_mean_and_deviation_are_those_of_numpy(session: Session) -> None:
    found = session.diagnosis(1)
    means, deviations = column(found, "activation-mean"), column(found, "activation-deviation")
    for node in found.nodes:
        wide = session.activation(node).astype(np.float64)
        assert means[node] == pytest.approx(wide.mean(), rel=1e-5, abs=1e-7), node
        assert deviations[node] == pytest.approx(wide.std(), rel=1e-5, abs=1e-7), node


def test_saturation_is_the_share_near_the_bounds(session: Session) -> None:
    found = column(session.diagnosis(1), "saturation")
    expected = []
    for node in session.graph.nodes:
        array = session.activation(node.id)
        if "sigmoid" in node.op_type:
            expected.append(((array <= 0.01) | (array >= 0.99)).mean())
        if "tanh" in node.op_type:
            expected.append((np.abs(array) >= 0.98).mean())
    assert list(found.values()) == pytest.approx(expected)
    assert expected[0] > 0


def test_the_gradient_to_weight_ratio_is_that_of_autograd(
    session: Session, module: nn.Module, image: np.ndarray
) -> None:
    found = column(session.diagnosis(1), "gradient-to-weight")
    module.zero_grad()
    module(torch.from_numpy(image))[0, 1].backward()
    layers = [m for m in module.modules() if hasattr(m, "weight")]
    expected = [float(m.weight.grad.norm() / m.weight.detach().norm()) for m in layers]
    assert list(found.values()) == pytest.approx(expected, rel=1e-4)


def test_it_can_be_cancelled(session: Session) -> None:
    def step(done: float, _what: str) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        session.diagnosis(1, step)


def test_without_gradients_it_says_why(session: Session) -> None:
    count = session.last.value(session.last.target_value).numel()
    found = session.diagnosis(count)
    assert found.no_gradient.startswith(f"There is no target {count}")
    assert not column(found, "gradient-norm")
    assert column(found, "activation-mean")
