from __future__ import annotations

import numpy as np
import pytest

from netviz_desktop.ui.widgets import levels

NAN = float("nan")


@pytest.mark.parametrize(
    ("low", "high", "symmetric", "expected"),
    [
        ([0.0, -1.0], [2.0, 3.0], False, (-1, 3)),
        ([0.0, -1.0], [2.0, 3.0], True, (-3, 3)),
        ([NAN, 1.0], [NAN, 2.0], False, (1, 2)),
        ([0.0], [0.0], False, (0, 1)),
        ([0.0], [0.0], True, (-1, 1)),
        ([4.0], [4.0], False, (2, 6)),
        ([-4.0], [-4.0], False, (-6, -2)),
        ([], [], False, (0, 1)),
        ([NAN], [NAN], True, (-1, 1)),
        ([-np.inf], [np.inf], False, (0, 1)),
    ],
)
def test_levels_hold_all_finite_numbers_and_are_never_equal(low, high, symmetric, expected):
    assert levels.spread(np.array(low), np.array(high), symmetric=symmetric) == expected


def test_each_picture_is_spread_over_its_own_range():
    pictures = np.array([[[0.0, 10.0]], [[5.0, 6.0]]], np.float32)
    low, high = pictures.min((1, 2)), pictures.max((1, 2))
    spread = levels.normalise(pictures, low, high, symmetric=False)
    assert spread.tolist() == [[[0, 1]], [[0, 1]]]


def test_symmetric_pictures_keep_their_zero_and_their_signs():
    pictures = np.array([[[-2.0, 0.0, 1.0]], [[0.0, 0.0, 0.0]]], np.float32)
    low, high = pictures.min((1, 2)), pictures.max((1, 2))
    spread = levels.normalise(pictures, low, high, symmetric=True)
    assert spread.tolist() == [[[-1, 0, 0.5]], [[0, 0, 0]]]


def test_the_strongest_hundredth_is_clipped():
    values = np.concatenate([np.linspace(-1, 1, 999), [1000.0]])
    low, high = levels.clipped(values, symmetric=True)
    assert low == -high
    assert 0.9 < high <= 1.0


def test_rare_numbers_among_zeros_are_not_clipped_away():
    values = np.zeros(10_000)
    values[5] = -3.0
    assert levels.clipped(values, symmetric=True) == (-3, 3)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("values", [[], [NAN, NAN], [np.inf], [2.0, 2.0]])
def test_strange_numbers_still_give_two_levels(values, symmetric):
    low, high = levels.clipped(np.array(values), symmetric=symmetric)
    assert np.isfinite([low, high]).all()
    assert low < high
