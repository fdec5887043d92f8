"""Judged by numpy, on the activations and gradients of the same run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from netviz_desktop.engine.node_values import norm
from netviz_desktop.engine.session import Session
from netviz_desktop.problems import Cancelled, Problem


class Odd(nn.Module):
    """Its second relu is dead in channel 1; then come an infinite, a NaN and an integer value."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.conv(x))
        y = torch.relu(y - torch.tensor([0.0, 1e6, 0.0, 0.0]).reshape(1, 4, 1, 1))
        bad = torch.log(y)
        worse = bad - bad
        index = worse.argmax(dim=1)
        return y.mean(dim=(2, 3)) + 0 * index.sum()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    torch.manual_seed(0)
    path = tmp_path / "odd.pt2"
    torch.export.save(torch.export.export(Odd().eval(), (torch.zeros(1, 3, 9, 9),)), path)
    session = Session("cpu")
    session.open(path)
    session.run(np.random.default_rng(0).normal(size=(1, 3, 9, 9)).astype(np.float32))
    return session


def of_op(session: Session, op_type: str) -> list[str]:
    return [node.id for node in session.graph.nodes if node.op_type.rpartition(".")[2] == op_type]


def floats(session: Session) -> dict[str, np.ndarray]:
    found = {node.id: session.activation(node.id) for node in session.graph.nodes}
    return {node: array for node, array in found.items() if array.dtype.kind == "f"}


def test_the_activation_norm_is_the_root_mean_square_of_the_finite_numbers(
    session: Session,
) -> None:
    found, arrays = session.overlay("activation-norm"), floats(session)
    for node, array in arrays.items():
        finite = array[np.isfinite(array)].astype(np.float64)
        if finite.size:
            assert found[node] == pytest.approx(np.sqrt((finite**2).mean()), rel=1e-6), node
        else:
            assert node not in found
    assert set(found) <= set(arrays)  # whole numbers say how to compute, not what


def test_sparsity_is_the_share_of_exact_zeros(session: Session) -> None:
    found = session.overlay("sparsity")
    for node, array in floats(session).items():
        assert found[node] == pytest.approx((array == 0).mean(), abs=1e-12), node


def test_dead_channels_are_zero_everywhere_and_only_of_maps(session: Session) -> None:
    found = session.overlay("dead-channels")
    arrays = {n: a for n, a in floats(session).items() if a.ndim == 4 and a.shape[2] > 1}
    assert set(found) == set(arrays)
    for node, array in arrays.items():
        assert found[node] == (array == 0).all(axis=(0, 2, 3)).mean(), node
    assert found[of_op(session, "relu")[1]] >= 0.25


def test_what_is_not_finite_is_told_apart(session: Session) -> None:
    found = session.overlay("nan-inf")
    (log,) = of_op(session, "log")
    assert found[log] == 1
    (_, difference) = of_op(session, "sub")
    assert found[difference] == 2
    assert found[of_op(session, "relu")[0]] == 0


def test_the_gradient_norm_is_that_of_the_gradient_of_the_class(session: Session) -> None:
    found = session.overlay("gradient-norm", target=2)
    for node in (*of_op(session, "conv2d"), *of_op(session, "relu"), *of_op(session, "mean")):
        expected = np.linalg.norm(session.gradient(node, 2).astype(np.float64))
        assert found[node] == pytest.approx(expected, rel=1e-6), node
    assert of_op(session, "argmax")[0] not in found


def test_the_times_add_up_to_no_more_than_the_run_took(session: Session) -> None:
    found = session.overlay("time")
    assert set(found) <= {node.id for node in session.graph.nodes}
    assert sum(found.values()) == pytest.approx(sum(session.last.milliseconds.values()))


def test_it_can_be_cancelled_and_says_how_far_it_is(session: Session) -> None:
    said = []

    def step(done: float, what: str) -> None:
        said.append((done, what))
        if len(said) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        session.overlay("sparsity", step=step)
    assert [what for _, what in said] == ["Measuring: sparsity"] * 3
    assert 0 == said[0][0] < said[1][0] < said[2][0] < 1


def test_what_no_run_says_is_a_problem(session: Session) -> None:
    with pytest.raises(Problem, match=r"“parameters” is nothing that a run says"):
        session.overlay("parameters")


@pytest.mark.parametrize(
    ("tensor", "expected", "count"),
    [
        (torch.full((3_000_000,), 3.1), 3.1 * 3_000_000**0.5, 3_000_000),
        (torch.full((5,), 1e30), 1e30 * 5**0.5, 5),
        (torch.full((5,), 1e-30), 1e-30 * 5**0.5, 5),
        (torch.tensor([3.0, 4.0, torch.nan, torch.inf]), 5.0, 2),
        (torch.full((5000,), 200.0, dtype=torch.float16), 200 * 5000**0.5, 5000),
        (torch.tensor([3.0 + 4.0j, 0.0]), 5.0, 2),
        (torch.full((4, 4), 2.0, dtype=torch.float8_e4m3fn), 8.0, 16),
        (torch.arange(6.0).reshape(2, 3).T, 55**0.5, 6),
        (torch.tensor([torch.nan]), 0.0, 0),
    ],
)
def test_a_norm_keeps_seven_digits_whatever_the_numbers(
    tensor: torch.Tensor, expected: float, count: int
) -> None:
    found, finite = norm(tensor)
    assert found == pytest.approx(expected, rel=2e-6)
    assert finite == count
