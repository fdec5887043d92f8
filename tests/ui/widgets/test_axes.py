from __future__ import annotations

import pytest

from netviz_desktop.ui.widgets import axes


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-0.00049, 0.00049), (-3, 3), (0, 319.8), (-1e-20, 2e-20), (7, 7.5)]
)
def test_every_range_has_a_few_round_ticks_inside(low, high):
    ticks = axes.ticks(low, high)
    assert 3 <= len(ticks) <= 8
    assert low <= ticks[0]
    assert ticks[-1] <= high


def test_a_symmetric_range_has_its_zero():
    assert axes.ticks(-3, 3) == [-2, 0, 2]


def test_of_fewer_ticks_zero_stays():
    assert axes.ticks(-4, 4) == [-4, -2, 0, 2, 4]
    assert axes.ticks(-4, 4, every=2) == [-4, 0, 4]
