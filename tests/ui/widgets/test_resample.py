from __future__ import annotations

import numpy as np
import pytest

from netviz_desktop.ui.widgets import resample


def test_larger_repeats_numbers():
    larger = resample.fit(np.array([[[1.0, 2.0], [3.0, 4.0]]]), 4, 6)
    assert larger.shape == (1, 4, 6)
    assert larger[0, 0].tolist() == [1, 1, 1, 2, 2, 2]
    assert larger[0, :, 0].tolist() == [1, 1, 3, 3]


def test_smaller_is_the_mean_of_what_falls_together():
    picture = np.arange(16.0).reshape(1, 4, 4)
    assert resample.fit(picture, 2, 2)[0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


@pytest.mark.parametrize("size", [1, 3, 5, 7, 96, 111])
def test_smaller_keeps_a_constant(size):
    smaller = resample.fit(np.full((2, 111, 97), 0.25), size, size)
    assert smaller.shape == (2, size, size)
    assert np.allclose(smaller, 0.25)


def test_colours_keep_their_last_axis():
    assert resample.fit(np.zeros((2, 3, 3, 3)), 8, 4).shape == (2, 8, 4, 3)


def test_nan_stays_where_it_is():
    picture = np.zeros((1, 4, 4))
    picture[0, 0, 0] = np.nan
    smaller = resample.fit(picture, 2, 2)[0]
    assert np.isnan(smaller).tolist() == [[True, False], [False, False]]
