from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from netviz_desktop.engine import tensor_statistics
from netviz_desktop.engine.tensor_statistics import BINS, statistics


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(3, 40, 50, generator=torch.Generator().manual_seed(0)),
        torch.randn(1000, generator=torch.Generator().manual_seed(1)).relu() * 1e-20,
        torch.arange(-500, 500, dtype=torch.int64) * 10**12,
        torch.arange(256, dtype=torch.uint8),
        torch.tensor([True, False, True]),
        torch.randn(99, dtype=torch.float64) * 1e100,
        torch.linspace(-1, 1, 101) * 3e38,
        torch.tensor([0, 1e-310, 2e-310], dtype=torch.float64),
        torch.randn(64).half(),
        torch.randn(64).bfloat16(),
        torch.tensor(3.5),
        torch.full((10,), -2.0),
    ],
)
def test_they_are_numpys(tensor: torch.Tensor) -> None:
    found = statistics(tensor)
    wide = tensor.double().numpy().ravel()
    counts, _ = np.histogram(wide, BINS, (wide.min(), wide.max()))
    assert found is not None
    assert found.count == tensor.numel()
    assert (found.minimum, found.maximum) == (wide.min(), wide.max())
    scale = np.abs(wide).max()
    assert found.mean == pytest.approx(wide.mean(), abs=1e-12 * scale)
    assert found.std == pytest.approx(wide.std(), rel=1e-9)
    assert found.zeros == pytest.approx((wide == 0).mean())
    assert found.counts.sum() == tensor.numel()
    # a number on the border of two bins may be rounded into either
    assert np.abs(np.cumsum(found.counts - counts)).max() <= 1


def test_numbers_that_are_not_finite_are_counted_and_left_out() -> None:
    found = statistics(torch.tensor([1.0, math.nan, 3.0, math.inf, -math.inf, 0.0, 0.0]))
    assert found is not None
    assert (found.count, found.nan_count, found.inf_count) == (7, 1, 2)
    assert (found.minimum, found.maximum, found.mean) == (0, 3, 1)
    assert found.zeros == 0.5
    assert found.counts.sum() == 4


def test_a_tensor_without_any_finite_number_has_no_extremes() -> None:
    found = statistics(torch.tensor([math.nan, math.inf]))
    assert found is not None
    assert math.isnan(found.minimum)
    assert math.isnan(found.mean)
    assert (found.nan_count, found.inf_count, found.counts.sum()) == (1, 1, 0)


def test_an_empty_tensor_has_none() -> None:
    assert statistics(torch.zeros(0, 3)) is None


def test_what_is_widened_piece_by_piece_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.randn(1000)
    whole = statistics(values)
    monkeypatch.setattr(tensor_statistics, "_CHUNK", 7)
    pieces = statistics(values)
    assert whole is not None
    assert pieces is not None
    assert (pieces.counts == whole.counts).all()
    assert pieces.std == pytest.approx(whole.std, rel=1e-12)
