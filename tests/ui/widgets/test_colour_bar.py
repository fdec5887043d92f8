from __future__ import annotations

import pyqtgraph as pg
import pytest

from netviz_desktop.ui.widgets.colour_bar import ColourBar
from netviz_desktop.ui.widgets.numbers import number

NARROW, WIDE = 160, 480


@pytest.fixture
def bar(qtbot):
    bar = ColourBar(pg.ImageItem())
    qtbot.addWidget(bar)
    bar.set((-0.00025, 0.00025), "viridis", "logit")
    bar.show()
    return bar


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_its_numbers_do_not_touch(bar, width):
    bar.resize(width, bar.height())
    found = bar.ticks()
    widest = max(bar.fontMetrics().horizontalAdvance(number(tick)) for tick in found)
    apart = (found[1] - found[0]) / 0.0005 * width if len(found) > 1 else width
    assert apart > widest


def test_a_wider_one_has_more_numbers_and_both_have_zero(bar):
    bar.resize(NARROW, bar.height())
    few = bar.ticks()
    bar.resize(WIDE, bar.height())
    assert len(bar.ticks()) > len(few)
    assert 0 in few
    assert 0 in bar.ticks()
