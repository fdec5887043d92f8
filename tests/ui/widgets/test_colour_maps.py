from __future__ import annotations

import numpy as np
import pytest

from netviz_desktop.ui import theme
from netviz_desktop.ui.widgets import colour_maps


def lightness(colours):
    """CIE L* of (N, 3) sRGB colours between 0 and 255."""
    linear = np.where(
        colours / 255 <= 0.04045, colours / 255 / 12.92, ((colours / 255 + 0.055) / 1.055) ** 2.4
    )
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(y) - 16


@pytest.mark.parametrize("name", colour_maps.SEQUENTIAL)
def test_values_grow_lighter(name):
    steps = np.diff(lightness(colour_maps.table(name)[::8].astype(float)))
    assert (steps > 0).all()


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.usefixtures("qapp")
def test_signed_values_are_blue_and_red_around_the_themes_own_zero(choice):
    theme.apply(choice)
    try:
        table = colour_maps.table(colour_maps.diverging()).astype(int)
    finally:
        theme.apply("light")
    assert table[0, 2] > table[0, 0]
    assert table[-1, 0] > table[-1, 2]
    middle = table[127:129]
    assert (np.ptp(middle, axis=1) < 25).all()
    assert (middle < 60).all() if choice == "dark" else (middle > 200).all()
